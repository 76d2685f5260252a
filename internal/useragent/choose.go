package useragent

import (
	"regexp"
	"slices"

	"github.com/PuerkitoBio/goquery"

	"github.com/scopeproof/scopeproof/oauth"
)

// A scope is mostly a box that is ticked. It may as well be one of two answers, as
// radio buttons or in a select: "yes" and "no".

// option is one of those of a select.
type option struct{ value, label string }

// Words of the two answers, as their values mostly have them whatever the language of
// the page.
var (
	yesWords = regexp.MustCompile(`(?i)^(1|y|yes|true|on|allow(ed)?|grant(ed)?|permit(ted)?|accept(ed)?|approved?|agree|share|enabled?|ja|oui|s[ií]|sim|erlauben|zulassen)$`)
	noWords  = regexp.MustCompile(`(?i)^(0|n|no|false|off|none|den(y|ied)|refused?|reject(ed)?|declined?|withhold|disallow|disabled?|nein|non|não|verweigern|ablehnen)$`)
)

// affirmative is the one of two answers that says yes, or that the other says no to.
func affirmative(answers []option) (option, bool) {
	if len(answers) != 2 {
		return option{}, false
	}
	for _, text := range []func(option) string{func(o option) string { return o.value }, func(o option) string { return o.label }} {
		for i, one := range answers {
			other := answers[1-i]
			if yesWords.MatchString(text(one)) && !yesWords.MatchString(text(other)) || noWords.MatchString(text(other)) && !noWords.MatchString(text(one)) {
				return one, true
			}
		}
	}
	return option{}, false
}

// alternatives are the answers of which c is one, or which it has.
func (f *form) alternatives(c *control) []option {
	if c.kind == "select" {
		return c.options
	}
	var all []option
	for _, other := range f.controls {
		if other.kind == "radio" && other.name == c.name {
			all = append(all, option{other.value, other.label})
		}
	}
	return all
}

// grants is the value by which a box, one of several radio buttons or a select grants
// what it stands for; not ok: it has none, as what says no.
func (r reader) grants(f *form, c *control) (value string, ok bool) {
	switch c.kind {
	case "checkbox":
		return c.value, true
	case "radio", "select":
		all := f.alternatives(c)
		for _, o := range all {
			if _, mapped := r.consent.Checkboxes[c.name+"="+o.value]; mapped && len(all) > 1 {
				return o.value, c.kind == "select" || c.value == o.value
			}
		}
		yes, found := affirmative(all)
		return yes.value, found && (c.kind == "select" || c.value == yes.value)
	}
	return "", false
}

// choice is what a control sends for the scopes that it is about, where they are
// granted or not; not known: it is about none.
func (r reader) choice(f *form, c *control, granted func(oauth.ScopeSet) bool) (values []string, known bool) {
	if scopes, ok := r.boxScopes(f, c); ok {
		value, _ := r.grants(f, c)
		switch {
		case granted(scopes):
			return []string{value}, true
		case c.kind == "select":
			return other(c.options, value), true
		}
		return nil, true
	}
	if c.kind != "radio" {
		return nil, false
	}
	for _, yes := range f.controls { // the button beside it that says yes
		if yes.kind != "radio" || yes.name != c.name || yes == c {
			continue
		}
		if scopes, ok := r.boxScopes(f, yes); ok {
			if !granted(scopes) && slices.Equal(other(f.alternatives(c), yes.value), []string{c.value}) {
				return []string{c.value}, true
			}
			return nil, true
		}
	}
	return nil, false
}

// other is the first answer that is not value.
func other(answers []option, value string) []string {
	for _, o := range answers {
		if o.value != value {
			return []string{o.value}
		}
	}
	return nil
}

// readOptions are the answers that a select offers.
func readOptions(s *goquery.Selection) []option {
	var all []option
	eachOption(s, func(value string, o *goquery.Selection) {
		all = append(all, option{value, collapse(o.Text())})
	})
	return all
}

func eachOption(s *goquery.Selection, do func(value string, o *goquery.Selection)) {
	s.Find("option").Each(func(_ int, o *goquery.Selection) {
		if _, disabled := o.Attr("disabled"); !disabled {
			do(o.AttrOr("value", collapse(o.Text())), o)
		}
	})
}

// spread is a list of which several may be selected, as a browser sends it: a box for
// each. Where a real browser shows the page it is a list.
func (c *control) spread(s *goquery.Selection) []*control {
	if _, multiple := s.Attr("multiple"); !multiple || c.kind != "select" || marked(c.node) != "" {
		return []*control{c}
	}
	var boxes []*control
	eachOption(s, func(value string, o *goquery.Selection) {
		box := *c
		_, box.checked = o.Attr("selected")
		box.kind, box.value, box.values, box.label, box.node = "checkbox", value, nil, collapse(o.Text()), o.Nodes[0]
		boxes = append(boxes, &box)
	})
	return boxes
}
