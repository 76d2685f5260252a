package refserver

import (
	"crypto/hmac"
	"errors"
	"net/http"
)

type consentForm struct {
	Client, User, API, Transaction, Secret string
	Items                                  []ConsentItem
	// Kept is what the client is to keep besides, when it asks for the union.
	Kept []string
}

// showConsent is the page on which the resource owner decides.
func (s *Server) showConsent(w http.ResponseWriter, r *http.Request) {
	tx, ok := s.transaction(r.URL.Query().Get("tx"))
	if !ok {
		s.page(w, http.StatusBadRequest, errorPage, "This request has expired.")
		return
	}
	current := s.session(w, r)
	tx.mu.Lock()
	question, bound := tx.question, tx.session == current.id && !tx.used && tx.question.User.Name == current.user
	tx.mu.Unlock()
	if !bound || current.user == "" {
		s.page(w, http.StatusForbidden, errorPage, "This request was begun in another session.")
		return
	}
	form := consentForm{
		Client: tx.client.Name, User: current.user, API: tx.api, Transaction: tx.id, Secret: s.formSecret(current),
		Items: s.policy.ConsentItems(question),
	}
	grant := s.grants.of(grantKey{question.User.Name, tx.client.ID, tx.resource})
	combined := s.policy.Combine(Combination{
		Client: tx.client, User: question.User, Resource: tx.resource, Accepted: question.Asked, Include: tx.include,
		Shown: true, Grant: grant,
	}, Grants{s.grants})
	for _, token := range combined.Minus(question.Asked) {
		form.Kept = append(form.Kept, ScopeAt(tx.api, token).Text)
	}
	s.page(w, http.StatusOK, consentPage, form)
}

// decide takes the resource owner's answer.
func (s *Server) decide(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
	if err := r.ParseForm(); err != nil {
		s.page(w, http.StatusBadRequest, errorPage, "The form cannot be read.")
		return
	}
	tx, ok := s.transaction(r.PostForm.Get("tx"))
	if !ok {
		s.page(w, http.StatusBadRequest, errorPage, "This request has expired.")
		return
	}
	current := s.session(w, r)
	tx.mu.Lock()
	question, used := tx.question, tx.used
	s.policy.Race.Between(TakeForm, &tx.mu)
	bound := s.policy.ConsentBound(ConsentBinding{
		SameSession: tx.session == current.id,
		SameUser:    question.User.Name != "" && question.User.Name == current.user,
		Genuine:     hmac.Equal([]byte(r.PostForm.Get("csrf")), []byte(s.formSecret(current))),
		Used:        used,
	})
	if bound == nil {
		tx.used = true
	}
	tx.mu.Unlock()
	if bound != nil || question.User.Name == "" {
		s.page(w, http.StatusForbidden, errorPage, "This form belongs to another session, or was sent before.")
		return
	}
	if latest, ok := s.latest.get(current.id+tx.client.ID, s.clock.now()); ok {
		question = s.policy.Answered(question, latest)
	}
	var required []string
	for _, token := range question.Asked {
		if ScopeAt(tx.api, token).Required {
			required = append(required, token)
		}
	}
	answer := ConsentAnswer{
		Allow: r.PostForm.Get("decision") == "allow", Asked: question.Asked,
		Ticked: NewScopeSet(r.PostForm["scope"]...), Required: required,
	}
	s.conclude(w, r, tx, current, question, answer)
}

// conclude records the answer and sends the browser back to the client.
func (s *Server) conclude(w http.ResponseWriter, r *http.Request, tx *transaction, current session, q ConsentQuestion, answer ConsentAnswer) {
	accepted, err := s.policy.ConsentDecision(answer)
	if err == nil && accepted.IsEmpty() {
		err = s.policy.NothingLeft(false)
	}
	for {
		outcome := ConsentOutcome{
			Allowed: err == nil, Shown: true, Asked: q.Asked, Accepted: accepted,
			Grant: s.grants.of(grantKey{q.User.Name, tx.client.ID, tx.resource}),
		}
		if err != nil {
			s.grants.settle(outcome, nil, func(Grant) bool { return true })
			var refused *Error
			if errors.As(err, &refused) {
				s.redirectError(w, r, tx, err)
			} else {
				s.page(w, http.StatusInternalServerError, errorPage, "The request failed.")
			}
			return
		}
		if s.approve(w, r, tx, current, q, outcome) {
			return
		}
	}
}
