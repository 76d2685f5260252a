package defect

import (
	"slices"

	"github.com/scopeproof/scopeproof/internal/refserver"
)

// needing replaces when the resource owner is asked.
func needing(p *refserver.Policy, change func(q refserver.ConsentQuestion, needed bool) bool) {
	need := p.ConsentNeeded
	p.ConsentNeeded = func(q refserver.ConsentQuestion) bool { return change(q, need(q)) }
}

func silently(q refserver.ConsentQuestion) bool { return slices.Contains(q.Prompt, "none") }

// prompt are faults of silent requests and of requests that insist.
var prompt = []Defect{
	{
		ID:     "silent-always-fails",
		Text:   "A silent request that leaves out a scope for claims that was agreed to is taken for another one, and fails.",
		Breaks: []string{"PRMT-01"},
		Shows:  `Planner was refused with consent_required (the resource owner must be asked)`,
		Apply: func(p *refserver.Policy) {
			needing(p, func(q refserver.ConsentQuestion, needed bool) bool {
				return needed || silently(q) && q.Remembered.Minus(q.Asked).Has(refserver.Email)
			})
		},
	},
	{
		ID:     "silent-first-consent",
		Text:   "A silent request of a client that was never asked about is approved as its first consent.",
		Breaks: []string{"PRMT-02", "CONS-04", "CONS-09", "CONS-11", "CONS-12", "EDIT-06", "GRANT-07", "PRMT-07"},
		Shows:  `Planner was issued a token for "openid read:appointments"`,
		Apply: func(p *refserver.Policy) {
			needing(p, func(q refserver.ConsentQuestion, needed bool) bool {
				return needed && !(silently(q) && q.Remembered.IsEmpty())
			})
		},
	},
	{
		ID:     "silent-widening",
		Text:   "A silent request is approved as soon as anything at all is remembered for the client.",
		Breaks: []string{"PRMT-03", "CONS-12", "CONS-14", "DEF-07", "EDIT-05", "REV-04", "SYN-06", "SYN-07"},
		Shows:  `the choice of silent_excess is "subset"`,
		Apply: func(p *refserver.Policy) {
			needing(p, func(q refserver.ConsentQuestion, needed bool) bool {
				return needed && !(silently(q) && !q.Remembered.IsEmpty())
			})
		},
	},
	{
		ID:     "none-with-consent",
		Text:   "Of the prompt values that contradict each other the first one counts: \"none consent\" is a silent request.",
		Breaks: []string{"PRMT-04"},
		Shows:  `Planner was issued a token for "openid read:appointments"`,
		Apply: func(p *refserver.Policy) {
			check := p.Prompt
			p.Prompt = func(values []string) ([]string, error) {
				if len(values) > 1 && values[0] == "none" {
					values = values[:1]
				}
				return check(values)
			}
		},
	},
	{
		ID:     "insisting-ignored",
		Text:   "A request that insists on consent is approved from memory.",
		Breaks: []string{"PRMT-05", "PRMT-06"},
		Shows:  `Planner was given a code for "openid read:appointments" and Ada was not asked`,
		Apply: func(p *refserver.Policy) {
			need := p.ConsentNeeded
			p.ConsentNeeded = func(q refserver.ConsentQuestion) bool {
				if !q.Client.FirstParty && !q.Asked.Has(refserver.OfflineAccess) {
					q.Prompt = slices.DeleteFunc(slices.Clone(q.Prompt), func(value string) bool { return value == "consent" })
				}
				return need(q)
			}
		},
	},
	{
		ID:     "grant-widened-before-the-answer",
		Text:   "What is asked for is written to the grant before the page is shown; a denial does not take it out again.",
		Breaks: []string{"PRMT-06", "INC-03", "REF-03"},
		Shows:  `Planner holds "openid read:appointments write:appointments"`,
		Apply: func(p *refserver.Policy) {
			earlier := p.EarlierScope
			p.EarlierScope = func(o refserver.ConsentOutcome, current refserver.ScopeSet) refserver.ScopeSet {
				if !o.Allowed {
					return current.Or(o.Asked)
				}
				return earlier(o, current)
			}
		},
	},
	{
		ID:     "login-hint-signs-in",
		Text:   "Where nobody is signed in, the user named by login_hint is taken to be.",
		Breaks: []string{"PRMT-07"},
		Shows:  `Planner was issued a token for "openid read:appointments"`,
		Apply: func(p *refserver.Policy) {
			p.SessionUser = func(signedIn, hint string) string {
				if signedIn == "" {
					return hint
				}
				return signedIn
			}
		},
	},
}
