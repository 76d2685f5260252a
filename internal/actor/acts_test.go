package actor_test

import (
	"fmt"
	"net/url"
	"testing"

	"github.com/scopeproof/scopeproof/internal/actor"
	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target/embedded"
)

// play is a cast with Planner and Ada on the embedded reference.
type play struct {
	*testing.T
	*actor.Cast
	planner *actor.Client
	ada     *actor.Owner
}

func begin(t *testing.T, options ...embedded.Option) play {
	t.Helper()
	up, err := embedded.Reference(options...).Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { up.Close() })
	s, err := actor.NewStage(t.Context(), up)
	if err != nil {
		t.Fatal(err)
	}
	c := s.NewCast()
	c.Refreshing = true
	p := play{T: t, Cast: c}
	planner, err := c.Client(t.Context(), "Planner")
	p.planner = ok(p, planner, err)
	ada, err := c.Owner(t.Context(), "Ada")
	p.ada = ok(p, ada, err)
	return p
}

func (p play) grant(scope string, params url.Values) *actor.Issue {
	p.Helper()
	raw := oauth.RawScope(scope)
	a, err := p.planner.Authorize(p.Context(), actor.Request{Owner: p.ada, Scope: &raw, Params: params})
	if err != nil {
		p.Fatal(err)
	}
	i, err := p.planner.Redeem(p.Context(), a, nil)
	if err != nil || i.Response == nil {
		p.Fatal(err, i)
	}
	return i
}

func ok[T any](p play, value T, err error) T {
	p.Helper()
	if err != nil {
		p.Fatal(err)
	}
	return value
}

func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func TestTokensAreRevokedAndIntrospected(t *testing.T) {
	for _, format := range []string{"jwt", "opaque"} {
		p := begin(t, embedded.Tokens(format))
		i := p.grant("read:appointments write:appointments", nil)
		own, err := p.AnAPI(false)
		own = ok(p, own, err)
		other, err := p.AnAPI(true)
		other = ok(p, other, err)
		token := i.Response.AccessToken
		ask := func(who actor.Asker, token oauth.Secret) string {
			seen, err := p.IntrospectAs(t.Context(), who, token, "")
			seen = ok(p, seen, err)
			return fmt.Sprint(seen.Status, seen.Active())
		}
		same(t, "its API", ask(own, token), "200 true")
		same(t, "the other API", ask(other, token), "200 false")
		same(t, "nobody", ask(actor.Asker{Name: "Stranger"}, token), "401 false")
		same(t, "a bearer token", ask(actor.Asker{Name: "Stranger", Bearer: token}, token), "401 false")
		same(t, "refresh token", ask(own, i.Response.RefreshToken), "200 true")
		rival, err := p.Client(t.Context(), "Rival")
		rival = ok(p, rival, err)
		done, err := rival.RevokeToken(t.Context(), i.Response.RefreshToken, "refresh_token")
		same(t, "another's", fmt.Sprint(ok(p, done, err).Status, " ", ask(own, token)), "200 200 true")
		done, err = p.planner.RevokeToken(t.Context(), i.Response.RefreshToken, "")
		same(t, "its own", fmt.Sprint(ok(p, done, err).Status, " ", ask(own, token)), "200 200 false")
	}
}

func TestRegistrationIsManaged(t *testing.T) {
	p := begin(t)
	ctx := t.Context()
	made, err := p.Register(ctx, "Newcomer", map[string]any{"scope": "read:appointments appointments-admin"})
	made = ok(p, made, err)
	same(t, "registered", made.Scope.Set, "read:appointments")
	same(t, "manageable", made.Manageable(), true)
	wider, err := p.UpdateRegistration(ctx, "Newcomer", made, map[string]any{"scope": "read:appointments write:appointments appointments-admin"})
	wider = ok(p, wider, err)
	same(t, "updated", wider.Scope.Set, "read:appointments write:appointments")
	client, err := p.Enter("Newcomer", wider)
	same(t, "entered", ok(p, client, err).Scope, wider.Scope.Set)
	shown, err := p.ReadRegistration(ctx, "Newcomer", wider)
	same(t, "read", ok(p, shown, err).Scope.Set, wider.Scope.Set)
	refused, err := p.Register(ctx, "Newcomer", map[string]any{"scope": []string{"read:appointments"}})
	same(t, "list", ok(p, refused, err).Refused.Code, "invalid_client_metadata")
	statement, err := p.SoftwareStatement(map[string]any{"scope": "read:appointments"}, true)
	vouched, err := p.Register(ctx, "Newcomer", map[string]any{
		"scope": "read:appointments write:appointments", "software_statement": ok(p, statement, err).Reveal(),
	})
	same(t, "statement", ok(p, vouched, err).Scope.Set, "read:appointments")
	statement, err = p.SoftwareStatement(map[string]any{"scope": "read:appointments"}, false)
	refused, err = p.Register(ctx, "Newcomer", map[string]any{"software_statement": ok(p, statement, err).Reveal()})
	same(t, "statement of nobody", ok(p, refused, err).Refused.Code, "unapproved_software_statement")
	ended, err := p.DeleteRegistration(ctx, "Newcomer", wider)
	same(t, "ended", ok(p, ended, err).Status, 204)
}

func TestSurroundingsChangeAndAreRestored(t *testing.T) {
	for _, format := range []string{"jwt", "opaque"} {
		p := begin(t, embedded.Tokens(format))
		ctx := t.Context()
		i := p.grant("read:appointments write:appointments", nil)
		list := func() int {
			a, err := p.Call(ctx, "Planner", p.Stage.Target.API, "list", i.Response.AccessToken, nil, p.ada)
			return ok(p, a, err).Status
		}
		ok(p, 0, p.CutOff(ctx))
		same(t, "cut off", list(), 503)
		ok(p, 0, p.WithdrawScope(ctx, "write:appointments"))
		next, err := p.planner.Refresh(ctx, i, nil, nil)
		same(t, "withdrawn", ok(p, next, err).Told.Set, "offline_access read:appointments")
		ok(p, 0, p.Restore(ctx))
		same(t, "restored", list(), 200)
		again, err := p.planner.Refresh(ctx, next, nil, nil)
		same(t, "restored", ok(p, again, err).Told.Set.Has("write:appointments"), true)
	}
}

func TestMetadataDocuments(t *testing.T) {
	p := begin(t)
	ctx := t.Context()
	for document, has := range map[string]oauth.ScopeToken{"oauth-authorization-server": "openid", "openid-configuration": "openid"} {
		d, err := p.Metadata(ctx, document)
		scopes, _, err := p.Scopes(ok(p, d, err))
		same(t, document, oauth.NewScopeSet(ok(p, scopes, err)...).Has(has), true)
	}
	d, err := p.ResourceMetadata(ctx, p.Stage.Target.API)
	scopes, _, err := p.Scopes(ok(p, d, err))
	same(t, "API", ok(p, scopes, err), "[calendar.read read:appointments write:appointments]")
	refused, err := p.Call(ctx, "Stranger", p.Stage.Target.API, "list", "", nil, p.ada)
	named, _ := ok(p, refused, err).Challenge.Get("resource_metadata")
	same(t, "challenge", named, d.URL)
}

func TestBoundTokens(t *testing.T) {
	for _, format := range []string{"jwt", "opaque"} {
		p := begin(t, embedded.Tokens(format))
		ctx, api := t.Context(), p.Stage.Target.API
		key, err := actor.NewProofKey()
		p.planner.Bind(ok(p, key, err))
		i := p.grant("read:appointments", nil)
		same(t, "type", i.Response.TokenType, "DPoP")
		bound := func(name string, by *actor.ProofKey) *actor.Attempt {
			op, _ := api.Operation(name)
			a, err := p.CallBound(ctx, "Planner", api, op, i.Response.AccessToken, by, nil, p.ada)
			return ok(p, a, err)
		}
		same(t, "list", bound("list", key).Status, 200)
		refused := bound("create", key)
		challenge, _ := refused.ChallengeOf("DPoP")
		code, _ := challenge.Get("error")
		same(t, "create", fmt.Sprint(refused.Status, " ", code), "403 insufficient_scope")
		other, err := actor.NewProofKey()
		same(t, "another key", bound("list", ok(p, other, err)).Status, 401)
		a, err := p.Call(ctx, "Planner", api, "list", i.Response.AccessToken, nil, p.ada)
		same(t, "as a bearer token", ok(p, a, err).Status, 401)
	}
}

func TestUnusualRequestsToTheAPI(t *testing.T) {
	p := begin(t)
	ctx, api := t.Context(), p.Stage.Target.API
	reads := p.grant("read:appointments", nil).Response.AccessToken
	full := p.grant("read:appointments write:appointments", nil).Response.AccessToken
	high := p.grant("read:appointments write:appointments", url.Values{"acr_values": {"high"}}).Response.AccessToken
	on, err := p.Seed(ctx, p.ada)
	on = ok(p, on, err)
	status := func(name string, token oauth.AccessToken, w actor.Wire) int {
		op, _ := api.Operation(name)
		switch name {
		case "batch":
			op = *api.Batch
		case "step_up":
			op = *api.StepUp
		}
		a, err := p.CallWire(ctx, "Planner", api, op, token, on, p.ada, w)
		return ok(p, a, err).Status
	}
	for _, place := range []string{"form", "query"} {
		w, err := actor.Present(place, full)
		same(t, place, status("create", "", ok(p, w, err)), 401)
		same(t, "header and "+place, status("create", reads, w), 400)
	}
	for _, how := range actor.Forgeries() {
		forged, err := p.Forge(ctx, reads, how, map[string]any{"scope": "read:appointments write:appointments"})
		same(t, string(how)+" yields something", len(ok(p, forged, err)) > 0, true)
		for _, token := range forged {
			same(t, string(how), status("create", token, actor.Wire{}), 401)
		}
	}
	same(t, "batch", status("batch", reads, actor.Wire{}), 200)
	same(t, "still there", status("read", reads, actor.Wire{}), 200)
	same(t, "low", status("step_up", full, actor.Wire{}), 401)
	same(t, "high", status("step_up", high, actor.Wire{}), 200)
	same(t, "erased", status("read", reads, actor.Wire{}), 404)
}
