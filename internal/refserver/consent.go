package refserver

import (
	"crypto/hmac"
	"errors"
	"net/http"
	"slices"
	"strings"
)

type consentForm struct {
	Client, User, API, Transaction, Secret string
	Items                                  []ConsentItem
	Details                                []DetailItem
	Claims                                 []string // by name
	// Kept is what the client is to keep besides, when it asks for the union.
	Kept []string
}

const (
	// answerField and a scope are the name of the radio buttons of an item with two answers.
	answerField = "answer."
	// listField is the name of the boxes of items that are listed.
	listField = "granted[]"
)

// showConsent is the page on which the resource owner decides.
func (s *Server) showConsent(w http.ResponseWriter, r *http.Request) {
	tx, ok := s.transaction(r.URL.Query().Get("tx"))
	if !ok {
		s.page(w, http.StatusBadRequest, errorPage, "This request has expired.")
		return
	}
	current := s.session(w, r)
	tx.mu.Lock()
	questions := tx.questions
	bound := len(questions) > 0 && tx.session == current.id && !tx.used && questions[0].User.Name == current.user
	tx.mu.Unlock()
	if !bound || current.user == "" {
		s.page(w, http.StatusForbidden, errorPage, "This request was begun in another session.")
		return
	}
	form := consentForm{
		Client: tx.client.Name, User: current.user, API: apisOf(questions), Transaction: tx.id, Secret: s.formSecret(current),
		Items: s.items(questions), Details: s.policy.Details.Items(questions[0]),
		Claims: s.policy.Claims.Items(questions[0]),
	}
	for _, q := range questions {
		grant := s.rowOf(tx, q.User.Name, q.Resource)
		combined := s.policy.Combine(tx.combination(q, ConsentOutcome{Accepted: q.Asked, Shown: true, Grant: grant}, ""), Grants{s.grants})
		if q.Managed != "" {
			combined = s.policy.Manage.Held(q.Managed, grant.Scope, combined)
		}
		for _, token := range combined.Minus(q.Asked) {
			form.Kept = append(form.Kept, ScopeAt(q.API, token).Text)
		}
	}
	send(w, http.StatusOK, form.page())
}

// apisOf names the APIs of a request.
func apisOf(questions []ConsentQuestion) string {
	var names []string
	for _, q := range questions {
		names = append(names, q.API)
	}
	return strings.Join(names, " and ")
}

// items is what the page lists: a scope that several APIs know has one box,
// which says what it means at each.
func (s *Server) items(questions []ConsentQuestion) []ConsentItem {
	var all []ConsentItem
	for _, q := range questions {
		for _, item := range s.policy.ConsentItems(q) {
			same := slices.IndexFunc(all, func(o ConsentItem) bool { return o.Scope == item.Scope })
			switch {
			case same < 0 || len(questions) == 1:
				all = append(all, item)
			case all[same].Text != item.Text:
				all[same].Text += "; " + item.Text
			}
		}
	}
	return all
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
	var question ConsentQuestion
	if len(tx.questions) > 0 {
		question = tx.questions[0]
	}
	questions, used := tx.questions, tx.used
	latest, followed := s.latest.get(current.id+tx.client.ID, s.clock.now())
	s.policy.Race.between(TakeForm, &tx.mu)
	bound := s.policy.ConsentBound(ConsentBinding{
		SameSession: tx.session == current.id,
		SameUser:    question.User.Name != "" && question.User.Name == current.user,
		Genuine:     hmac.Equal([]byte(r.PostForm.Get("csrf")), []byte(s.formSecret(current))),
		Used:        used,
		Superseded:  followed && latest.Request != tx.id,
	})
	if bound == nil {
		bound = s.claim(tx)
	}
	if bound == nil {
		tx.used = true
	}
	tx.mu.Unlock()
	if bound != nil || question.User.Name == "" {
		s.page(w, http.StatusForbidden, errorPage, decidedText)
		return
	}
	if followed {
		questions = append([]ConsentQuestion{s.policy.Answered(question, latest)}, questions[1:]...)
	}
	var required []string
	var asked, remembered ScopeSet
	for _, q := range questions {
		asked, remembered = asked.Or(q.Asked), remembered.Or(q.Remembered)
		for _, token := range q.Asked {
			if ScopeAt(q.API, token).Required {
				required = append(required, token)
			}
		}
	}
	more := extras{ticked(question.Details, r), tx.names.and(r.PostForm["claim"])}
	answer := ConsentAnswer{
		GrantType: tx.grantType(), Allow: r.PostForm.Get("decision") == "allow", Asked: asked,
		Ticked: chosen(r, asked), Remembered: remembered, Required: required, Details: len(more.details),
		DetailsAsked: len(question.Details),
	}
	s.conclude(w, r, tx, current, questions, answer, more)
}

// chosen are the scopes whose box is ticked, and those asked for that are answered yes.
func chosen(r *http.Request, asked ScopeSet) ScopeSet {
	all := NewScopeSet(append(r.PostForm["scope"], r.PostForm[listField]...)...)
	for _, token := range asked {
		if r.PostForm.Get(answerField+token) == "yes" {
			all = all.Or(ScopeSet{token})
		}
	}
	return all
}

// conclude records the answer and sends the browser back to the client.
func (s *Server) conclude(
	w http.ResponseWriter, r *http.Request, tx *transaction, current session, questions []ConsentQuestion, answer ConsentAnswer, ticked extras,
) {
	accepted, err := s.policy.ConsentDecision(answer)
	more := extras{names: tx.names.and(s.policy.Claims.Granted(tx.names.all(), ticked.names.all()))}
	if err == nil && len(tx.details) > 0 {
		more.details = s.policy.Details.Granted(tx.details, ticked.details, accepted)
	}
	if err == nil && accepted.IsEmpty() && len(more.details) == 0 {
		err = s.policy.NothingLeft(false)
	}
	for {
		list := make([]verdict, len(questions))
		var refusals []settlement
		for i, q := range questions {
			own := accepted
			if len(questions) > 1 {
				own = accepted.And(q.Asked)
			}
			list[i] = verdict{q, ConsentOutcome{
				Allowed: err == nil, Shown: true, Asked: q.Asked, Accepted: own, Grant: s.rowOf(tx, q.User.Name, q.Resource), Action: q.Managed,
				Text: tx.text, Omitted: tx.omitted,
			}}
			refusals = append(refusals, settlement{list[i].outcome, nil})
		}
		if err != nil {
			s.grants.settleAll(refusals, func(_, _ Grant) bool { return true })
			var refused *Error
			if errors.As(err, &refused) {
				s.redirectError(w, r, tx, err)
			} else {
				s.page(w, http.StatusInternalServerError, errorPage, "The request failed.")
			}
			return
		}
		if s.approve(w, r, tx, current, list, more) {
			return
		}
	}
}
