package refserver

import (
	"crypto/rand"
	"maps"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// pushedLifetime is how long a request_uri is good; RFC 9126 section 2.2 speaks
// of 5 to 600 seconds.
const pushedLifetime = 60 * time.Second

// requestURN begins every request_uri (RFC 9126 section 2.2).
const requestURN = "urn:ietf:params:oauth:request_uri:"

const pushing Feature = "par"

func pushedRequests() part {
	return part{
		feature: pushing,
		routes:  func(s *Server, mux *http.ServeMux) { mux.HandleFunc("POST /par", s.push) },
		metadata: func(s *Server, m map[string]any) {
			m["pushed_authorization_request_endpoint"] = s.at("/par")
			m["require_pushed_authorization_requests"] = s.policy.PAR.Required(Client{}, false) != nil
		},
	}
}

// pushedRequest is an authorization request that waits to be brought.
type pushedRequest struct {
	client  string
	params  url.Values
	expires time.Time

	mu   sync.Mutex
	used bool
}

// push is the pushed authorization request endpoint (RFC 9126 section 2).
func (s *Server) push(w http.ResponseWriter, r *http.Request) {
	params, client, err := s.readPushed(r)
	if err != nil {
		writeError(w, err)
		return
	}
	now := s.clock.now()
	uri := requestURN + rand.Text()
	request := &pushedRequest{client: client.ID, params: params, expires: now.Add(pushedLifetime)}
	// It is kept for longer than it is good, so that the policy sees its end.
	s.pushed.put(uri, request, now.Add(time.Hour), now)
	writeJSON(w, http.StatusCreated, map[string]any{"request_uri": uri, "expires_in": int(pushedLifetime / time.Second)})
}

// readPushed checks a request as the authorization endpoint would (RFC 9126
// section 2.1).
func (s *Server) readPushed(r *http.Request) (url.Values, Client, error) {
	form, err := readForm(r)
	if err != nil {
		return nil, Client{}, err
	}
	client, err := s.authenticate(r, form)
	if err != nil {
		return nil, Client{}, err
	}
	if form.Has("request_uri") {
		return nil, client, Refuse("invalid_request", "a pushed request cannot refer to another")
	}
	form.Set("client_id", client.ID)
	form.Del("client_secret")
	params, err := s.unwrap(client, form)
	if err != nil {
		return nil, client, err
	}
	redirectURI, ok := redirectFor(client, params.Get("redirect_uri"))
	if !ok {
		return nil, client, Refuse("invalid_request", "the redirect_uri is not registered")
	}
	tx := newTransaction(client, redirectURI, params)
	tx.pushed = true
	return params, client, s.policy.PAR.Deferred(s.readAuthorization(tx, params))
}

// pulled returns the parameters that stand behind a request_uri.
func (s *Server) pulled(client Client, sent url.Values) (url.Values, error) {
	request, ok := s.pushed.get(sent.Get("request_uri"), s.clock.now())
	if !ok {
		return nil, Refuse("invalid_request_uri", "the request_uri is not known")
	}
	request.mu.Lock()
	defer request.mu.Unlock()
	use := PushedUse{
		Owner: request.client, Presenter: client.ID, Used: request.used, Expires: request.expires, Now: s.clock.now(),
	}
	s.policy.Race.between(TakePushed, &request.mu)
	if err := s.policy.PAR.Usable(use); err != nil {
		return nil, err
	}
	request.used = true
	return s.policy.PAR.Parameters(maps.Clone(request.params), sent), nil
}
