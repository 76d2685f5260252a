package useragent

import (
	"fmt"
	"slices"
	"strings"

	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

// consent is a consent page that has been read.
type consent struct {
	reader  reader
	form    *form
	forms   []*form // of the page: each button may have its own
	text    string
	offered oauth.ScopeSet
	fixed   oauth.ScopeSet // of boxes that are ticked and cannot be changed
	lists   bool
	boxes   bool // scopes are boxes; else they are in hidden fields, if they are listed
}

func (r reader) readConsent(p *page, f *form) *consent {
	c := &consent{reader: r, form: f, forms: p.forms, text: p.text, boxes: r.hasBoxes(f)}
	var values []string
	for _, field := range f.controls {
		if scopes, ok := r.boxScopes(f, field); ok {
			values = append(values, scopes.String())
			if field.disabled && field.checked != r.consent.Withholds {
				c.fixed = c.fixed.Union(scopes)
			}
		}
	}
	hidden := r.hiddenScopes(f)
	c.lists = c.boxes || hidden != nil
	if !c.boxes { // what is hidden beside boxes is not shown to anybody
		for _, field := range hidden {
			values = append(values, field.value)
		}
	}
	c.offered = oauth.FieldsScope(strings.Join(values, " "))
	return c
}

func (r reader) hasBoxes(f *form) bool {
	return slices.ContainsFunc(f.controls, func(c *control) bool {
		_, ok := r.boxScopes(f, c)
		return ok
	})
}

// boxScopes are the scopes that a box stands for, or another choice that grants:
// mostly one. A box without any is not about scopes.
func (r reader) boxScopes(f *form, c *control) (oauth.ScopeSet, bool) {
	granting, ok := r.grants(f, c)
	if !ok || c.name == "" {
		return oauth.ScopeSet{}, false
	}
	value, ok := c.value, c.kind == "checkbox" && c.name == r.consent.Checkbox
	for _, key := range []string{c.name, c.name + "=" + granting} {
		if scope, mapped := r.consent.Checkboxes[key]; mapped {
			value, ok = scope, true
		}
	}
	if !ok {
		value = string(r.standsFor(c))
		ok = value != ""
	}
	scopes := oauth.FieldsScope(value)
	return scopes, ok && !scopes.IsEmpty()
}

// hiddenScopes are the hidden fields that carry scopes, or nil.
func (r reader) hiddenScopes(f *form) []*control {
	var found []*control
	for _, c := range f.controls {
		if c.kind == "hidden" && r.holdsScopes(c) && !c.disabled {
			found = append(found, c)
		}
	}
	return found
}

// key tells one consent page from another. It does not change when the page is
// shown again.
func (c *consent) key() string {
	key := c.offered.String() + "\n" + c.form.describe()
	if !c.lists {
		key += "\n" + c.text
	}
	return key
}

// page is the page as whoever decides sees it. What is sent of it elsewhere signs
// nobody in.
func (c *consent) page(p *page, requested string) (target.ConsentPage, error) {
	answer := func(d oauth.ConsentDecision) (*target.Submission, error) {
		if d.Deny || c.unacceptable(d, requested) {
			return submission(c.deny(p))
		}
		return submission(c.allow(p, d, nil))
	}
	all, err := answer(oauth.ConsentDecision{})
	if err != nil {
		return target.ConsentPage{}, err
	}
	shown := target.ConsentPage{
		Scopes: c.offered, Lists: c.lists, Boxes: c.choice(), Fixed: c.fixed, SignsIn: c.reader.asksPassword(c.form), Text: c.text,
	}
	if !c.form.scripted() {
		shown.Submission, shown.Answer = all, answer
	}
	return shown, nil
}

// submission is a request as others may send it.
func submission(r *request, err error) (*target.Submission, error) {
	if err != nil {
		return nil, err
	}
	s := &target.Submission{Method: r.method, Fields: r.fields}
	to := *r.url
	if r.fields == nil {
		s.Fields = to.Query()
		to.RawQuery = ""
	}
	s.URL = to.String()
	if r.from != nil {
		s.Page = r.from.String()
	}
	return s, nil
}

// choice reports whether there is a box that a person can tick.
func (c *consent) choice() bool {
	return slices.ContainsFunc(c.form.controls, func(field *control) bool {
		_, ok := c.reader.boxScopes(c.form, field)
		return ok && !field.disabled
	})
}

// unacceptable reports whether the page grants something that was requested and
// that the decision leaves out, for all to see: whoever does not want to grant it
// can only say no.
func (c *consent) unacceptable(d oauth.ConsentDecision, requested string) bool {
	return d.Only != nil && !c.fixed.Intersect(oauth.FieldsScope(requested)).SubsetOf(*d.Only)
}

// playable refuses a decision that the page has no way to express: without
// boxes, to grant less than was requested. Scopes in a hidden field can be
// changed where the target file says that consent is granular; elsewhere that
// would be a tampered form.
func (c *consent) playable(p *page, decision oauth.ConsentDecision, requested string) error {
	if err := c.strange(p); err != nil {
		return err
	}
	if c.boxes || c.lists && c.reader.granular || decision.Only == nil {
		return nil
	}
	asked := oauth.FieldsScope(requested)
	if c.lists {
		asked = c.offered
	}
	if missing := asked.Minus(*decision.Only); !missing.IsEmpty() {
		return &PageError{
			URL: place(p.url), Seen: c.form.describe(), Proposal: c.reader.propose(c.form),
			Want: fmt.Sprintf("a box %q for each scope, so that %q can be left out", c.reader.consent.Checkbox, missing),
			Hint: "set login.form.consent.checkbox to the name of the boxes, or capabilities: {consent.ui: all_or_nothing}; " +
				"granular where a hidden field of that name is what the page's script would change",
		}
	}
	return nil
}

// strange refuses a page whose boxes stand for nothing, where the target file says what
// boxes stand for: they may be written in another language, and to leave them as they
// are would not be what was decided.
func (c *consent) strange(p *page) error {
	if c.boxes || len(c.reader.consent.Checkboxes) == 0 || !slices.ContainsFunc(c.form.controls, func(field *control) bool {
		return field.kind == "checkbox" && field.visible() && c.reader.boxesKnow(field) == ""
	}) {
		return nil
	}
	return &PageError{
		URL: place(p.url), Seen: c.form.describe() + ", of which no box is in login.form.consent.checkboxes", Proposal: c.reader.propose(c.form),
		Want: "a box that stands for a scope", Hint: "name these boxes too, and those that stand for no scope under login.form.boxes; a page may be in another language for another user",
	}
}

// allow is the request that grants what the decision grants, and asks for what
// it adds. more may know further fields; nil: none.
func (c *consent) allow(p *page, decision oauth.ConsentDecision, more func(*control) ([]string, bool)) (*request, error) {
	button, err := c.allowButton(p)
	if err != nil {
		return nil, err
	}
	grants := decision.Grants(c.offered)
	ticked := func(scopes oauth.ScopeSet) bool { return scopes.SubsetOf(grants) != c.reader.consent.Withholds }
	hidden := c.reader.hiddenScopes(c.form)
	script := scripted(c.form, c.reader.consent.Allow)
	kept := 0
	fields := c.form.entries(button, func(field *control) ([]string, bool) {
		if value, set := script[field]; set {
			return []string{value}, true
		}
		if values, known := c.reader.choice(c.form, field, ticked); known {
			return values, true
		}
		if !c.boxes && slices.Contains(hidden, field) {
			value := narrowed(field.value, grants)
			if value == "" && len(hidden) > 1 {
				return nil, true
			}
			kept++
			return []string{value}, true
		}
		if more := c.reader.boxesOf(more); more != nil {
			return more(field)
		}
		return nil, false
	})
	name := c.reader.consent.Checkbox
	if len(hidden) > 0 {
		name = hidden[0].name
	}
	if !c.boxes && len(hidden) > 1 && kept == 0 {
		fields.Set(name, "")
	}
	for _, token := range decision.Add.Tokens() {
		switch {
		case !c.boxes && len(hidden) == 1:
			fields.Set(name, strings.TrimSpace(fields.Get(name)+" "+string(token)))
		default:
			field, value := c.boxFor(token)
			fields.Add(field, value)
		}
	}
	return c.form.request(p, fields, button)
}

// narrowed leaves of a scope value what is granted, in its order; all of it,
// byte for byte, when everything is.
func narrowed(value string, grants oauth.ScopeSet) string {
	if oauth.FieldsScope(value).SubsetOf(grants) {
		return value
	}
	var kept []string
	for part := range strings.SplitSeq(value, " ") {
		if part != "" && grants.Has(oauth.ScopeToken(part)) {
			kept = append(kept, part)
		}
	}
	return strings.Join(kept, " ")
}

// allowButton is the button that grants; nil: the form has none, or a hidden
// field says it.
func (c *consent) allowButton(p *page) (*control, error) {
	wanted := c.reader.consent.Allow
	if wanted == (target.Button{}) {
		button, ambiguous := c.guessedAllow()
		if ambiguous {
			return nil, &PageError{
				URL: place(p.url), Seen: c.form.describe(), Want: "one button that allows, by what is written on it",
				Hint: "say which one it is", Proposal: c.reader.propose(c.form),
			}
		}
		return button, nil
	}
	found := find(c.form, wanted)
	switch {
	case found == nil && scripted(c.form, wanted) != nil:
		return c.form.submitter(notRefusal), nil
	case found == nil:
		return nil, &PageError{
			URL: place(p.url), Seen: c.form.describe(), Want: "the button " + buttonText(wanted, "") + " that allows", Proposal: c.reader.propose(c.form),
			Hint: "set login.form.consent.allow to the name and value of the button, or to its value alone",
		}
	case found.kind == "hidden":
		return c.form.submitter(notRefusal), nil
	}
	return found, nil
}

// deny is the request that refuses: the configured button, or the one that says
// so, in the form or, where each button has a form of its own, in another.
func (c *consent) deny(p *page) (*request, error) {
	r, err := c.refusal(p)
	switch {
	case err != nil:
		return nil, err
	case r == nil:
		return nil, &PageError{
			URL: place(p.url), Seen: describeAll(p), Want: "the button " + buttonText(c.reader.consent.Deny, "that denies"), Proposal: c.reader.propose(c.form),
			Hint: "set login.form.consent.deny to the name and value of the button, or to its value alone",
		}
	}
	if yes, err := c.allow(p, oauth.ConsentDecision{}, nil); err == nil && r.same(yes) && !c.reader.scripts {
		return nil, &PageError{
			URL: place(p.url), Seen: c.form.describe(), Alike: true,
			Want: "a button that denies and by itself sends something else than the one that allows, so that no script has to tell them apart",
			Hint: "login.driver browser runs the script; or login.form.consent.deny names the hidden field that it changes, and what to: {name: FIELD, value: VALUE}, " +
				"where {value} stands for what the field holds",
		}
	}
	return r, nil
}

// refusal is what the button that denies sends; nil: there is none.
func (c *consent) refusal(p *page) (*request, error) {
	wanted := c.reader.consent.Deny
	forms := append([]*form{c.form}, c.forms...)
	refuses := func(b *control) bool { return says(b, denyWords) }
	for _, f := range forms {
		found := f.submitter(refuses)
		if wanted != (target.Button{}) {
			if found = find(f, wanted); found != nil && found.kind == "hidden" {
				found = f.submitter(func(*control) bool { return true })
			}
		}
		if found != nil {
			return f.request(p, f.entries(found, nil), found)
		}
	}
	for _, f := range forms {
		if script := scripted(f, wanted); script != nil {
			button := f.submitter(refuses)
			return f.request(p, f.entries(button, func(field *control) ([]string, bool) {
				value, set := script[field]
				return []string{value}, set
			}), button)
		}
	}
	return nil, nil
}

// scripted is what a script of the page puts into a hidden field before the form is
// sent: the value of the configured button, where that is what names the field, and
// {value} in it is what the field holds. Nil: the page has such a button, or no such field.
func scripted(f *form, wanted target.Button) map[*control]string {
	if wanted.Name == "" || find(f, wanted) != nil {
		return nil
	}
	for _, c := range f.controls {
		if c.kind == "hidden" && c.name == wanted.Name {
			return map[*control]string{c: strings.ReplaceAll(wanted.Value, "{value}", c.value)}
		}
	}
	return nil
}
