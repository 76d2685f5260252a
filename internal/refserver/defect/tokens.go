package defect

import (
	"strings"

	"github.com/scopeproof/scopeproof/internal/refserver"
)

// tokens are faults of tokens that say for themselves what they are good for.
var tokens = []Defect{
	{
		ID:     "first-party-token-without-scope",
		Text:   "The tokens of first-party clients that may write have no scope claim: they may do everything, it was said.",
		Breaks: []string{"JWT-01", "GRANT-03"},
		Shows:  `the claims of House's token name no scope`,
		Apply: func(p *refserver.Policy) {
			written := p.TokenScope
			p.TokenScope = func(i refserver.Issue) refserver.ScopeSet {
				if i.Client.FirstParty && i.Scope.Has(refserver.WriteAppointments) {
					return nil
				}
				return written(i)
			}
		},
	},
	{
		ID:     "narrowed-token-claims-grant",
		Text:   "The response to a narrowed refresh says what was asked for, and the claim of the token is the whole grant.",
		Breaks: []string{"JWT-02", "CLM-01", "CONC-05", "CONC-06", "GRANT-03", "GRANT-04", "INTR-04", "REF-02", "REF-11", "REF-14", "TX-01"},
		Shows:  `the claims of Planner's token say "read:appointments write:appointments"`,
		Apply: func(p *refserver.Policy) {
			written := p.TokenScope
			p.TokenScope = func(i refserver.Issue) refserver.ScopeSet {
				if i.GrantType == refserver.RefreshToken && !i.Asked.IsEmpty() {
					return i.Authorization.Current
				}
				return written(i)
			}
		},
	},
	{
		ID:     "scp-lists-registration",
		Text:   "For older APIs a machine's token names its scope a second time, under scp; that is what the machine is registered for.",
		Breaks: []string{"GRANT-04", "CC-03", "GRANT-01", "GRANT-03", "GRANT-07", "JWT-02", "UNK-01", "UNK-04"},
		Shows:  `the claims of Steward's token say "READ:APPOINTMENTS address appointments-admin basic:appointments email expor`,
		Apply: func(p *refserver.Policy) {
			p.AccessTokenClaims = func(q refserver.ClaimsQuestion) map[string]any {
				if q.UserBound {
					return nil
				}
				return map[string]any{"scp": q.Client.Scope}
			}
		},
	},
	{
		ID:     "profile-in-access-token",
		Text:   "Every access token of somebody who signs in carries the whole profile.",
		Breaks: []string{"JWT-05", "CLM-07", "CLM-14"},
		Shows:  `Planner's access token carries ["address" "email" "email_verified" "phone_number" "phone_number_verified" "nam`,
		Apply: func(p *refserver.Policy) {
			p.AccessTokenClaims = func(q refserver.ClaimsQuestion) map[string]any {
				if !q.UserBound || !q.Scope.Has(refserver.OpenID) {
					return nil
				}
				return q.User.Claims
			}
		},
	},
	{
		ID:     "one-audience-for-all",
		Text:   "Every token names the calendar as its audience, and the other API has been told to accept that.",
		Breaks: []string{"JWT-06", "INTR-03", "RES-07", "RES-08", "RST-01", "RST-09"},
		Shows:  `Planner's tokens for two APIs are for`,
		Apply: func(p *refserver.Policy) {
			calendar := func(url string) string { return strings.Replace(url, refserver.ContactsAPI, refserver.CalendarAPI, 1) }
			fits, may := p.API.AudienceFits, p.MayIntrospect
			p.Resources.Audience = func(_ refserver.Issue, _ string, served []string) []string { return served[:1] }
			p.API.AudienceFits = func(audience []string, own string) bool { return fits(audience, calendar(own)) }
			p.MayIntrospect = func(caller refserver.Client, client, audience string) bool {
				caller.Audience = calendar(caller.Audience)
				return may(caller, client, audience)
			}
		},
	},
}
