package refserver

import (
	"crypto/hmac"
	"net/http"
	"net/url"
	"time"
)

// backchannel is OpenID Connect CIBA Core in poll mode.
func backchannel() part {
	return part{
		feature: "ciba",
		routes: func(s *Server, mux *http.ServeMux) {
			mux.HandleFunc("POST /backchannel_authentication", s.authenticateBackchannel)
			mux.HandleFunc("GET /backchannel", s.showRequests)
			mux.HandleFunc("POST /backchannel", s.review)
		},
		metadata: func(s *Server, m map[string]any) {
			m["backchannel_authentication_endpoint"] = s.at("/backchannel_authentication")
			m["backchannel_token_delivery_modes_supported"] = []string{"poll"}
			m["backchannel_user_code_parameter_supported"] = false
		},
		grants: map[string]grant{CIBA: func(s *Server, q tokenRequest) (tokenResponse, error) {
			return s.poll(q, CIBA, q.form.Get("auth_req_id"))
		}},
	}
}

// authenticateBackchannel is the backchannel authentication endpoint (CIBA Core
// section 7). Choice: the hint is a user name.
func (s *Server) authenticateBackchannel(w http.ResponseWriter, r *http.Request) {
	form, client, err := s.authenticated(r)
	if err == nil && client.Public {
		err = Refuse("invalid_client", "a public client cannot use the backchannel")
	}
	if err == nil && (form.Get("login_hint") == "" || form.Get("login_hint_token") != "" || form.Get("id_token_hint") != "") {
		err = Refuse("invalid_request", "the one hint understood is login_hint")
	}
	if err == nil && form.Get("request") != "" {
		err = Refuse("invalid_request", "request objects are not supported")
	}
	if err != nil {
		writeError(w, err)
		return
	}
	user, ok := s.parties.user(form.Get("login_hint"))
	if !ok {
		writeError(w, Refuse("unknown_user_id", "nobody is known by this login_hint"))
		return
	}
	p, err := s.begin(CIBA, client, form)
	if err != nil {
		writeError(w, err)
		return
	}
	p.user, p.message = user.Name, form.Get("binding_message")
	s.keep(p)
	writeJSON(w, http.StatusOK, map[string]any{
		"auth_req_id": p.handle, "expires_in": int(pendingLifetime / time.Second), "interval": int(pendingInterval / time.Second),
	})
}

// waitingRequest is a line of the page of requests. ID is no secret of the
// client's: the handle alone would buy the token.
type waitingRequest struct{ ID, Client, Message string }

func (s *Server) requestID(p *pending) string { return s.mac("request", p.handle) }

// waiting are the requests that wait for a user.
func (s *Server) waiting(user string) []*pending {
	var found []*pending
	now := s.clock.now()
	for _, p := range s.pendings.all(now) {
		p.mu.Lock()
		decided := p.approved || p.denied
		p.mu.Unlock()
		if p.grantType == CIBA && p.user == user && !decided && now.Before(p.expires) {
			found = append(found, p)
		}
	}
	return found
}

// showRequests is the page of a user where clients wait for an answer. With
// message in its address it shows the requests with that binding_message alone.
func (s *Server) showRequests(w http.ResponseWriter, r *http.Request) {
	current := s.session(w, r)
	if current.user == "" {
		http.Redirect(w, r, "/login?to="+url.QueryEscape(r.URL.RequestURI()), http.StatusSeeOther)
		return
	}
	var requests []waitingRequest
	wanted := r.URL.Query().Get("message")
	for _, p := range s.waiting(current.user) {
		if wanted == "" || wanted == p.message {
			requests = append(requests, waitingRequest{ID: s.requestID(p), Client: p.client.Name, Message: p.message})
		}
	}
	s.page(w, http.StatusOK, requestsPage, struct {
		User, Secret string
		Requests     []waitingRequest
	}{current.user, s.formSecret(current), requests})
}

// review takes the user to the consent page of one request.
func (s *Server) review(w http.ResponseWriter, r *http.Request) {
	form, err := readForm(r)
	current := s.session(w, r)
	if err != nil || current.user == "" || !hmac.Equal([]byte(form.Get("csrf")), []byte(s.formSecret(current))) {
		s.page(w, http.StatusForbidden, errorPage, "This form belongs to another session.")
		return
	}
	for _, p := range s.waiting(current.user) {
		if s.requestID(p) == form.Get("request") {
			s.proceed(w, r, s.decideOn(p, current, false), current)
			return
		}
	}
	s.page(w, http.StatusBadRequest, errorPage, "This request was answered, or has expired.")
}
