package scenarios

import (
	"context"

	"github.com/scopeproof/scopeproof/loadtest"
)

// PushedAuthorization is [AuthorizationCode] with requests that are pushed first
// (RFC 9126): the token has what was pushed, and agreed to, and nothing of the
// requests of others that are parked beside it (PAR-03, CODE-05).
func PushedAuthorization() loadtest.Scenario {
	return loadtest.Scenario{
		Name:  "pushed-authorization",
		Text:  "Clients push their requests and people consent to them, many at once; each token has what was decided about its own request.",
		Rules: []string{"CODE-05", "CONS-02", "PAR-03"},
		Needs: needs("as.code", "as.par"),
		Prepare: func(ctx context.Context, s *loadtest.Stage) (loadtest.Plan, error) {
			list, err := authorizations(ctx, s, "PAR-03", true, false)
			if err != nil {
				return loadtest.Plan{}, err
			}
			return flows(s, list), nil
		},
	}
}
