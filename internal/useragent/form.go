package useragent

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

// defaultPages is how many pages a visit may take unless the target file says
// otherwise: two for login, two for consent, and some that lead on.
const defaultPages = 12

// formDriver walks through HTML forms as a person without scripts would.
type formDriver struct {
	reader reader
	pages  int
}

func newFormDriver(login target.Login, granular bool) *formDriver {
	d := &formDriver{reader: reader{login: login.Form.Login, consent: login.Form.Consent, granular: granular, boxes: login.Form.Boxes}, pages: login.Pages}
	if d.pages <= 0 {
		d.pages = defaultPages
	}
	if d.reader.consent.Checkbox == "" {
		d.reader.consent.Checkbox = defaultCheckbox
	}
	return d
}

// Visit ends, without an error, at the redirect URI, at a page that asks
// nothing, at an error page, and at a consent page that comes back unchanged
// after it was answered. It fails where a page asks for something that it does
// not understand ([*PageError]).
func (d *formDriver) Visit(ctx context.Context, visit target.Visit) (*target.Arrival, error) {
	w, first, err := d.begin(visit)
	if err != nil {
		return nil, err
	}
	last, err := w.browser.walk(ctx, first, d.pages, &w.arrival, w.answer)
	switch {
	case err != nil:
		return nil, err
	case w.unplayed != nil:
		return nil, w.unplayed
	case last != nil:
		return nil, tooMany(d.pages, last, w.browser.end)
	}
	return &w.arrival, nil
}

// begin is a visit before its first request.
func (d *formDriver) begin(visit target.Visit) (*walk, request, error) {
	b, first, err := opened(visit)
	if err != nil {
		return nil, request{}, err
	}
	w := &walk{reader: d.reader, visit: visit, browser: b, requested: either(visit.Scope, first.url.Query().Get("scope"))}
	if w.reader.asked = named(visit, first.url); w.reader.asked.IsEmpty() {
		w.reader.asked = visit.Known
	}
	return w, first, nil
}

// named are the scopes that a request names anywhere: a server may go by what stands
// beside a reference or a request object, and show a box for that.
func named(visit target.Visit, address *url.URL) oauth.ScopeSet {
	all := oauth.FieldsScope(visit.Scope)
	form, _ := url.ParseQuery(visit.Form) // what cannot be read names nothing
	for _, value := range slices.Concat(address.Query()["scope"], form["scope"]) {
		all = all.Union(oauth.FieldsScope(value))
	}
	return all
}

func tooMany(most int, last *page, end *url.URL) error {
	return fmt.Errorf("got more than %d pages, want a redirect to %s; the last, %s, has %s%s", most, place(end), place(last.url),
		describeAll(last), hint("login.form says which form is which; login.pages allows more pages"))
}

// walk is one visit as it goes on.
type walk struct {
	reader    reader
	visit     target.Visit
	browser   *browser
	requested string // scope of the authorization request, where it is in the URL
	arrival   target.Arrival
	named     bool   // the username has been sent
	signedIn  bool   // the password has been sent
	coded     bool   // the code of a device has been sent
	confirmed bool   // the code of a device was known: the page that followed said so
	oneTime   int    // how often a one-time code has been sent
	aside     bool   // what asks about cookies has been answered
	answered  string // the consent page that was answered last
	unplayed  error  // what could not be left out on a page, unless a later one has boxes
}

// answer returns what to send next, or nil where the visit ends.
func (w *walk) answer(p *page) (*request, error) {
	asked := len(w.arrival.ConsentPages) > 0
	next, err := w.read(p)
	if asked && next != nil && next.pressed != nil {
		w.arrival.Afterwards++
	}
	return next, err
}

// read understands a page and fills it in.
func (w *walk) read(p *page) (*request, error) {
	if next, err := p.selfSentRequest(w.browser); next != nil || err != nil {
		w.saw(p, "sends itself", nil, nil, nil)
		return next, err
	}
	if next, err := w.putAside(p); next != nil || err != nil {
		return next, err
	}
	if f := w.reader.surelyConsent(p); f != nil {
		return w.decide(p, f)
	}
	if f := w.reader.loginForm(p); f != nil {
		return w.signIn(p, f)
	}
	if f := w.reader.usernameForm(p); f != nil {
		return w.giveName(p, f)
	}
	if f := onlyLine(p); f != nil && w.visit.UserCode == "" && !w.named && !w.signedIn {
		return w.giveName(p, f)
	}
	if f := w.oneTimeForm(p); f != nil {
		return w.giveOneTime(p, f)
	}
	if f, field := w.reader.codeForm(p); f != nil && w.visit.UserCode != "" {
		return w.giveCode(p, f, field)
	}
	if f := w.reader.likelyConsent(p); f != nil {
		return w.decide(p, f)
	}
	if f, button, is := w.between(p); f != nil {
		w.saw(p, is, f, button, nil)
		return f.request(p, f.entries(button, w.reader.boxesOf(nil)), button)
	}
	if f, button := w.reader.confirmForm(p); f != nil && w.visit.UserCode != "" {
		w.confirmed = true
		w.saw(p, "asks whether the code is the device's", f, button, nil)
		return f.request(p, f.entries(button, nil), button)
	}
	if next := p.refreshed(); next != nil {
		w.saw(p, "leads on", nil, nil, nil)
		return next, nil
	}
	if p.status >= http.StatusBadRequest {
		w.saw(p, "an error page: the visit ends", nil, nil, nil)
		return nil, nil
	}
	return w.readOther(p)
}

// readOther understands a page that is none of login or consent.
func (w *walk) readOther(p *page) (*request, error) {
	if f, button := w.reader.interstitial(p); f != nil {
		w.saw(p, "one button, which leads on", f, button, nil)
		return f.request(p, f.entries(button, w.reader.boxesOf(nil)), button)
	}
	if err := w.reader.notUnderstood(p); err != nil {
		w.saw(p, "not understood", nil, nil, func(*control) string { return "nothing" })
		return nil, err
	}
	if p.onlyScripts() {
		w.saw(p, "nothing but scripts, which are not run", nil, nil, nil)
		return nil, &PageError{
			URL: place(p.url), Seen: "nothing but scripts", Want: "a page that can be read without them",
			Hint: "set login.driver to browser, which runs scripts, or to api, which makes the calls that they make",
		}
	}
	is := "asks nothing: the visit ends"
	if p.doc != nil && len(p.forms) == 0 && p.doc.Find("script").Length() > 0 {
		is = "asks nothing without its scripts: the visit ends; login.driver browser runs them"
	}
	w.saw(p, is, nil, nil, nil)
	return nil, nil
}

// signIn sends the login form. Shown twice, the first answer was refused.
func (w *walk) signIn(p *page, f *form) (*request, error) {
	w.arrival.LoginPages++
	owner := w.visit.Owner
	if w.signedIn {
		return nil, fmt.Errorf("login page %s shown again after signing in as %q: check %s and %s", place(p.url), owner.Username,
			ownerKey(owner, "username"), ownerKey(owner, "password"))
	}
	w.signedIn = true
	change, err := w.credentials(p, f)
	if err != nil {
		return nil, err
	}
	button := f.onwards()
	password := w.reader.passwordField(f)
	w.saw(p, "login", f, button, w.typed(w.reader.usernameField(f, password), password))
	return f.request(p, f.entries(button, w.reader.boxesOf(change)), button)
}

// credentials returns what is typed into a form with a password.
func (w *walk) credentials(p *page, f *form) (func(*control) ([]string, bool), error) {
	owner := w.visit.Owner
	if password := w.reader.passwordField(f); password != nil && password.name == "" {
		return nil, fmt.Errorf("login page %s: got a field for the password that has no name, so that a script of the page must be what sends it, want one with a name%s", place(p.url),
			hint("set login.driver to browser, which runs scripts, or to api, which makes the calls that they make"))
	}
	if owner.Password == "" {
		return nil, fmt.Errorf("login page %s asks for a password: got none for %s%s", place(p.url), owner.Name,
			hint("set "+ownerKey(owner, "password")))
	}
	password := w.reader.passwordField(f)
	username := w.reader.usernameField(f, password)
	if password == nil || username == nil && w.reader.textBefore(f, password) != nil {
		return nil, &PageError{
			URL: place(p.url), Seen: f.describe(), Hint: "set login.form.login.username and login.form.login.password",
			Want: fmt.Sprintf("a login form with the fields %q and %q", w.reader.usernameName(), w.reader.passwordName()),
		}
	}
	return func(c *control) ([]string, bool) {
		switch c {
		case username:
			return []string{owner.Username}, true
		case password:
			return []string{owner.Password.Reveal()}, true
		}
		return nil, false
	}, nil
}

// giveName sends the first page of a login that asks for the password on the
// next one.
func (w *walk) giveName(p *page, f *form) (*request, error) {
	w.arrival.LoginPages++
	owner := w.visit.Owner
	if w.named {
		return nil, fmt.Errorf("login page %s asks for a name again after %q was given: check %s", place(p.url), owner.Username,
			ownerKey(owner, "username"))
	}
	w.named = true
	field := w.reader.usernameField(f, nil)
	button := f.onwards()
	w.saw(p, "login: the name", f, button, w.typed(field, nil))
	return f.request(p, f.entries(button, w.reader.boxesOf(func(c *control) ([]string, bool) {
		return []string{owner.Username}, c == field
	})), button)
}

// decide shows the consent page to whoever decides, and sends the answer.
func (w *walk) decide(p *page, f *form) (*request, error) {
	c := w.reader.readConsent(p, f)
	var change func(*control) ([]string, bool)
	asked, err := c.page(p, w.requested)
	if asked.SignsIn {
		w.arrival.LoginPages++
	}
	if err != nil {
		w.saw(p, "consent, not understood", f, nil, w.chosen(c, nil))
		return nil, err
	}
	if c.key() == w.answered {
		w.saw(p, "the same page of consent again: the visit ends", f, nil, nil)
		return nil, nil
	}
	w.answered = c.key()
	w.arrival.ConsentPages = append(w.arrival.ConsentPages, asked)
	if w.visit.StopAtConsent {
		w.saw(p, "consent, left unanswered", f, nil, w.chosen(c, nil))
		return nil, nil
	}
	var decision oauth.ConsentDecision
	if w.visit.Decide != nil {
		decision = w.visit.Decide(asked)
	}
	decision.Deny = decision.Deny || c.unacceptable(decision, w.requested)
	if asked.SignsIn && !decision.Deny {
		if change, err = w.credentials(p, f); err != nil {
			return nil, err
		}
		w.signedIn = true
	}
	if decision.Deny {
		w.saw(p, "consent, denied", f, nil, w.chosen(c, nil))
		return c.deny(p)
	}
	if err := c.playable(p, decision, w.requested); err != nil && w.unplayed == nil {
		w.unplayed = err
	}
	if c.boxes && decision.Only != nil && w.reader.asked.Minus(*decision.Only).SubsetOf(c.offered) {
		w.unplayed = nil // this page is where it is left out
	}
	next, err := c.allow(p, decision, change)
	if err == nil {
		button, _ := c.allowButton(p) // it was found a moment ago
		w.saw(p, "consent", f, button, w.chosen(c, next.sent()))
	}
	return next, err
}

func ownerKey(owner oauth.ResourceOwner, key string) string {
	return "users." + owner.Name + "." + key
}

func describeAll(p *page) string {
	if len(p.forms) == 0 {
		return "no form"
	}
	const most = 12
	var parts []string
	for i, f := range p.forms {
		if i == most {
			parts = append(parts, fmt.Sprintf("and %d more forms", len(p.forms)-most))
			break
		}
		parts = append(parts, f.describe())
	}
	return strings.Join(parts, "; ")
}
