package lawful

import (
	"github.com/scopeproof/scopeproof/internal/refserver"
)

// consenting are choices about the consent page and what is remembered.
var consenting = []Choice{
	{
		ID: "consent-every-time", Text: "The consent page is shown for every request.",
		Declares: map[string]string{"capabilities.consent.remembered": "false"},
		Source:   "OpenID Connect Core section 3.1.2.4 (how consent is obtained is up to the server)",
		Apply: func(p *refserver.Policy) {
			p.ConsentNeeded = func(refserver.ConsentQuestion) bool { return true }
		},
	},
}
