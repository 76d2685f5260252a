package scenarios

import (
	"context"
	"errors"

	"github.com/scopeproof/scopeproof/loadtest"
	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

const (
	// tenants is how many sets of clients and people there are.
	tenants = 8
	// fresh is how many there are beside them whose tokens are always new.
	fresh = 6
)

// Isolation has many clients of many people ask, look and call at the same moment,
// each with another scope than those beside it. What is issued to one is not what
// another asked for (GRANT-07), introspection tells each token's own scope
// (INTR-01), and a token among many others opens what it opens alone (CONC-11), be it
// an old one or one that was issued a moment ago.
func Isolation() loadtest.Scenario {
	return loadtest.Scenario{
		Name:    "isolation",
		Text:    "Many clients with different scopes ask for tokens, introspect and call the API at the same moment; nothing of one is seen at another.",
		Rules:   []string{"CONC-11", "GRANT-07", "INTR-01"},
		Needs:   needs("token.observable"),
		Prepare: prepareIsolation,
	}
}

func prepareIsolation(ctx context.Context, s *loadtest.Stage) (loadtest.Plan, error) {
	stages := []*loadtest.Stage{s}
	if s.Registers() {
		for len(stages) < tenants {
			stages = append(stages, s.Others())
		}
	}
	list := make([]*tenant, 0, len(stages))
	for i, o := range stages {
		t, err := newTenant(ctx, o, i)
		if err != nil {
			return loadtest.Plan{}, err
		}
		list = append(list, t)
	}
	err := s.Each(ctx, "clients with tokens", len(list), func(ctx context.Context, _ *loadtest.Player, i int) error {
		return list[i].obtain(ctx)
	})
	plan := loadtest.Plan{Burst: s.Burst(2 * burst)}
	for _, t := range list {
		if err == nil {
			err = t.hits(ctx, &plan)
		}
	}
	for i := range fresh {
		if err == nil {
			err = addFresh(ctx, s, i, &plan)
		}
	}
	if err == nil && len(plan.Hits) < 2 {
		err = &loadtest.Inapplicable{Reason: "there are no two requests that could be told apart"}
	}
	return plan, err
}

// tenant is a machine, and a client of a person, with a scope each.
type tenant struct {
	stage                 *loadtest.Stage
	player                *loadtest.Player
	machine, client       *loadtest.Client // nil: there is none
	machineAsks, userAsks oauth.ScopeSet
	tokens                []*loadtest.Token
}

func newTenant(ctx context.Context, s *loadtest.Stage, i int) (*tenant, error) {
	turns := []oauth.ScopeSet{both, reading, writing}
	t := &tenant{stage: s, machineAsks: turns[i%3], userAsks: turns[(i+1+i/3)%3]}
	var err error
	if s.Can("as.cc") && s.HasClient("Worker") {
		if t.machine, err = s.Client(ctx, "Worker"); err != nil {
			return nil, err
		}
	}
	if s.Can("as.code") && s.HasClient("Planner") && s.HasOwner("Ada") {
		if t.client, err = s.Client(ctx, "Planner"); err != nil {
			return nil, err
		}
		if err := s.Owner(ctx, "Ada"); err != nil {
			return nil, err
		}
	}
	t.player = s.Player()
	return t, nil
}

func (t *tenant) obtain(ctx context.Context) error {
	if t.machine != nil {
		token, err := t.player.Machine(ctx, t.machine, t.machineAsks)
		if err != nil {
			return err
		}
		t.add(token)
	}
	if t.client != nil {
		token, err := t.player.Token(ctx, t.client, "Ada", loadtest.Consent{Scope: t.userAsks})
		if err != nil {
			return err
		}
		t.add(token)
	}
	return nil
}

func (t *tenant) add(token *loadtest.Token) {
	if token != nil {
		t.stage.Keep(token)
		t.tokens = append(t.tokens, token)
	}
}

// hits adds what the tenant asks for, and what its tokens are worth.
func (t *tenant) hits(ctx context.Context, plan *loadtest.Plan) error {
	s := t.stage
	if t.machine != nil {
		may := s.MachineMay(t.machine, t.machineAsks)
		g := loadtest.Grant{Rule: "GRANT-07", Denied: "GRANT-07", Asked: t.machineAsks, Must: may, May: s.MachineMost(t.machine, t.machineAsks), Holder: loadtest.Holder{Client: t.machine}}
		if !may.Equal(t.machineAsks) {
			g.Refusal = excess(s, may, g.May)
		}
		plan.Hits = append(plan.Hits, loadtest.Hit{Request: s.ClientCredentialsRequest(t.machine, t.machineAsks), Expect: s.Issues(g)})
	}
	for _, token := range t.tokens {
		if err := t.introspected(ctx, token, plan); err != nil {
			return err
		}
		if err := t.called(ctx, token, plan); err != nil {
			return err
		}
	}
	return nil
}

func (t *tenant) introspected(ctx context.Context, token *loadtest.Token, plan *loadtest.Plan) error {
	s := t.stage
	if !s.Can("as.introspection") || token.Client.IsPublic() {
		return nil
	}
	r, seen, err := s.Introspection(ctx, token)
	if errors.Is(err, loadtest.ErrUntold) {
		return nil
	}
	if err != nil {
		return err
	}
	plan.Hits = append(plan.Hits, loadtest.Hit{Request: r, Expect: s.Introspects("INTR-01", token.Scope, seen)})
	return nil
}

// called adds listing and creating, of which a narrow token opens one: created is
// nothing, for what is served is listed alone.
func (t *tenant) called(ctx context.Context, token *loadtest.Token, plan *loadtest.Plan) error {
	calls, err := t.calls(token)
	for _, hit := range calls {
		if err != nil {
			break
		}
		var right bool
		if right, err = alone(ctx, t.player, hit); right {
			plan.Hits = append(plan.Hits, hit)
		}
	}
	return err
}

// calls are listing and creating with a token, which nothing comes of.
func (t *tenant) calls(token *loadtest.Token) ([]loadtest.Hit, error) {
	s := t.stage
	var list []loadtest.Hit
	for _, op := range s.Operations() {
		if op.Name != "list" && op.Name != "create" {
			continue
		}
		hit := loadtest.Hit{Weight: 2}
		switch covered := s.Allows(op, token.Scope); {
		case covered && !reads(op):
			continue
		case covered:
			hit.Expect = s.Serves("CONC-11", op, token)
		default:
			hit.Expect = s.Refuses("CONC-11", op, token, "")
		}
		var err error
		if hit.Request, err = s.APIRequest(op, token, "none", marker); err != nil {
			return nil, err
		}
		list = append(list, hit)
	}
	return list, nil
}

func reads(op target.Operation) bool { return op.Method == "GET" }
