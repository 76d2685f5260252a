package steps

import (
	"net/url"
	"testing"

	"github.com/scopeproof/scopeproof/internal/actor"
	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target/embedded"
)

// TestTheInvariantsHoldWhateverTheWay plays every way to make an authorization
// request on the reference, which breaks no invariant.
func TestTheInvariantsHoldWhateverTheWay(t *testing.T) {
	up, err := embedded.Reference().Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { up.Close() })
	stage, err := actor.NewStage(t.Context(), up)
	if err != nil {
		t.Fatal(err)
	}
	apis := stage.NewCast().Resources()
	details := []any{up.Description.AuthorizationServer.Details.Plain}
	some := oauth.FieldsScope("openid read:appointments")
	for what, r := range map[string]request{
		"posted":           {client: "Planner", way: actor.Way{Via: actor.ByPost}},
		"pushed":           {client: "Strict", way: actor.Way{Via: actor.Pushed}},
		"a request object": {client: "Rival", way: actor.Way{Via: actor.ByObject}},
		"only a token":     {client: "Legacy", way: actor.Way{ResponseType: "token"}},
		"an ID token":      {client: "Legacy", way: actor.Way{ResponseType: "id_token"}},
		"hybrid":           {client: "Legacy", way: actor.Way{ResponseType: "code id_token token"}},
		"both APIs":        {client: "Planner", way: actor.Way{Resources: apis}},
		"the other API":    {client: "Planner", way: actor.Way{Resources: apis[1:]}},
		"details":          {client: "Planner", way: actor.Way{Details: details}},
		"a managed grant":  {client: "Steward", way: actor.Way{Action: "create"}},
		"repeated":         {client: "Planner", way: actor.Way{Raw: "scope=read:appointments"}},
	} {
		for _, only := range []*oauth.ScopeSet{nil, &some} {
			w := New(stage, 1, true)
			w.cast.Refreshing = true
			r.owner, r.scope, r.prompt = "Ada", raw("openid email read:appointments write:appointments read:contacts"), "consent"
			r.decision = &oauth.ConsentDecision{Only: only}
			o, err := w.ask(t.Context(), r)
			if err != nil {
				t.Fatalf("%s: %v", what, err)
			}
			if refused := o.refusal() != nil; refused != (what == "repeated") {
				t.Errorf("%s: got refusal %v", what, o.refusal())
			}
			w.checkInvariants(t.Context())
			if o.auth.Code != "" && o.issue.Response != nil && o.issue.Response.RefreshToken != "" {
				for _, api := range o.auth.Resources {
					if o.issue, err = o.client.Refresh(t.Context(), o.issue, nil, url.Values{"resource": {api}}); err != nil {
						t.Fatal(err)
					}
				}
			}
			if r.way.Action != "" {
				r.way = actor.Way{Action: "merge", GrantID: o.issue.Response.GrantID}
				r.scope = raw("write:appointments")
				if _, err := w.ask(t.Context(), r); err != nil {
					t.Fatal(err)
				}
				r.way = actor.Way{Action: "create"}
			}
			w.checkInvariants(t.Context())
			if len(w.breaches) > 0 || w.trouble != nil {
				t.Errorf("%s, %v: got breaches %v and trouble %v, want none", what, only, w.breaches, w.trouble)
			}
		}
	}
}
