package refserver

import (
	"net/http"
	"strings"
	"time"
)

// Policy is every decision about scope that the reference server and its APIs
// take. Handlers parse a request, ask the policy and write its answer; they
// decide nothing. Functions are called from several goroutines at once.
//
// A function that returns an *Error refuses: the error is the answer. The zero
// value stands for Conformant.
type Policy struct {
	// ParseScope reads a scope parameter (RFC 6749 section 3.3).
	ParseScope func(raw string) (ScopeSet, error)
	// Omitted says whether a scope parameter counts as none (RFC 6749 sections 3.1 and 3.2).
	Omitted func(present bool, raw string) bool
	// RepeatedScope reads a scope parameter that is there several times: what is shown to the resource owner, and what
	// is issued (RFC 6749 sections 3.1 and 3.2).
	RepeatedScope func(values []string) (shown, issued string, err error)
	// OmittedScope refuses a request without scope, if that is to be done (RFC 6749 section 3.3).
	OmittedScope func(grantType string) error
	// DefaultScope is used where the client omits scope (RFC 6749 section 3.3).
	DefaultScope func(c Client) ScopeSet
	// Unknown treats scopes that are not known at the API (RFC 6749 sections 3.3 and 4.1.2.1).
	Unknown func(grantType string, asked, known ScopeSet) (ScopeSet, error)
	// RegisteredScope is what a client is registered for (RFC 7591 section 2).
	RegisteredScope func(asked, known ScopeSet) ScopeSet
	// FirstParty says whether a new client skips consent; dynamic registration is open to all (RFC 7591 section 5).
	FirstParty func(declared, dynamic bool) bool
	// ClientMay is the part of asked that the client may have (RFC 6749 section 10.3, RFC 7591 section 2).
	ClientMay func(c Client, asked ScopeSet) ScopeSet
	// ClientExcess answers a client that asks for more than it may have (RFC 6749 section 4.1.2.1).
	ClientExcess func(grantType string, asked, may ScopeSet) (ScopeSet, error)
	// UserMay is the part of asked that the user may hand out (RFC 9700 section 2.3).
	UserMay func(u User, c Client, asked ScopeSet) ScopeSet
	// UserExcess answers a request for more than the user may hand out (RFC 6749 section 3.3).
	UserExcess func(asked, may ScopeSet) (ScopeSet, error)
	// Applies says whether a limit counts at a grant (RFC 6749 section 3.3): one policy, whichever way a token is asked for.
	Applies func(limit Limit, grantType string) bool
	// OfflineAccess is asked less offline_access where that is to be ignored (OpenID Connect Core section 11).
	OfflineAccess func(q OfflineQuestion) ScopeSet
	// NothingLeft answers when every scope was taken away (RFC 6749 sections 3.3 and 5.1).
	NothingLeft func(atTokenEndpoint bool) error

	// Prompt checks the prompt parameter (OpenID Connect Core section 3.1.2.1).
	Prompt func(values []string) ([]string, error)
	// ErrorNeedsLogin says that somebody must sign in before an error is sent to a client (RFC 9700 section 4.11.2).
	ErrorNeedsLogin func(c Client) bool
	// ErrorShown says that an error is shown on a page and not sent to a client (RFC 9700 section 4.11.2).
	ErrorShown func(c Client, code string) bool
	// SessionUser is who a request is about: signedIn, or whom login_hint names (OpenID Connect Core section 3.1.2.3).
	SessionUser func(signedIn, hint string) string
	// Remembered is what the user has consented to before (RFC 6749 section 10.2).
	Remembered func(q ConsentQuestion, grants Grants) ScopeSet
	// ConsentNeeded says whether the user must be asked (OpenID Connect Core section 3.1.2.4, RFC 6749 section 10.2).
	ConsentNeeded func(q ConsentQuestion) bool
	// SignIn says whether somebody who is signed in has to sign in again, though nothing in the request asks for it
	// (OpenID Connect Core section 3.1.2.3).
	SignIn func(signedIn string) bool
	// Unasked is what a request yields without a page, of what need not be asked (OpenID Connect Core section 3.1.2.4).
	Unasked func(q ConsentQuestion) (ScopeSet, error)
	// SilentError answers a silent request that needs a page: for signing in, or for consent (OpenID Connect Core section 3.1.2.6).
	SilentError func(signedIn bool) error
	// ConsentItems is what the consent page lists (RFC 6819 section 5.2.4.2).
	ConsentItems func(q ConsentQuestion) []ConsentItem
	// ConsentBound says whether a posted form counts (RFC 6749 section 10.12).
	ConsentBound func(b ConsentBinding) error
	// Answered is the question that an answer is about: own, of the request that the page was shown for, or latest, of
	// the browser's latest request (RFC 6749 section 4.1.2).
	Answered func(own, latest ConsentQuestion) ConsentQuestion
	// ConsentDecision is what an answer accepts (RFC 6749 sections 3.3 and 4.1.2.1).
	ConsentDecision func(a ConsentAnswer) (ScopeSet, error)
	// Remember is what the grant holds and what is remembered after an answer (OpenID Connect Core section 3.1.2.4).
	Remember func(o ConsentOutcome) (held, remembered ScopeSet)
	// EarlierScope is what an earlier authorization keeps after a new answer (RFC 6749 section 6).
	EarlierScope func(o ConsentOutcome, current ScopeSet) ScopeSet
	// Combine is the scope of the new authorization (RFC 6749 section 3.3).
	Combine func(c Combination, grants Grants) ScopeSet
	// ErrorState is the state that an error is sent back with (RFC 6749 section 4.1.2.1).
	ErrorState func(code, state string) string
	// ErrorStatus is the status of an error response of the token endpoint (RFC 6749 section 5.2).
	ErrorStatus func(code string) int
	// RedirectScope is the scope parameter of the code redirect, if it has one (RFC 6749 section 4.1.2).
	RedirectScope func(requested, granted ScopeSet) (ScopeSet, bool)

	// EditReaches says whether an edit concerns what that user gave that client at that API (RFC 7009 section 2.1).
	EditReaches func(e Edit, user, client, resource string) bool
	// EditedGrant is what the grant holds after an edit (RFC 6749 section 10.2).
	EditedGrant func(e Edit, held ScopeSet) ScopeSet
	// EditedMemory is what is still remembered after an edit (OpenID Connect Core section 3.1.2.4).
	EditedMemory func(e Edit, remembered ScopeSet) ScopeSet
	// EditCovers says whether an edit concerns an authorization of the grant, of which latest is the last one made (RFC 6749 section 10.2).
	EditCovers func(latest bool) bool
	// EditedAuthorization is what an authorization keeps after an edit, and whether it has ended (RFC 6749 section 6).
	EditedAuthorization func(e Edit, current ScopeSet) (kept ScopeSet, revoked bool)

	// Presenter checks that a code or refresh token comes from its own client (RFC 6749 sections 4.1.3 and 6).
	Presenter func(grantType string, owner, presenter Client) error
	// CodeReused answers a code that was redeemed before, and says whether that ends what it bought (RFC 6749 section 4.1.2).
	CodeReused func() (ends bool, err error)
	// CodeScope is the scope of the token that a code buys (RFC 6749 section 4.1.3).
	CodeScope func(r Redemption) (ScopeSet, error)
	// GivesRefreshToken says whether a code also buys a refresh token (RFC 6749 section 1.5, OpenID Connect Core section 11).
	GivesRefreshToken func(i Issue) bool
	// RefreshUsable says whether a refresh token is still good (RFC 6749 sections 5.2 and 10.4).
	RefreshUsable func(a Authorization) error
	// RefreshTarget checks the resource parameter of a refresh (RFC 8707 section 2.2).
	RefreshTarget func(granted, asked string) (string, error)
	// RefreshScope is the scope of the refreshed token (RFC 6749 section 6).
	RefreshScope func(r Refresh) (ScopeSet, error)
	// RefreshConsumed says whether a refused request uses the refresh token up (RFC 6749 section 6).
	RefreshConsumed func(refusal error) bool
	// RotatedScope is the scope of the new refresh token (RFC 6749 section 6: identical to the old one's).
	RotatedScope func(current, issued ScopeSet) ScopeSet
	// ServiceClient says whether a client may act for itself (RFC 6749 section 4.4).
	ServiceClient func(c Client) error
	// ServiceScope is what remains of a request without a user (RFC 6749 section 4.4.3).
	ServiceScope func(asked ScopeSet) ScopeSet

	// TokenScope is the scope written into the access token (RFC 9068 section 2.2.3).
	TokenScope func(i Issue) ScopeSet
	// ScopeClaims are the claims of a JWT that name a scope (RFC 9068 section 2.2.3).
	ScopeClaims func(scope ScopeSet) map[string]any
	// ReportedScope is the scope member of the token response, if it has one (RFC 6749 section 5.1).
	ReportedScope func(i Issue) (ScopeSet, bool)
	// WrittenScope is a scope as it stands in a token response (RFC 6749 sections 3.3 and 5.1).
	WrittenScope func(scope ScopeSet) any
	// Lifetime is how long the access token lives (RFC 6749 section 5.1).
	Lifetime func(i Issue) time.Duration
	// GivesIDToken says whether an ID token comes along (OpenID Connect Core section 3.1.3.3).
	GivesIDToken func(i Issue) bool
	// IDTokenClaims are the claims by scope in the ID token (OpenID Connect Core section 5.4).
	IDTokenClaims func(q ClaimsQuestion) map[string]any
	// AccessTokenClaims are the claims about the user in a JWT access token (RFC 9068 section 2.2.2).
	AccessTokenClaims func(q ClaimsQuestion) map[string]any

	// MayIntrospect says whether a caller may look at a token (RFC 7662 section 4).
	MayIntrospect func(caller Client, tokenClient, tokenAudience string) bool
	// LiveScope is the present scope of a token that was issued earlier (RFC 7662 section 2.2).
	LiveScope func(l Live) ScopeSet
	// TokenActive says whether it is still good at all (RFC 7662 section 2.2).
	TokenActive func(l Live) bool
	// UserInfoAllowed says whether a token opens UserInfo (OpenID Connect Core section 5.3.1, RFC 6750 section 3.1).
	UserInfoAllowed func(q ClaimsQuestion) bool
	// UserInfoClaims are the claims of UserInfo besides sub (OpenID Connect Core sections 5.3.2 and 5.4).
	UserInfoClaims func(q ClaimsQuestion) map[string]any

	// StillKnown is scope less what was taken out of the catalogue (RFC 6749 section 3.3).
	StillKnown func(scope, withdrawn ScopeSet) ScopeSet
	// AuthenticationClass is how a user was authenticated; high is true if the
	// request asked for HighACR, fresh if they signed in for it (RFC 9470 section 4).
	AuthenticationClass func(high, fresh bool) string

	Rotation      RotationPolicy
	Introspection IntrospectionPolicy
	Revocation    RevocationPolicy
	Registration  RegistrationPolicy
	Metadata      MetadataPolicy

	API       APIPolicy
	Device    PendingPolicy
	CIBA      PendingPolicy
	Exchange  ExchangePolicy
	Password  PasswordPolicy
	Assertion AssertionPolicy
	PAR       PARPolicy
	JAR       JARPolicy
	Resources ResourcePolicy
	Front     FrontPolicy
	Details   DetailsPolicy
	Manage    ManagePolicy
	Claims    ClaimsPolicy
	OpenID    OpenIDPolicy
	Race      RacePolicy
}

// Conformant returns the lawful policy. Where the standards leave a choice, its
// comment says which one is made.
func Conformant() Policy {
	p := Policy{
		Rotation: conformantRotation(), Introspection: conformantIntrospection(), Revocation: conformantRevocation(), Registration: conformantRegistration(),
		Metadata: conformantMetadata(), API: conformantAPI(), Device: conformantDevice(), CIBA: conformantCIBA(),
		Exchange: conformantExchange(), Password: conformantPassword(), Assertion: conformantAssertion(),
		PAR: conformantPAR(), JAR: conformantJAR(),
		Resources: conformantResources(), Front: conformantFront(), Details: conformantDetails(), Manage: conformantManage(),
		Claims: conformantClaims(), OpenID: conformantOpenID(), Race: conformantRace(),
	}
	p.asking()
	p.consenting()
	p.answering()
	p.editing()
	p.redeeming()
	p.issuing()
	p.showing()
	return p
}

// asking sets the decisions about what a client may ask for.
func (p *Policy) asking() {
	p.ParseScope = parseScope
	p.Omitted = func(_ bool, raw string) bool { return raw == "" }
	p.RepeatedScope = func([]string) (string, string, error) {
		return "", "", Refuse("invalid_request", "the scope is repeated")
	}
	// Choice: it is given the default.
	p.OmittedScope = func(string) error { return nil }
	p.DefaultScope = func(Client) ScopeSet { return ScopeSet{ReadAppointments} }
	// Choice: unknown scopes are ignored, and the response says so.
	p.Unknown = func(_ string, asked, known ScopeSet) (ScopeSet, error) { return asked.And(known), nil }
	// Choice: unknown scopes are left out; the default is enough to log in and to read.
	p.RegisteredScope = func(asked, known ScopeSet) ScopeSet {
		if asked.IsEmpty() {
			return ScopeSet{OpenID, ReadAppointments}
		}
		return asked.And(known)
	}
	p.FirstParty = func(declared, dynamic bool) bool { return declared && !dynamic }
	p.ClientMay = func(c Client, asked ScopeSet) ScopeSet { return asked.And(c.Scope) }
	// Choice: asking for more than the client may have is an error.
	p.ClientExcess = func(_ string, asked, may ScopeSet) (ScopeSet, error) {
		if !may.Covers(asked) {
			return nil, Refuse("invalid_scope", "the client is not allowed every scope it asks for")
		}
		return asked, nil
	}
	p.StillKnown = func(scope, withdrawn ScopeSet) ScopeSet { return scope.Minus(withdrawn) }
	p.AuthenticationClass = func(high, fresh bool) string {
		if high && fresh {
			return HighACR
		}
		return ""
	}
	p.UserMay = func(u User, _ Client, asked ScopeSet) ScopeSet {
		return asked.Where(func(token string) bool { return IsOIDC(token) || u.Permissions.Has(token) })
	}
	// Choice: what the user may not hand out is left out, and the response says so.
	p.UserExcess = func(asked, may ScopeSet) (ScopeSet, error) { return asked.And(may), nil }
	p.Applies = func(Limit, string) bool { return true }
	p.OfflineAccess = func(q OfflineQuestion) ScopeSet {
		if hasPrompt(q.Prompt, "consent") && q.Client.MayUse(RefreshToken) {
			return q.Asked
		}
		return q.Asked.Without(OfflineAccess)
	}
	p.NothingLeft = func(atTokenEndpoint bool) error {
		if atTokenEndpoint {
			return Refuse("invalid_scope", "none of the scopes asked for can be issued")
		}
		return Refuse("access_denied", "none of the scopes asked for can be granted")
	}
}

// parseScope refuses octets outside RFC 6749 section 3.3. Choice: repetitions
// and surplus spaces are dropped.
func parseScope(raw string) (ScopeSet, error) {
	for i := range len(raw) {
		if b := raw[i]; b < 0x20 || b > 0x7e || b == '"' || b == '\\' {
			return nil, Refuse("invalid_scope", "the scope holds a character that no scope may hold")
		}
	}
	var tokens []string
	for token := range strings.SplitSeq(raw, " ") {
		if token != "" {
			tokens = append(tokens, token)
		}
	}
	return NewScopeSet(tokens...), nil
}

// consenting sets the decisions about whether and what a resource owner is asked.
func (p *Policy) consenting() {
	p.Prompt = promptValues
	p.ErrorNeedsLogin = func(c Client) bool { return c.Dynamic }
	// Choice: errors are sent also to clients that registered themselves.
	p.ErrorShown = func(Client, string) bool { return false }
	p.SessionUser = func(signedIn, _ string) string { return signedIn }
	p.Remembered = func(q ConsentQuestion, grants Grants) ScopeSet {
		return grants.Of(q.User.Name, q.Client.ID, q.Resource).Remembered
	}
	// Choice: first-party clients skip consent unless they ask for it or the
	// user took the scope away before; public clients never do.
	p.ConsentNeeded = func(q ConsentQuestion) bool {
		switch {
		case hasPrompt(q.Prompt, "consent"), q.Client.Public:
			return true
		case q.Client.FirstParty:
			return !q.Asked.And(q.Removed.Minus(q.Remembered)).IsEmpty()
		}
		return q.Asked.IsEmpty() || !q.Remembered.Covers(q.Asked)
	}
	// Choice: whoever is signed in stays so.
	p.SignIn = func(string) bool { return false }
	p.Unasked = func(q ConsentQuestion) (ScopeSet, error) { return q.Asked, nil }
	p.SilentError = func(signedIn bool) error {
		if !signedIn {
			return Refuse("login_required", "nobody is logged in")
		}
		return Refuse("consent_required", "the resource owner must be asked")
	}
	// Choice: everything asked for is listed again, also what was granted or deselected before.
	p.ConsentItems = func(q ConsentQuestion) []ConsentItem {
		items := make([]ConsentItem, 0, len(q.Asked))
		for _, token := range q.Asked {
			items = append(items, ConsentItem{Scope: token, Text: ScopeAt(q.API, token).Text})
		}
		return items
	}
}

// promptValues refuses a value without meaning, and "none" with any other.
func promptValues(values []string) ([]string, error) {
	for _, value := range values {
		switch {
		case value != "none" && value != "login" && value != "consent" && value != "select_account",
			value == "none" && len(values) > 1:
			return nil, Refuse("invalid_request", "this prompt has no meaning")
		}
	}
	return values, nil
}

// answering sets the decisions about what comes of an answer.
func (p *Policy) answering() {
	p.ConsentBound = func(b ConsentBinding) error {
		if !b.SameSession || !b.SameUser || !b.Genuine || b.Used {
			return Refuse("access_denied", "this form belongs to another session, or was sent before")
		}
		return nil
	}
	p.Answered = func(own, _ ConsentQuestion) ConsentQuestion { return own }
	p.ConsentDecision = func(a ConsentAnswer) (ScopeSet, error) {
		if !a.Allow {
			return nil, Refuse("access_denied", "the resource owner denied the request")
		}
		if !a.Ticked.Covers(a.Required) {
			return nil, Refuse("access_denied", "the resource owner declined a scope that is required")
		}
		return a.Asked.And(a.Ticked), nil
	}
	p.Remember = func(o ConsentOutcome) (held, remembered ScopeSet) {
		if !o.Allowed {
			return o.Grant.Scope, o.Grant.Remembered
		}
		declined := o.Asked.Minus(o.Accepted)
		return o.Grant.Scope.Minus(declined).Or(o.Accepted), o.Grant.Remembered.Minus(declined).Or(o.Accepted)
	}
	// Choice: unticking a scope takes it from earlier authorizations too.
	p.EarlierScope = func(o ConsentOutcome, current ScopeSet) ScopeSet {
		if !o.Allowed || !o.Shown {
			return current
		}
		return current.Minus(o.Asked.Minus(o.Accepted))
	}
	// Choice: grants are separate, unless the client asks for the union; a
	// public client, which cannot prove who it is, never gets one.
	p.Combine = func(c Combination, _ Grants) ScopeSet {
		if c.Include && !c.Client.Public {
			return c.Accepted.Or(c.Grant.Scope.Without(OfflineAccess))
		}
		return c.Accepted
	}
	p.ErrorState = func(_, state string) string { return state }
	p.ErrorStatus = func(string) int { return http.StatusBadRequest }
	// Choice: the redirect has no scope parameter.
	p.RedirectScope = func(_, _ ScopeSet) (ScopeSet, bool) { return nil, false }
}

func hasPrompt(prompt []string, value string) bool { return ScopeSet(prompt).Has(value) }

// editing sets the decisions about changes that a resource owner makes later.
func (p *Policy) editing() {
	p.EditReaches = func(e Edit, user, client, resource string) bool {
		return user == e.User && client == e.Client && resource == e.Resource
	}
	narrow := func(e Edit, scope ScopeSet) ScopeSet {
		if e.Revoke {
			return nil
		}
		return scope.And(e.Wanted)
	}
	p.EditCovers = func(bool) bool { return true }
	p.EditedGrant = narrow
	p.EditedMemory = narrow
	p.EditedAuthorization = func(e Edit, current ScopeSet) (ScopeSet, bool) { return narrow(e, current), e.Revoke }
}

// redeeming sets the decisions about codes, refresh tokens and clients that act
// for themselves.
func (p *Policy) redeeming() {
	p.Presenter = func(_ string, owner, presenter Client) error {
		if owner.ID != presenter.ID {
			return Refuse("invalid_grant", "this was issued to another client")
		}
		return nil
	}
	p.CodeReused = func() (bool, error) { return true, Refuse("invalid_grant", "the code was redeemed before") }
	// Choice: a scope parameter is ignored; the code stands for one decision.
	p.CodeScope = func(r Redemption) (ScopeSet, error) {
		if r.Authorization.Revoked {
			return nil, Refuse("invalid_grant", "the grant was revoked")
		}
		return r.Authorization.Current.And(r.ClientMay).And(r.UserMay), nil
	}
	// Choice: refresh tokens come with offline_access only.
	p.GivesRefreshToken = func(i Issue) bool {
		return i.Client.MayUse(RefreshToken) && i.Scope.Has(OfflineAccess)
	}
	p.RefreshUsable = func(a Authorization) error {
		if a.Revoked || a.RefreshEnded || a.Granted.Has(OfflineAccess) && !a.Current.Has(OfflineAccess) {
			return Refuse("invalid_grant", "the grant was revoked")
		}
		return nil
	}
	p.RefreshTarget = func(granted, asked string) (string, error) {
		if asked != "" && asked != granted {
			return "", Refuse("invalid_target", "the refresh token was granted for another resource")
		}
		return granted, nil
	}
	// Choice: a narrower scope is honoured, a wider one is an error.
	p.RefreshScope = func(r Refresh) (ScopeSet, error) {
		most := r.Authorization.Current.And(r.ClientMay).And(r.UserMay)
		if r.Asked.IsEmpty() {
			return most, nil
		}
		if !most.Covers(r.Asked) {
			return nil, Refuse("invalid_scope", "the scope exceeds what is granted")
		}
		return r.Asked, nil
	}
	p.RefreshConsumed = func(error) bool { return false }
	p.RotatedScope = func(current, _ ScopeSet) ScopeSet { return current }
	p.ServiceClient = func(c Client) error {
		if c.Public || !c.MayUse(ClientCredentials) {
			return Refuse("unauthorized_client", "this client cannot act for itself")
		}
		return nil
	}
	// Choice: scopes that need a user are left out, and the response says so.
	p.ServiceScope = func(asked ScopeSet) ScopeSet {
		return asked.Where(func(token string) bool {
			return !IsOIDC(token) && !ScopeAt(CalendarAPI, token).UserOnly
		})
	}
}

// issuing sets the decisions about tokens and what is said of them.
func (p *Policy) issuing() {
	p.TokenScope = func(i Issue) ScopeSet { return i.Scope }
	p.ScopeClaims = func(scope ScopeSet) map[string]any {
		if scope.IsEmpty() {
			return nil
		}
		return map[string]any{"scope": scope.String()}
	}
	// Choice: the scope is always reported.
	p.ReportedScope = func(i Issue) (ScopeSet, bool) { return i.Scope, true }
	p.WrittenScope = func(scope ScopeSet) any { return scope.String() }
	p.Lifetime = func(Issue) time.Duration { return 300 * time.Second }
	// Choice: a token that nobody signs in for comes without one.
	p.GivesIDToken = func(i Issue) bool {
		switch i.GrantType {
		case ClientCredentials, TokenExchange, JWTBearer:
			return false
		}
		return i.Scope.Has(OpenID)
	}
	// Choice: claims asked for by scope are in UserInfo only.
	p.IDTokenClaims = func(ClaimsQuestion) map[string]any { return nil }
	p.AccessTokenClaims = func(ClaimsQuestion) map[string]any { return nil }
}

// showing sets the decisions about what introspection and UserInfo show.
func (p *Policy) showing() {
	p.MayIntrospect = func(caller Client, tokenClient, tokenAudience string) bool {
		return caller.ID == tokenClient || caller.Audience != "" && caller.Audience == tokenAudience
	}
	p.LiveScope = func(l Live) ScopeSet {
		if !l.UserBound {
			return l.TokenScope.And(l.ClientMay)
		}
		return l.TokenScope.And(l.Authorization.Current).And(l.ClientMay).And(l.UserMay)
	}
	p.TokenActive = func(l Live) bool {
		return l.Now.Before(l.Expires) && !l.TokenRevoked && !l.ClientGone && !l.Authorization.Revoked
	}
	p.UserInfoAllowed = func(q ClaimsQuestion) bool { return q.UserBound && q.Scope.Has(OpenID) }
	// Choice: claims asked for by name are another matter; see ClaimsPolicy.
	p.UserInfoClaims = func(q ClaimsQuestion) map[string]any { return ClaimsFor(q.User, q.Scope) }
}
