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
	id           string
	client       Client
	redirectURI  string
	params       url.Values // as they count
	sentRedirect string     // redirect_uri as sent; empty if it was omitted
	state        string
	nonce        string
	challenge    string
	responseType ScopeSet
	targets      []targeted
	named        bool // the request named its resources
	pushed       bool // RFC 9126
	sent         ScopeSet
	prompt       []string
	include      bool
	claims       string
	names        namedClaims
	details      Details
	managed      managed
	hint         string
	high         bool     // acr_values ask for a fresh sign-in
	text         string   // the scope parameter
	omitted      bool     // there was none
	requested    ScopeSet // as sent
	beyond       ScopeSet // issued without being shown; nothing, unless the policy reads a request in two ways
	pending      *pending // what is decided, where no redirect leads back to the client; nil: a code
	complete     bool     // the page was opened with the user code in its address

	failure error // what the client is told once somebody has signed in

	mu        sync.Mutex
	session   string
	loggedIn  bool // since the request began
	used      bool
	questions []ConsentQuestion // one for each target
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
	sent := r.Form
	client, ok := s.parties.client(sent.Get("client_id"))
	if !ok || len(sent["client_id"]) > 1 || len(sent["redirect_uri"]) > 1 {
		s.page(w, http.StatusBadRequest, errorPage, "The application or its redirect URI is not known.")
		return
	}
	form, pushed, err := s.resolve(client, sent)
	if pushed && err != nil && s.policy.PAR.OnPage(err) {
		s.page(w, http.StatusBadRequest, errorPage, "The request that was pushed cannot be used.")
		return
	}
	if err != nil {
		form = sent
	}
	redirectURI, fits := redirectFor(client, form.Get("redirect_uri"))
	if !fits {
		s.page(w, http.StatusBadRequest, errorPage, "The application or its redirect URI is not known.")
		return
	}
	tx := newTransaction(client, redirectURI, form)
	tx.high = s.wantsHigh(form.Get("acr_values"))
	tx.pushed, tx.sent = pushed, NewScopeSet(strings.Fields(r.URL.Query().Get("scope"))...)
	if readErr := s.readAuthorization(tx, form); err == nil {
		err = readErr
	}
	current := s.session(w, r)
	if err != nil {
		if current.user != "" || hasPrompt(tx.prompt, "none") || !s.policy.ErrorNeedsLogin(client) {
			s.redirectError(w, r, tx, err)
			return
		}
		tx.failure = err
	}
	tx.session = current.id
	now := s.clock.now()
	s.transactions.put(tx.id, tx, now.Add(transactionLifetime), now)
	s.proceed(w, r, tx, current)
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
	again := hasPrompt(tx.prompt, "login") || hasPrompt(tx.prompt, "select_account") || tx.high || tx.pending == nil && s.policy.SignIn(current.user)
	if user, ok := s.parties.user(s.policy.SessionUser(current.user, tx.hint)); ok && (!again || tx.loggedIn) {
		if tx.failure != nil {
			s.redirectError(w, r, tx, tx.failure)
			return
		}
		s.ask(w, r, tx, current, user)
		return
	}
	if silent {
		s.redirectError(w, r, tx, s.policy.SilentError(false))
		return
	}
	http.Redirect(w, r, "/login?tx="+url.QueryEscape(tx.id), http.StatusSeeOther)
}

// ask decides whether the user must be asked, and approves silently if not.
func (s *Server) ask(w http.ResponseWriter, r *http.Request, tx *transaction, current session, user User) {
	if tx.pending != nil && tx.pending.user != "" && tx.pending.user != user.Name {
		s.page(w, http.StatusForbidden, errorPage, "This request is for somebody else.")
		return
	}
	questions, err := s.questionsFor(tx, user)
	if err != nil {
		s.redirectError(w, r, tx, err)
		return
	}
	if !s.mustAsk(tx, questions) {
		if err := s.claim(tx); err != nil {
			s.page(w, http.StatusForbidden, errorPage, decidedText)
			return
		}
		var silent []verdict
		for _, q := range questions {
			accepted, err := s.policy.Unasked(q)
			if err != nil {
				s.redirectError(w, r, tx, err)
				return
			}
			silent = append(silent, verdict{q, ConsentOutcome{
				Allowed: true, Asked: q.Asked, Accepted: accepted, Grant: s.rowOf(tx, user.Name, q.Resource), Text: tx.text, Omitted: tx.omitted,
			}})
		}
		if !s.approve(w, r, tx, current, silent, extras{tx.details, tx.names}) {
			s.ask(w, r, tx, current, user) // the grant was changed meanwhile
		}
		return
	}
	if hasPrompt(tx.prompt, "none") {
		s.redirectError(w, r, tx, s.policy.SilentError(true))
		return
	}
	now := s.clock.now()
	s.latest.put(current.id+tx.client.ID, questions[0], now.Add(transactionLifetime), now)
	s.policy.Race.between(ParkRequest, nil)
	latest, _ := s.latest.get(current.id+tx.client.ID, now)
	questions[0] = s.policy.Race.Parked(questions[0], latest)
	tx.mu.Lock()
	tx.questions = questions
	tx.mu.Unlock()
	http.Redirect(w, r, "/consent?tx="+url.QueryEscape(tx.id), http.StatusSeeOther)
}

// questionsFor is what the user would be asked, API by API.
func (s *Server) questionsFor(tx *transaction, user User) ([]ConsentQuestion, error) {
	if err := s.reach(tx, user); err != nil {
		return nil, err
	}
	all := Grants{s.grants}
	questions := make([]ConsentQuestion, 0, len(tx.targets))
	empty := true
	for _, t := range tx.targets {
		asked, err := s.policy.UserExcess(t.asked, s.userMay(tx.grantType(), user, tx.client, t.asked))
		if err != nil {
			return nil, err
		}
		empty = empty && asked.IsEmpty()
		q := ConsentQuestion{
			Client: tx.client, User: user, Resource: t.resource, API: t.api, Prompt: tx.prompt, Asked: asked, Params: tx.params,
			Removed: s.rowOf(tx, user.Name, t.resource).Removed, Sent: tx.sent, Pushed: tx.pushed, Details: tx.details, Managed: tx.managed.action,
			Claims: tx.names.all(), Request: tx.id, Text: tx.text, Omitted: tx.omitted, GrantType: tx.grantType(),
		}
		q.Remembered = s.policy.Remembered(q, all)
		questions = append(questions, q)
	}
	if empty && len(tx.details) == 0 {
		return questions, s.policy.NothingLeft(false)
	}
	return questions, nil
}

// mustAsk says whether any of the questions must be put. A managed grant begins
// or changes with an answer.
func (s *Server) mustAsk(tx *transaction, questions []ConsentQuestion) bool {
	if tx.pending != nil {
		return s.pendingPolicy(tx.pending.grantType).PageNeeded(questions[0], tx.complete)
	}
	for _, q := range questions {
		asksNothing := q.Asked.IsEmpty() && (len(questions) > 1 || len(q.Details) > 0)
		if q.Managed != "" && s.policy.Manage.PageNeeded(q.Managed, q.Prompt) || s.policy.Details.ConsentNeeded(q) || s.policy.Claims.ConsentNeeded(q) || !asksNothing && q.Managed == "" && s.policy.ConsentNeeded(q) {
			return true
		}
	}
	return false
}

// verdict is a question and what came of it.
type verdict struct {
	question ConsentQuestion
	outcome  ConsentOutcome
}

// extras are what is granted beside a scope.
type extras struct {
	details Details
	names   namedClaims
}

// approve records outcomes that allow something and sends the answer. It returns
// false, having done nothing, if a grant is not as its outcome says.
func (s *Server) approve(w http.ResponseWriter, r *http.Request, tx *transaction, current session, list []verdict, more extras) bool {
	tx.mu.Lock()
	class := s.policy.AuthenticationClass(tx.high, tx.loggedIn)
	tx.mu.Unlock()
	now := s.clock.now()
	settlements := make([]settlement, len(list))
	members := make([]*authorization, len(list))
	for i, v := range list {
		granted := s.policy.Combine(tx.combination(v.question, v.outcome, class), Grants{s.grants}).Or(tx.beyond)
		members[i] = &authorization{
			Authorization: Authorization{
				ID: rand.Text(), User: v.question.User.Name, Client: tx.client.ID, Resource: v.question.Resource,
				Resources: tx.resources(), Named: tx.named, Pushed: tx.pushed, Requested: tx.requested, Asked: v.question.Asked,
				Granted: granted, Current: granted, ClaimsParameter: tx.claims, Details: more.details,
				UserInfoNames: more.names.userInfo, IDTokenNames: more.names.idToken,
				GrantID: s.grantID(tx, v.question.User.Name), Action: tx.managed.action, GrantType: tx.grantType(),
				ACR: class, Union: !v.outcome.Accepted.Covers(granted),
			},
			nonce: tx.nonce, loggedIn: current.loggedIn, redirectURI: tx.sentRedirect, challenge: tx.challenge,
			expires: now.Add(codeLifetime + time.Hour),
		}
		v.outcome.Action = tx.managed.action
		settlements[i] = settlement{v.outcome, members[i]}
	}
	if len(members) > 1 {
		members[0].members = members
	}
	if !s.grants.settleAll(settlements, func(now, seen Grant) bool {
		return now.Scope.Equal(seen.Scope) && now.Remembered.Equal(seen.Remembered)
	}) {
		return false
	}
	if tx.pending != nil {
		tx.pending.approve(members[0])
		s.page(w, http.StatusOK, donePage, tx.client.Name+" has been given access.")
		return true
	}
	s.answer(w, r, tx, list[0].question.User, members[0])
	return true
}

// answer sends the client what it was granted.
func (s *Server) answer(w http.ResponseWriter, r *http.Request, tx *transaction, user User, a *authorization) {
	now := s.clock.now()
	code := ""
	answer := url.Values{"iss": {s.issuer}}
	if tx.responseType.Has("code") {
		code = rand.Text()
		s.codes.put(code, a, now.Add(codeLifetime), now)
		answer.Set("code", code)
	}
	if scope, ok := s.policy.RedirectScope(tx.requested, a.snapshot().Granted); ok {
		answer.Set("scope", scope.String())
	}
	if !tx.responseType.Equal(ScopeSet{"code"}) {
		if err := s.frontTokens(tx, user, a, code, answer); err != nil {
			s.redirectError(w, r, tx, err)
			return
		}
	}
	s.redirect(w, r, tx, answer, false)
}

// redirectError answers the client with an error (RFC 6749 section 4.1.2.1).
func (s *Server) redirectError(w http.ResponseWriter, r *http.Request, tx *transaction, err error) {
	if tx.pending != nil {
		tx.pending.deny()
		s.page(w, http.StatusOK, donePage, tx.client.Name+" has been given no access.")
		return
	}
	var refused *Error
	if !errors.As(err, &refused) {
		refused = &Error{Code: "server_error", Text: "the request failed"}
	}
	if s.policy.ErrorShown(tx.client, refused.Code) {
		s.page(w, http.StatusBadRequest, errorPage, "The application was refused: "+refused.Text+".")
		return
	}
	answer := url.Values{"error": {refused.Code}, "error_description": {refused.Text}, "iss": {s.issuer}}
	s.errorIDToken(tx, answer)
	s.redirect(w, r, tx, answer, true)
}

func (s *Server) redirect(w http.ResponseWriter, r *http.Request, tx *transaction, answer url.Values, refused bool) {
	state := tx.state
	if refused {
		state = s.policy.ErrorState(answer.Get("error"), state)
	}
	if state != "" {
		answer.Set("state", state)
	}
	separator := "?"
	switch {
	case s.policy.Front.InFragment(tx.responseType, refused):
		separator = "#"
	case strings.Contains(tx.redirectURI, "?"):
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
