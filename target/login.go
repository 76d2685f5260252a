package target

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/scopeproof/scopeproof/oauth"
)

// Login says how login and consent are played.
type Login struct {
	// Driver is "form" (the default), "browser" (headless Chromium, for pages that
	// are scripts, understood as form does), "api", "hydra_admin" or "manual".
	Driver string `yaml:"driver,omitempty" json:"driver,omitempty" jsonschema:"enum=form,enum=browser,enum=api,enum=hydra_admin,enum=manual"`
	Form   Form   `yaml:"form,omitempty" json:"form,omitempty"`
	// API says for driver api which calls the scripts of the pages make.
	API APILogin `yaml:"api,omitempty" json:"api,omitempty"`
	// Admin is the base URL of the admin API of driver hydra_admin.
	Admin string `yaml:"admin,omitempty" json:"admin,omitempty" check:"url"`
	// Pages limits how many pages one visit may take; 0 means 12.
	Pages int `yaml:"pages,omitempty" json:"pages,omitempty"`
}

// Form maps the HTML forms of login and consent.
type Form struct {
	Login   LoginForm   `yaml:"login,omitempty" json:"login,omitempty"`
	Consent ConsentForm `yaml:"consent,omitempty" json:"consent,omitempty"`
	// Boxes are boxes of either page that stand for no scope, by name or name=value:
	// true ticks one and false unticks it. What is left out stays as the page has it.
	Boxes map[string]bool `yaml:"boxes,omitempty" json:"boxes,omitempty"`
}

// LoginForm is the page where a resource owner signs in: the first form with a
// password field, unless Form says which.
type LoginForm struct {
	Form     string `yaml:"form,omitempty" json:"form,omitempty"`         // a CSS selector
	Username string `yaml:"username,omitempty" json:"username,omitempty"` // field name; default "username"
	Password string `yaml:"password,omitempty" json:"password,omitempty"` // field name; default "password"
}

// ConsentForm is the page where a resource owner decides.
type ConsentForm struct {
	Form string `yaml:"form,omitempty" json:"form,omitempty"` // a CSS selector; default: the form with Allow
	// Checkbox is the name of the field that has a box for each scope, whose
	// value is the scope; default "scope". Empty with None. Boxes of another name are
	// understood by themselves where their name, value or label holds the scope.
	Checkbox string `yaml:"checkbox,omitempty" json:"checkbox,omitempty"`
	// Checkboxes maps a box (name, or name=value) to a scope, where nothing at the
	// box says so; or that one of two radio buttons, or of the values of a select,
	// which grants (name=value).
	Checkboxes map[string]string `yaml:"checkboxes,omitempty" json:"checkboxes,omitempty"`
	// Withholds says that a box that is ticked withholds what it stands for: "do not
	// share my e-mail address".
	Withholds bool   `yaml:"withholds,omitempty" json:"withholds,omitempty"`
	Allow     Button `yaml:"allow,omitempty" json:"allow,omitempty"`
	Deny      Button `yaml:"deny,omitempty" json:"deny,omitempty"`
}

// Button is what is posted when a button is pressed.
type Button struct {
	// Name is the name of the button, or of a hidden field that a script of the page
	// changes when it is pressed.
	Name string `yaml:"name,omitempty" json:"name,omitempty"`
	// Value is the value of the button, or what that field is changed to: {value} in it
	// stands for what it holds.
	Value string `yaml:"value,omitempty" json:"value,omitempty"`
}

// APILogin is login and consent at pages that are scripts: what they do is done
// in their place, by HTTP calls with the cookies of the browser.
type APILogin struct {
	// Pages are the pages that a visit can come to. The first one that fits counts.
	Pages []APIPage `yaml:"pages,omitempty" json:"pages,omitempty"`
}

// APIPage is a page, and what its script does: it signs in, asks what to agree
// to, tells the decision, and goes on. What is left out it does not do; a page
// that does nothing at all is where a visit ends.
//
// Its calls, made with the cookies of the browser, and next know ${user.username},
// ${user.password}, ${user.subject}, ${user.totp}, a one-time code of theirs, ${user_code} (of a device), ${query.NAME}, a
// parameter of the page's address, ${cookie.NAME}, and what earlier calls of the
// page captured.
type APIPage struct {
	// Path is the path of the page's address. A part of it may be "{name}", which is
	// any one, and ${name} in what follows.
	Path string `yaml:"path" json:"path"`
	// Query are parameters that the address has, in its query or after the "?" of a
	// fragment that the script reads: with that value, or where it is empty here with
	// any that is not.
	Query map[string]string `yaml:"query,omitempty" json:"query,omitempty"`
	// SignedIn is a call that succeeds where the browser has a session already, so
	// that nobody has to sign in. Left out: everybody has to. Where it or sign_in
	// captures what grant captures, nobody is asked: the script goes on.
	SignedIn *Call `yaml:"signed_in,omitempty" json:"signed_in,omitempty"`
	// SignIn signs the resource owner in.
	SignIn *Call `yaml:"sign_in,omitempty" json:"sign_in,omitempty"`
	// Asks is the call that says which scopes are asked for, and where in its answer
	// they are.
	Asks *Asks `yaml:"asks,omitempty" json:"asks,omitempty"`
	// Grant tells that the resource owner agrees, to ${scope} ("${scope[]}" is the
	// list of the tokens). A call that has no ${scope} grants everything or nothing.
	Grant *Call `yaml:"grant,omitempty" json:"grant,omitempty"`
	// Deny tells that the resource owner refuses. Left out: nobody can, but by going
	// away.
	Deny *Call `yaml:"deny,omitempty" json:"deny,omitempty"`
	// Next is the address where the script goes when all is told, such as
	// "${redirect_to}". Left out: to the authorization request again.
	Next string `yaml:"next,omitempty" json:"next,omitempty"`
	// RefusesCode says that this page is shown where the code of a device is not
	// known, or no longer good.
	RefusesCode bool `yaml:"refuses_code,omitempty" json:"refuses_code,omitempty"`
}

// Asks is where the answer to a call says which scopes are asked for.
type Asks struct {
	Call Call `yaml:"call" json:"call"` // the call
	// Scopes is where the scopes are: a JSON pointer to a list, or to a text of words. A
	// part of it that is "*" is each member of an object or a list: "/groups/*/scopes".
	Scopes string `yaml:"scopes,omitempty" json:"scopes,omitempty"`
	// Name is where an item of that list has its scope: "/name". Left out: it is one.
	Name string `yaml:"name,omitempty" json:"name,omitempty"`
	// Granted is where an item says that it was granted before: "/granted". Where all
	// were, nobody is asked.
	Granted string `yaml:"granted,omitempty" json:"granted,omitempty"`
	// Skip is where the answer says that nobody is to be asked: "/skip".
	Skip string `yaml:"skip,omitempty" json:"skip,omitempty"`
}

// Asked is what an answer said of the scopes that are asked for.
type Asked struct {
	Scopes oauth.ScopeSet // as the server spells them
	Lists  bool           // they could be read
	Skip   bool           // nobody is to be asked
}

// Read returns what the answer to the call says. Without a place for the scopes
// it says nothing, and that is no error.
func (a Asks) Read(body []byte) (Asked, error) {
	var document any
	if a.Scopes == "" && a.Skip == "" {
		return Asked{}, nil
	}
	if json.Unmarshal(body, &document) != nil {
		return Asked{}, fmt.Errorf("got an answer of %d bytes that is not JSON, want JSON to read scopes from", len(body))
	}
	asked := Asked{Lists: a.Scopes != ""}
	if a.Skip != "" {
		switch said := pointed(document, a.Skip).(type) {
		case bool:
			asked.Skip = said
		case string:
			asked.Skip = said != ""
		}
	}
	if a.Scopes == "" || asked.Skip {
		return asked, nil
	}
	items, err := a.items(document)
	if err != nil {
		return Asked{}, err
	}
	var names []string
	before := len(items) > 0 && a.Granted != ""
	for i, item := range items {
		name, ok := pointed(item, a.Name).(string)
		if !ok {
			return Asked{}, fmt.Errorf("got no text at %q of item %d, want a scope", a.Name, i)
		}
		granted, _ := pointed(item, a.Granted).(bool)
		before = before && granted
		names = append(names, name)
	}
	asked.Scopes = oauth.FieldsScope(strings.Join(names, " "))
	asked.Skip = asked.Skip || before
	return asked, nil
}

// items are the scopes that are asked for, as they stand in an answer.
func (a Asks) items(document any) ([]any, error) {
	all := []any{document}
	for pointer, each := a.Scopes, true; each; {
		var before string
		before, pointer, each = strings.Cut(pointer, "/*")
		var found []any
		for _, one := range all {
			switch v := pointed(one, before).(type) {
			case map[string]any:
				if !each {
					found = append(found, v)
					break
				}
				for _, name := range slices.Sorted(maps.Keys(v)) {
					found = append(found, v[name])
				}
			case []any:
				found = append(found, v...)
			case string:
				for _, word := range strings.Fields(v) {
					found = append(found, word)
				}
			default:
				return nil, fmt.Errorf("got no list and no text at %q, want the scopes that are asked for", a.Scopes)
			}
		}
		all = found
	}
	return all, nil
}

// LedOn reports whether the calls that sign somebody in captured already what the grant
// captures: the server asks nothing more.
func (p APIPage) LedOn(variables map[string]string) bool {
	var before []string
	for _, call := range []*Call{p.SignIn, p.SignedIn} {
		if call != nil {
			before = append(before, slices.Collect(maps.Keys(call.Capture))...)
		}
	}
	return slices.ContainsFunc(before, func(name string) bool {
		_, also := p.Grant.Capture[name]
		return also && variables[name] != ""
	})
}

// Fits reports whether the page is at an address, and returns the variables that
// the address has: ${query.NAME}, and what the path names.
func (p APIPage) Fits(at *url.URL) (map[string]string, bool) {
	variables := map[string]string{}
	want, got := strings.Split(strings.Trim(p.Path, "/"), "/"), strings.Split(strings.Trim(at.EscapedPath(), "/"), "/")
	if len(want) != len(got) {
		return nil, false
	}
	for i, part := range want {
		value, err := url.PathUnescape(got[i])
		name, is := strings.CutPrefix(part, "{")
		switch {
		case err != nil:
			return nil, false
		case is && value != "":
			variables[strings.TrimSuffix(name, "}")] = value
		case part != value:
			return nil, false
		}
	}
	query := at.Query()
	if _, inside, found := strings.Cut(at.Fragment, "?"); found {
		more, _ := url.ParseQuery(inside) // what cannot be read is not there
		for name, values := range more {
			query[name] = append(query[name], values...)
		}
	}
	for name, value := range p.Query {
		if got := query.Get(name); got == "" || value != "" && got != value {
			return nil, false
		}
	}
	for name := range query {
		variables["query."+name] = query.Get(name)
	}
	return variables, true
}

// Ends reports whether the page does nothing, so that a visit ends there.
func (p APIPage) Ends() bool {
	return p.SignIn == nil && p.Asks == nil && p.Grant == nil && p.Deny == nil && p.Next == ""
}

// Chooses reports whether less can be granted than was asked for.
func (p APIPage) Chooses() bool { return p.Grant != nil && p.Grant.Mentions("scope") }

// Denies reports whether a page of driver api lets a resource owner refuse.
func (l Login) Denies() bool {
	return slices.ContainsFunc(l.API.Pages, func(p APIPage) bool { return p.Deny != nil })
}

// Tampers reports whether what driver api tells a server can name scopes that nobody was
// asked about: as whoever controls a browser, and not as an application that the server
// trusts.
func (l Login) Tampers() bool {
	return l.Driver == "api" && slices.ContainsFunc(l.API.Pages, func(p APIPage) bool {
		if !p.Chooses() || p.Grant.Basic != "" {
			return false
		}
		return !slices.ContainsFunc(slices.Collect(maps.Keys(p.Grant.Headers)), func(name string) bool { return strings.EqualFold(name, "Authorization") })
	})
}

// TakesCodes reports whether a page of driver api takes the code of a device (RFC
// 8628 section 3.3).
func (l Login) TakesCodes() bool {
	return slices.ContainsFunc(l.API.Pages, APIPage.TakesCode)
}

// TakesCode reports whether the page takes the code of a device.
func (p APIPage) TakesCode() bool {
	calls := []*Call{p.SignedIn, p.SignIn, p.Grant, p.Deny}
	return strings.Contains(p.Next, "${user_code}") ||
		slices.ContainsFunc(calls, func(c *Call) bool { return c != nil && c.Mentions("user_code") })
}

// GrantNames are grant types as the server calls them, each word once.
func (r Registration) GrantNames(grants []string) string {
	var names []string
	for _, grant := range grants {
		name, renamed := r.GrantTypes[grant]
		if !renamed {
			name = grant
		}
		for _, word := range strings.Fields(name) {
			if !slices.Contains(names, word) {
				names = append(names, word)
			}
		}
	}
	return strings.Join(names, " ")
}

// Mentions reports whether a variable is in the call, or in one before it.
func (c Call) Mentions(variable string) bool {
	alone, list := "${"+variable+"}", "${"+variable+"[]}"
	return c.anyText(func(text string) bool { return strings.Contains(text, alone) || strings.Contains(text, list) })
}

// anyText reports whether is holds for a text of the call, or of one before it, in
// which variables are replaced.
func (c Call) anyText(is func(string) bool) bool {
	for _, texts := range []map[string]string{c.Headers, c.Form} {
		for _, text := range texts {
			if is(text) {
				return true
			}
		}
	}
	return is(c.URL) || is(c.Basic) || anyText(c.JSON, is) || slices.ContainsFunc(c.Each, is) ||
		slices.ContainsFunc(c.First, func(first Call) bool { return first.anyText(is) })
}

// anyText is the same of a JSON value.
func anyText(value any, is func(string) bool) bool {
	switch v := value.(type) {
	case string:
		return is(v)
	case []any:
		return slices.ContainsFunc(v, func(item any) bool { return anyText(item, is) })
	case map[string]any:
		for _, member := range v {
			if anyText(member, is) {
				return true
			}
		}
	}
	return false
}
