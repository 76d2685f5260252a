package scenarios

import (
	"context"
	"errors"

	"github.com/scopeproof/scopeproof/loadtest"
	"github.com/scopeproof/scopeproof/oauth"
)

// addFresh adds a client and a person of their own that obtain a token and use it at
// once, over and over: what was just issued is worth what it was issued for, also
// among others that are issued at the same moment. Where clients are not registered
// as they are needed it is a machine alone: what a person consents to anew may end
// what is in use elsewhere.
func addFresh(ctx context.Context, s *loadtest.Stage, i int, plan *loadtest.Plan) error {
	own := s.Registers()
	if own {
		s = s.Others()
	} else if i > 0 {
		return nil
	}
	t, err := newTenant(ctx, s, i)
	if err != nil {
		return err
	}
	if !own {
		t.client = nil
	}
	if err := t.obtain(ctx); err != nil {
		return err
	}
	for _, token := range t.tokens {
		f, err := newFresh(ctx, t, token)
		if err != nil {
			return err
		}
		plan.Hits = append(plan.Hits, loadtest.Hit{Weight: 4, Chains: s.Scripts(1, f.play)})
	}
	return nil
}

// freshToken is what is expected of each token that a client obtains, alone or for a
// person. What the first is worth while nobody else asks is due to the others.
type freshToken struct {
	tenant       *tenant
	client       *loadtest.Client
	owner        string
	scope        oauth.ScopeSet
	issued       loadtest.Expectation
	introspected loadtest.Expectation // nil: introspection tells nothing of it
	called       []bool               // which of the calls are right
}

func newFresh(ctx context.Context, t *tenant, first *loadtest.Token) (*freshToken, error) {
	s := t.stage
	f := &freshToken{tenant: t, client: first.Client, owner: first.Owner, scope: first.Scope}
	f.issued = s.Issues(loadtest.Grant{
		Rule: "GRANT-07", Denied: "GRANT-07", Asked: f.scope, Must: f.scope, May: f.scope, Holder: loadtest.Holder{Client: f.client, Owner: f.owner},
	})
	calls, err := t.calls(first)
	if err != nil {
		return nil, err
	}
	for _, hit := range calls {
		right, err := alone(ctx, t.player, hit)
		if err != nil {
			return nil, err
		}
		f.called = append(f.called, right)
	}
	if !s.Can("as.introspection") || f.client.IsPublic() {
		return f, nil
	}
	_, seen, err := s.Introspection(ctx, first)
	if errors.Is(err, loadtest.ErrUntold) {
		return f, nil
	}
	f.introspected = s.Introspects("INTR-01", f.scope, seen)
	return f, err
}

// play obtains a token, introspects it, and makes the calls that its scope decides
// about.
func (f *freshToken) play(ctx context.Context, p *loadtest.Player) error {
	token, err := f.obtain(ctx, p)
	if err != nil {
		return err
	}
	p.Expect(f.issued)
	if token == nil || !token.Scope.Equal(f.scope) {
		return nil // which was judged
	}
	if f.introspected != nil {
		r, err := f.tenant.stage.IntrospectionRequest(ctx, f.client, token.Secret)
		if err != nil {
			return err
		}
		if _, err := p.Send(ctx, r); err != nil {
			return err
		}
		p.Expect(f.introspected)
	}
	calls, err := f.tenant.calls(token)
	if err != nil {
		return err
	}
	for i, hit := range calls {
		if !f.called[i] {
			continue
		}
		if _, err := p.Send(ctx, hit.Request); err != nil {
			return err
		}
		p.Expect(hit.Expect)
	}
	return nil
}

func (f *freshToken) obtain(ctx context.Context, p *loadtest.Player) (*loadtest.Token, error) {
	if f.owner == "" {
		return p.Machine(ctx, f.client, f.tenant.machineAsks)
	}
	code, err := p.Code(ctx, f.client, f.owner, loadtest.Consent{Scope: f.tenant.userAsks})
	if err != nil {
		return nil, err
	}
	return p.Redeem(ctx, code)
}
