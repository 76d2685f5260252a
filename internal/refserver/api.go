package refserver

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"
)

// errUnavailable is that a token could not be checked at all.
var errUnavailable = errors.New("the authorization server cannot be asked")

// verifier finds out who presents a token.
type verifier interface {
	// verify returns the principal of a good token, errUnavailable if nothing can
	// be said, and any other error for a token that is no good.
	verify(ctx context.Context, token string) (Principal, error)
}

// api is a resource server: it finds out what a request wants, whether its token
// covers that, and carries it out.
type api struct {
	name     string
	policy   APIPolicy
	verifier verifier
	calendar calendar
}

func newAPI(name string, policy APIPolicy, v verifier) *api {
	return &api{name: name, policy: policy, verifier: v, calendar: calendar{owners: map[string]*appointments{}, of: map[string]string{}}}
}

// serve answers a request. path is the escaped path below the API.
func (a *api) serve(w http.ResponseWriter, r *http.Request, path string) {
	op, status := a.policy.Operation(a.name, r.Method, path)
	if status != 0 {
		if status == http.StatusMethodNotAllowed {
			w.Header().Set("Allow", strings.Join(MethodsOf(a.name, op.Route), ", "))
		}
		writeJSON(w, status, map[string]string{"error": http.StatusText(status)})
		return
	}
	need := a.policy.Requirement(op, r)
	principal, refusal := a.admit(r, op, need)
	act := func() Outcome { return a.carryOut(a.policy.Executed(op, r), r, principal) }
	if need.Public || refusal == nil {
		if op.Method == http.MethodOptions {
			w.Header().Set("Allow", strings.Join(MethodsOf(a.name, op.Route), ", "))
		}
		write(w, act())
		return
	}
	if refusal.status != http.StatusForbidden {
		challenge(w, refusal.status, refusal.code, nil)
		return
	}
	scope := a.policy.ChallengedScope(principal.Scope, need.Scope)
	challengeWith(w, refusal.status, refusal.code, scope, a.policy.Refused(op, act).Body)
}

// refusal is why a request is not served.
type refusal struct {
	status int
	code   string
}

// admit finds out who asks and whether the token is enough.
func (a *api) admit(r *http.Request, op Operation, need Requirement) (Principal, *refusal) {
	token, status := bearer(r)
	if status != 0 {
		return Principal{}, &refusal{status, ""}
	}
	principal, err := a.verifier.verify(r.Context(), token)
	switch {
	case errors.Is(err, errUnavailable):
		return Principal{}, &refusal{http.StatusServiceUnavailable, "temporarily_unavailable"}
	case err != nil:
		return Principal{}, &refusal{http.StatusUnauthorized, "invalid_token"}
	}
	principal.Scope = a.policy.HeldScope(principal)
	if !a.policy.Admits(principal, op, need, a.policy.Covers(principal.Scope, need.Scope)) {
		return principal, &refusal{http.StatusForbidden, "insufficient_scope"}
	}
	return principal, nil
}

func write(w http.ResponseWriter, done Outcome) {
	if done.Body == nil {
		w.WriteHeader(done.Status)
		return
	}
	writeJSON(w, done.Status, done.Body)
}

// carryOut does what op says for whoever the principal acts for.
func (a *api) carryOut(op Operation, r *http.Request, p Principal) Outcome {
	if op.Method == http.MethodOptions {
		return Outcome{http.StatusNoContent, nil}
	}
	if a.name == ContactsAPI {
		if op.Route == "/contacts" {
			return Outcome{http.StatusOK, []map[string]string{{"id": "c1", "name": "Grace Example"}}}
		}
		return Outcome{http.StatusOK, []map[string]string{{"id": "m1", "with": "Grace Example"}}}
	}
	owner := a.policy.Owner(p)
	visible := func(of string) bool { return a.policy.Visible(p, owner, of) }
	if op.Route == "/me" {
		return Outcome{http.StatusOK, map[string]any{"sub": p.Subject, "appointments": len(a.calendar.list(visible))}}
	}
	if op.Route == "/summary" {
		return Outcome{http.StatusOK, map[string]any{"appointments": len(a.calendar.list(visible))}}
	}
	switch op.Method {
	case http.MethodGet, http.MethodHead:
		if op.ID == "" {
			return Outcome{http.StatusOK, a.calendar.list(visible)}
		}
		return found(a.calendar.get(op.ID, visible))
	case http.MethodDelete:
		if _, ok := a.calendar.remove(op.ID, visible); !ok {
			return missing()
		}
		return Outcome{http.StatusNoContent, nil}
	}
	return a.change(op, r, owner, visible)
}

// change carries out an operation that has a body.
func (a *api) change(op Operation, r *http.Request, owner string, visible func(string) bool) Outcome {
	var sent struct {
		Appointment
		To string `json:"to"`
	}
	if err := json.NewDecoder(io.LimitReader(r.Body, 64<<10)).Decode(&sent); err != nil && !errors.Is(err, io.EOF) {
		return Outcome{http.StatusBadRequest, map[string]string{"error": "invalid_request"}}
	}
	switch {
	case op.Route == "/appointments/move":
		return found(a.calendar.change(sent.ID, visible, func(item *Appointment) { item.Start = sent.To }))
	case op.Method == http.MethodPut:
		return found(a.calendar.change(op.ID, visible, func(item *Appointment) { item.Title, item.Start = sent.Title, sent.Start }))
	case op.Method == http.MethodPatch:
		return found(a.calendar.change(op.ID, visible, func(item *Appointment) {
			if sent.Title != "" {
				item.Title = sent.Title
			}
			if sent.Start != "" {
				item.Start = sent.Start
			}
		}))
	}
	return Outcome{http.StatusCreated, a.calendar.add(owner, sent.Appointment)}
}

func found(item Appointment, ok bool) Outcome {
	if !ok {
		return missing()
	}
	return Outcome{http.StatusOK, item}
}

func missing() Outcome { return Outcome{http.StatusNotFound, map[string]string{"error": "not_found"}} }

func readAll(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	return io.ReadAll(http.MaxBytesReader(w, r.Body, 64<<10))
}

// ownTokens verifies tokens of the server in the same process.
type ownTokens struct {
	server   *Server
	audience string
	harness  *trustedKey // nil: no key of the harness is trusted here
}

func (v *ownTokens) verify(_ context.Context, token string) (Principal, error) {
	s := v.server
	if !looksLikeJWT(token) {
		return v.opaque(token)
	}
	claims, err := s.ownClaims(token)
	if err != nil && v.harness != nil {
		claims, err = v.harness.claims(token)
	}
	if err != nil {
		return Principal{}, err
	}
	return principalOf(claims, s.policy.API, v.audience, s.clock.now())
}

// opaque looks a handle up where it was issued, so that edits count at once.
func (v *ownTokens) opaque(token string) (Principal, error) {
	t, ok := v.server.readAccessToken(token)
	if !ok {
		return Principal{}, errors.New("the token is not known")
	}
	live := v.server.live(t)
	if !v.server.policy.TokenActive(live) {
		return Principal{}, errors.New("the token is no longer active")
	}
	p := Principal{
		Subject: t.subject, ClientID: t.clientID, Audience: t.audience, Scope: v.server.policy.LiveScope(live), Roles: t.roles,
	}
	if !v.server.policy.API.AudienceFits(p.Audience, v.audience) {
		return Principal{}, errors.New("the token is for another API")
	}
	return p, nil
}

// principalOf reads verified claims; own is the audience that is needed, empty
// if any will do.
func principalOf(claims map[string]any, policy APIPolicy, own string, now time.Time) (Principal, error) {
	text := func(name string) string { value, _ := claims[name].(string); return value }
	p := Principal{
		Subject: text("sub"), ClientID: text("client_id"), Audience: textsOf(claims["aud"]), Roles: textsOf(claims["roles"]),
	}
	if p.ClientID == "" {
		p.ClientID = text("azp")
	}
	expires, ok := claims["exp"].(float64)
	if !ok || !now.Before(time.Unix(int64(expires), 0)) {
		return p, errors.New("the token has expired")
	}
	if begins, ok := claims["nbf"].(float64); ok && now.Before(time.Unix(int64(begins), 0)) {
		return p, errors.New("the token is not good yet")
	}
	if own != "" && !policy.AudienceFits(p.Audience, own) {
		return p, errors.New("the token is for another API")
	}
	var err error
	p.Scope, err = policy.ClaimedScope(claims)
	return p, err
}
