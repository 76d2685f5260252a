package lawful

import (
	"maps"

	"github.com/scopeproof/scopeproof/internal/refserver"
)

// introspecting are choices about who is told what of a token.
var introspecting = []Choice{
	{
		ID: "introspection-tells-active-only", Text: "Introspection says whether a token is good, and nothing else.",
		Source: "RFC 7662 section 2.2 (only active is REQUIRED)",
		Apply: told(func(all map[string]any) {
			maps.DeleteFunc(all, func(name string, _ any) bool { return name != "active" })
		}),
	},
	{
		ID: "introspection-without-names", Text: "Introspection names neither the client nor the resource owner.",
		Source: "RFC 7662 section 2.2 (client_id, username and sub are OPTIONAL)",
		Apply: told(func(all map[string]any) {
			for _, name := range []string{"client_id", "sub", "username", "aud"} {
				delete(all, name)
			}
		}),
	},
	{
		ID: "introspection-without-scope", Text: "Introspection names no scope.",
		Source: "RFC 7662 section 2.2 (scope is OPTIONAL)",
		Apply:  told(func(all map[string]any) { delete(all, "scope") }),
	},
	{
		ID: "introspection-tells-more", Text: "Introspection tells more than RFC 7662 knows.",
		Source: "RFC 7662 section 2.2 (implementations MAY extend this structure)",
		Apply: told(func(all map[string]any) {
			all["permissions"], all["realm"], all["nbf"], all["token_use"] = []string{"calendar"}, "main", all["iat"], "access"
		}),
	},
	{
		ID: "introspection-for-apis-alone", Text: "Introspection refuses clients that are no API.",
		Source: "RFC 7662 section 2.1 (some form of authorization), section 2.3",
		Apply: func(p *refserver.Policy) {
			may := p.Introspection.Caller
			p.Introspection.Caller = func(caller refserver.Client, failed error) error {
				if err := may(caller, failed); err != nil || caller.Audience != "" {
					return err
				}
				return refserver.Refuse("unauthorized_client", "the client is no API")
			}
		},
	},
	{
		ID: "introspection-inactive-for-clients", Text: "A client that is no API is told of every token that it is not active.",
		Source: "RFC 7662 section 2.2 (not allowed to introspect this particular token)",
		Apply: func(p *refserver.Policy) {
			may := p.MayIntrospect
			p.MayIntrospect = func(caller refserver.Client, client, audience string) bool {
				return caller.Audience != "" && may(caller, client, audience)
			}
		},
	},
	{
		ID: "introspection-knows-no-refresh-tokens", Text: "Introspection knows access tokens alone.",
		Source: "RFC 7662 section 2.1 (an authorization server MAY support other tokens)",
		Apply: told(func(all map[string]any) {
			if all["token_type"] == refserver.RefreshToken {
				clear(all)
				all["active"] = false
			}
		}),
	},
}

// told changes what introspection tells of tokens that are good.
func told(change func(all map[string]any)) func(*refserver.Policy) {
	return func(p *refserver.Policy) {
		view := p.Introspection.View
		p.Introspection.View = func(caller refserver.Client, active bool, all map[string]any) map[string]any {
			if active {
				change(all)
			}
			return view(caller, active, all)
		}
	}
}
