package defect

import "github.com/scopeproof/scopeproof/internal/refserver"

// frontChannel are faults of tokens that come in the redirect.
var frontChannel = []Defect{
	{
		ID:     "redirect-token-without-scope",
		Text:   "Only the token endpoint reports the scope: a token in the redirect comes without, however little was granted.",
		Breaks: []string{"IMPL-01", "IMPL-03", "OFF-02"},
		Shows:  `Legacy was told nothing, which means "read:appointments write:appointments" and holds "read:appointments"`,
		Apply: func(p *refserver.Policy) {
			p.Front.ReportedScope = func(refserver.Issue) (refserver.ScopeSet, bool) { return nil, false }
		},
	},
	{
		ID:     "refresh-token-in-redirect",
		Text:   "The implicit response carries a refresh token, in the address bar.",
		Breaks: []string{"IMPL-02", "OFF-02"},
		Shows:  `Legacy was given a refresh token`,
		Apply: func(p *refserver.Policy) {
			p.Front.GivesRefreshToken = func(refserver.Issue) bool { return true }
		},
	},
	{
		ID:     "redirect-token-ignores-boxes",
		Text:   "The token in the redirect has everything that was asked for: only the code honours what the user unticked.",
		Breaks: []string{"IMPL-03", "CLM-05", "CONS-02"},
		Shows:  `request 1 (in the redirect): Legacy holds "read:appointments write:appointments"`,
		Apply: func(p *refserver.Policy) {
			p.Front.Scope = func(i refserver.Issue) refserver.ScopeSet {
				return i.Authorization.Asked.Without(refserver.OfflineAccess)
			}
		},
	},
	{
		ID:     "redirect-token-ignores-role",
		Text:   "What the user may not hand out is taken out of the code alone: the token in the redirect has it.",
		Breaks: []string{"IMPL-03", "IMPL-01", "ROLE-01"},
		Shows:  `request 1 (in the redirect): Legacy holds "read:appointments write:appointments"`,
		Apply: func(p *refserver.Policy) {
			scope := p.Front.Scope
			p.Front.Scope = func(i refserver.Issue) refserver.ScopeSet {
				taken := i.Authorization.Requested.Minus(i.Authorization.Asked).And(refserver.ScopesAt(refserver.CalendarAPI))
				return scope(i).Or(taken.Without(refserver.OfflineAccess))
			}
		},
	},
	{
		ID:     "redirect-error-in-query",
		Text:   "Errors are put into the query of the redirect, also where tokens were asked for and the client reads the fragment.",
		Breaks: []string{"IMPL-04"},
		Shows:  `Legacy was answered in the query`,
		Apply: func(p *refserver.Policy) {
			inFragment := p.Front.InFragment
			p.Front.InFragment = func(responseType refserver.ScopeSet, refused bool) bool {
				return !refused && inFragment(responseType, refused)
			}
		},
	},
	{
		ID:     "redirect-error-carries-id-token",
		Text:   "The ID token is made before the answer is known: an error in the redirect comes with it.",
		Breaks: []string{"IMPL-04"},
		Shows:  `Legacy was refused with access_denied (the resource owner denied the request), and the refusal carries a token`,
		Apply: func(p *refserver.Policy) {
			p.Front.ErrorCarriesIDToken = func(refserver.ScopeSet) bool { return true }
		},
	},
	{
		ID:     "offline-for-redirect-token",
		Text:   "offline_access is granted and reported where no code is asked for, so that there is nothing to redeem for a refresh token.",
		Breaks: []string{"OFF-02"},
		Shows:  `Legacy holds "offline_access openid read:appointments"`,
		Apply: func(p *refserver.Policy) {
			p.Front.OfflineAccess = func(_, asked refserver.ScopeSet) refserver.ScopeSet { return asked }
			p.Front.Scope = func(i refserver.Issue) refserver.ScopeSet { return i.Scope }
		},
	},
	{
		ID:     "id-token-without-openid",
		Text:   "Whoever asks for the response type id_token is given one, though openid is not in the scope.",
		Breaks: []string{"OIDC-03"},
		Shows:  `Legacy was given the ID token that it asked for by name`,
		Apply: func(p *refserver.Policy) {
			p.Front.WithoutOpenID = func(_, _ refserver.ScopeSet) error { return nil }
		},
	},
	{
		ID:     "id-token-alone-says-nothing",
		Text:   "Claims come from UserInfo alone, also where no access token is issued to ask it with.",
		Breaks: []string{"CLM-05"},
		Shows:  `Legacy's ID token carries no claim of "email"`,
		Apply: func(p *refserver.Policy) {
			p.Front.IDTokenClaims = func(refserver.ClaimsQuestion, refserver.ScopeSet) map[string]any { return nil }
		},
	},
	{
		ID:     "redirect-id-token-carries-claims",
		Text:   "The ID token in the redirect always carries the claims of the scope, although there will be a token for UserInfo.",
		Breaks: []string{"CLM-06"},
		Shows:  `Legacy's ID token carries ["email" "email_verified"]`,
		Apply: func(p *refserver.Policy) {
			p.Front.IDTokenClaims = func(q refserver.ClaimsQuestion, _ refserver.ScopeSet) map[string]any {
				return refserver.ClaimsFor(q.User, q.Scope)
			}
		},
	},
}
