package steps

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/cucumber/godog"

	"github.com/scopeproof/scopeproof/internal/actor"
	"github.com/scopeproof/scopeproof/oauth"
)

// registerConsent adds the steps about what a resource owner is shown and
// decides. Decisions are states: they answer whatever page comes.
func registerConsent(r registrar, w *World) {
	r.Given(`^(\w+) will (deny|grant only "[^"]*"|add "[^"]*" to the form)$`, w.will)
	r.Given(`^(\w+) uses the browser that (\w+) used$`, w.usesBrowserOf)
	r.Given(`^(\w+) has changed to another browser$`, w.changesBrowser)
	r.Given(`^(\w+) is shown what (\w+) asks: "([^"]*)"$`, w.isShown)
	r.Given(`^(\w+) has sent the form that (\w+) was shown$`, w.hasSentForm)
	r.When(`^(\w+) answers both pages, the (first|second) one first$`, w.answersBoth)
	r.When(`^(\w+) sends the form that (\w+) was shown( from another site)?$`, w.sendsForm)
	r.When(`^(\w+) is asked by (\w+) for each of these:$`, w.isAskedForEach)
	r.Then(`^(\w+) was asked( again)?(?: about( exactly)? "([^"]*)")?$`, w.judgeAsked)
	r.Then(`^(\w+) was asked, or (\w+) is refused$`, w.wasAskedOrRefused)
	r.Then(`^no two pages say the same$`, w.pagesDiffer)
}

// judgeAsked judges whether the resource owner was asked, and about what.
func (w *World) judgeAsked(ctx context.Context, owner, again, exactly, named string) error {
	switch {
	case again != "":
		return w.wasAskedAgain(owner)
	case exactly != "":
		return w.wasAskedAboutExactly(owner, named)
	case named != "":
		return w.wasAskedAbout(owner, named)
	}
	return w.wasAsked(owner)
}

// will is how a resource owner answers the pages that come.
func (w *World) will(ctx context.Context, owner, decision string) error {
	o, err := w.owner(ctx, owner)
	if err != nil {
		return err
	}
	verb, rest, _ := strings.Cut(decision, ` "`)
	named, _, _ := strings.Cut(rest, `"`)
	set, err := scope(named)
	if err != nil {
		return err
	}
	o.Decision = map[string]oauth.ConsentDecision{
		"deny": {Deny: true}, "grant only": {Only: &set}, "add": {Add: set},
	}[verb]
	return nil
}

// usesBrowserOf gives an owner the cookies of another, who has signed out as far
// as the pages are concerned: the sign-in page must be shown again.
func (w *World) usesBrowserOf(ctx context.Context, owner, other string) error {
	a, err := w.owner(ctx, owner)
	if err != nil {
		return err
	}
	b, err := w.owner(ctx, other)
	if err != nil {
		return err
	}
	a.UseBrowserOf(b)
	return nil
}

func (w *World) isShown(ctx context.Context, owner, client, asked string) error {
	o, c, err := w.pair(ctx, owner, client)
	if err != nil {
		return err
	}
	raw := oauth.RawScope(asked)
	r := actor.Request{Owner: o, Scope: &raw, StopAtConsent: true}
	if !w.capable("fx.clients.fresh") && w.capable("as.oidc.prompt") { // what was agreed to before may be remembered
		r.Prompt = "consent"
	}
	a, err := c.Authorize(ctx, r)
	if err != nil {
		return err
	}
	if open := w.shown[owner]; len(open) > 0 && a.Code != "" && !a.WasAsked() && !w.within(a.Asked, w.ledger.current(o, c).Union(w.implied())) {
		return excess("%s was given a code for %q, about which nobody asked %s, while a page waits that asks about %q", client, a.Asked, owner, open[len(open)-1].Asked)
	}
	if !a.WasAsked() && a.Code != "" && !w.capable("fx.clients.fresh") {
		return w.notAsked(o, c)
	}
	if !a.WasAsked() {
		return fmt.Errorf("%s is shown what %s asks: no page of consent was shown", owner, client)
	}
	w.shown[owner] = append(w.shown[owner], a)
	return nil
}

// changesBrowser leaves the owner's session behind.
func (w *World) changesBrowser(ctx context.Context, owner string) error {
	o, err := w.owner(ctx, owner)
	if err != nil {
		return err
	}
	o.SignOut()
	return nil
}

// page is the page that an owner was shown last.
func (w *World) page(owner string) (*actor.Authorization, error) {
	all := w.shown[owner]
	if len(all) == 0 {
		return nil, fmt.Errorf("%s was shown no form", owner)
	}
	return all[len(all)-1], nil
}

// answersBoth sends two pages that are open at once, and redeems what comes of
// them.
func (w *World) answersBoth(ctx context.Context, owner, first string) error {
	pages := slices.Clone(w.shown[owner])
	if len(pages) != 2 {
		return fmt.Errorf("%s was shown %d pages, want 2", owner, len(pages))
	}
	if first == "second" {
		slices.Reverse(pages)
	}
	w.act()
	for _, a := range pages {
		if err := a.Submit(ctx, a.Owner, false); err != nil {
			return err
		}
		w.ledger.consent(w, a)
	}
	w.batch = nil
	for _, a := range pages {
		o := &outcome{client: a.Client, owner: a.Owner, auth: a, asked: a.Asked}
		if a.Code != "" {
			var err error
			if o, err = w.redeem(ctx, a.Client, a, request{}); err != nil {
				return err
			}
		}
		if err := w.repeat(ctx, o); err != nil {
			return err
		}
	}
	return nil
}

func (w *World) hasSentForm(ctx context.Context, sender, owner string) error {
	if err := w.sendsForm(ctx, sender, owner, ""); err != nil {
		return err
	}
	a, err := w.page(owner)
	if err != nil {
		return err
	}
	if a.Code == "" {
		return fmt.Errorf("%s sends the form: got no code", sender)
	}
	w.sent[a.Client.Name] = a.Code
	return nil
}

// sendsForm sends a form as it is, also from the browser of somebody else. What that
// one then granted of their own is not judged here: it is a forgery only where another
// site's page can have them do it (RFC 6749 section 10.12).
func (w *World) sendsForm(ctx context.Context, sender, owner, site string) error {
	a, err := w.page(owner)
	if err != nil {
		return err
	}
	o, err := w.owner(ctx, sender)
	if err != nil {
		return err
	}
	if sender != owner { // signed in with a session of their own
		if err := w.signIn(ctx, a.Client.Name, sender); err != nil {
			return err
		}
	}
	w.act()
	if err := a.Submit(ctx, o, site != ""); err != nil {
		return err
	}
	if a.Code != "" && sender != owner && site == "" {
		issue, own, err := a.RedeemedAs(ctx, o)
		if err != nil {
			return err
		}
		w.ledger.checked[issue] = true // it is not the owner's consent that it came of
		if own {
			a.Code = ""
		}
	}
	w.codes[a.Client.Name] = append(w.codes[a.Client.Name], a)
	return nil
}

// signIn gives an owner a session by an authorization of their own, left at the
// consent page.
func (w *World) signIn(ctx context.Context, client, owner string) error {
	o, c, err := w.pair(ctx, owner, client)
	if err != nil {
		return err
	}
	raw := oauth.RawScope("read:appointments")
	_, err = c.Authorize(ctx, actor.Request{Owner: o, Scope: &raw, StopAtConsent: true})
	return err
}

func (w *World) isAskedForEach(ctx context.Context, owner, client string, table *godog.Table) error {
	rows, err := readTable(table, "scope")
	if err != nil {
		return err
	}
	o, c, err := w.pair(ctx, owner, client)
	if err != nil {
		return err
	}
	again := rows[0] // what differs between two showings of the same request says nothing
	for _, row := range append([]map[string]string{again}, rows...) {
		raw := oauth.RawScope(row["scope"])
		a, err := c.Authorize(ctx, actor.Request{Owner: o, Scope: &raw, StopAtConsent: true})
		if err != nil {
			return err
		}
		if !a.WasAsked() { // a page that waits at the same browser may stand in its way
			o.SignOut()
			if a, err = c.Authorize(ctx, actor.Request{Owner: o, Scope: &raw, StopAtConsent: true}); err != nil {
				return err
			}
		}
		if !a.WasAsked() {
			return fmt.Errorf("%s asks %s for %q: no consent page was shown", client, owner, raw)
		}
		w.pages = append(w.pages, a.Arrival.ConsentPages[0].Text)
	}
	return nil
}

// lastAuth is the latest authorization request that came before a resource
// owner.
func (w *World) lastAuth(owner string) (*actor.Authorization, error) {
	if w.any != nil && w.any.auth != nil && w.any.owner != nil && w.any.owner.Name == owner {
		return w.any.auth, nil
	}
	return nil, fmt.Errorf("nobody has just asked %s for anything", owner)
}

// notSignedIn says that a resource owner sat at another's browser and was not shown
// where to sign in, so that whoever used it before may be signed in still.
func notSignedIn(a *actor.Authorization) bool {
	return a.Owner.AtAnotherBrowser() && a.Arrival != nil && a.Arrival.LoginPages == 0
}

func (w *World) wasAsked(owner string) error {
	a, err := w.lastAuth(owner)
	if err != nil {
		return err
	}
	if notSignedIn(a) {
		return &actor.Lacking{What: fmt.Sprintf("a browser at which %s can sign in after somebody else (no sign-in page was shown)", owner)}
	}
	if !a.WasAsked() {
		if !w.yielded(a) {
			return fmt.Errorf("%s's request was refused before anybody was asked: %w", a.Client.Name, (&outcome{auth: a}).refusal())
		}
		judge, what := excess, "given a code"
		switch {
		case w.agreedBefore(&outcome{auth: a}):
			judge = violation
		case w.any.auth == a && w.any.issue != nil && w.any.issue.Response != nil && w.nothingNew(w.any):
			judge = lenient // and was told so
		}
		if a.Pending != nil {
			what = "issued a token"
		}
		return judge("%s was %s for %q and %s was not asked", a.Client.Name, what, a.Asked, owner)
	}
	return nil
}

// agreedBefore reports whether nobody was asked, and nothing given that had not
// been agreed to before.
func (w *World) agreedBefore(o *outcome) bool {
	return o.auth != nil && !o.auth.WasAsked() && !o.auth.Omitted && w.within(o.auth.Asked.Minus(o.auth.Added), w.ledger.agreed[o.auth])
}

// nothingNew reports whether nobody was asked, and nothing was granted that had not
// been agreed to before: then there was no decision that could be held against it.
func (w *World) nothingNew(o *outcome) bool {
	return o.auth != nil && o.owner != nil && !o.auth.WasAsked() && w.within(o.issue.Means(), w.ledger.agreed[o.auth])
}

// yielded reports whether a request that was made last led to a code, or, where
// it was decided in another place, to a token.
func (w *World) yielded(a *actor.Authorization) bool {
	return a.Code != "" || a.Pending != nil && w.any.auth == a && w.any.refusal() == nil
}

// wasAskedAgain is about a request that was agreed to before: to let it through
// gives nothing that was not granted.
func (w *World) wasAskedAgain(owner string) error {
	a, err := w.lastAuth(owner)
	if err != nil {
		return err
	}
	if !a.WasAsked() && a.Code != "" {
		return violation("%s was given a code for %q and %s was not asked again, though it cannot prove who it is", a.Client.Name, a.Asked, owner)
	}
	return nil
}

// askedAbout is the latest authorization at which an owner was asked, and the scope
// that is named as what the page was to show.
func (w *World) askedAbout(owner, named string) (*actor.Authorization, oauth.ScopeSet, error) {
	if err := w.wasAsked(owner); err != nil {
		return nil, oauth.ScopeSet{}, err
	}
	a, err := w.lastAuth(owner)
	if err != nil {
		return nil, oauth.ScopeSet{}, err
	}
	want, err := scope(named)
	return a, want, err
}

func (w *World) wasAskedAbout(owner, named string) error {
	a, want, err := w.askedAbout(owner, named)
	if err != nil {
		return err
	}
	shown, lists := a.Shown()
	if !lists {
		return nil // the page shows no list: that somebody was asked is all that can be seen
	}
	if missing := w.beyond(want, shown); !missing.IsEmpty() {
		return violation("%s was asked about %q, want %q as well", owner, shown, missing)
	}
	return nil
}

func (w *World) wasAskedAboutExactly(owner, named string) error {
	a, want, err := w.askedAbout(owner, named)
	if err != nil {
		return err
	}
	shown, lists := a.Shown()
	if !lists {
		return fmt.Errorf("the scopes on the page that %s was shown cannot be read", owner)
	}
	shown = w.plain(shown, want)
	if implied := w.implied(); !implied.IsEmpty() { // declared not to be choices: they may be shown as text, or go without saying
		want, shown = want.Minus(implied), shown.Minus(implied)
	}
	if missing := w.beyond(want, shown); !missing.IsEmpty() && w.yielded(a) {
		return excess("%s was asked about %q, want %q: %q was granted without being shown", owner, shown, want, missing)
	}
	if !w.hierarchy().Alike(shown, want) {
		return violation("%s was asked about %q, want %q", owner, shown, want)
	}
	return nil
}

// implied are the scopes that a resource owner cannot choose about.
func (w *World) implied() oauth.ScopeSet {
	as := w.target().Description.AuthorizationServer
	set := oauth.FieldsScope(as.RequiredScopes + " " + as.AlwaysGranted)
	if !w.capable("consent.openid_deselectable") {
		set = set.Union(oauth.NewScopeSet("openid"))
	}
	return set
}

func (w *World) wasAskedOrRefused(_ context.Context, owner, client string) error {
	o, err := w.outcomeOf(client)
	if err != nil || o.refusal() != nil {
		return err
	}
	return w.wasAsked(owner)
}

func (w *World) pagesDiffer(_ context.Context) error {
	if len(w.pages) < 2 || w.pages[0] != w.pages[1] {
		return fmt.Errorf("the same request looks different each time, so that nothing can be said of others")
	}
	seen := map[string]int{}
	for n, text := range w.pages[1:] {
		if text == "" {
			return fmt.Errorf("page %d says nothing that can be read", n+1)
		}
		if before, ok := seen[text]; ok {
			return violation("pages %d and %d say the same: %.200q", before+1, n+1, text)
		}
		seen[text] = n
	}
	return nil
}
