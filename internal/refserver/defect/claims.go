package defect

import (
	"maps"
	"sync"

	"github.com/scopeproof/scopeproof/internal/refserver"
)

// contactClaim is the custom claim that one of the faults adds.
const contactClaim = "https://scopeproof.example/contact"

// claims are faults of the claims that a scope releases.
var claims = []Defect{
	{
		ID:     "userinfo-returns-everything",
		Text:   "UserInfo returns the whole profile for any token that has openid.",
		Breaks: []string{"CLM-01", "CLM-03", "CLM-04", "CLM-07", "CLM-10", "CLM-13", "CLM-14", "CONS-13", "EDIT-04", "REF-11"},
		Shows:  `UserInfo tells Planner ["address" "birthdate" "email" "email_verified" "family_name" "gender" "given_name"`,
		Apply: func(p *refserver.Policy) {
			p.UserInfoClaims = func(q refserver.ClaimsQuestion) map[string]any { return q.User.Claims }
		},
	},
	{
		ID:     "userinfo-goes-by-the-consent",
		Text:   "UserInfo goes by all that the user agreed to for the client, and not by the token.",
		Breaks: []string{"CONS-13", "CLM-01", "EDIT-04", "REF-11"},
		Shows:  `UserInfo tells Planner ["birthdate"`,
		Apply: func(p *refserver.Policy) {
			var agreed sync.Map
			remember, release := p.Remember, p.UserInfoClaims
			p.Remember = func(o refserver.ConsentOutcome) (held, remembered refserver.ScopeSet) {
				held, remembered = remember(o)
				agreed.Store([2]string{o.Grant.User, o.Grant.Client}, remembered)
				return held, remembered
			}
			p.UserInfoClaims = func(q refserver.ClaimsQuestion) map[string]any {
				if all, ok := agreed.Load([2]string{q.User.Name, q.Client.ID}); ok {
					q.Scope = all.(refserver.ScopeSet)
				}
				return release(q)
			}
		},
	},
	{
		ID:     "phone-scope-without-phone",
		Text:   "The phone scope is granted, but UserInfo has no telephone number.",
		Breaks: []string{"CLM-02"},
		Shows:  `UserInfo does not tell Planner ["phone_number" "phone_number_verified"] of "phone"`,
		Apply: func(p *refserver.Policy) {
			releasing(p, func(q refserver.ClaimsQuestion, released map[string]any) {
				for _, name := range refserver.ClaimsOf(refserver.Phone) {
					delete(released, name)
				}
			})
		},
	},
	{
		ID:     "profile-implies-email",
		Text:   "The profile scope releases the e-mail address too.",
		Breaks: []string{"CLM-01", "CLM-03", "CLM-07"},
		Shows:  `UserInfo tells Planner ["email" "email_verified"]`,
		Apply: func(p *refserver.Policy) {
			releasing(p, func(q refserver.ClaimsQuestion, released map[string]any) {
				if q.Scope.Has(refserver.Profile) {
					maps.Copy(released, refserver.ClaimsFor(q.User, refserver.ScopeSet{refserver.Email}))
				}
			})
		},
	},
	{
		ID:     "id-token-carries-claims",
		Text:   "Every ID token carries the claims that were asked for by scope, although there is UserInfo.",
		Breaks: []string{"CLM-04"},
		Shows:  `Planner's ID token carries ["email" "email_verified"]`,
		Apply: func(p *refserver.Policy) {
			p.IDTokenClaims = func(q refserver.ClaimsQuestion) map[string]any { return refserver.ClaimsFor(q.User, q.Scope) }
		},
	},
	{
		ID:     "claims-from-request",
		Text:   "Claims are put together from what was asked for: a scope that the user declined releases its claims all the same.",
		Breaks: []string{"CLM-07"},
		Shows:  `UserInfo tells Planner ["email" "email_verified"]`,
		Apply: func(p *refserver.Policy) {
			releasing(p, func(q refserver.ClaimsQuestion, released map[string]any) {
				a := q.Authorization
				maps.Copy(released, refserver.ClaimsFor(q.User, a.Asked.Minus(a.Granted)))
			})
		},
	},
	{
		ID:     "userinfo-opens-to-any-token",
		Text:   "UserInfo answers any valid token of the server.",
		Breaks: []string{"CLM-08", "CC-02", "CONS-17", "OIDC-02", "REF-11"},
		Shows:  `UserInfo tells Planner ["sub"]`,
		Apply: func(p *refserver.Policy) {
			p.UserInfoAllowed = func(refserver.ClaimsQuestion) bool { return true }
		},
	},
	{
		ID:     "claims-parameter-disables-filter",
		Text:   "A claims parameter, which is not supported, switches the claim filter off.",
		Breaks: []string{"CLM-10"},
		Shows:  `UserInfo tells Planner ["address" "birthdate" "email" "email_verified" "family_name" "gender" "given_name"`,
		Apply: func(p *refserver.Policy) {
			releasing(p, func(q refserver.ClaimsQuestion, released map[string]any) {
				if q.Authorization.ClaimsParameter != "" {
					maps.Copy(released, q.User.Claims)
				}
			})
		},
	},
	{
		ID:     "refreshed-id-token-from-client",
		Text:   "The ID token of a refresh is built from the scopes that the client is registered for.",
		Breaks: []string{"CLM-11"},
		Shows:  `Planner's ID token carries ["address" "birthdate" "email" "email_verified" "family_name" "gender"`,
		Apply: func(p *refserver.Policy) {
			p.IDTokenClaims = func(q refserver.ClaimsQuestion) map[string]any {
				if q.GrantType != refserver.RefreshToken {
					return nil
				}
				return refserver.ClaimsFor(q.User, q.Client.Scope)
			}
		},
	},
	{
		ID:     "ungranted-claims-null",
		Text:   "Claims that were not granted are returned as null instead of being left out.",
		Breaks: []string{"CLM-12"},
		Shows:  `UserInfo has an empty "address" for Planner`,
		Apply: func(p *refserver.Policy) {
			releasing(p, func(q refserver.ClaimsQuestion, released map[string]any) {
				for name := range q.User.Claims {
					if _, ok := released[name]; !ok {
						released[name] = nil
					}
				}
			})
		},
	},
	{
		ID:     "openid-discloses-name",
		Text:   "openid alone releases name and e-mail address, so that every login has them.",
		Breaks: []string{"CLM-13", "CLM-01", "CLM-10", "CLM-14", "CONS-13", "EDIT-04", "REF-11"},
		Shows:  `UserInfo tells Planner ["email" "name"]`,
		Apply: func(p *refserver.Policy) {
			releasing(p, func(q refserver.ClaimsQuestion, released map[string]any) {
				if len(released) > 0 {
					return
				}
				for _, name := range []string{"name", "email"} {
					if value, ok := q.User.Claims[name]; ok {
						released[name] = value
					}
				}
			})
		},
	},
	{
		ID:     "userinfo-posted-unfiltered",
		Text:   "UserInfo by POST has a handler of its own, which returns the whole profile for any token with openid.",
		Breaks: []string{"CLM-01", "CLM-03", "CLM-04", "CLM-07", "CLM-10", "CLM-13", "CONS-13", "EDIT-04", "REF-11"},
		Shows:  `UserInfo tells Planner ["address" "birthdate" "email" "email_verified" "family_name" "gender" "given_name" "ht`,
		Apply: func(p *refserver.Policy) {
			releasing(p, func(q refserver.ClaimsQuestion, released map[string]any) {
				if q.Posted {
					maps.Copy(released, q.User.Claims)
				}
			})
		},
	},
	{
		ID:     "userinfo-by-latest-consent",
		Text:   "UserInfo looks up what the person last agreed to at the client, and not what the token was issued for.",
		Breaks: []string{"CLM-01", "EDIT-04", "REF-11"},
		Shows:  `UserInfo tells Planner ["email" "email_verified"]`,
		Apply: func(p *refserver.Policy) {
			var agreed sync.Map // scope by client and person
			of := func(q refserver.ClaimsQuestion) string { return q.Client.ID + " " + q.User.Name }
			told := p.IDTokenClaims
			p.IDTokenClaims = func(q refserver.ClaimsQuestion) map[string]any {
				if q.GrantType == "authorization_code" {
					agreed.Store(of(q), q.Scope)
				}
				return told(q)
			}
			release := p.UserInfoClaims
			p.UserInfoClaims = func(q refserver.ClaimsQuestion) map[string]any {
				if scope, known := agreed.Load(of(q)); known {
					q.Scope = scope.(refserver.ScopeSet)
				}
				return release(q)
			}
		},
	},
	{
		ID:     "userinfo-posted-to-any-token",
		Text:   "UserInfo by POST does not look for openid in the scope of the token.",
		Breaks: []string{"CLM-08", "CONS-17", "OIDC-02", "REF-11"},
		Shows:  `UserInfo tells Planner ["sub"] by POST`,
		Apply: func(p *refserver.Policy) {
			allowed := p.UserInfoAllowed
			p.UserInfoAllowed = func(q refserver.ClaimsQuestion) bool { return q.Posted && q.UserBound || allowed(q) }
		},
	},
	{
		ID:     "shipping-address-for-everybody",
		Text:   "A claim for the shop carries the postal address to every client.",
		Breaks: []string{"CLM-14"},
		Shows:  `UserInfo holds the value of Ada's address, which was not granted`,
		Apply: func(p *refserver.Policy) {
			releasing(p, func(q refserver.ClaimsQuestion, released map[string]any) {
				if address, ok := q.User.Claims["address"]; ok {
					released["shipping"] = []any{address}
				}
			})
		},
	},
	{
		ID:     "custom-claim-copies-email",
		Text:   "A custom claim carries the user's e-mail address to every client.",
		Breaks: []string{"CLM-14"},
		Shows:  `holds the value of Ada's email`,
		Apply: func(p *refserver.Policy) {
			releasing(p, func(q refserver.ClaimsQuestion, released map[string]any) {
				if email, ok := q.User.Claims["email"]; ok {
					released[contactClaim] = email
				}
			})
		},
	},
}

// releasing changes what UserInfo releases.
func releasing(p *refserver.Policy, change func(q refserver.ClaimsQuestion, released map[string]any)) {
	release := p.UserInfoClaims
	p.UserInfoClaims = func(q refserver.ClaimsQuestion) map[string]any {
		released := release(q)
		change(q, released)
		return released
	}
}
