package refserver

import (
	"crypto/rand"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

const (
	// transactionLifetime is how long login and consent may take.
	transactionLifetime = 10 * time.Minute
	// sessionLifetime is how long a browser stays logged in.
	sessionLifetime = 24 * time.Hour
)

// transaction is one authorization request on its way to a decision. mu guards
// everything below it.
type transaction struct {
	id            string
	client        Client
	redirectURI   string
	sentRedirect  string // redirect_uri as sent; empty if it was omitted
	state         string
	nonce         string
	challenge     string
	resource, api string
	prompt        []string
	include       bool
	claims        string
	hint          string
	requested     ScopeSet // as sent
	asked         ScopeSet // after the limits that need no user

	mu       sync.Mutex
	session  string
	loggedIn bool // since the request began
	used     bool
	question ConsentQuestion
}

// session is a browser. user is empty until somebody has logged in.
type session struct {
	id       string
	user     string
	loggedIn time.Time
}

// authorize is the authorization endpoint (RFC 6749 section 3.1).
func (s *Server) authorize(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		s.page(w, http.StatusBadRequest, errorPage, "The request cannot be read.")
		return
	}
	form := r.Form
	client, ok := s.parties.client(form.Get("client_id"))
	redirectURI, fits := redirectFor(client, form.Get("redirect_uri"))
	if !ok || !fits || len(form["client_id"]) > 1 || len(form["redirect_uri"]) > 1 {
		s.page(w, http.StatusBadRequest, errorPage, "The application or its redirect URI is not known.")
		return
	}
	tx := &transaction{
		id: rand.Text(), client: client, redirectURI: redirectURI, sentRedirect: form.Get("redirect_uri"),
		state: form.Get("state"), nonce: form.Get("nonce"), challenge: form.Get("code_challenge"),
		prompt: strings.Fields(form.Get("prompt")), include: form.Get("include_granted_scopes") == "true",
		claims: form.Get("claims"), hint: form.Get("login_hint"),
	}
	if err := s.readAuthorization(tx, form); err != nil {
		s.redirectError(w, r, tx, err)
		return
	}
	current := s.session(w, r)
	tx.session = current.id
	now := s.clock.now()
	s.transactions.put(tx.id, tx, now.Add(transactionLifetime), now)
	s.proceed(w, r, tx, current)
}

// readAuthorization checks the request and settles what of its scope can be
// decided without a user.
func (s *Server) readAuthorization(tx *transaction, form url.Values) error {
	if err := onlyOnce(form); err != nil {
		return err
	}
	for _, name := range []string{"request", "request_uri"} {
		if form.Get(name) != "" {
			return Refuse(name+"_not_supported", "request objects are not supported")
		}
	}
	switch method := form.Get("code_challenge_method"); {
	case form.Get("response_type") == "":
		return Refuse("invalid_request", "response_type is missing")
	case form.Get("response_type") != "code":
		return Refuse("unsupported_response_type", "only code is supported")
	case !tx.client.MayUse(AuthorizationCode):
		return Refuse("unauthorized_client", "the client is not registered for this")
	case tx.challenge == "" && (tx.client.Public || method != ""):
		return Refuse("invalid_request", "a public client needs a code_challenge")
	case tx.challenge != "" && method != "S256":
		return Refuse("invalid_request", "the code_challenge_method must be S256")
	}
	var err error
	if tx.prompt, err = s.policy.Prompt(tx.prompt); err != nil {
		return err
	}
	if tx.resource, tx.api, err = s.target(form); err != nil {
		return err
	}
	return s.readScope(tx, form.Get("scope"))
}

func (s *Server) readScope(tx *transaction, raw string) error {
	asked, err := s.policy.ParseScope(raw)
	if err != nil {
		return err
	}
	tx.requested = asked
	if asked.IsEmpty() {
		asked = s.policy.DefaultScope(tx.client)
	}
	if asked, err = s.policy.Unknown(asked, ScopesAt(tx.api)); err != nil {
		return err
	}
	if asked.IsEmpty() {
		if err := s.policy.NothingLeft(false); err != nil {
			return err
		}
	}
	if asked, err = s.policy.ClientExcess(AuthorizationCode, asked, s.policy.ClientMay(tx.client, asked)); err != nil {
		return err
	}
	tx.asked = s.policy.OfflineAccess(OfflineQuestion{Client: tx.client, Prompt: tx.prompt, Asked: asked})
	return nil
}

// redirectFor returns the redirect URI to use. Loopback redirect URIs match on
// any port (RFC 8252 section 7.3); every other must be equal.
func redirectFor(c Client, sent string) (string, bool) {
	if sent == "" {
		if len(c.RedirectURIs) == 1 {
			return c.RedirectURIs[0], true
		}
		return "", false
	}
	for _, registered := range c.RedirectURIs {
		if sent == registered || withoutLoopbackPort(sent) != "" && withoutLoopbackPort(sent) == withoutLoopbackPort(registered) {
			return sent, true
		}
	}
	return "", false
}

// withoutLoopbackPort returns raw less its port; empty if it is no URI of a
// loopback address.
func withoutLoopbackPort(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.Scheme != "http" || u.User != nil || u.Fragment != "" {
		return ""
	}
	if ip := net.ParseIP(u.Hostname()); ip == nil || !ip.IsLoopback() {
		return ""
	}
	u.Host = u.Hostname()
	return u.String()
}

// proceed takes a transaction one step on: to login, to consent, or back to the
// client.
func (s *Server) proceed(w http.ResponseWriter, r *http.Request, tx *transaction, current session) {
	silent := hasPrompt(tx.prompt, "none")
	again := hasPrompt(tx.prompt, "login") || hasPrompt(tx.prompt, "select_account")
	if user, ok := s.parties.user(s.policy.SessionUser(current.user, tx.hint)); ok && (!again || tx.loggedIn) {
		s.ask(w, r, tx, current, user)
		return
	}
	if silent {
		s.redirectError(w, r, tx, Refuse("login_required", "nobody is logged in"))
		return
	}
	http.Redirect(w, r, "/login?tx="+url.QueryEscape(tx.id), http.StatusSeeOther)
}

// ask decides whether the user must be asked, and approves silently if not.
func (s *Server) ask(w http.ResponseWriter, r *http.Request, tx *transaction, current session, user User) {
	asked, err := s.policy.UserExcess(tx.asked, s.policy.UserMay(user, tx.client, tx.asked))
	if err == nil && asked.IsEmpty() {
		err = s.policy.NothingLeft(false)
	}
	if err != nil {
		s.redirectError(w, r, tx, err)
		return
	}
	all := Grants{s.grants}
	grant := all.Of(user.Name, tx.client.ID, tx.resource)
	question := ConsentQuestion{
		Client: tx.client, User: user, Resource: tx.resource, API: tx.api, Prompt: tx.prompt, Asked: asked, Removed: grant.Removed,
	}
	question.Remembered = s.policy.Remembered(question, all)
	if !s.policy.ConsentNeeded(question) {
		if s.approve(w, r, tx, current, question, ConsentOutcome{Allowed: true, Asked: asked, Accepted: asked, Grant: grant}) {
			return
		}
		s.ask(w, r, tx, current, user) // the grant was changed meanwhile
		return
	}
	if hasPrompt(tx.prompt, "none") {
		s.redirectError(w, r, tx, Refuse("consent_required", "the resource owner must be asked"))
		return
	}
	now := s.clock.now()
	s.latest.put(current.id+tx.client.ID, question, now.Add(transactionLifetime), now)
	s.policy.Race.Between(ParkRequest, nil)
	latest, _ := s.latest.get(current.id+tx.client.ID, now)
	tx.mu.Lock()
	tx.question = s.policy.Race.Parked(question, latest)
	tx.mu.Unlock()
	http.Redirect(w, r, "/consent?tx="+url.QueryEscape(tx.id), http.StatusSeeOther)
}

// approve records an outcome that allows something and sends the code. It
// returns false, having done nothing, if the grant is not as the outcome says.
func (s *Server) approve(w http.ResponseWriter, r *http.Request, tx *transaction, current session, q ConsentQuestion, o ConsentOutcome) bool {
	granted := s.policy.Combine(Combination{
		Client: tx.client, User: q.User, Resource: tx.resource, Accepted: o.Accepted, Include: tx.include,
		Shown: o.Shown, Grant: o.Grant,
	}, Grants{s.grants})
	now := s.clock.now()
	a := &authorization{
		Authorization: Authorization{
			ID: rand.Text(), User: q.User.Name, Client: tx.client.ID, Resource: tx.resource, Requested: tx.requested,
			Asked: q.Asked, Granted: granted, Current: granted, ClaimsParameter: tx.claims,
		},
		nonce: tx.nonce, loggedIn: current.loggedIn, redirectURI: tx.sentRedirect, challenge: tx.challenge,
		expires: now.Add(codeLifetime + time.Hour),
	}
	seen := o.Grant
	if !s.grants.settle(o, a, func(g Grant) bool {
		return g.Scope.Equal(seen.Scope) && g.Remembered.Equal(seen.Remembered)
	}) {
		return false
	}
	code := rand.Text()
	s.codes.put(code, a, now.Add(codeLifetime), now)
	answer := url.Values{"code": {code}, "iss": {s.issuer}}
	if scope, ok := s.policy.RedirectScope(tx.requested, granted); ok {
		answer.Set("scope", scope.String())
	}
	s.redirect(w, r, tx, answer)
	return true
}

// redirectError answers the client with an error (RFC 6749 section 4.1.2.1).
func (s *Server) redirectError(w http.ResponseWriter, r *http.Request, tx *transaction, err error) {
	var refused *Error
	if !errors.As(err, &refused) {
		refused = &Error{Code: "server_error", Text: "the request failed"}
	}
	s.redirect(w, r, tx, url.Values{"error": {refused.Code}, "error_description": {refused.Text}, "iss": {s.issuer}})
}

func (s *Server) redirect(w http.ResponseWriter, r *http.Request, tx *transaction, answer url.Values) {
	if tx.state != "" {
		answer.Set("state", tx.state)
	}
	separator := "?"
	if strings.Contains(tx.redirectURI, "?") {
		separator = "&"
	}
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, tx.redirectURI+separator+answer.Encode(), http.StatusSeeOther)
}

// session returns the browser's session; a new one, with nobody logged in, if it
// has none.
func (s *Server) session(w http.ResponseWriter, r *http.Request) session {
	if cookie, err := r.Cookie(s.cookie); err == nil {
		if current, ok := s.sessions.get(cookie.Value, s.clock.now()); ok {
			return current
		}
	}
	return s.newSession(w, "")
}

func (s *Server) newSession(w http.ResponseWriter, user string) session {
	now := s.clock.now()
	fresh := session{id: rand.Text(), user: user, loggedIn: now}
	s.sessions.put(fresh.id, fresh, now.Add(sessionLifetime), now)
	http.SetCookie(w, &http.Cookie{Name: s.cookie, Value: fresh.id, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode})
	return fresh
}

// formSecret is the hidden field that shows that a form comes from a session.
func (s *Server) formSecret(current session) string { return s.mac("form", current.id) }

// transaction returns the transaction that a page or form belongs to.
func (s *Server) transaction(id string) (*transaction, bool) {
	return s.transactions.get(id, s.clock.now())
}
