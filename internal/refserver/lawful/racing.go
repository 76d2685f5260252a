package lawful

import (
	"github.com/scopeproof/scopeproof/internal/refserver"
)

// racing are choices about what happens at once, and about what is used twice.
var racing = []Choice{
	{
		ID: "code-replay-ends-nothing", Text: "A code that was redeemed before is refused, and the tokens that it bought stay good.",
		Source:   "RFC 6749 section 4.1.2 (SHOULD revoke when possible)",
		Deviates: []string{"?"},
		Apply: func(p *refserver.Policy) {
			p.CodeReused = func() (bool, error) { return false, refserver.Refuse("invalid_grant", "the code was redeemed before") }
		},
	},
}
