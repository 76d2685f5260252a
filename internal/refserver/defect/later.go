package defect

import (
	"sync"

	"github.com/scopeproof/scopeproof/internal/refserver"
)

// later are faults that show once something else has happened.
var later = []Defect{
	{
		ID:     "refused-refresh-widens",
		Text:   "A refused refresh has stored its scope already; the next one that names none starts from there.",
		Breaks: []string{"REF-03"},
		Shows:  `request 2: Planner holds "read:appointments write:appointments"`,
		Apply: func(p *refserver.Policy) {
			asked := newNotes[refserver.ScopeSet]()
			refresh := p.RefreshScope
			p.RefreshScope = func(r refserver.Refresh) (refserver.ScopeSet, error) {
				scope, err := refresh(r)
				if err != nil {
					asked.put(r.Authorization.ID, r.Asked.And(r.ClientMay).And(r.UserMay))
				} else if r.Asked.IsEmpty() {
					scope = scope.Or(asked.get(r.Authorization.ID))
				}
				return scope, err
			}
		},
	},
	{
		ID:     "third-attempt-is-granted",
		Text:   "A refresh for more is refused twice; the third time the retry queue passes it without the check.",
		Breaks: []string{"REF-03", "CONC-05"},
		Shows:  `request 3: Planner holds "read:appointments write:appointments"`,
		Apply: func(p *refserver.Policy) {
			tried := newNotes[int]()
			refresh := p.RefreshScope
			p.RefreshScope = func(r refserver.Refresh) (refserver.ScopeSet, error) {
				scope, err := refresh(r)
				if err == nil {
					return scope, nil
				}
				tried.put(r.Authorization.ID, tried.get(r.Authorization.ID)+1)
				if tried.get(r.Authorization.ID) < 3 {
					return nil, err
				}
				return r.Asked.And(r.ClientMay).And(r.UserMay), nil
			}
		},
	},
	{
		ID:     "refresh-adds-identity-scopes",
		Text:   "A refresh compares the scopes of the API with the grant; those of OpenID Connect are given as they are asked for.",
		Breaks: []string{"REF-03"},
		Shows:  `Planner holds "email openid read:appointments"`,
		Apply: refreshed(func(r refserver.Refresh, most refserver.ScopeSet) (refserver.ScopeSet, bool) {
			return r.Asked.And(r.ClientMay), !r.Asked.IsEmpty() && most.Covers(r.Asked.Where(func(t string) bool { return !refserver.IsOIDC(t) }))
		}),
	},
	{
		ID:     "narrowing-loses-claims",
		Text:   "Claim scopes that one refresh leaves out are gone from the refresh token.",
		Breaks: []string{"REF-04"},
		Shows:  `Planner holds "openid read:appointments"`,
		Apply: func(p *refserver.Policy) {
			p.RotatedScope = func(current, issued refserver.ScopeSet) refserver.ScopeSet {
				return current.Minus(everyClaim().Minus(issued))
			}
		},
	},
	{
		ID:     "default-is-the-latest",
		Text:   "A request without scope is given what the client asked for the last time.",
		Breaks: []string{"DEF-05"},
		Shows:  `Planner holds "write:appointments"`,
		Apply: func(p *refserver.Policy) {
			asked := newNotes[refserver.ScopeSet]()
			may, byDefault := p.ClientMay, p.DefaultScope
			p.ClientMay = func(c refserver.Client, scope refserver.ScopeSet) refserver.ScopeSet {
				asked.put(c.ID, scope)
				return may(c, scope)
			}
			p.DefaultScope = func(c refserver.Client) refserver.ScopeSet {
				if latest := asked.get(c.ID).And(c.Scope); !latest.IsEmpty() {
					return latest
				}
				return byDefault(c)
			}
		},
	},
	{
		ID:     "exchange-cached-by-person",
		Text:   "Exchanged tokens are cached by client and resource owner: what a strong token yielded, a weak one yields.",
		Breaks: []string{"TX-01"},
		Shows:  `Planner holds "read:appointments write:appointments"`,
		Apply: func(p *refserver.Policy) {
			yielded := newNotes[refserver.ScopeSet]()
			exchange := p.Exchange.Scope
			p.Exchange.Scope = func(e refserver.Exchange) (refserver.ScopeSet, error) {
				scope, err := exchange(e)
				key := e.Client.ID + " " + e.User.Name + " " + e.Resource
				if before := yielded.get(key); err == nil && !before.IsEmpty() {
					return before, nil
				}
				yielded.put(key, scope)
				return scope, err
			}
		},
	},
	{
		ID:     "two-denials-are-consent",
		Text:   "Whoever says no twice is not bothered again: the request counts as settled, and settled as allowed.",
		Breaks: []string{"CONS-04", "CONS-12"},
		Shows:  `Planner was issued a token for "openid read:appointments"`,
		Apply: func(p *refserver.Policy) {
			denied := newNotes[int]()
			remember := p.Remember
			p.Remember = func(o refserver.ConsentOutcome) (held, remembered refserver.ScopeSet) {
				held, remembered = remember(o)
				if key := o.Grant.User + " " + o.Grant.Client; !o.Allowed {
					denied.put(key, denied.get(key)+1)
					if denied.get(key) > 1 {
						remembered = remembered.Or(o.Asked)
					}
				}
				return held, remembered
			}
		},
	},
	{
		ID:     "declined-claims-remembered",
		Text:   "Scopes of OpenID Connect are remembered as they were shown, ticked or not.",
		Breaks: []string{"CONS-14", "CONS-12"},
		Shows:  `Planner holds "email openid profile"`,
		Apply: func(p *refserver.Policy) {
			remember := p.Remember
			p.Remember = func(o refserver.ConsentOutcome) (held, remembered refserver.ScopeSet) {
				held, remembered = remember(o)
				if o.Allowed {
					remembered = remembered.Or(o.Asked.Where(refserver.IsOIDC))
				}
				return held, remembered
			}
		},
	},
	{
		ID:     "profile-remembered-as-all-claims",
		Text:   "Consent to the profile is remembered as consent to everything about the person.",
		Breaks: []string{"CONS-12", "CONS-14"},
		Shows:  `Planner holds "email openid profile"`,
		Apply: func(p *refserver.Policy) {
			remember := p.Remember
			p.Remember = func(o refserver.ConsentOutcome) (held, remembered refserver.ScopeSet) {
				held, remembered = remember(o)
				if o.Allowed && remembered.Has(refserver.Profile) {
					remembered = remembered.Or(everyClaim())
				}
				return held, remembered
			}
		},
	},
	{
		ID:     "last-word-decides-consent",
		Text:   "A loop over the scopes keeps what it found for the last one: if that was agreed to, nobody is asked.",
		Breaks: []string{"CONS-12", "EDIT-05", "PRMT-05", "PRMT-06"},
		Shows:  `Planner holds "openid write:appointments"`,
		Apply: neverAsked(func(q refserver.ConsentQuestion) bool {
			return len(q.Asked) > 0 && q.Remembered.Has(q.Asked[len(q.Asked)-1]) && !q.Client.Public
		}),
	},
	{
		ID:     "max-age-skips-consent",
		Text:   "A request with max_age takes the path for signing in again, which leads past the consent page.",
		Breaks: []string{"CONS-12"},
		Shows:  `Planner holds "openid read:appointments write:appointments"`,
		Apply:  neverAsked(func(q refserver.ConsentQuestion) bool { return q.Params.Has("max_age") }),
	},
	{
		ID:     "id-token-hint-is-consent",
		Text:   "Who shows an ID token of the user is taken to have been agreed to.",
		Breaks: []string{"CONS-12"},
		Shows:  `Planner holds "openid read:appointments write:appointments"`,
		Apply:  neverAsked(func(q refserver.ConsentQuestion) bool { return q.Params.Has("id_token_hint") }),
	},
	{
		ID:     "popup-without-consent",
		Text:   "In a popup the consent page does not fit, and is left out.",
		Breaks: []string{"CONS-12"},
		Shows:  `Planner holds "openid read:appointments write:appointments"`,
		Apply:  neverAsked(func(q refserver.ConsentQuestion) bool { return q.Params.Get("display") == "popup" }),
	},
	{
		ID:     "edit-removes-first-only",
		Text:   "Of several scopes that are taken back at once the first is removed.",
		Breaks: []string{"EDIT-01"},
		Shows:  `Planner holds "openid read:appointments write:appointments"`,
		Apply: func(p *refserver.Policy) {
			edit := func(e refserver.Edit) refserver.Edit {
				if gone := e.Before.Minus(e.Wanted); !e.Revoke && len(gone) > 1 {
					e.Wanted = e.Before.Minus(gone[:1])
				}
				return e
			}
			grant, memory, authorization := p.EditedGrant, p.EditedMemory, p.EditedAuthorization
			p.EditedGrant = func(e refserver.Edit, held refserver.ScopeSet) refserver.ScopeSet { return grant(edit(e), held) }
			p.EditedMemory = func(e refserver.Edit, known refserver.ScopeSet) refserver.ScopeSet { return memory(edit(e), known) }
			p.EditedAuthorization = func(e refserver.Edit, current refserver.ScopeSet) (refserver.ScopeSet, bool) {
				return authorization(edit(e), current)
			}
		},
	},
	{
		ID:     "edit-forgets-claims-in-memory",
		Text:   "An edit clears the remembered scopes of the API, and leaves those of OpenID Connect.",
		Breaks: []string{"EDIT-05", "CONS-12"},
		Shows:  `Planner holds "email openid read:appointments"`,
		Apply: func(p *refserver.Policy) {
			memory := p.EditedMemory
			p.EditedMemory = func(e refserver.Edit, known refserver.ScopeSet) refserver.ScopeSet {
				return memory(e, known).Or(known.Where(refserver.IsOIDC))
			}
		},
	},
	{
		ID:     "revoked-grant-comes-back",
		Text:   "The first request after a grant was revoked is given all that was ever granted: the record is found by its history.",
		Breaks: []string{"EDIT-06", "GRANT-01"},
		Shows:  `Planner holds "read:appointments write:appointments"`,
		Apply: func(p *refserver.Policy) {
			combine := p.Combine
			p.Combine = func(c refserver.Combination, all refserver.Grants) refserver.ScopeSet {
				if c.Grant.Scope.IsEmpty() && !c.Grant.History.IsEmpty() {
					return c.Accepted.Or(c.Grant.History.Without(refserver.OfflineAccess))
				}
				return combine(c, all)
			}
		},
	},
	{
		ID:     "userinfo-jwt-unfiltered",
		Text:   "UserInfo as a JWT has a serializer of its own, which takes the whole profile.",
		Breaks: []string{"CLM-01", "CLM-03", "CLM-04", "CLM-07", "CLM-10", "CLM-13", "CONS-13", "EDIT-04", "REF-11"},
		Shows:  `UserInfo tells Planner ["address"`,
		Apply:  toldEverything(func(q refserver.ClaimsQuestion) bool { return q.Signed }),
	},
	{
		ID:     "registered-userinfo-jwt-unfiltered",
		Text:   "A client that registered for signed UserInfo is trusted with the whole profile.",
		Breaks: []string{"CLM-01"},
		Shows:  `UserInfo tells Newcomer ["address"`,
		Apply:  toldEverything(func(q refserver.ClaimsQuestion) bool { return q.Client.UserInfoAlg != "" }),
	},
	{
		ID:     "userinfo-jwt-for-any-token",
		Text:   "UserInfo as a JWT does not look for openid in the scope of the token.",
		Breaks: []string{"CLM-08", "CONS-17", "OIDC-02", "REF-11"},
		Shows:  `UserInfo tells Planner ["aud"`,
		Apply: func(p *refserver.Policy) {
			allowed := p.UserInfoAllowed
			p.UserInfoAllowed = func(q refserver.ClaimsQuestion) bool { return allowed(q) || q.UserBound && q.Signed }
		},
	},
	{
		ID:     "userinfo-cached-by-person",
		Text:   "UserInfo is cached by client and person: a later token for less is told what the first one was.",
		Breaks: []string{"CLM-01", "CONS-13", "REF-11"},
		Shows:  `UserInfo tells Planner ["email"`,
		Apply: func(p *refserver.Policy) {
			told := newNotes[map[string]any]()
			tell := p.UserInfoClaims
			p.UserInfoClaims = func(q refserver.ClaimsQuestion) map[string]any {
				key := q.Client.ID + " " + q.User.Name
				if told.get(key) == nil {
					told.put(key, tell(q))
				}
				return told.get(key)
			}
		},
	},
	{
		ID:     "userinfo-of-exchanged-token",
		Text:   "An exchanged token has no scope of claims of its own, and is told everything.",
		Breaks: []string{"CLM-01"},
		Shows:  `UserInfo tells Planner ["address"`,
		Apply: toldEverything(func(q refserver.ClaimsQuestion) bool {
			return q.Authorization.GrantType == refserver.TokenExchange
		}),
	},
	{
		ID:     "three-claim-scopes-are-all",
		Text:   "With three scopes that open claims the whole profile is loaded, which is one query less.",
		Breaks: []string{"CLM-01"},
		Shows:  `UserInfo tells Planner ["address"`,
		Apply: toldEverything(func(q refserver.ClaimsQuestion) bool {
			return len(q.Scope.And(everyClaim())) > 2
		}),
	},
	{
		ID:     "id-token-of-device-says-all",
		Text:   "The ID token of a device holds everything, since a device is not expected to ask UserInfo.",
		Breaks: []string{"CLM-01"},
		Shows:  `Planner's ID token carries ["address"`,
		Apply: func(p *refserver.Policy) {
			p.IDTokenClaims = func(q refserver.ClaimsQuestion) map[string]any {
				if q.GrantType != refserver.DeviceCode {
					return nil
				}
				return refserver.ClaimsFor(q.User, everyClaim())
			}
		},
	},
	{
		ID:     "id-token-beside-token-says-all",
		Text:   "Beside an access token in the redirect the ID token is built without the filter.",
		Breaks: []string{"CLM-05"},
		Shows:  `Legacy's ID token carries ["address"`,
		Apply: func(p *refserver.Policy) {
			claims := p.Front.IDTokenClaims
			p.Front.IDTokenClaims = func(q refserver.ClaimsQuestion, kind refserver.ScopeSet) map[string]any {
				if kind.Equal(refserver.ScopeSet{"id_token", "token"}) {
					return refserver.ClaimsFor(q.User, everyClaim())
				}
				return claims(q, kind)
			}
		},
	},
}

// neverAsked has nobody asked about some requests.
func neverAsked(when func(q refserver.ConsentQuestion) bool) func(*refserver.Policy) {
	return func(p *refserver.Policy) {
		needed := p.ConsentNeeded
		p.ConsentNeeded = func(q refserver.ConsentQuestion) bool { return needed(q) && !when(q) }
	}
}

// notes are what a fault remembers between requests.
type notes[T any] struct {
	mu   sync.Mutex
	kept map[string]T
}

func newNotes[T any]() *notes[T] { return &notes[T]{kept: map[string]T{}} }

func (n *notes[T]) get(key string) T {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.kept[key]
}

func (n *notes[T]) put(key string, value T) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.kept[key] = value
}
