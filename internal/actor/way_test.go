package actor_test

import (
	"context"
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"github.com/scopeproof/scopeproof/internal/actor"
	"github.com/scopeproof/scopeproof/oauth"
)

// asker is a client and Ada on the embedded reference.
type asker struct {
	*testing.T
	cast *actor.Cast
	*actor.Client
	ada *actor.Owner
}

func asking(t *testing.T, client string) asker {
	t.Helper()
	cast := stage(t, nil, nil).NewCast()
	cast.Refreshing = true
	c, err := cast.Client(t.Context(), client)
	if err != nil {
		t.Fatal(err)
	}
	ada, err := cast.Owner(t.Context(), "Ada")
	if err != nil {
		t.Fatal(err)
	}
	return asker{t, cast, c, ada}
}

// asks sends a request for a scope; without text it has none.
func (a asker) asks(scope string, way actor.Way, only ...string) *actor.Authorization {
	a.Helper()
	r := actor.Request{Owner: a.ada, Way: way}
	if scope != "" {
		raw := oauth.RawScope(scope)
		r.Scope = &raw
	}
	if only != nil {
		set := oauth.FieldsScope(only[0])
		r.Decision = &oauth.ConsentDecision{Only: &set}
	}
	got, err := a.Authorize(a.Context(), r)
	if err != nil {
		a.Fatal(err)
	}
	return got
}

// came is what a code, or the redirect, came to.
func (a asker) came(got *actor.Authorization, params ...string) string {
	a.Helper()
	switch {
	case got.Code != "":
		form := url.Values{}
		for i := 0; i < len(params); i += 2 {
			form.Add(params[i], params[i+1])
		}
		issue, err := a.Redeem(a.Context(), got, form)
		if err != nil {
			a.Fatal(err)
		}
		return a.holds(issue)
	case got.Front != nil:
		return a.holds(got.Front)
	case got.Refused != nil:
		return string(got.Refused.Code)
	}
	return "page"
}

func (a asker) holds(i *actor.Issue) string {
	a.Helper()
	if i.Refused != nil {
		return string(i.Refused.Code)
	}
	seen, err := i.Observe(context.Background(), 0)
	if err != nil {
		a.Fatal(err)
	}
	return seen.Effective.Minus(oauth.FieldsScope("offline_access")).String()
}

func (a asker) want(what, got, want string) {
	a.Helper()
	if got != want {
		a.Errorf("%s: got %q, want %q", what, got, want)
	}
}

const reads = "read:appointments"

func TestEveryChannelAsksTheSame(t *testing.T) {
	for _, via := range []actor.Channel{actor.ByQuery, actor.ByPost, actor.Pushed, actor.ByObject, actor.PushedObject} {
		a := asking(t, "Planner")
		a.want("all, by "+string(via), a.came(a.asks(string(both), actor.Way{Via: via})), string(both))
		got := a.asks(string(both), actor.Way{Via: via}, reads)
		a.want("some, by "+string(via), a.came(got), reads)
		if shown, lists := got.Shown(); got.WasAsked() && (!lists || !shown.Equal(got.Asked)) || !got.StateOK {
			t.Errorf("%s: got %q shown, state %v, want %q", via, shown, got.StateOK, got.Asked)
		}
	}
}

func TestWhatIsBesideARequestIsSent(t *testing.T) {
	a := asking(t, "Planner")
	for what, c := range map[string]struct {
		scope string
		way   actor.Way
		want  string
	}{
		"empty":                      {"", actor.Way{Raw: "scope="}, reads},
		"twice in the query":         {"", actor.Way{Raw: "scope=read:appointments&scope=write:appointments"}, "invalid_request"},
		"twice in the body":          {"", actor.Way{Via: actor.ByPost, Raw: "scope=read:appointments&scope=write:appointments"}, "invalid_request"},
		"one in each":                {reads, actor.Way{Via: actor.ByPost, Beside: "scope=write:appointments"}, "invalid_request"},
		"twice pushed":               {reads, actor.Way{Via: actor.Pushed, Raw: "scope=write:appointments"}, "invalid_request"},
		"encoded twice":              {"", actor.Way{Raw: "scope=read:appointments%2520write:appointments"}, "access_denied"},
		"beside what was pushed":     {reads, actor.Way{Via: actor.Pushed, Beside: "scope=write:appointments"}, reads},
		"beside a request object":    {reads, actor.Way{Via: actor.ByObject, Beside: "scope=openid%20write:appointments"}, reads},
		"a request object, tampered": {reads, actor.Way{Via: actor.ByObject, Object: actor.RequestObject{Tampered: true}}, "invalid_request_object"},
		"a request object, unsigned": {reads, actor.Way{Via: actor.ByObject, Object: actor.RequestObject{Unsigned: true}}, "invalid_request_object"},
	} {
		a.want(what, a.came(a.asks(c.scope, c.way)), c.want)
	}
	rival := asking(t, "Rival")
	rival.want("unsigned, and no algorithm registered", rival.came(rival.asks(reads, actor.Way{Via: actor.ByObject, Object: actor.RequestObject{Unsigned: true}})), reads)
	strict := asking(t, "Strict")
	strict.want("not pushed", strict.came(strict.asks(reads, actor.Way{})), "invalid_request")
	strict.want("pushed", strict.came(strict.asks(reads, actor.Way{Via: actor.Pushed})), reads)
}

func TestAPushedRequestIsBroughtOnce(t *testing.T) {
	a := asking(t, "Planner")
	raw := oauth.RawScope(reads)
	rival, err := a.cast.Client(t.Context(), "Rival")
	if err != nil {
		t.Fatal(err)
	}
	request := actor.Request{Owner: a.ada, Scope: &raw}
	p, err := a.Push(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		what   string
		client *actor.Client
		want   string
	}{{"by another", rival, "page"}, {"by its own", a.Client, reads}, {"again", a.Client, "page"}} {
		got, err := c.client.Bring(t.Context(), p, request)
		if err != nil {
			t.Fatal(err)
		}
		a.want(c.what, a.came(got), c.want)
	}
}

func TestTokensInTheRedirectAreSeenAndHidden(t *testing.T) {
	a := asking(t, "Legacy")
	for kind, want := range map[string]string{"token": string(both), "id_token token": "openid " + string(both), "code token": string(both), "code id_token token": "openid " + string(both)} {
		scope := strings.TrimPrefix(want, "openid ")
		if strings.Contains(kind, "id_token") {
			scope = want
		}
		got := a.asks(scope, actor.Way{ResponseType: kind})
		if got.Front == nil || !got.InFragment || !got.StateOK {
			t.Fatalf("%s: got %+v, refused %v, want tokens in the fragment", kind, got.Front, got.Refused)
		}
		a.want(kind, a.holds(got.Front), want)
		if got.Code != "" {
			a.want(kind+", the code", a.came(got), want)
		}
		if strings.Contains(kind, "id_token") {
			if claims, err := got.Front.IDToken(t.Context()); err != nil || claims["sub"] == nil {
				t.Errorf("%s: got claims %v, %v, want those of an ID token", kind, claims, err)
			}
		}
		shown, _ := json.Marshal(a.cast.Recorder.Exchanges())
		for _, hidden := range []oauth.Secret{got.Front.Response.AccessToken, got.Front.Response.IDToken, got.Code} {
			if hidden != "" && strings.Contains(string(shown), hidden.Reveal()) {
				t.Errorf("%s: a token of the fragment stands in the exchanges", kind)
			}
		}
	}
	alone := a.asks("openid email", actor.Way{ResponseType: "id_token"})
	if alone.Front == nil || alone.Front.Response.AccessToken != "" || alone.Front.Response.IDToken == "" {
		t.Errorf("got %+v, want an ID token alone", alone.Front)
	}
	deny := actor.Request{Owner: a.ada, Way: actor.Way{ResponseType: "token"}, Prompt: "consent", Decision: &oauth.ConsentDecision{Deny: true}}
	raw := oauth.RawScope(both)
	deny.Scope = &raw
	refused, err := a.Authorize(t.Context(), deny)
	if err != nil || refused.Refused == nil || refused.Refused.Code != oauth.AccessDenied || !refused.InFragment || refused.Refused.Tokens {
		t.Errorf("got %+v, %v, want access_denied in the fragment", refused, err)
	}
}

func TestSeveralAPIsAreRedeemedOneByOne(t *testing.T) {
	a := asking(t, "Planner")
	apis := a.cast.Resources()
	got := a.asks("read:appointments read:contacts", actor.Way{Resources: apis})
	a.want("the first", a.came(got, "resource", apis[0]), reads)
	first, err := a.Last()
	if err != nil {
		t.Fatal(err)
	}
	other, err := a.Refresh(t.Context(), first, nil, url.Values{"resource": {apis[1]}})
	if err != nil {
		t.Fatal(err)
	}
	a.want("the other", a.holds(other), "read:appointments read:contacts")
	for _, c := range []struct {
		issue *actor.Issue
		want  bool
	}{{first, false}, {other, true}} {
		api, err := a.cast.AnAPI(true)
		if err != nil {
			t.Fatal(err)
		}
		seen, err := a.cast.IntrospectAs(t.Context(), api, c.issue.Response.AccessToken, "")
		if err != nil || seen.Active() != c.want {
			t.Errorf("the other API introspects: got %+v, %v, want active %v", seen, err, c.want)
		}
	}
	if !other.Other || first.Other {
		t.Errorf("got tokens for the other API %v and %v, want the second alone", first.Other, other.Other)
	}
}

func TestDetailsAreDecidedOn(t *testing.T) {
	a := asking(t, "Planner")
	details := []any{a.cast.Stage.Target.Description.AuthorizationServer.Details.Plain}
	for what, c := range map[string]struct{ only, details string }{
		"both":       {string(both) + " authorization_details", `[{"type":"calendar_access","actions":["list"],"limit":5}]`},
		"no details": {reads, ""},
	} {
		got := a.asks(string(both), actor.Way{Details: details}, c.only)
		if shown, _ := got.Shown(); !shown.Has("authorization_details") {
			t.Errorf("%s: got %q shown, want the details as well", what, shown)
		}
		a.want(what, a.came(got), strings.TrimSuffix(c.only, " authorization_details"))
		issue, err := a.Last()
		if err != nil {
			t.Fatal(err)
		}
		a.want(what, string(issue.Response.Details), c.details)
	}
}

func TestGrantsAreManaged(t *testing.T) {
	a := asking(t, "Steward")
	token := func(scope oauth.RawScope) oauth.AccessToken {
		issue, err := a.ClientCredentials(t.Context(), &scope, nil)
		if err != nil || issue.Response == nil {
			t.Fatalf("got %v, %v, want a token", issue, err)
		}
		return issue.Response.AccessToken
	}
	query, revoke := token("grant_management_query"), token("grant_management_revoke")
	a.want("created", a.came(a.asks(reads, actor.Way{Action: "create"})), reads)
	first, _ := a.Last()
	id := first.Response.GrantID
	a.want("merged", a.came(a.asks("write:appointments", actor.Way{Action: "merge", GrantID: id})), string(both))
	held, err := a.QueryGrant(t.Context(), id, query)
	if err != nil {
		t.Fatal(err)
	}
	a.want("queried", held.Scope.Minus(oauth.FieldsScope("offline_access")).String(), string(both))
	a.want("create with an id", a.came(a.asks(reads, actor.Way{Action: "create", GrantID: id})), "invalid_request")
	for _, c := range []struct {
		what  string
		token oauth.AccessToken
		want  int
	}{{"with a token to query", query, 403}, {"with a token to revoke", revoke, 204}, {"again", revoke, 404}} {
		if got, err := a.RevokeGrant(t.Context(), id, c.token); err != nil || got.Status != c.want {
			t.Errorf("revoked %s: got %+v, %v, want %d", c.what, got, err, c.want)
		}
	}
}

func TestATokenSaysWhomItIsFor(t *testing.T) {
	a := asking(t, "Planner")
	apis := a.cast.Resources()
	for what, test := range map[string]struct {
		way    actor.Way
		params url.Values
		aud    string
		other  bool
	}{
		"the usual API":    {actor.Way{}, nil, apis[0], false},
		"the other API":    {actor.Way{Resources: apis[1:]}, nil, apis[1], true},
		"none is named":    {actor.Way{Unaimed: true}, nil, apis[0], false},
		"both":             {actor.Way{Resources: apis}, nil, apis[0], false},
		"both, the other":  {actor.Way{Resources: apis}, url.Values{"resource": apis[1:]}, apis[1], true},
		"in an object too": {actor.Way{Via: actor.ByObject, Twice: true, Resources: apis[1:]}, nil, apis[1], true},
	} {
		got := a.asks("read:appointments", test.way)
		i, err := a.Redeem(t.Context(), got, test.params)
		if err != nil {
			t.Fatal(err)
		}
		seen, err := i.Observe(t.Context(), 0)
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if aud := seen.Audience(); len(aud) != 1 || aud[0] != test.aud || i.Other != test.other || seen.Type != "at+jwt" {
			t.Errorf("%s: got the audience %q, other %t and type %q, want %q and %t", what, aud, i.Other, seen.Type, test.aud, test.other)
		}
	}
	if lost := a.asks("read:appointments", actor.Way{Resources: []string{actor.UnknownResource}}); !lost.Unaimed || lost.Refused == nil {
		t.Errorf("an unknown API: got %+v, want a refusal", lost.Refused)
	}
}

func TestWhatIsNoAudienceNamesNobody(t *testing.T) {
	for claim, want := range map[string]int{`"a"`: 1, `["a","b"]`: 2, `[]`: 0, `""`: 0, `7`: 0, `{"a":1}`: 0, `null`: 0} {
		seen := actor.Observation{Claims: oauth.Object{"aud": json.RawMessage(claim)}}
		if got := seen.Audience(); len(got) != want {
			t.Errorf("%s: got %q, want %d", claim, got, want)
		}
	}
	told := actor.Observation{Introspected: &actor.Introspected{Claims: map[string]any{"aud": []any{"a"}}}}
	if got := told.Audience(); len(got) != 1 || got[0] != "a" {
		t.Errorf("introspection: got %q, want a", got)
	}
}
