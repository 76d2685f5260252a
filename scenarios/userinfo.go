package scenarios

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"

	"github.com/scopeproof/scopeproof/loadtest"
	"github.com/scopeproof/scopeproof/oauth"
)

// UserInfo asks for the claims of several people with tokens of pairwise different
// scope, and with one that has no openid. Each is told the claims of its own scope
// (CLM-02) and of no other (CLM-03), of its own resource owner (GRANT-07), and
// without openid there are none (CLM-08).
func UserInfo() loadtest.Scenario {
	return loadtest.Scenario{
		Name:    "userinfo",
		Text:    "Clients ask who signed in, each with another scope; each is told the claims of its own scope and person.",
		Rules:   []string{"CLM-02", "CLM-03", "CLM-08", "GRANT-07"},
		Needs:   needs("as.code", "as.oidc.userinfo"),
		Prepare: prepareUserInfo,
	}
}

func prepareUserInfo(ctx context.Context, s *loadtest.Stage) (loadtest.Plan, error) {
	plan := loadtest.Plan{Burst: s.Burst(burst)}
	var tokens []*loadtest.Token
	for _, name := range []string{"Planner", "Rival"} {
		if !s.HasClient(name) {
			continue
		}
		c, err := s.Client(ctx, name)
		if err != nil {
			return plan, err
		}
		for _, owner := range []string{"Ada", "Bo"} {
			if !s.HasOwner(owner) {
				continue
			}
			if err := s.Owner(ctx, owner); err != nil {
				return plan, err
			}
			for _, scope := range aboutPeople() {
				// At a browser of its own: what one consents to anew may end what one had there.
				t, err := s.Player().Token(ctx, c, owner, loadtest.Consent{Scope: scope})
				if refused := loadtest.RefusedWith(err); refused != nil && refused.Code.RefusesRequest() {
					continue // it need not know all of these scopes
				}
				if err != nil {
					return plan, err
				}
				s.Keep(t)
				tokens = append(tokens, t)
			}
		}
	}
	plain, err := withoutOpenID(ctx, s)
	if err != nil {
		return plan, err
	}
	for _, t := range tokens { // when all are there: a later consent may end an earlier one's token
		hit, ended, err := telling(ctx, s, t)
		if err != nil {
			return plan, err
		}
		if !ended {
			plan.Hits = append(plan.Hits, hit)
		}
	}
	switch {
	case len(tokens) == 0:
		return plan, fmt.Errorf("the target has neither a client Planner nor a client Rival, or nobody who could sign in")
	case len(plan.Hits) == 0:
		return plan, fmt.Errorf("UserInfo refuses each of %d tokens while nobody else asks", len(tokens))
	}
	if plain != nil {
		plan.Hits = append(plan.Hits, loadtest.Hit{
			Weight: 3, Request: s.UserInfoRequest(plain), Expect: s.Forbids("CLM-08", fmt.Sprintf("UserInfo, with a token for %q", plain.Scope)),
		})
	}
	return plan, nil
}

// aboutPeople are scopes that release claims, the broadest first, so that most
// servers ask for consent once.
func aboutPeople() []oauth.ScopeSet {
	var list []oauth.ScopeSet
	for _, text := range []string{"openid profile email phone address", "openid phone address", "openid profile", "openid email", "openid"} {
		list = append(list, oauth.FieldsScope(text))
	}
	return list
}

// telling is a request for the claims of a token. What is told while nobody else
// asks is due among others. A token that is refused then has ended.
func telling(ctx context.Context, s *loadtest.Stage, t *loadtest.Token) (hit loadtest.Hit, ended bool, err error) {
	as := s.Target.Description.AuthorizationServer
	scope := s.Target.Hierarchy.Closure(t.Scope)
	may := append(loadtest.ClaimsOf(scope), as.ClaimsAlways...)
	for _, name := range slices.Sorted(maps.Keys(as.CustomClaims)) {
		if scope.Has(oauth.ScopeToken(as.CustomClaims[name])) {
			may = append(may, name)
		}
	}
	r := s.UserInfoRequest(t)
	alone, err := s.Player().Send(ctx, r)
	switch {
	case err != nil:
		return hit, false, err
	case alone.Status == http.StatusUnauthorized || alone.Status == http.StatusForbidden:
		return hit, true, nil
	case alone.Status != http.StatusOK:
		return hit, false, fmt.Errorf("%s asks for UserInfo alone with %q: got %d, want 200", t.Client.Name, t.Scope, alone.Status)
	}
	expect, err := s.Tells(loadtest.Claims{Rule: "CLM-03", Mixed: "GRANT-07", Denied: "CLM-02", Seen: alone, May: may})
	if err != nil {
		return hit, false, fmt.Errorf("%s asks for UserInfo alone: got an answer that cannot be read: %w", t.Client.Name, err)
	}
	return loadtest.Hit{Request: r, Expect: expect}, false, nil
}

// withoutOpenID is a token that opens no UserInfo, where there can be one; or nil.
func withoutOpenID(ctx context.Context, s *loadtest.Stage) (*loadtest.Token, error) {
	if !s.Can("as.oidc.optional") || !s.HasClient("Planner") {
		return nil, nil
	}
	c, err := s.Client(ctx, "Planner")
	if err != nil {
		return nil, err
	}
	t, err := s.Player().Token(ctx, c, "Ada", loadtest.Consent{Scope: reading})
	if err != nil {
		return nil, err
	}
	s.Keep(t)
	if t.Scope.Has("openid") { // it is granted unasked
		return nil, nil
	}
	return t, nil
}
