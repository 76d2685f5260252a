package defect

import (
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/scopeproof/scopeproof/internal/refserver"
)

// column is how many bytes of a scope the database keeps.
const column = 1024

// reading replaces how a scope parameter is read, by changing it first.
func reading(change func(raw string) string) func(p *refserver.Policy) {
	return func(p *refserver.Policy) {
		parse := p.ParseScope
		p.ParseScope = func(raw string) (refserver.ScopeSet, error) { return parse(change(raw)) }
	}
}

// syntax are faults of how scopes are read and written.
var syntax = []Defect{
	{
		ID:     "scope-ends-with-space",
		Text:   "Each scope in the token response is followed by a space, the last one too.",
		Breaks: []string{"SYN-01"},
		Shows:  `the response to Planner names the scope "read:appointments write:appointments ": scope "read:appointments writ`,
		Apply: func(p *refserver.Policy) {
			p.WrittenScope = func(scope refserver.ScopeSet) any { return scope.String() + " " }
		},
	},
	{
		ID:     "scope-as-array",
		Text:   "The token response has the scope as a JSON array.",
		Breaks: []string{"SYN-02"},
		Shows:  `the response to Planner names the scope ["read:appointments","write:appointments"]`,
		Apply: func(p *refserver.Policy) {
			p.WrittenScope = func(scope refserver.ScopeSet) any { return scope }
		},
	},
	{
		ID:     "malformed-scope-kept",
		Text:   "Scopes are stored and repeated as they were sent, whatever their characters are.",
		Breaks: []string{"SYN-03", "GRANT-01", "GRANT-03", "GRANT-04", "SYN-01", "SYN-04", "UNK-05", "UNK-06"},
		Shows:  `Planner was told "read:appointments x\"y"`,
		Apply: func(p *refserver.Policy) {
			p.ParseScope = func(raw string) (refserver.ScopeSet, error) {
				return refserver.NewScopeSet(strings.Fields(raw)...), nil
			}
			report := p.ReportedScope
			p.ReportedScope = func(i refserver.Issue) (refserver.ScopeSet, bool) {
				scope, ok := report(i)
				odd := func(token string) bool { return strings.ContainsAny(token, "\"\\\x00\x7f\u00e9") }
				return scope.Or(i.Asked.Or(i.Authorization.Requested).Where(odd)), ok
			}
		},
	},
	{
		ID:     "scope-split-at-commas",
		Text:   "Scopes may be separated by commas and semicolons as well, as the old API had it.",
		Breaks: []string{"SYN-04", "CLI-09", "DISC-03", "GRANT-01", "SYN-11"},
		Shows:  `Planner holds "read:appointments write:appointments"`,
		Apply: reading(func(raw string) string {
			return strings.NewReplacer(",", " ", ";", " ").Replace(raw)
		}),
	},
	{
		ID:     "consent-keyed-by-text",
		Text:   "Remembered consent is looked up by the scope as it was sent: the same scopes in another order are asked for again.",
		Breaks: []string{"SYN-05"},
		Shows:  `Planner was refused with consent_required (the resource owner must be asked)`,
		Apply: func(p *refserver.Policy) {
			var texts sync.Map
			remember := p.Remember
			p.Remember = func(o refserver.ConsentOutcome) (held, remembered refserver.ScopeSet) {
				if o.Allowed && o.Shown {
					texts.Store(o.Grant.User+o.Grant.Client, o.Text)
				}
				return remember(o)
			}
			needing(p, func(q refserver.ConsentQuestion, needed bool) bool {
				text, _ := texts.Load(q.User.Name + q.Client.ID)
				kept, _ := text.(string)
				words, others := strings.Fields(q.Text), strings.Fields(kept)
				turned := !slices.Equal(words, others)
				slices.Sort(words)
				slices.Sort(others)
				return needed || turned && slices.Equal(words, others)
			})
		},
	},
	{
		ID:     "scope-lower-cased",
		Text:   "The scope of a request is turned to lower case before it is looked up.",
		Breaks: []string{"SYN-06", "DISC-03", "GRANT-01", "OIDC-04", "SYN-11"},
		Shows:  `Planner holds "read:appointments write:appointments"`,
		Apply:  reading(strings.ToLower),
	},
	{
		ID:     "consent-column-folds-letters",
		Text:   "What was agreed to is looked up in a column whose collation makes no difference between capitals and small letters.",
		Breaks: []string{"SYN-06", "CONS-12"},
		Shows:  `Planner holds "READ:APPOINTMENTS openid"`,
		Apply: func(p *refserver.Policy) {
			needing(p, func(q refserver.ConsentQuestion, needed bool) bool {
				folded := func(scope refserver.ScopeSet) refserver.ScopeSet {
					return refserver.NewScopeSet(strings.Fields(strings.ToLower(scope.String()))...)
				}
				agreed := !q.Asked.IsEmpty() && folded(q.Remembered).Covers(folded(q.Asked))
				return needed && (!agreed || q.Client.Public || len(q.Prompt) > 0 && q.Prompt[0] != "none")
			})
		},
	},
	{
		ID:     "consent-counts-words",
		Text:   "Consent is not asked for if the request has as many words as were agreed to.",
		Breaks: []string{"SYN-07", "CONS-12"},
		Shows:  `Planner holds "openid write:appointments"`,
		Apply: func(p *refserver.Policy) {
			needing(p, func(q refserver.ConsentQuestion, needed bool) bool {
				words := strings.Fields(q.Text)
				doubled := len(words) > len(refserver.NewScopeSet(words...))
				return needed && !(doubled && len(words) == len(q.Remembered))
			})
		},
	},
	{
		ID:     "trailing-space-refused",
		Text:   "A space before the scope is passed over, and one after it is an error.",
		Breaks: []string{"SYN-08"},
		Shows:  `the choice of surplus_spaces is "rejects"`,
		Apply: func(p *refserver.Policy) {
			parse := p.ParseScope
			p.ParseScope = func(raw string) (refserver.ScopeSet, error) {
				if strings.HasSuffix(raw, " ") && strings.TrimSpace(raw) != "" {
					return nil, refserver.Refuse("invalid_scope", "the scope ends with a space")
				}
				return parse(raw)
			}
		},
	},
	{
		ID:     "empty-scope-is-a-scope",
		Text:   "Only a missing scope gets the default; an empty one is granted as it is, which is nothing.",
		Breaks: []string{"SYN-09"},
		Shows:  `request 2: Planner was refused with "access_denied"`,
		Apply: func(p *refserver.Policy) {
			p.Omitted = func(present bool, _ string) bool { return !present }
		},
	},
	{
		ID:     "refresh-empty-is-everything",
		Text:   "A refresh whose scope parameter is empty is no narrowing, and is given all that the client may do with appointments.",
		Breaks: []string{"SYN-09", "REF-03"},
		Shows:  `Planner holds "read:appointments write:appointments"`,
		Apply: func(p *refserver.Policy) {
			refresh := p.RefreshScope
			p.RefreshScope = func(r refserver.Refresh) (refserver.ScopeSet, error) {
				if r.Named && r.Asked.IsEmpty() {
					calendar := refserver.ScopeSet{refserver.ReadAppointments, refserver.WriteAppointments}
					return r.Authorization.Current.Or(r.Client.Scope.And(calendar)), nil
				}
				return refresh(r)
			}
		},
	},
	{
		ID:     "repeated-scope-read-twice",
		Text:   "The consent page shows the first scope parameter, and the token is made from all of them.",
		Breaks: []string{"SYN-10"},
		Shows:  `Planner holds "read:appointments write:appointments"`,
		Apply: func(p *refserver.Policy) {
			p.RepeatedScope = func(values []string) (shown, issued string, err error) {
				return values[0], strings.Join(values, " "), nil
			}
		},
	},
	{
		ID:     "scope-cut-at-ampersand",
		Text:   "The request is put into a query once more on its way, unescaped: what follows an ampersand is another parameter.",
		Breaks: []string{"SYN-11", "DISC-03"},
		Shows:  `Planner was refused with access_denied (none of the scopes asked for can be granted)`,
		Apply: func(p *refserver.Policy) {
			known := p.Unknown
			p.Unknown = func(grantType string, asked, all refserver.ScopeSet) (refserver.ScopeSet, error) {
				var cut []string
				for _, token := range asked {
					before, _, _ := strings.Cut(token, "&")
					cut = append(cut, before)
				}
				return known(grantType, refserver.NewScopeSet(cut...), all)
			}
		},
	},
	{
		ID:     "scope-decoded-twice",
		Text:   "The scope is percent-decoded by the framework and then by the handler.",
		Breaks: []string{"SYN-12", "GRANT-01"},
		Shows:  `Planner holds "read:appointments write:appointments"`,
		Apply: reading(func(raw string) string {
			if decoded, err := url.PathUnescape(raw); err == nil {
				return decoded
			}
			return raw
		}),
	},
	{
		ID:     "scope-cut-off",
		Text:   "The column for scopes holds 1024 bytes; what is longer is cut off without a word.",
		Breaks: []string{"SYN-13", "GRANT-01"},
		Shows:  `Planner holds "read:appointments"`,
		Apply:  reading(func(raw string) string { return raw[:min(len(raw), column)] }),
	},
}
