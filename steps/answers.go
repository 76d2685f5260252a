package steps

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/scopeproof/scopeproof/internal/actor"
	"github.com/scopeproof/scopeproof/oauth"
)

// registerAnswers adds the judgements about what a client is told: by the
// response, by a refusal, by the token itself.
func registerAnswers(r registrar, w *World) {
	r.Then(`^`+subject+` is told (`+some+`)(, or is refused)?$`, w.isTold)
	r.Then(`^`+subject+` is not misled about its scope$`, w.isNotMisled)
	r.Then(`^`+subject+` is refused((?:, typically)? with "[^"]*")?(?:, or (?:is )?told (`+some+`|what it holds|that it holds nothing))?$`, w.isRefused)
	r.Then(`^(\w+) is sent back with an error, typically "([^"]*)"$`, w.isSentBack)
	r.Then(`^(\w+)'s( first)? token has ended$`, w.tokenHasEnded)
	r.Then(`^`+subject+` receives (an?|no|no more than the plain|the plain) (token|code|refresh token|ID token|details)$`, w.receives)
	r.Then(`^(\w+) is told of offline_access only if it has a refresh token$`, w.isToldOffline)
	r.Then(`^(\w+) gets its state back( in the fragment)?$`, w.getsState)
	r.Then(`^(\w+) is not answered there$`, w.isNotAnswered)
	r.Then(`^(\w+) was signed in before (\w+) was answered$`, w.wasSignedIn)
	r.Then(`^(\w+)'s refusal is an error response$`, w.isErrorResponse)
	r.Then(`^(every account|the claims) of (\w+)'s token (?:says? "([^"]*)"|name its scope)$`, w.accountSays)
	r.Then(`^the redirect tells (\w+) nothing but "([^"]*)"$`, w.redirectTells)
	r.Then(`^(\w+)'s token lives no longer than declared$`, w.livesNoLonger)
}

func (w *World) isTold(ctx context.Context, subject, want, otherwise string) error {
	set, err := w.set(want)
	if err != nil {
		return err
	}
	return w.each(ctx, subject, func(o *outcome) error {
		if o.refusal() != nil && otherwise != "" {
			return nil
		}
		return w.judgeTold(o, set)
	})
}

func (w *World) judgeTold(o *outcome, set oauth.ScopeSet) error {
	client := o.client.Name
	if r := o.refusal(); r != nil {
		return violation("%s was refused with %s, want to be told %q", client, r, set)
	}
	ignored := oauth.ScopeSet{}
	if o.owner == nil { // scopes of OpenID Connect mean nothing where nobody signs in
		ignored = w.cast.ProtocolScopes()
		set = set.Minus(ignored)
	}
	// To say nothing is to say that it is as asked, whatever the order and however often (RFC 6749 sections 3.3 and 5.1).
	asked := o.issue.Grant != oauth.TokenExchange || !o.issue.Omitted
	if !o.issue.Told.Present && (!asked || !w.hierarchy().Alike(w.plain(o.issue.Wanted(), set).Minus(ignored), set)) {
		return violation("%s was told nothing, which means %q as asked, want scope %q in the response", client, o.issue.Wanted(), set)
	}
	if told := w.plain(o.issue.Means(), set).Minus(ignored); !w.hierarchy().Alike(told, set) {
		return violation("%s was told %q, want %q", client, told, set)
	}
	return nil
}

func (w *World) isNotMisled(ctx context.Context, subject string) error {
	return w.each(ctx, subject, func(o *outcome) error {
		if o.refusal() != nil {
			return nil
		}
		seen, err := w.look(ctx, o)
		if err != nil {
			return err
		}
		if means := o.issue.Means(); !w.agrees(means, seen.Effective, seen) {
			how := "was told"
			if !o.issue.Told.Present {
				how = "was told nothing, which means"
			}
			return violation("%s %s %q and holds %q", o.client.Name, how, means, seen.Effective)
		}
		return nil
	})
}

// isRefused accepts the codes of a list joined by " or ", and, where the sentence
// says so, a success that is told. Another code than a typical one is a deviation.
func (w *World) isRefused(ctx context.Context, subject, with, told string) error {
	how, codes, _ := strings.Cut(strings.TrimSuffix(with, `"`), `"`)
	otherwise := violation
	if strings.Contains(how, "typically") {
		otherwise = lenient
	}
	return w.each(ctx, subject, func(o *outcome) error {
		r := o.refusal()
		switch {
		case r == nil && told == "that it holds nothing":
			return w.judgeToldNothing(o)
		case r == nil && told == "what it holds":
			return w.judgeToldHeld(ctx, o)
		case r == nil && told != "":
			set, err := w.set(told)
			if err != nil {
				return err
			}
			if told == "the default scope" && o.owner == nil { // a machine need not be given what only people can give (OpenID Connect Core section 3.1.2)
				set = set.Minus(w.cast.OnlyPeople().Minus(o.issue.Means()))
			}
			if less := o.issue.Means(); told == "the default scope" && !less.IsEmpty() && w.within(less, set) && !w.within(set, less) { // each way to ask may have one (RFC 6749 section 3.3)
				return lenient("%s was told %q, want %q as elsewhere", o.client.Name, less, set)
			}
			return w.judgeTold(o, set)
		case r == nil && strings.Contains(with, string(oauth.AccessDenied)) && w.nothingNew(o):
			return lenient("%s was issued a token for %q, which had been agreed to before, and %s was not asked", o.client.Name, o.issue.Means(), o.owner.Name)
		case r == nil && w.agreedBefore(o):
			return violation("%s was issued a token for %q, which had been agreed to before, want a refusal", o.client.Name, o.issue.Means())
		case r == nil:
			return excess("%s was issued a token for %q, want a refusal", o.client.Name, o.issue.Means())
		case codes != "" && !o.shown() && !slices.Contains(strings.Split(codes, " or "), string(r.Code)):
			return otherwise("%s was refused with %s, want %s", o.client.Name, r, codes)
		}
		return nil
	})
}

// isSentBack wants an error in the redirect, and no page. Another code than the
// ones that are meant for it is a deviation.
func (w *World) isSentBack(_ context.Context, client, codes string) error {
	o, err := w.outcomeOf(client)
	if err != nil {
		return err
	}
	switch r := o.refusal(); {
	case r == nil:
		return excess("%s was issued a token for %q, want an error", client, o.issue.Means())
	case o.auth != nil && o.auth.AtPush || o.shown(): // before there was anybody to send back (RFC 9126 section 2.3)
		return nil
	case o.auth == nil || o.auth.Arrival.Redirect == nil && !strings.Contains(codes, string(oauth.InvalidScope)):
		return violation("%s was not sent back: a page was shown, want a redirect with an error", client)
	case o.auth.Arrival.Redirect == nil: // a server need not trust the redirect URI (RFC 9700 section 4.11.2)
		return lenient("%s was not sent back: a page was shown, want a redirect with an error", client)
	case !slices.Contains(strings.Split(codes, " or "), string(r.Code)) && !o.auth.WantsHint():
		return lenient("%s was sent back with %s, want %s", client, r, codes)
	}
	return wellDescribed(o)
}

// wellDescribed is about the characters of an error_description (RFC 6749 sections
// 4.1.2.1 and 5.2), which is where what was sent comes back.
func wellDescribed(o *outcome) error {
	odd := func(r rune) bool { return r < ' ' || r > '~' || r == '"' || r == '\\' }
	if text := o.refusal().Description; strings.ContainsFunc(text, odd) {
		return lenient("%s was refused with the description %q, which holds a character that none may hold", o.client.Name, text)
	}
	return nil
}

// tokenHasEnded looks at whether a token is still good for anything.
func (w *World) tokenHasEnded(ctx context.Context, client, first string) error {
	find := w.held
	if first != "" {
		find = w.first
	}
	i, err := find(ctx, client)
	if err != nil {
		return err
	}
	seen, err := i.Observe(ctx, w.epoch)
	if err != nil {
		return err
	}
	switch in := seen.Introspected; {
	case in != nil && in.Active:
		return violation("%s's token is still active with %q, want it ended", client, in.Scope.Set)
	case in != nil:
		return nil // an API that looks into the token itself may serve it until it expires
	case seen.Claims != nil || seen.Tried.IsEmpty():
		return fmt.Errorf("nothing tells whether %s's token has ended", client)
	case !seen.Opened.IsEmpty():
		return violation("%s's token still opens the API with %q, want it ended", client, seen.Opened)
	}
	return nil
}

// held is the latest issue that gave a client a token.
func (w *World) held(ctx context.Context, client string) (*actor.Issue, error) {
	c, err := w.client(ctx, client)
	if err != nil {
		return nil, err
	}
	for _, i := range slices.Backward(c.Issues) {
		if i.Response != nil {
			return i, nil
		}
	}
	return nil, fmt.Errorf("%s was issued no token", client)
}

// judgeToldHeld wants the scope of the token named. One that holds nothing may
// say nothing, if nothing was asked.
func (w *World) judgeToldHeld(ctx context.Context, o *outcome) error {
	seen, err := w.look(ctx, o)
	if err != nil {
		return err
	}
	if seen.Effective.IsEmpty() && o.issue.Omitted && !o.issue.Told.Present {
		return nil
	}
	return w.judgeTold(o, seen.Effective)
}

func (w *World) judgeToldNothing(o *outcome) error {
	if !o.issue.Told.Present {
		return violation("%s was told nothing, which means %q as asked, want a refusal or an explicit scope", o.client.Name, o.issue.Wanted())
	}
	if told := w.plain(o.issue.Told.Set, oauth.ScopeSet{}).Intersect(w.cast.APIScopes()); !told.IsEmpty() {
		return excess("%s was told %q, want nothing", o.client.Name, told)
	}
	return nil
}

// receives judges whether something was given at all.
func (w *World) receives(ctx context.Context, subject, which, thing string) error {
	if thing == "code" {
		return w.receivesCode(subject, which)
	}
	return w.each(ctx, subject, func(o *outcome) error {
		switch thing {
		case "token":
			return receivesToken(o, which)
		case "refresh token":
			return receivesRefreshToken(o, which)
		case "details":
			return w.receivesDetails(ctx, o, which)
		}
		return receivesIDToken(o, which)
	})
}

func receivesToken(o *outcome, which string) error {
	client := o.client.Name
	has := o.issue != nil && o.issue.Response != nil
	if which == "no" && has {
		return excess("%s was issued a token for %q, want none", client, o.issue.Means())
	}
	if which == "no" && o.refusal().Tokens {
		return excess("%s was refused with %s, and the refusal carries a token or a code", client, o.refusal())
	}
	if which != "no" && !has {
		return violation("%s was refused with %s, want a token", client, o.refusal())
	}
	return nil
}

// receivesCode is about the form that was sent last for a client.
func (w *World) receivesCode(client, which string) error {
	a, err := w.code(client, false)
	if err != nil {
		return err
	}
	// A code with another state answers another request, and the same code once more is no second one.
	given := a.Code != "" && a.StateOK && a.Code != w.sent[client]
	if which == "no" && given && w.sent[client] != "" { // no text says that a page is good for one answer
		return lenient("%s was given a second code for %q by one page, want none", client, a.Asked)
	}
	if which == "no" && given {
		return excess("%s was given a code for %q, want none", client, a.Asked)
	}
	if which == "a" && !given {
		return violation("%s was given no code, want one for %q", client, a.Asked)
	}
	return nil
}

func receivesRefreshToken(o *outcome, which string) error {
	client := o.client.Name
	has := o.refusal() == nil && o.issue.Response.RefreshToken != ""
	if which == "no" && has && o.issue.Grant == oauth.ClientCredentials {
		return violation("%s was given a refresh token, want none", client) // a SHOULD NOT (RFC 6749 section 4.4.3)
	}
	if which == "no" && has {
		return excess("%s was given a refresh token, want none", client)
	}
	if which == "a" && !has {
		return violation("%s was given no refresh token, want one", client)
	}
	return nil
}

func (w *World) isToldOffline(_ context.Context, client string) error {
	o, err := w.outcomeOf(client)
	if err != nil || o.refusal() != nil {
		return err
	}
	means, has := o.issue.Means().Has("offline_access"), o.issue.Response.RefreshToken != ""
	if means && !has {
		return violation("%s is left to think that it holds %q, and was given no refresh token", client, o.issue.Means())
	}
	return nil
}

func (w *World) getsState(_ context.Context, client, where string) error {
	o, err := w.outcomeOf(client)
	if err != nil {
		return err
	}
	if o.auth != nil && o.auth.AtPush || o.shown() {
		return nil // the client is answered itself, or its user, and nobody is sent back
	}
	if o.auth == nil || o.auth.Arrival.Redirect == nil { // a server need not trust the redirect URI (RFC 9700 section 4.11.2)
		return lenient("%s was sent nothing back, want a redirect with its state", client)
	}
	if !o.auth.StateOK {
		return violation("%s was sent another state than it gave", client)
	}
	if where != "" && !o.auth.InFragment {
		return violation("%s was answered in the query, want the fragment", client)
	}
	return nil
}

func (w *World) accountSays(ctx context.Context, which, client, want string) error {
	switch {
	case want == "":
		return w.claimsName(ctx, client)
	case which == "the claims":
		return w.claimsSay(ctx, client, want)
	}
	return w.everyAccount(ctx, client, want)
}

// isNotAnswered is about a redirect URI that is not the client's.
func (w *World) isNotAnswered(_ context.Context, client string) error {
	o, err := w.outcomeOf(client)
	if err != nil {
		return err
	}
	if o.auth == nil || o.auth.Arrival.Redirect == nil {
		return nil
	}
	return excess("%s was answered at a redirect URI that it never registered", client)
}

// wasSignedIn wants a sign-in page before the redirect. Few servers have one
// where a request is refused at once, so that it is a deviation whatever the
// level.
func (w *World) wasSignedIn(_ context.Context, owner, client string) error {
	o, err := w.outcomeOf(client)
	if err != nil {
		return err
	}
	if o.auth == nil {
		return fmt.Errorf("%s asked nobody", client)
	}
	if o.auth.Arrival.Redirect != nil && o.auth.Arrival.LoginPages == 0 {
		return lenient("%s was answered with %s, and %s had not signed in", client, o.refusal(), owner)
	}
	return nil
}

// isErrorResponse is RFC 6749 section 5.2: a status of 400, and JSON.
func (w *World) isErrorResponse(_ context.Context, client string) error {
	o, err := w.outcomeOf(client)
	if err != nil {
		return err
	}
	r := o.refusal()
	if r == nil || o.issue == nil {
		return fmt.Errorf("%s was not refused at the token endpoint", client)
	}
	if r.Status != http.StatusBadRequest || r.Media != "application/json" || r.Code == "" {
		return violation("%s was refused with %s as %q, want 400, application/json and an error code", client, r, r.Media)
	}
	return wellDescribed(o)
}

func (w *World) everyAccount(ctx context.Context, client, want string) error {
	issue, set, err := w.issuedAnd(client, want)
	if err != nil {
		return err
	}
	seen, err := issue.Observe(ctx, w.epoch)
	if err != nil {
		return err
	}
	for _, a := range accounts(issue, seen, w.cast.ProtocolScopes()) {
		compare, missing := set, w.beyond
		if a.only != nil { // what it does not honour is not there, whatever includes it
			compare, missing = set.Intersect(*a.only), oauth.ScopeSet.Minus
		}
		if got := w.plain(a.set, set); !w.within(got, set) || !missing(compare.Minus(a.less), got).IsEmpty() {
			return violation("%s of %s's token says %q, want %q", a.name, client, got, compare)
		}
	}
	return nil
}

// account is what one oracle says of a token. Only limits what it can speak of;
// less is what it need not name: scopes that mean nothing at a resource server
// (RFC 9068 section 2.2.3, RFC 7662 section 2.2).
type account struct {
	name string
	set  oauth.ScopeSet
	only *oauth.ScopeSet
	less oauth.ScopeSet
}

func accounts(i *actor.Issue, o *actor.Observation, protocol oauth.ScopeSet) []account {
	list := []account{{name: "the response", set: i.Means()}}
	if o.JWT != nil {
		list = append(list, account{name: "the claim", set: *o.JWT, less: protocol})
	}
	if o.Introspected != nil && o.Introspected.Active && o.Introspected.Scope.Present {
		list = append(list, account{name: "introspection", set: o.Introspected.Scope.Set, less: protocol})
	}
	if !o.Tried.IsEmpty() {
		list = append(list, account{name: "the API's treatment", set: o.Opened, only: &o.Tried})
	}
	return list
}

func (w *World) claimsSay(ctx context.Context, client, want string) error {
	issue, set, err := w.issuedAnd(client, want)
	if err != nil {
		return err
	}
	seen, err := issue.Observe(ctx, w.epoch)
	if err != nil {
		return err
	}
	if seen.Claims == nil {
		return fmt.Errorf("%s's token has no claims that can be read", client)
	}
	if seen.JWT == nil { // RFC 9068 section 2.2.3: it should be there
		return lenient("the claims of %s's token name no scope, want %q", client, set)
	}
	if got := w.plain(*seen.JWT, set); !w.within(got, set) || !w.within(set.Minus(w.cast.ProtocolScopes()), got) {
		return excess("the claims of %s's token say %q, want %q", client, got, set)
	}
	return nil
}

// claimsName wants a claim for the scope. Some servers call it scp, and then it is
// another than RFC 9068 section 2.2.3 means.
func (w *World) claimsName(ctx context.Context, client string) error {
	issue, err := w.issued(client)
	if err != nil {
		return err
	}
	seen, err := issue.Observe(ctx, w.epoch)
	if err != nil {
		return err
	}
	switch {
	case seen.Claims == nil:
		return fmt.Errorf("%s's token has no claims that can be read", client)
	case seen.Claims["scope"] == nil && seen.JWT != nil:
		return lenient("the claims of %s's token name its scope under another name, want scope", client)
	case seen.Claims["scope"] == nil:
		return violation("the claims of %s's token name no scope, want %q", client, issue.Means())
	}
	return nil
}

func (w *World) redirectTells(_ context.Context, client, want string) error {
	o, err := w.outcomeOf(client)
	if err != nil {
		return err
	}
	set, err := scope(want)
	if err != nil {
		return err
	}
	if o.auth == nil || o.auth.Code == "" {
		return fmt.Errorf("%s was given no code", client)
	}
	if s := o.auth.Scope; s.Present && !w.hierarchy().Alike(w.plain(s.Set, set), set) {
		return violation("the redirect tells %s %q, want %q or nothing", client, s.Set, set)
	}
	return nil
}

func (w *World) livesNoLonger(_ context.Context, client string) error {
	issue, err := w.issued(client)
	if err != nil {
		return err
	}
	most := time.Duration(w.target().Description.AuthorizationServer.TokenLifetime)
	if most == 0 {
		return nil // not declared
	}
	if life := issue.Response.ExpiresIn; life > most {
		return violation("%s's token lives for %s, want at most %s as declared", client, life, most)
	}
	return nil
}
