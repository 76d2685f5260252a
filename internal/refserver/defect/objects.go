package defect

import (
	"net/url"
	"strings"

	"github.com/scopeproof/scopeproof/internal/refserver"
)

// objects are faults of requests in a signed object.
var objects = []Defect{
	{
		ID:     "scopes-of-object-and-address",
		Text:   "The scopes of the address are appended to those of the request object.",
		Breaks: []string{"JAR-01"},
		Shows:  `Planner holds "openid read:appointments write:appointments"`,
		Apply: func(p *refserver.Policy) {
			p.JAR.Parameters = func(object, sent url.Values) url.Values {
				both := append(strings.Fields(object.Get("scope")), strings.Fields(sent.Get("scope"))...)
				if len(both) > 0 {
					object.Set("scope", refserver.NewScopeSet(both...).String())
				}
				return object
			}
		},
	},
	{
		ID:     "default-before-the-object",
		Text:   "A request without a scope in the address is given the default before its request object is read, if it is one of OpenID Connect.",
		Breaks: []string{"JAR-02"},
		Shows:  `request 1: Planner holds "read:appointments"`,
		Apply: func(p *refserver.Policy) {
			p.JAR.Parameters = func(object, sent url.Values) url.Values {
				if refserver.NewScopeSet(strings.Fields(object.Get("scope"))...).Has(refserver.OpenID) && !sent.Has("scope") {
					object.Del("scope")
				}
				return object
			}
		},
	},
	{
		ID:     "spoilt-object-left-aside",
		Text:   "A request object that cannot be verified is left aside, and the parameters of the address are used.",
		Breaks: []string{"JAR-03"},
		Shows:  `Planner was issued a token for "openid read:appointments write:appointments"`,
		Apply: func(p *refserver.Policy) {
			p.JAR.Refused = func(_ error, sent url.Values) (url.Values, error) { return sent, nil }
		},
	},
	{
		ID:     "unsigned-object-accepted",
		Text:   "An object with the algorithm none is accepted from a client that registered how it signs.",
		Breaks: []string{"JAR-03"},
		Shows:  `Planner was issued a token for "openid read:appointments"`,
		Apply: func(p *refserver.Policy) {
			accept := p.JAR.Accept
			p.JAR.Accept = func(o refserver.RequestObject) error {
				if o.Algorithm == "none" {
					o.Client.RequestObjectAlg = ""
				}
				return accept(o)
			}
		},
	},
}
