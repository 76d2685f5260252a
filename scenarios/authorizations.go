package scenarios

import (
	"context"
	"errors"
	"fmt"

	"github.com/scopeproof/scopeproof/loadtest"
	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

// authorization is a client that asks a resource owner, what they agree to, and
// what comes of it while nobody else asks.
type authorization struct {
	client *loadtest.Client
	owner  string
	want   loadtest.Consent
	grant  loadtest.Grant
}

// authorizations are those that the target has the clients and the people for,
// pairwise different. Leaks break rule. Where it can be, each is a fresh decision,
// some of a part of what is asked; remembered says that it is not. Each is tried
// alone first: what is granted then is due among others, too.
func authorizations(ctx context.Context, s *loadtest.Stage, rule string, pushed, remembered bool) ([]authorization, error) {
	prompt := ""
	if s.Can("as.oidc.prompt") && !remembered {
		prompt = "consent" // so that each of them is asked, whatever is remembered
	}
	all := []struct {
		client, owner, rule string
		want                loadtest.Consent
	}{
		{"Planner", "Ada", rule, loadtest.Consent{Scope: both, Prompt: prompt}},
		{"Planner", "Ada", rule, loadtest.Consent{Scope: reading}},
		{"Viewer", "Ada", rule, loadtest.Consent{Scope: reading}},
		{"Planner", "Bo", rule, loadtest.Consent{Scope: reading}},
	}
	if s.Target.Capabilities["consent.ui"].Value == "granular" && prompt != "" {
		all = append(all, struct {
			client, owner, rule string
			want                loadtest.Consent
		}{"Rival", "Ada", "CONS-02", loadtest.Consent{Scope: both, Only: &reading, Prompt: prompt}})
	}
	var list []authorization
	before := map[string]oauth.ScopeSet{} // what a person granted to a client
	for _, each := range all {
		if !s.HasClient(each.client) || !s.HasOwner(each.owner) {
			continue
		}
		each.want.Pushed = pushed
		c, err := s.Client(ctx, each.client)
		if err != nil {
			return nil, err
		}
		if err := s.Owner(ctx, each.owner); err != nil {
			return nil, err
		}
		a := authorization{client: c, owner: each.owner, want: each.want}
		pair := each.client + " for " + each.owner
		if a.grant, err = a.alone(ctx, s, each.rule, before[pair]); err != nil {
			return nil, err
		}
		before[pair] = before[pair].Union(a.grant.Must)
		list = append(list, a)
	}
	if len(list) == 0 {
		return nil, errors.New("the target has none of the clients Planner and Viewer, or none of the people Ada and Bo")
	}
	return list, nil
}

// alone is what comes of an authorization while nobody else asks. What was granted
// before may come with it (RFC 6749 section 3.3).
func (a authorization) alone(ctx context.Context, s *loadtest.Stage, rule string, before oauth.ScopeSet) (loadtest.Grant, error) {
	p := s.Player()
	code, err := p.Code(ctx, a.client, a.owner, a.want)
	if err != nil {
		return loadtest.Grant{}, err
	}
	t, err := p.Redeem(ctx, code)
	if err != nil {
		return loadtest.Grant{}, err
	}
	if t == nil {
		return loadtest.Grant{}, fmt.Errorf("%s redeems its code alone: it was refused", a.client.Name)
	}
	allowed := code.Asked
	if a.want.Only != nil {
		required := oauth.FieldsScope(s.Target.Description.AuthorizationServer.RequiredScopes)
		allowed = a.want.Only.Union(required).Union(code.Asked.Minus(a.want.Scope))
	}
	due := s.Of(t.Scope, allowed)
	return loadtest.Grant{Rule: rule, Denied: "CODE-05", Asked: code.Asked, Must: due, May: due.Union(t.Scope.Intersect(before)), Holder: loadtest.Holder{Client: a.client, Owner: a.owner}}, nil
}

// play is the whole of an authorization.
func (a authorization) play(s *loadtest.Stage) func(context.Context, *loadtest.Player) error {
	issues := s.Issues(a.grant)
	return func(ctx context.Context, p *loadtest.Player) error {
		code, err := p.Code(ctx, a.client, a.owner, a.want)
		if refused := loadtest.RefusedWith(err); refused != nil && refused.Code.RefusesRequest() {
			p.Judge(loadtest.Verdict{Class: loadtest.FalseRefusal, Rule: a.grant.Denied, Message: err.Error()})
			return nil
		}
		if err != nil {
			return err
		}
		if _, err := p.Redeem(ctx, code); err != nil {
			return err
		}
		p.Expect(issues)
		return nil
	}
}

// flows are authorizations that are played from the first request to the token,
// each by several people at once.
func flows(s *loadtest.Stage, list []authorization) loadtest.Plan {
	plan := loadtest.Plan{Burst: s.Burst(burst)}
	for _, a := range list {
		n := max(2, atOnce(s)/len(list))
		plan.Hits = append(plan.Hits, loadtest.Hit{Weight: 1, Chains: s.Scripts(n, a.play(s))})
	}
	return plan
}

// atOnce is how many scripts are enough for the rate: a quarter of a second for
// each of their requests, within bounds.
func atOnce(s *loadtest.Stage) int {
	if s.Rate == 0 {
		return 64
	}
	return min(max(8, int(s.Rate/4)), 128)
}

// needs joins capabilities.
func needs(list ...target.Capability) []target.Capability { return list }
