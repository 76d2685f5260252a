package lawful

import (
	"encoding/json"
	"strings"

	"github.com/scopeproof/scopeproof/internal/refserver"
)

// registering are choices about clients that register themselves.
var registering = []Choice{
	{
		ID: "no-registration", Text: "Clients are registered by an administrator alone.",
		Declares: map[string]string{"embedded.without": "[registration]"},
		Source:   "RFC 8414 section 2 (registration_endpoint is OPTIONAL)",
	},
	{
		ID: "clients-are-static", Text: "Clients are in the server's configuration, and the target file says which.",
		Declares: map[string]string{
			"embedded.without": "[registration]",
			"clients.register": "{static: true}",
			"clients.actors": `{Planner: {id: planner, secret: planner-secret}, Viewer: {id: viewer, secret: viewer-secret, ` +
				`scope: "openid read:appointments"}, Pocket: {id: pocket}, House: {id: house, secret: house-secret}, Robot: {id: robot, secret: robot-secret, scope: "read:appointments"}}`,
		},
		Source: "RFC 6749 section 2 (the means through which the client registers are beyond the scope of this specification)",
	},
	{
		ID: "registration-unmanaged", Text: "A registration is neither read nor changed.",
		Declares: map[string]string{"embedded.without": "[registration_management]"},
		Source:   "RFC 7592 section 1 (an optional extension)",
	},
	{
		ID: "all-clients-register-themselves", Text: "There is no other way to a client than to register.",
		Declares: map[string]string{"clients.register": "{dynamic: {metadata: {}}}"},
		Source:   "RFC 7591 section 3",
	},
	{
		ID: "all-clients-register-without-scope", Text: "There is no other way to a client than to register, and that knows no scope.",
		Declares: map[string]string{"clients.register": "{dynamic: {metadata: {}}}"},
		Source:   "RFC 7591 section 2 (the authorization server MUST ignore any client metadata values sent by the client that it does not understand)",
		Apply:    scopeless,
	},
	{
		ID: "registration-gives-all-the-same", Text: "Whoever registers may have the same scopes, whatever it asks for, and is told so.",
		Source:   "RFC 7591 section 3.2.1 (the authorization server MAY reject or replace any of the client's requested metadata values)",
		Declares: map[string]string{"capabilities.as.dcr.software_statement": "false"},
		Apply: func(p *refserver.Policy) {
			p.Registration.OpenScope = func(refserver.OpenRegistration) (refserver.ScopeSet, error) {
				return refserver.ScopeSet{refserver.OpenID, "profile", "email", "offline_access", refserver.ReadAppointments, refserver.WriteAppointments}, nil
			}
		},
	},
	{
		ID: "registration-in-other-order", Text: "The answer to a registration names the scopes in another order.",
		Source: "RFC 6749 section 3.3 (their order does not matter)",
		Apply: func(p *refserver.Policy) {
			p.Registration.ReportedScope = func(_, registered refserver.ScopeSet) refserver.ScopeSet { return backwards(registered) }
		},
	},
	{
		ID: "registration-knows-no-scope", Text: "A registration has no scope: the member is not understood, and clients may ask for what is open to all.",
		Source: "RFC 7591 section 2 (the authorization server MUST ignore any client metadata values sent by the client that it does not understand)",
		Apply:  scopeless,
	},
	{
		ID: "registration-mends-white-space", Text: "Tabs and line feeds in the scope of a registration are taken for spaces, and the answer says so.",
		Source: "RFC 7591 section 3.2.2 (an authorization server MAY choose to substitute a valid value for any requested parameter)",
		Apply: func(p *refserver.Policy) {
			read := p.Registration.ReadScope
			p.Registration.ReadScope = func(member json.RawMessage, parse func(string) (refserver.ScopeSet, error)) (refserver.ScopeSet, error) {
				var text string
				if json.Unmarshal(member, &text) != nil {
					return read(member, parse)
				}
				mended, err := json.Marshal(strings.Join(strings.Fields(text), " "))
				if err != nil {
					return nil, err
				}
				return read(mended, parse)
			}
		},
	},
	{
		ID: "registration-takes-lists", Text: "A registration may have its scopes in a list, and the answer has them in a string.",
		Source: "RFC 7591 section 3.2.2 (an authorization server MAY choose to substitute a valid value for any requested parameter)",
		Apply: func(p *refserver.Policy) {
			read := p.Registration.ReadScope
			p.Registration.ReadScope = func(member json.RawMessage, parse func(string) (refserver.ScopeSet, error)) (refserver.ScopeSet, error) {
				var list []string
				if json.Unmarshal(member, &list) != nil {
					return read(member, parse)
				}
				return parse(strings.Join(list, " "))
			}
		},
	},
	{
		ID: "registration-refuses-unknown", Text: "A registration that names an unknown scope is refused.",
		Source: "RFC 7591 section 3.2.1 (MAY reject any of the client's requested metadata values)",
		Apply: func(p *refserver.Policy) {
			open := p.Registration.OpenScope
			p.Registration.OpenScope = func(r refserver.OpenRegistration) (refserver.ScopeSet, error) {
				if !refserver.AllScopes().Covers(r.Asked) {
					return nil, refserver.Refuse("invalid_client_metadata", "a scope is unknown")
				}
				return open(r)
			}
		},
	},
	{
		ID: "registration-keeps-unknown", Text: "A registration keeps the names that nobody knows yet, and requests for them come to nothing.",
		Source: "RFC 7591 section 2 (scope values that the client can use when requesting access tokens)",
		Apply: func(p *refserver.Policy) {
			open := p.Registration.OpenScope
			p.Registration.OpenScope = func(r refserver.OpenRegistration) (refserver.ScopeSet, error) {
				given, err := open(r)
				return given.Or(r.Asked.Minus(refserver.AllScopes())), err
			}
		},
	},
	{
		ID: "registration-refuses-privileges", Text: "A registration that names a privileged scope is refused.",
		Source: "RFC 7591 section 3.2.1 (MAY reject any of the client's requested metadata values)",
		Apply: func(p *refserver.Policy) {
			open := p.Registration.OpenScope
			p.Registration.OpenScope = func(r refserver.OpenRegistration) (refserver.ScopeSet, error) {
				given, err := open(r)
				if err == nil && !given.Covers(r.Asked.And(refserver.AllScopes())) {
					err = refserver.Refuse("invalid_client_metadata", "a scope is not given to everybody")
				}
				return given, err
			}
		},
	},
	{
		ID: "registration-without-scope-is-for-none", Text: "Who registers for no scope may ask for none.",
		Source: "RFC 7591 section 2 (MAY register a client with a default set of scopes)",
		Apply: func(p *refserver.Policy) {
			unnamed(p, func() (refserver.ScopeSet, error) { return nil, nil })
		},
	},
	{
		ID: "registration-without-scope-is-refused", Text: "Who registers has to name a scope.",
		Source: "RFC 7591 section 3.2.2 (invalid_client_metadata)",
		Apply: func(p *refserver.Policy) {
			unnamed(p, func() (refserver.ScopeSet, error) {
				return nil, refserver.Refuse("invalid_client_metadata", "a scope is required")
			})
		},
	},
	{
		ID: "registration-without-scope-is-for-all", Text: "Who registers for no scope is registered for all that is open to everybody, and told.",
		Source: "RFC 7591 section 2 (MAY register a client with a default set of scopes)",
		Apply: func(p *refserver.Policy) {
			unnamed(p, func() (refserver.ScopeSet, error) {
				return refserver.AllScopes().Without("appointments-admin"), nil
			})
		},
	},
	{
		ID: "public-clients-do-not-register", Text: "A client without a secret is registered by an administrator alone.",
		Source: "RFC 7591 section 3.2.1 (MAY reject any of the client's requested metadata values)",
		Apply: func(p *refserver.Policy) {
			open := p.Registration.OpenScope
			p.Registration.OpenScope = func(r refserver.OpenRegistration) (refserver.ScopeSet, error) {
				if r.Public {
					return nil, refserver.Refuse("invalid_client_metadata", "a client has to authenticate")
				}
				return open(r)
			}
		},
	},
	{
		ID: "update-may-not-widen", Text: "A client may give scopes of its registration back, and not take more.",
		Source: "RFC 7592 section 2.2 (MAY reject, or replace any invalid values with suitable default values)",
		Apply: func(p *refserver.Policy) {
			p.Registration.UpdatedScope = func(u refserver.RegistrationUpdate) (refserver.ScopeSet, error) {
				if !u.Before.Covers(u.Permitted) {
					return nil, refserver.Refuse("invalid_client_metadata", "the scope may not grow")
				}
				return u.Permitted, nil
			}
		},
	},
	{
		ID: "update-without-scope-keeps-it", Text: "An update that leaves the scope out leaves it as it is, and says so.",
		Source: "RFC 7592 section 2.2 (MAY ignore any null or empty value in the request)",
		Apply: func(p *refserver.Policy) {
			p.Registration.UpdatedScope = func(u refserver.RegistrationUpdate) (refserver.ScopeSet, error) {
				if u.Asked.IsEmpty() {
					return u.Before, nil
				}
				return u.Permitted, nil
			}
		},
	},
}

// scopeless is registration that does not know the member scope.
func scopeless(p *refserver.Policy) {
	p.Registration.ReportedScope = func(_, _ refserver.ScopeSet) refserver.ScopeSet { return nil }
	open := p.Registration.OpenScope
	p.Registration.OpenScope = func(r refserver.OpenRegistration) (refserver.ScopeSet, error) {
		r.Permitted = refserver.AllScopes().Or(refserver.ScopeSet{refserver.QueryGrants, refserver.RevokeGrants})
		return open(r)
	}
}

// unnamed answers who registers for no scope.
func unnamed(p *refserver.Policy, given func() (refserver.ScopeSet, error)) {
	open := p.Registration.OpenScope
	p.Registration.OpenScope = func(r refserver.OpenRegistration) (refserver.ScopeSet, error) {
		if r.Asked.IsEmpty() {
			return given()
		}
		return open(r)
	}
}
