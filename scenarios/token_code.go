package scenarios

import (
	"context"

	"github.com/scopeproof/scopeproof/loadtest"
)

// AuthorizationCode plays whole authorizations, many at once: a person signs in at
// a browser, consents to all or to a part of what a client asks for, and the
// client redeems the code. Each code yields what was decided about its own request
// (CODE-05), and not what was deselected (CONS-02).
func AuthorizationCode() loadtest.Scenario {
	return loadtest.Scenario{
		Name:  "authorization-code",
		Text:  "People consent at their browsers to what clients ask for, many at once; each token has what was decided about its own request.",
		Rules: []string{"CODE-05", "CONS-02"},
		Needs: needs("as.code"),
		Prepare: func(ctx context.Context, s *loadtest.Stage) (loadtest.Plan, error) {
			list, err := authorizations(ctx, s, "CODE-05", false, false)
			if err != nil {
				return loadtest.Plan{}, err
			}
			return flows(s, list), nil
		},
	}
}
