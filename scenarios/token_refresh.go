package scenarios

import (
	"context"
	"errors"

	"github.com/scopeproof/scopeproof/loadtest"
	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

// families is how many refresh families each kind of grant has: the requests of
// one family wait for each other.
const families = 16

// TokenRefresh refreshes the tokens of several clients and people, whose grants
// are pairwise different, each request with the latest refresh token of its
// family. Without scope it yields what was granted (REF-01), also after it was asked
// for less (REF-04), asking for less yields that (REF-02), asking for more yields no
// more (REF-03), and no grant runs into another (GRANT-07).
func TokenRefresh() loadtest.Scenario {
	return loadtest.Scenario{
		Name:    "token-refresh",
		Text:    "Clients refresh their tokens, asking for all, less and more than was granted; no token has more or less than is due to it.",
		Rules:   []string{"GRANT-07", "REF-01", "REF-02", "REF-03", "REF-04"},
		Needs:   []target.Capability{"as.code", "as.refresh"},
		Prepare: prepareRefresh,
	}
}

func prepareRefresh(ctx context.Context, s *loadtest.Stage) (loadtest.Plan, error) {
	plan := loadtest.Plan{Burst: s.Burst(burst)}
	again := loadtest.RefreshStep{Rule: "GRANT-07", Denied: "REF-01"}
	less := func(scope oauth.ScopeSet) loadtest.RefreshStep {
		return loadtest.RefreshStep{Ask: &scope, Rule: "REF-02", Denied: "REF-02"}
	}
	more := loadtest.RefreshStep{Ask: &both, Rule: "REF-03", Denied: "REF-03"}
	kinds := []struct {
		client, owner string
		scope         oauth.ScopeSet
		steps         []loadtest.RefreshStep
	}{
		{"Planner", "Ada", both, []loadtest.RefreshStep{again, less(reading), again, less(writing)}},
		{"Planner", "Ada", reading, []loadtest.RefreshStep{again, again, again, more}},
		{"Planner", "Ada", writing, []loadtest.RefreshStep{again, again, again, more}},
		{"Viewer", "Ada", reading, []loadtest.RefreshStep{again}},
		{"Planner", "Bo", reading, []loadtest.RefreshStep{again}},
	}
	for _, k := range kinds {
		if _, known := s.Target.Description.Users[k.owner]; !known || !s.HasClient(k.client) {
			continue
		}
		c, err := s.Client(ctx, k.client)
		if err != nil {
			return plan, err
		}
		chains, err := s.Families(ctx, families, c, k.owner, k.scope, k.steps...)
		if err != nil {
			return plan, err
		}
		plan.Hits = append(plan.Hits, loadtest.Hit{Chains: chains})
	}
	if err := living(ctx, s, &plan); err != nil {
		return plan, err
	}
	if len(plan.Hits) == 0 {
		return plan, errors.New("the target has none of the clients Planner and Viewer, or none of the people Ada and Bo")
	}
	return plan, nil
}

// living leaves out the families that have ended while the others were obtained.
func living(ctx context.Context, s *loadtest.Stage, plan *loadtest.Plan) error {
	var hits []loadtest.Hit
	obtained := len(plan.Hits)
	for _, hit := range plan.Hits {
		chains, err := s.Living(ctx, hit.Chains)
		if err != nil {
			return err
		}
		if len(chains) > 0 {
			hits = append(hits, loadtest.Hit{Weight: hit.Weight, Chains: chains})
		}
	}
	if plan.Hits = hits; obtained > 0 && len(hits) == 0 {
		return &loadtest.Inapplicable{Reason: "no refresh token works, also while nobody else refreshes"}
	}
	return nil
}
