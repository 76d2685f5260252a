package refserver

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
)

// errUnavailable is that a token could not be checked at all.
var errUnavailable = errors.New("the authorization server cannot be asked")

// verifier finds out who presents a token.
type verifier interface {
	// verify returns the principal of a good token, errUnavailable if nothing can
	// be said, and any other error for a token that is no good, with what it
	// claims.
	verify(ctx context.Context, token string) (Principal, error)
}

// api is a resource server: it finds out what a request wants, whether its token
// covers that, and carries it out.
type api struct {
	name     string
	policy   APIPolicy
	verifier verifier
	clock    *clock
	calendar calendar
	// metadataURL is where its metadata is (RFC 9728); empty: it has none.
	metadataURL string
}

func newAPI(name string, policy APIPolicy, v verifier, c *clock) *api {
	return &api{name: name, policy: policy, verifier: v, clock: c, calendar: calendar{owners: map[string]*appointments{}, of: map[string]string{}}}
}

// serve answers a request. path is the escaped path below the API.
func (a *api) serve(w http.ResponseWriter, r *http.Request, path string) {
	op, status := a.policy.Operation(a.name, a.policy.Method(r), path)
	if status != 0 {
		switch status {
		case http.StatusMethodNotAllowed:
			w.Header().Set("Allow", strings.Join(MethodsOf(a.name, op.Route), ", "))
		case http.StatusPermanentRedirect:
			w.Header().Set("Location", strings.TrimRight(r.URL.EscapedPath(), "/"))
		}
		writeJSON(w, status, map[string]string{"error": http.StatusText(status)})
		return
	}
	need := a.policy.Requirement(op, r)
	principal, reason := a.admit(r, op, need)
	act := func() Outcome { return a.carryOut(a.policy.Executed(op, r), r, principal) }
	if need.Public || reason == nil {
		if op.Method == http.MethodOptions {
			w.Header().Set("Allow", strings.Join(MethodsOf(a.name, op.Route), ", "))
		}
		if cookie := a.policy.Tokens.Cookie(principal); cookie != nil {
			http.SetCookie(w, cookie)
		}
		done := act()
		if item, ok := done.Body.(Appointment); ok && done.Status == http.StatusCreated {
			w.Header().Set("Location", r.URL.EscapedPath()+"/"+item.ID) // RFC 9110 section 15.3.2
		}
		write(w, a.policy.Told(principal, op, done))
		return
	}
	refusal := Refusal{
		Reason: *reason, Op: op, Need: need, Held: principal.Scope, Path: r.URL.Path, Scheme: schemeOf(r),
		Exists: func() bool { return a.calendar.exists(op.ID) },
	}
	refusal.Reason = a.policy.Challenge.Reason(refusal)
	var item any
	if *reason == InsufficientScope {
		item = a.policy.Refused(op, act).Body
	}
	a.refuse(w, refusal, item)
}

// admit finds out who asks and whether the token is enough; the reason is nil if
// it is.
func (a *api) admit(r *http.Request, op Operation, need Requirement) (Principal, *string) {
	principal, reason := a.identify(r)
	if reason != nil {
		return principal, reason
	}
	principal.Scope = a.policy.HeldScope(principal).Or(a.policy.Tokens.Added(r, principal))
	if lacking := a.lacks(principal, op, need); lacking != "" {
		return principal, &lacking
	}
	return principal, nil
}

// identify finds out who asks.
func (a *api) identify(r *http.Request) (Principal, *string) {
	token, reason := a.policy.Tokens.Presented(presentation(r))
	if token == "" {
		if principal, ok := a.policy.Tokens.Ambient(r); ok && reason == "" {
			return principal, nil
		}
		return Principal{}, &reason
	}
	principal, err := a.verifier.verify(r.Context(), token)
	switch {
	case errors.Is(err, errUnavailable):
		if principal, ok := a.policy.Tokens.Unchecked(token); ok {
			return principal, nil
		}
		reason = CannotCheck
	case err != nil:
		reason = InvalidToken
	case !a.policy.Tokens.BindingFits(a.binding(r, token, principal)):
		reason = InvalidToken
	case schemeOf(r) == "DPoP" && a.binding(r, token, principal).Nonce != a.policy.Tokens.Nonce():
		reason = NonceNeeded
	default:
		return principal, nil
	}
	return principal, &reason
}

// binding is how a token is presented.
func (a *api) binding(r *http.Request, token string, p Principal) Binding {
	b := Binding{Key: p.Key, Scheme: schemeOf(r)}
	if b.Scheme == "DPoP" {
		b.Proven, b.Nonce, _ = provenKey(r, token, a.clock.now()) // a proof that is no good proves nothing
	}
	return b
}

// lacks is the reason for which a principal may not do something; empty if it
// may. Choice: where both are missing, the level of authentication is named.
func (a *api) lacks(p Principal, op Operation, need Requirement) string {
	switch {
	case !a.policy.Tokens.LevelFits(p.ACR, need.ACR):
		return InsufficientLevel
	case !a.policy.Admits(p, op, need, a.policy.Covers(p.Scope, need.Scope)):
		return InsufficientScope
	}
	return ""
}

func write(w http.ResponseWriter, done Outcome) {
	if done.Body == nil {
		w.WriteHeader(done.Status)
		return
	}
	writeJSON(w, done.Status, done.Body)
}

func readAll(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	return io.ReadAll(http.MaxBytesReader(w, r.Body, 64<<10))
}
