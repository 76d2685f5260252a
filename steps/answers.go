package steps

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/scopeproof/scopeproof/internal/actor"
	"github.com/scopeproof/scopeproof/oauth"
)

// registerAnswers adds the judgements about what a client is told: by the
// response, by a refusal, by the token itself, by introspection.
func registerAnswers(r registrar, w *World) {
	r.Then(`^(\w+) is told "([^"]*)"$`, w.isTold)
	r.Then(`^(\w+) is told "([^"]*)", or is refused$`, w.isToldOrRefused)
	r.Then(`^(\w+) is not misled about its scope$`, w.isNotMisled)
	r.Then(`^(\w+) is refused$`, w.isRefused)
	r.Then(`^(\w+) is refused with "([^"]*)"$`, w.isRefusedWith)
	r.Then(`^(\w+) is refused with "([^"]*)", or is told "([^"]*)"$`, w.isRefusedWithOrTold)
	r.Then(`^(\w+) is refused, or told that it holds nothing$`, w.isRefusedOrEmpty)
	r.Then(`^(\w+) receives no token$`, w.receivesNoToken)
	r.Then(`^(\w+) receives (a|no) code$`, w.receivesCode)
	r.Then(`^(\w+) receives (a|no) refresh token$`, w.receivesRefreshToken)
	r.Then(`^(\w+) is told of offline_access only if it has a refresh token$`, w.isToldOffline)
	r.Then(`^(\w+) gets its state back$`, w.getsState)
	r.Then(`^every account of (\w+)'s token says "([^"]*)"$`, w.everyAccount)
	r.Then(`^the claims of (\w+)'s token say "([^"]*)"$`, w.claimsSay)
	r.Then(`^introspection shows (\w+)'s token with (exactly|at least|no scope beyond) "([^"]*)"$`, w.introspectionShows)
	r.Then(`^introspection calls (\w+)'s token inactive$`, w.introspectionInactive)
	r.Then(`^the redirect tells (\w+) nothing but "([^"]*)"$`, w.redirectTells)
	r.Then(`^(\w+)'s token lives no longer than declared$`, w.livesNoLonger)
}

func (w *World) isTold(_ context.Context, client, want string) error {
	o, err := w.outcomeOf(client)
	if err != nil {
		return err
	}
	set, err := scope(want)
	if err != nil {
		return err
	}
	if r := o.refusal(); r != nil {
		return violation("%s was refused with %s, want to be told %q", client, r, set)
	}
	if !o.issue.Told.Present {
		return violation("%s was told nothing, which means %q as asked, want scope %q in the response", client, o.issue.Wanted(), set)
	}
	if told := w.plain(o.issue.Told.Set, set); !told.Equal(set) {
		return violation("%s was told %q, want %q", client, told, set)
	}
	return nil
}

func (w *World) isToldOrRefused(ctx context.Context, client, want string) error {
	o, err := w.outcomeOf(client)
	if err != nil || o.refusal() != nil {
		return err
	}
	return w.isTold(ctx, client, want)
}

func (w *World) isNotMisled(ctx context.Context, client string) error {
	o, err := w.outcomeOf(client)
	if err != nil || o.refusal() != nil {
		return err
	}
	held, err := w.effective(ctx, o.issue)
	if err != nil {
		return err
	}
	if means := o.issue.Means(); !means.Equal(held) {
		how := "was told"
		if !o.issue.Told.Present {
			how = "was told nothing, which means"
		}
		return violation("%s %s %q and holds %q", client, how, means, held)
	}
	return nil
}

func (w *World) isRefused(_ context.Context, client string) error {
	o, err := w.outcomeOf(client)
	if err != nil {
		return err
	}
	if o.refusal() == nil {
		return excess("%s was issued a token for %q, want a refusal", client, o.issue.Means())
	}
	return nil
}

// isRefusedWith accepts the codes of a list joined by " or ".
func (w *World) isRefusedWith(ctx context.Context, client, codes string) error {
	if err := w.isRefused(ctx, client); err != nil {
		return err
	}
	o, err := w.outcomeOf(client)
	if err != nil {
		return err
	}
	r := o.refusal()
	if !slices.Contains(strings.Split(codes, " or "), string(r.Code)) {
		return violation("%s was refused with %s, want %s", client, r, codes)
	}
	return nil
}

func (w *World) isRefusedWithOrTold(ctx context.Context, client, codes, want string) error {
	o, err := w.outcomeOf(client)
	if err != nil {
		return err
	}
	if o.refusal() != nil {
		return w.isRefusedWith(ctx, client, codes)
	}
	return w.isTold(ctx, client, want)
}

func (w *World) isRefusedOrEmpty(_ context.Context, client string) error {
	o, err := w.outcomeOf(client)
	if err != nil || o.refusal() != nil {
		return err
	}
	if !o.issue.Told.Present {
		return violation("%s was told nothing, which means %q as asked, want a refusal or an explicit scope", client, o.issue.Wanted())
	}
	if told := w.plain(o.issue.Told.Set, oauth.ScopeSet{}).Intersect(w.cast.APIScopes()); !told.IsEmpty() {
		return excess("%s was told %q, want nothing", client, told)
	}
	return nil
}

func (w *World) receivesNoToken(_ context.Context, client string) error {
	o, err := w.outcomeOf(client)
	if err != nil {
		return err
	}
	if o.issue != nil && o.issue.Response != nil {
		return excess("%s was issued a token for %q, want none", client, o.issue.Means())
	}
	if o.refusal().Tokens {
		return excess("%s was refused with %s, and the refusal carries a token or a code", client, o.refusal())
	}
	return nil
}

func (w *World) receivesCode(_ context.Context, client, which string) error {
	a, ok := w.codes[client]
	if !ok {
		return fmt.Errorf("nobody sent a form for %s", client)
	}
	// A code with another state answers another request, and the same code once more is no second one.
	given := a.Code != "" && a.StateOK && a.Code != w.sent[client]
	if which == "no" && given {
		return excess("%s was given a code for %q, want none", client, a.Asked)
	}
	if which == "a" && !given {
		return violation("%s was given no code, want one for %q", client, a.Asked)
	}
	return nil
}

func (w *World) receivesRefreshToken(_ context.Context, client, which string) error {
	o, err := w.outcomeOf(client)
	if err != nil {
		return err
	}
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

func (w *World) getsState(_ context.Context, client string) error {
	o, err := w.outcomeOf(client)
	if err != nil {
		return err
	}
	if o.auth == nil || o.auth.Arrival.Redirect == nil {
		return violation("%s was sent nothing back, want a redirect with its state", client)
	}
	if !o.auth.StateOK {
		return violation("%s was sent another state than it gave", client)
	}
	return nil
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
		compare := set
		if a.only != nil {
			compare = set.Intersect(*a.only)
		}
		if got := w.plain(a.set, set); !got.SubsetOf(compare) || !compare.Minus(a.less).SubsetOf(got) {
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
	if seen.JWT == nil {
		return fmt.Errorf("%s's token has no scope claim that can be read", client)
	}
	if got := w.plain(*seen.JWT, set); !got.SubsetOf(set) || !set.Minus(w.cast.ProtocolScopes()).SubsetOf(got) {
		return excess("the claims of %s's token say %q, want %q", client, got, set)
	}
	return nil
}

func (w *World) introspectionShows(ctx context.Context, client, how, want string) error {
	issue, set, err := w.issuedAnd(client, want)
	if err != nil {
		return err
	}
	seen, err := issue.Introspect(ctx)
	if err != nil {
		return err
	}
	if seen == nil {
		return fmt.Errorf("nobody may introspect %s's token", client)
	}
	got := w.plain(seen.Scope.Set, set)
	switch {
	case how == "at least" && !(seen.Active && set.SubsetOf(got)):
		return violation("introspection shows %s's token with %q, active %v, want at least %q", client, got, seen.Active, set)
	case how == "exactly" && !(seen.Active && got.Equal(set)):
		return violation("introspection shows %s's token with %q, active %v, want %q", client, got, seen.Active, set)
	case how == "no scope beyond" && seen.Active && !got.SubsetOf(set):
		return violation("introspection shows %s's token active with %q, want at most %q", client, got, set)
	}
	return nil
}

func (w *World) introspectionInactive(ctx context.Context, client string) error {
	issue, err := w.issued(client)
	if err != nil {
		return err
	}
	seen, err := issue.Introspect(ctx)
	if err != nil {
		return err
	}
	if seen == nil {
		return fmt.Errorf("nobody may introspect %s's token", client)
	}
	if seen.Active {
		return violation("introspection calls %s's token active with %q, want inactive", client, seen.Scope.Set)
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
	if s := o.auth.Scope; s.Present && !w.plain(s.Set, set).Equal(set) {
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
