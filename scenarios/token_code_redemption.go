package scenarios

import (
	"context"

	"github.com/scopeproof/scopeproof/loadtest"
)

// CodeRedemption redeems codes that were obtained before, each once for what was
// decided about it (CODE-05), and then once more, which has to be refused
// (CODE-04).
func CodeRedemption() loadtest.Scenario {
	return loadtest.Scenario{
		Name:  "code-redemption",
		Text:  "Clients redeem codes that people have consented to; each code is good for its own scope, and once.",
		Rules: []string{"CODE-04", "CODE-05", "CONS-02"},
		Needs: needs("as.code"),
		Prepare: func(ctx context.Context, s *loadtest.Stage) (loadtest.Plan, error) {
			list, err := authorizations(ctx, s, "CODE-05", false)
			if err != nil {
				return loadtest.Plan{}, err
			}
			var kinds []loadtest.CodeKind
			for _, a := range list {
				kinds = append(kinds, loadtest.CodeKind{Client: a.client, Owner: a.owner, Want: a.want, Grant: a.grant, Again: "CODE-04"})
			}
			chains, err := s.Redemptions(ctx, atOnce(s), kinds...)
			return loadtest.Plan{Burst: burst, Hits: []loadtest.Hit{{Chains: chains}}}, err
		},
	}
}
