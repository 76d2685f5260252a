package actor

import (
	"context"
	"errors"
	"fmt"

	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

// What a server answers with its own trouble (5xx) answers nothing, unless it was
// seen, before the rules, to answer so each time where it ought to refuse, and not
// where it ought not: then that very answer is its refusal, and the rules say what
// is wrong with it. What tells of the moment is never one.

// failing is such an answer of the token endpoint.
type failing struct {
	grant  oauth.GrantType
	status int
	code   oauth.ErrorCode
}

// endedInTrouble is a visit of a resource owner that ended at a page with a
// status that answers nothing.
type endedInTrouble struct {
	who     string
	arrival *target.Arrival
}

func (e *endedInTrouble) Error() string {
	return fmt.Sprintf("%s: got a page with status %d, want an answer", e.who, e.arrival.Status)
}

// observeFailing looks, twice each, at a code that somebody else presents and at a
// request that the resource owner denies, and once at one that is in order: where
// that fails as well, the server is in trouble.
func (s *Stage) observeFailing(ctx context.Context) {
	if s.isReference() || !s.can("as.code") {
		return
	}
	ctx, cancel := s.within(ctx)
	defer cancel()
	if s.HasClient("Rival") {
		first := s.foreignCode(ctx)
		if first != (failing{}) && s.issues(ctx) && first == s.foreignCode(ctx) {
			s.failing = append(s.failing, first)
		}
	}
	if s.can("consent.deny") && s.Target.Capabilities["consent.ui"].Value != "none" {
		page := s.denial(ctx)
		if page != "" && page == s.denial(ctx) && s.issues(ctx) {
			s.denied = page
		}
	}
}

// issues reports whether a request that is in order leads to a token.
func (s *Stage) issues(ctx context.Context) bool {
	scope := oauth.RawScope("read:appointments")
	_, i, err := s.NewCast().obtain(ctx, "Planner", "Ada", Request{Scope: &scope})
	return err == nil && i != nil && i.Response != nil
}

// foreignCode is how the token endpoint fails where Rival presents Planner's code;
// nothing where it answers.
func (s *Stage) foreignCode(ctx context.Context) failing {
	cast := s.NewCast()
	scope := oauth.RawScope("read:appointments")
	planner, err := cast.Client(ctx, "Planner")
	if err != nil {
		return failing{}
	}
	ada, err := cast.Owner(ctx, "Ada")
	if err != nil {
		return failing{}
	}
	rival, err := cast.Client(ctx, "Rival")
	if err != nil {
		return failing{}
	}
	a, err := planner.Authorize(ctx, Request{Owner: ada, Scope: &scope})
	if err != nil || a.Code == "" {
		return failing{}
	}
	e, err := rival.Redemption(ctx, a, nil)
	if err != nil {
		return failing{}
	}
	got, err := rival.deliver(e.req.Context(), e.req)
	if err != nil {
		return failing{}
	}
	return failingAnswer(oauth.AuthorizationCode, got)
}

// failingAnswer is an answer that has the server's own trouble as an error
// response (RFC 6749 section 5.2), or nothing.
func failingAnswer(grant oauth.GrantType, got answer) failing {
	if got.status < 500 {
		return failing{}
	}
	object, err := oauth.ParseObject(got.body)
	if code := object.Text("error"); err == nil && code != "" && !momentary(got.status) {
		return failing{grant, got.status, oauth.ErrorCode(code)}
	}
	return failing{}
}

// denial is the page, with a status of the server's own trouble, at which a denied
// request ends; empty where it is answered.
func (s *Stage) denial(ctx context.Context) string {
	scope := oauth.RawScope("read:appointments")
	_, _, err := s.NewCast().obtain(ctx, "Planner", "Ada", Request{Scope: &scope, Decision: &oauth.ConsentDecision{Deny: true}})
	var trouble *endedInTrouble
	if !errors.As(err, &trouble) || len(trouble.arrival.ConsentPages) == 0 || passing(err) {
		return ""
	}
	return trouble.arrival.Page
}

// unready reports whether a visit ended at a page that answers nothing. Errors are
// answers with any status where browsers are sent to a page with the error in its
// address, or where each denial was seen to end so.
func (s *Stage) unready(a *target.Arrival, decision oauth.ConsentDecision) bool {
	if a.Redirect != nil || !oauth.Unready(a.Status) || refuses(a) {
		return false
	}
	denied := decision.Deny && len(a.ConsentPages) > 0 && a.Page != "" && a.Page == s.denied
	return !denied
}
