package lawful

import (
	"slices"

	"github.com/scopeproof/scopeproof/internal/refserver"
)

// listing changes what the consent page lists.
func listing(p *refserver.Policy, change func(q refserver.ConsentQuestion, item *refserver.ConsentItem)) {
	list := p.ConsentItems
	p.ConsentItems = func(q refserver.ConsentQuestion) []refserver.ConsentItem {
		items := list(q)
		for i := range items {
			change(q, &items[i])
		}
		return items
	}
}

// answering changes an answer before it is decided what it accepts.
func answering(p *refserver.Policy, change func(a refserver.ConsentAnswer) (refserver.ConsentAnswer, error)) {
	decide := p.ConsentDecision
	p.ConsentDecision = func(a refserver.ConsentAnswer) (refserver.ScopeSet, error) {
		a, err := change(a)
		if err != nil {
			return nil, err
		}
		return decide(a)
	}
}

func insisting(q refserver.ConsentQuestion) bool { return slices.Contains(q.Prompt, "consent") }
func silently(q refserver.ConsentQuestion) bool  { return slices.Contains(q.Prompt, "none") }

// consenting are choices about the consent page.
var consenting = []Choice{
	{
		ID: "no-consent-page", Text: "Nobody is asked: an administrator has approved every client for what it is registered for.",
		Source: "OpenID Connect Core section 3.1.2.4 (or by establishing consent via other means)",
		// That a client which insists has the user asked is a SHOULD (section 3.1.2.1).
		Deviates: []string{"PRMT-05"},
		Apply: func(p *refserver.Policy) {
			p.ConsentNeeded = func(refserver.ConsentQuestion) bool { return false }
		},
	},
	{
		ID: "all-or-nothing", Text: "The consent page says in words what is asked for: the user agrees to all of it, or denies.",
		Source: "RFC 6749 section 4.1.1 (establishes whether the resource owner grants or denies the client's access request)",
		Apply: func(p *refserver.Policy) {
			listing(p, func(_ refserver.ConsentQuestion, item *refserver.ConsentItem) { item.Plain = true })
			answering(p, func(a refserver.ConsentAnswer) (refserver.ConsentAnswer, error) {
				a.Ticked = a.Asked
				return a, nil
			})
		},
	},
	{
		ID: "nothing-preselected", Text: "The boxes of the consent page come empty.",
		Source: "RFC 6749 section 3.3 (based on the resource owner's instructions)",
		Apply: func(p *refserver.Policy) {
			listing(p, func(_ refserver.ConsentQuestion, item *refserver.ConsentItem) { item.Unticked = true })
		},
	},
	{
		ID: "partial-answer-denied", Text: "A box that is deselected denies the whole request.",
		Source: "RFC 6749 section 4.1.2.1 (access_denied: the resource owner or authorization server denied the request)",
		Apply: func(p *refserver.Policy) {
			answering(p, func(a refserver.ConsentAnswer) (refserver.ConsentAnswer, error) {
				if !a.Ticked.Covers(a.Asked) {
					return a, refserver.Refuse("access_denied", "the resource owner declined a part of the request")
				}
				return a, nil
			})
		},
	},
	{
		ID: "two-answers-for-each-scope", Text: "The consent page asks yes or no of each scope, with radio buttons of which none is pressed.",
		Source: "RFC 6749 section 3.3 (based on the resource owner's instructions)",
		Apply: func(p *refserver.Policy) {
			listing(p, func(_ refserver.ConsentQuestion, item *refserver.ConsentItem) { item.Answers = true })
		},
	},
	{
		ID: "boxes-by-another-name", Text: "The boxes of the consent page are called as a framework calls those of a list, and come empty.",
		Source: "RFC 6749 section 3.3 (based on the resource owner's instructions)",
		Apply: func(p *refserver.Policy) {
			listing(p, func(_ refserver.ConsentQuestion, item *refserver.ConsentItem) { item.Listed = true })
		},
	},
	{
		ID: "nothing-kept-denied", Text: "openid has no box, and whoever deselects everything else has denied the request.",
		Source: "RFC 6749 section 4.1.2.1 (access_denied: the resource owner or authorization server denied the request)",
		Apply: func(p *refserver.Policy) {
			name := refserver.ScopeSet{refserver.OpenID}
			listing(p, func(_ refserver.ConsentQuestion, item *refserver.ConsentItem) {
				item.Plain = item.Scope == refserver.OpenID
			})
			answering(p, func(a refserver.ConsentAnswer) (refserver.ConsentAnswer, error) {
				if rest := a.Asked.Minus(name); !rest.IsEmpty() && rest.And(a.Ticked).IsEmpty() {
					return a, refserver.Refuse("access_denied", "the resource owner kept nothing")
				}
				a.Ticked = a.Ticked.Or(a.Asked.And(name))
				return a, nil
			})
		},
	},
	{
		ID: "openid-goes-without-saying", Text: "The consent page names openid in words, and everything else with a box.",
		Source: "OpenID Connect Core section 3.1.2.4 (how consent is obtained is up to the server)",
		Apply: func(p *refserver.Policy) {
			listing(p, func(_ refserver.ConsentQuestion, item *refserver.ConsentItem) {
				item.Plain = item.Scope == refserver.OpenID
			})
			answering(p, func(a refserver.ConsentAnswer) (refserver.ConsentAnswer, error) {
				a.Ticked = a.Ticked.Or(a.Asked.And(refserver.ScopeSet{refserver.OpenID}))
				return a, nil
			})
		},
	},
	{
		ID: "openid-unasked", Text: "The consent page does not name openid, which is granted with the rest, and without a page where it is asked for alone.",
		Source: "OpenID Connect Core section 3.1.2.4 (how consent is obtained is up to the server)",
		Apply: func(p *refserver.Policy) {
			listing(p, func(_ refserver.ConsentQuestion, item *refserver.ConsentItem) {
				item.Hidden = item.Scope == refserver.OpenID
			})
			need := p.ConsentNeeded
			p.ConsentNeeded = func(q refserver.ConsentQuestion) bool {
				return need(q) && (insisting(q) || !q.Asked.Equal(refserver.ScopeSet{refserver.OpenID}))
			}
		},
	},
	{
		ID: "required-ticked-for-good", Text: "The box of a required scope is ticked and cannot be changed.",
		Source: "RFC 6749 section 3.3 (based on the authorization server policy or the resource owner's instructions)",
		Apply: func(p *refserver.Policy) {
			listing(p, func(q refserver.ConsentQuestion, item *refserver.ConsentItem) {
				item.Fixed = refserver.ScopeAt(q.API, item.Scope).Required
			})
			answering(p, func(a refserver.ConsentAnswer) (refserver.ConsentAnswer, error) {
				a.Ticked = a.Ticked.Or(a.Asked.And(a.Required))
				return a, nil
			})
		},
	},
	{
		ID: "only-new-scopes-listed", Text: "The consent page lists what was not agreed to before; what was is kept.",
		Source: "OpenID Connect Core section 3.1.2.4 (how consent is obtained is up to the server)",
		Apply: func(p *refserver.Policy) {
			listing(p, func(q refserver.ConsentQuestion, item *refserver.ConsentItem) {
				item.Hidden = !insisting(q) && q.Remembered.Has(item.Scope)
			})
		},
	},
	{
		ID: "first-party-asks", Text: "First-party clients ask as all others do.",
		Source: "OpenID Connect Core section 3.1.2.4 (how consent is obtained is up to the server)",
		Apply: func(p *refserver.Policy) {
			need := p.ConsentNeeded
			p.ConsentNeeded = func(q refserver.ConsentQuestion) bool {
				q.Client.FirstParty = false
				return need(q)
			}
		},
	},
}

// remembering are choices about what is remembered.
var remembering = []Choice{
	{
		ID: "consent-every-time", Text: "The consent page is shown for every request.",
		Source: "OpenID Connect Core section 3.1.2.4 (how consent is obtained is up to the server)",
		Apply: func(p *refserver.Policy) {
			p.ConsentNeeded = func(refserver.ConsentQuestion) bool { return true }
		},
	},
	{
		ID: "remembered-as-a-whole", Text: "The page is left out only for exactly the scopes that were agreed to the last time.",
		Source:   "OpenID Connect Core section 3.1.2.1 (none: an error if the client does not have pre-configured consent)",
		Deviates: []string{"PRMT-01"},
		Apply: func(p *refserver.Policy) {
			need, remember := p.ConsentNeeded, p.Remember
			p.ConsentNeeded = func(q refserver.ConsentQuestion) bool {
				return need(q) || !q.Client.FirstParty && !q.Remembered.Without(refserver.OfflineAccess).Equal(q.Asked.Without(refserver.OfflineAccess))
			}
			p.Remember = func(o refserver.ConsentOutcome) (held, remembered refserver.ScopeSet) {
				held, remembered = remember(o)
				if o.Allowed {
					remembered = o.Accepted
				}
				return held, remembered
			}
		},
	},
	{
		ID: "declined-for-this-request-only", Text: "To deselect a scope concerns the request at hand; what was granted before goes on.",
		Source: "RFC 6749 section 6 (the scope originally granted by the resource owner)",
		Apply: func(p *refserver.Policy) {
			p.EarlierScope = func(_ refserver.ConsentOutcome, current refserver.ScopeSet) refserver.ScopeSet { return current }
			p.Remember = func(o refserver.ConsentOutcome) (held, remembered refserver.ScopeSet) {
				if !o.Allowed {
					return o.Grant.Scope, o.Grant.Remembered
				}
				return o.Grant.Scope.Or(o.Accepted), o.Grant.Remembered.Or(o.Accepted)
			}
		},
	},
	{
		ID: "declined-for-good", Text: "A scope that was deselected is left out the next time, without a page.",
		Source: "RFC 6749 section 3.3 (MAY fully or partially ignore the scope, based on the resource owner's instructions)",
		Apply: func(p *refserver.Policy) {
			keepingAnswers(p, func(d *answers) *refserver.ScopeSet { return &d.declined })
		},
	},
	{
		ID: "denial-remembered", Text: "A request that was denied is denied the next time as well, without a page.",
		Source: "RFC 6749 section 4.1.2.1 (access_denied: the resource owner or authorization server denied the request)",
		Apply: func(p *refserver.Policy) {
			keepingAnswers(p, func(d *answers) *refserver.ScopeSet { return &d.denied })
		},
	},
	{
		ID: "public-client-remembered", Text: "A public client need not ask again for what was agreed to.",
		Source:   "RFC 6749 section 10.2 (SHOULD NOT process repeated requests automatically without authenticating the client)",
		Deviates: []string{"CONS-16"},
		Apply: func(p *refserver.Policy) {
			need := p.ConsentNeeded
			p.ConsentNeeded = func(q refserver.ConsentQuestion) bool {
				q.Client.Public = false
				return need(q)
			}
		},
	},
	{
		ID: "one-grant-a-client", Text: "A client has one grant of each user: what it was granted before ends with a new yes.",
		Source: "RFC 6749 section 6 (nothing says how long a refresh token is good for)",
		Apply: func(p *refserver.Policy) {
			p.EarlierScope = func(o refserver.ConsentOutcome, current refserver.ScopeSet) refserver.ScopeSet {
				if o.Allowed {
					return nil
				}
				return current
			}
		},
	},
	{
		ID: "one-grant-and-its-tokens", Text: "A new yes ends what the client was granted before, the access tokens as well, which are handles.",
		Source:   "RFC 6749 section 1.4 (an access token is a string that denotes an authorization), section 10.3; the choice of incremental is replace",
		Declares: map[string]string{"embedded.tokens": "opaque"},
		Apply: func(p *refserver.Policy) {
			p.EarlierScope = func(o refserver.ConsentOutcome, current refserver.ScopeSet) refserver.ScopeSet {
				if o.Allowed && o.Shown {
					return nil
				}
				return current
			}
			active := p.TokenActive
			p.TokenActive = func(l refserver.Live) bool {
				return active(l) && !(l.UserBound && l.Authorization.Current.IsEmpty())
			}
		},
	},
	{
		ID: "union-always", Text: "What was granted before comes with every request.",
		Source:   "RFC 6749 section 3.3 (the issued scope may differ from the one requested, and is then stated)",
		Declares: map[string]string{"authorization_server.incremental_parameter": ""},
		Apply: func(p *refserver.Policy) {
			combine := p.Combine
			p.Combine = func(c refserver.Combination, grants refserver.Grants) refserver.ScopeSet {
				c.Include = c.Grant.ID == ""
				return combine(c, grants)
			}
		},
	},
	{
		ID: "first-grant-stays", Text: "Nobody is asked twice, unless the client insists: a later request with pages yields what it has in common with the first grant, and says so.",
		Source:   "RFC 6749 section 3.3 (MAY fully or partially ignore the scope, and states what it issued)",
		Deviates: []string{"INC-01"},
		Apply: func(p *refserver.Policy) {
			need, unasked := p.ConsentNeeded, p.Unasked
			stays := func(q refserver.ConsentQuestion) bool {
				return !q.Remembered.IsEmpty() && !insisting(q) && !silently(q) && !q.Client.Public && !q.Client.FirstParty
			}
			p.ConsentNeeded = func(q refserver.ConsentQuestion) bool { return !stays(q) && need(q) }
			p.Unasked = func(q refserver.ConsentQuestion) (refserver.ScopeSet, error) {
				if left := q.Asked.And(q.Remembered); stays(q) && left.IsEmpty() {
					return nil, refserver.Refuse("invalid_scope", "nothing of this was granted")
				} else if stays(q) {
					return left, nil
				}
				return unasked(q)
			}
		},
	},
	{
		ID: "no-union", Text: "A parameter that asks for the union is ignored: each request stands for itself.",
		Source: "RFC 6749 section 3.1 (unrecognized parameters are ignored)",
		Apply: func(p *refserver.Policy) {
			p.Combine = func(c refserver.Combination, _ refserver.Grants) refserver.ScopeSet { return c.Accepted }
		},
	},
}

// prompting are choices about requests that are silent, or insist.
var prompting = []Choice{
	{
		ID: "signs-in-every-time", Text: "Nobody stays signed in: whoever is asked has to sign in first.",
		Source: "OpenID Connect Core section 3.1.2.3 (the server decides when to authenticate the end-user)",
		Apply:  func(p *refserver.Policy) { p.SignIn = func(string) bool { return true } },
	},
	{
		ID: "silent-interaction-required", Text: "A silent request that needs a page is answered with interaction_required.",
		Source: "OpenID Connect Core section 3.1.2.6 (interaction_required)",
		Apply: func(p *refserver.Policy) {
			p.SilentError = func(bool) error { return refserver.Refuse("interaction_required", "a page must be shown") }
		},
	},
	{
		ID: "silent-login-required", Text: "A silent request that needs a page is answered with login_required, whatever the page.",
		Source: "OpenID Connect Core section 3.1.2.6 (login_required)",
		Apply: func(p *refserver.Policy) {
			p.SilentError = func(bool) error { return refserver.Refuse("login_required", "a page must be shown") }
		},
	},
	{
		ID: "silent-account-selection-required", Text: "Where nobody is signed in, a silent request is answered with account_selection_required.",
		Source: "OpenID Connect Core section 3.1.2.6 (account_selection_required)",
		Apply: func(p *refserver.Policy) {
			refuse := p.SilentError
			p.SilentError = func(signedIn bool) error {
				if !signedIn {
					return refserver.Refuse("account_selection_required", "an account must be chosen")
				}
				return refuse(signedIn)
			}
		},
	},
	{
		ID: "silent-access-denied", Text: "A silent request for what was not agreed to is denied with access_denied.",
		Source:   "RFC 6749 section 4.1.2.1 (access_denied: the resource owner or authorization server denied the request)",
		Deviates: []string{"PRMT-07"},
		Apply: func(p *refserver.Policy) {
			refuse := p.SilentError
			p.SilentError = func(signedIn bool) error {
				if signedIn {
					return refserver.Refuse("access_denied", "the resource owner has not agreed")
				}
				return refuse(signedIn)
			}
		},
	},
	{
		ID: "silent-wants-hint", Text: "A silent request without an ID token as a hint is refused with invalid_request.",
		Source: "OpenID Connect Core section 3.1.2.1 (id_token_hint: an invalid_request error MAY be returned if it is not present)",
		Apply: func(p *refserver.Policy) {
			p.OpenID.SilentHint = func(hint string) error {
				if hint == "" {
					return refserver.Refuse("invalid_request", "a silent request needs an id_token_hint")
				}
				return nil
			}
		},
	},
	{
		ID: "silent-subset", Text: "A silent request for more than was agreed to yields what was agreed to, and says so.",
		Source: "RFC 6749 section 3.3 (MAY fully or partially ignore the scope)",
		Apply: func(p *refserver.Policy) {
			need := p.ConsentNeeded
			known := func(q refserver.ConsentQuestion) refserver.ScopeSet {
				if q.Client.FirstParty {
					return q.Asked
				}
				return q.Asked.And(q.Remembered)
			}
			p.ConsentNeeded = func(q refserver.ConsentQuestion) bool {
				if silently(q) && !q.Client.Public && !known(q).Without(refserver.OpenID).IsEmpty() {
					return false
				}
				return need(q)
			}
			p.Unasked = func(q refserver.ConsentQuestion) (refserver.ScopeSet, error) { return known(q), nil }
		},
	},
	{
		ID: "unknown-prompt-ignored", Text: "A prompt value that nobody knows is ignored.",
		Source: "RFC 6749 section 3.1 (unrecognized parameters are ignored)",
		Apply: func(p *refserver.Policy) {
			check := p.Prompt
			p.Prompt = func(values []string) ([]string, error) {
				return check(slices.DeleteFunc(slices.Clone(values), func(value string) bool {
					return !slices.Contains([]string{"none", "login", "consent", "select_account"}, value)
				}))
			}
		},
	},
	{
		ID: "insisting-has-no-effect", Text: "prompt=consent is taken note of where a page is shown anyway.",
		Source:   "OpenID Connect Core section 3.1.2.1 (consent: SHOULD prompt the end-user)",
		Deviates: []string{"PRMT-05", "PRMT-06"},
		Apply: func(p *refserver.Policy) {
			need := p.ConsentNeeded
			p.ConsentNeeded = func(q refserver.ConsentQuestion) bool {
				q.Prompt = slices.DeleteFunc(slices.Clone(q.Prompt), func(value string) bool { return value == "consent" })
				return need(q)
			}
		},
	},
}
