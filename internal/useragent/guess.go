package useragent

import (
	"regexp"
	"slices"
	"strings"

	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

// scopeFields are the names of fields that hold scopes, whatever the target file
// says.
var scopeFields = regexp.MustCompile(`(?i)^(granted_?|approved_?|requested_?)?scopes?(\[\])?$`)

// holdsScopes reports whether a field is the one that has the scopes.
func (r reader) holdsScopes(c *control) bool {
	if r.consent.Checkbox != defaultCheckbox {
		return c.name == r.consent.Checkbox
	}
	return scopeFields.MatchString(c.name)
}

// defaultCheckbox is what a box for a scope is called where the target file names
// none.
const defaultCheckbox = "scope"

// standsFor is the scope that a box stands for by its own word: what was asked
// for is its value, or in its name, or it alone of what was asked for is in what is
// written beside it. Empty: none.
func (r reader) standsFor(c *control) oauth.ScopeToken {
	var beside []oauth.ScopeToken
	for _, token := range r.asked.Tokens() {
		scope := string(token)
		own := attribute(c.node, "data-scope")
		switch {
		case c.kind == "checkbox" && c.value == scope, own != nil && *own == scope, endsIn(c.name, scope):
			return token
		case slices.Contains(strings.FieldsFunc(c.label, parting), scope):
			beside = append(beside, token)
		}
	}
	if len(beside) == 1 && strings.ContainsAny(string(beside[0]), ".:/_-") { // "email" beside a box may be a word like others
		return beside[0]
	}
	return ""
}

// endsIn reports whether a name is a scope, or has one at its end or in brackets:
// "cal.read", "scope_cal.read", "scopes[cal.read]".
func endsIn(name, scope string) bool {
	before, ok := strings.CutSuffix(strings.TrimSuffix(name, "]"), scope)
	return ok && (before == "" || strings.ContainsAny(before[len(before)-1:], "[_-.:/"))
}

// parting are the characters around a scope in what is written beside a box.
func parting(r rune) bool { return strings.ContainsRune(" \t()[]{}<>,;\"'“”‘’„", r) }

// onlyLine is the page's only form in which there is a single line to type into
// and nothing else, and that is posted: where nobody has signed in yet, it asks for
// a name. A line beside a button that allows is a remark. Nil where there is none,
// or more than one.
func onlyLine(p *page) *form {
	var found *form
	for _, f := range p.forms {
		line := onlyText(f)
		if line == nil || codeWords.MatchString(line.name) || f.submitter(allows) != nil || !strings.EqualFold(strings.TrimSpace(f.method), "post") || f.submitter(notRefusal) == nil {
			continue
		}
		if found != nil {
			return nil
		}
		found = f
	}
	return found
}

// onwardWords are on buttons that allow, where no other button has such a word.
var onwardWords = words("yes|ok|okay|continue|confirm|proceed|share|go ahead|next|submit")

// guessedAllow is the button that allows, where the target file names none: the one
// that says so, or the only one that goes on, or the only one that is no refusal.
// Nothing tells which one it is where ambiguous; nil: the form has no button.
func (c *consent) guessedAllow() (button *control, ambiguous bool) {
	if button := c.form.submitter(allows); button != nil {
		return button, false
	}
	var others, onwards []*control
	for _, button := range c.form.controls {
		if !button.sends() || !notRefusal(button) {
			continue
		}
		others = append(others, button)
		if says(button, onwardWords) {
			onwards = append(onwards, button)
		}
	}
	switch {
	case len(others) == 0:
		return nil, false
	case len(others) == 1:
		return others[0], false
	case len(onwards) == 1:
		return onwards[0], false
	}
	return nil, true
}

// boxes is change with what the target file says of boxes that stand for no
// scope.
func (r reader) boxesOf(change func(*control) ([]string, bool)) func(*control) ([]string, bool) {
	if len(r.boxes) == 0 {
		return change
	}
	return func(c *control) ([]string, bool) {
		if key := r.boxesKnow(c); c.kind == "checkbox" && key != "" {
			if r.boxes[key] {
				return []string{c.value}, true
			}
			return nil, true
		}
		if change != nil {
			return change(c)
		}
		return nil, false
	}
}

// boxesKnow is the name by which login.form.boxes has a box; empty: it has not.
func (r reader) boxesKnow(c *control) string {
	for _, key := range []string{c.name + "=" + c.value, c.name} {
		if _, known := r.boxes[key]; known {
			return key
		}
	}
	return ""
}

// button is a control as a target file names it.
func (c *control) button() target.Button { return target.Button{Name: c.name, Value: c.value} }
