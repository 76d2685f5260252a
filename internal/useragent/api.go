package useragent

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

// apiDriver goes to pages that are scripts, and makes the calls that those would
// make, as the target file says. What a script shows cannot be read, so a page of
// consent has no text and no form; the capability consent.driver is "api".
type apiDriver struct {
	target *target.Target
	pages  []target.APIPage
	most   int
	fixed  oauth.ScopeSet // scopes that cannot be deselected
}

func newAPIDriver(t *target.Target) *apiDriver {
	login := t.Description.Login
	d := &apiDriver{target: t, pages: login.API.Pages, most: login.Pages, fixed: oauth.FieldsScope(t.Description.AuthorizationServer.RequiredScopes)}
	if d.most <= 0 {
		d.most = defaultPages
	}
	return d
}

// Visit ends, without an error, at the redirect URI, at a page that does nothing,
// at an error page, where nobody can refuse but by going away, and at a page that
// comes again although there is nothing more to tell. It fails at a page that the target file does not know
// ([*PageError]).
func (d *apiDriver) Visit(ctx context.Context, visit target.Visit) (*target.Arrival, error) {
	b, first, err := opened(visit)
	if err != nil {
		return nil, err
	}
	v := &apiVisit{apiDriver: d, visit: visit, browser: b}
	last, err := b.walk(ctx, first, d.most, &v.arrival, func(p *page) (*request, error) {
		on, err := v.answer(ctx, p)
		switch {
		case err != nil || on == nil:
			return nil, err
		case on.Host == "":
			return &first, nil
		}
		return &request{method: http.MethodGet, url: on, from: p.url}, nil
	})
	switch {
	case err != nil:
		return nil, err
	case last != nil:
		return nil, fmt.Errorf("got more than %d pages, want a redirect to %s; the last is %s%s", d.most, place(b.end), place(last.url),
			hint("login.api.pages[].next says where a page goes on; login.pages allows more pages"))
	}
	return &v.arrival, nil
}

// apiVisit is one visit as it goes on.
type apiVisit struct {
	*apiDriver
	visit    target.Visit
	browser  *browser
	arrival  target.Arrival
	signedIn bool   // the resource owner has signed in
	coded    bool   // the code of a device has been told
	decided  string // the page of consent that was answered last
	been     string // the page that was left last without anything being told
}

// answer does what the script of a page does, and returns where it goes on: nil
// where the visit ends, and without a host where the first request is made again.
func (v *apiVisit) answer(ctx context.Context, p *page) (*url.URL, error) {
	if p.status >= http.StatusBadRequest {
		return nil, nil
	}
	at, entry, variables := v.find(p.url)
	switch {
	case entry == nil:
		return nil, v.unknown(p)
	case entry.RefusesCode:
		return nil, fmt.Errorf("page %s %w", place(p.url), ErrCodeRefused)
	case entry.Ends():
		return nil, nil
	case entry.TakesCode() && v.coded:
		return nil, fmt.Errorf("page %s %w", place(p.url), ErrCodeRefused)
	case entry.TakesCode() && v.visit.UserCode == "":
		return nil, nil
	}
	v.coded = v.coded || entry.TakesCode()
	s := v.session(p, variables)
	before := v.told()
	if err := v.signIn(ctx, s, p, entry, at); err != nil {
		return nil, err
	}
	if goesOn, err := v.consent(ctx, s, p, entry, at); !goesOn || err != nil {
		return nil, err
	}
	if v.told() == before {
		if v.been == p.url.String() {
			return nil, nil
		}
		v.been = p.url.String()
	}
	return v.next(s, p, entry, at)
}

// told counts what pages were told so far.
func (v *apiVisit) told() int { return v.arrival.LoginPages + len(v.arrival.ConsentPages) }

// find returns the first page of the target file that an address fits, with its
// place there, or nil.
func (v *apiVisit) find(address *url.URL) (at string, found *target.APIPage, variables map[string]string) {
	for i, entry := range v.pages {
		if variables, fits := entry.Fits(address); fits {
			return fmt.Sprintf("login.api.pages[%d]", i), &entry, variables
		}
	}
	return "", nil, nil
}

func (v *apiVisit) unknown(p *page) error {
	var paths []string
	for _, entry := range v.pages {
		paths = append(paths, entry.Path)
	}
	return &PageError{
		URL: place(p.url), Seen: "a page that login.api.pages has not", Want: "one with the path " + quoted(paths),
		Hint: "add it with what its script does there; where it does nothing, a path alone ends the visit",
	}
}

// session is what the calls of a page share: the cookies of the browser, and what
// is known of the page and its visitor.
func (v *apiVisit) session(p *page, variables map[string]string) *target.Session {
	owner := v.visit.Owner
	subject := owner.Subject
	if subject == "" {
		subject = owner.Username
	}
	maps.Copy(variables, map[string]string{
		"user.username": owner.Username, "user.password": owner.Password.Reveal(), "user.subject": subject,
		"user_code": v.visit.UserCode.Reveal(),
	})
	if code, err := oneTimeCode(owner.TOTP.Reveal(), time.Now()); err == nil {
		variables["user.totp"] = code
	}
	for _, cookie := range v.browser.jar.Cookies(p.url) {
		variables["cookie."+cookie.Name] = cookie.Value
	}
	expand := func(text string, variables map[string]string) (string, error) {
		for _, name := range queryVariable.FindAllStringSubmatch(text, -1) {
			if _, there := variables[name[1]]; !there {
				variables[name[1]] = "" // the address has none
			}
		}
		return v.target.Expand(text, variables)
	}
	return &target.Session{Expand: expand, Send: v.sending(p.url), Jar: v.browser.jar, Variables: variables}
}

// queryVariable is a variable that stands for a parameter of the page's address.
var queryVariable = regexp.MustCompile(`\$\{(query\.[^{}]+)\}`)

// sending sends the calls of the script of a page.
func (v *apiVisit) sending(page *url.URL) func(context.Context, target.Call, *http.Request) (*target.Reply, error) {
	return func(_ context.Context, _ target.Call, req *http.Request) (*target.Reply, error) {
		request{method: req.Method, url: req.URL, from: page}.sayWhereFrom(req)
		req.Header.Set("User-Agent", "scopeproof")
		resp, err := v.browser.transport.RoundTrip(req)
		if err != nil {
			return nil, fmt.Errorf("%s %s: %w", req.Method, place(req.URL), plain(err))
		}
		defer resp.Body.Close()
		body, err := target.ReadAnswer(resp.Body)
		if err != nil {
			return nil, fmt.Errorf("%s %s: %w", req.Method, place(req.URL), err)
		}
		return &target.Reply{Status: resp.StatusCode, Header: resp.Header, Body: body}, nil
	}
}

// signIn signs the resource owner in, unless the page knows the browser.
func (v *apiVisit) signIn(ctx context.Context, s *target.Session, p *page, entry *target.APIPage, at string) error {
	if entry.SignIn == nil {
		return nil
	}
	if entry.SignedIn != nil {
		for _, name := range entry.SignedIn.Captures() { // it has none where nobody has signed in
			if _, there := s.Variables[name]; !there {
				s.Variables[name] = ""
			}
		}
		_, err := s.Succeed(ctx, *entry.SignedIn)
		var refused *target.CallError
		if err == nil {
			return nil
		}
		if !errors.As(err, &refused) {
			return fmt.Errorf("%s.signed_in: %w", at, err)
		}
	}
	owner := v.visit.Owner
	v.arrival.LoginPages++
	if v.signedIn {
		return fmt.Errorf("login page %s shown again after signing in as %q: check %s and %s", place(p.url), owner.Username,
			ownerKey(owner, "username"), ownerKey(owner, "password"))
	}
	v.signedIn = true
	if owner.Password == "" && entry.SignIn.Mentions("user.password") {
		return fmt.Errorf("login page %s asks for a password: got none for %s%s", place(p.url), owner.Name, hint("set "+ownerKey(owner, "password")))
	}
	if _, err := s.Succeed(ctx, *entry.SignIn); err != nil {
		return fmt.Errorf("%s.sign_in: %w%s", at, err, hint("check "+ownerKey(owner, "username")+" and "+ownerKey(owner, "password")))
	}
	return nil
}

// consent shows what is asked to whoever decides, and tells the answer. It reports
// false where the visit ends.
func (v *apiVisit) consent(ctx context.Context, s *target.Session, p *page, entry *target.APIPage, at string) (goesOn bool, err error) {
	if entry.Grant == nil || entry.LedOn(s.Variables) {
		return true, nil
	}
	var asked target.Asked
	if entry.Asks != nil {
		reply, err := s.Succeed(ctx, entry.Asks.Call)
		if err == nil {
			asked, err = entry.Asks.Read(reply.Body)
		}
		if err != nil {
			return false, fmt.Errorf("%s.asks: %w", at, err)
		}
	}
	key := place(p.url) + "\n" + asked.Scopes.String()
	if asked.Skip {
		return true, nil
	}
	if key == v.decided {
		return false, nil
	}
	v.decided = key
	shown := target.ConsentPage{Scopes: asked.Scopes, Lists: asked.Lists, Boxes: asked.Lists && entry.Chooses(), Fixed: asked.Scopes.Intersect(v.fixed)}
	v.arrival.ConsentPages = append(v.arrival.ConsentPages, shown)
	if v.visit.StopAtConsent {
		return false, nil
	}
	var decision oauth.ConsentDecision
	if v.visit.Decide != nil {
		decision = v.visit.Decide(shown)
	}
	call := entry.Grant
	if decision.Deny || decision.Only != nil && !shown.Fixed.SubsetOf(*decision.Only) {
		if call = entry.Deny; call == nil {
			return false, nil
		}
	} else if missing := asked.Scopes.Minus(decision.Grants(asked.Scopes)); !shown.Boxes && decision.Only != nil && (!missing.IsEmpty() || !asked.Lists) {
		return false, &PageError{
			URL: place(p.url), Seen: "a call that grants everything", Want: "a way to grant less",
			Hint: "set " + at + ".asks.scopes, and ${scope} in " + at + ".grant, or capabilities: {consent.ui: all_or_nothing}",
		}
	}
	s.Variables["scope"] = decision.Grants(asked.Scopes).Union(decision.Add).String()
	if _, err := s.Succeed(ctx, *call); err != nil {
		return false, fmt.Errorf("%s: the decision is told: %w", at, err)
	}
	return true, nil
}

// next is where the script goes.
func (v *apiVisit) next(s *target.Session, p *page, entry *target.APIPage, at string) (*url.URL, error) {
	if entry.Next == "" {
		return &url.URL{}, nil
	}
	address, err := target.ExpandURL(entry.Next, func(text string) (string, error) { return s.Expand(text, s.Variables) })
	if err != nil {
		return nil, fmt.Errorf("%s.next: %w", at, err)
	}
	to, err := p.url.Parse(strings.TrimSpace(address))
	if err != nil || to.Host == "" {
		return nil, fmt.Errorf("%s.next: got no URL to go on with, want one%s", at, hint("capture it from the answer of the page's last call"))
	}
	return to, nil
}
