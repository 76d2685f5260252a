package useragent

import (
	"fmt"
	"slices"
	"strings"

	"github.com/scopeproof/scopeproof/target"
)

const (
	maxSays   = 300 // bytes of a page's text that are told
	maxFilled = 40  // fields of a page that are told
)

// saw tells of a page and of what was done there: form f was filled in and sent
// with button. Does says what was done with a field, in words; empty: it stays as
// the page has it.
func (w *walk) saw(p *page, is string, f *form, button *control, does func(*control) string) {
	if w.visit.Seen == nil {
		return
	}
	seen := target.PageSeen{URL: place(p.url), Status: p.status, Is: is, Says: shorten(p.text, maxSays)}
	forms := p.forms
	if f != nil {
		forms = []*form{f}
	}
	for _, one := range forms {
		for _, c := range one.controls {
			if len(seen.Fields)+len(seen.Buttons) >= maxFilled {
				break
			}
			switch {
			case c.sends():
				seen.Buttons = append(seen.Buttons, target.ButtonSeen{Button: c.button(), Label: c.label, Pressed: c == button})
			case (c.visible() || c.kind == "checkbox" && !c.unseen) && c.name != "" || c.kind == "hidden" && scopeFields.MatchString(c.name):
				field := w.reader.fieldSeen(one, c, does)
				if scopes, ok := w.reader.boxScopes(one, c); ok {
					field.Scope = scopes.String()
				}
				seen.Fields = append(seen.Fields, field)
			}
		}
	}
	w.visit.Seen(seen)
}

func (r reader) fieldSeen(f *form, c *control, does func(*control) string) target.FieldSeen {
	s := target.FieldSeen{Name: c.name, Kind: c.kind, Label: c.label}
	if value, ok := r.grants(f, c); ok && c.kind != "checkbox" {
		s.Value = value
	}
	if c.kind == "checkbox" {
		s.Value, s.Ticked = c.value, c.checked
	}
	if does != nil {
		s.Does = does(c)
	}
	if s.Does == "" {
		s.Does = "as it is"
		if c.kind == "checkbox" {
			s.Does = map[bool]string{true: "ticked, as it is", false: "not ticked, as it is"}[c.checked]
		}
	}
	return s
}

// typed says which fields were given the name and the password.
func (w *walk) typed(username, password *control) func(*control) string {
	return func(c *control) string {
		switch c {
		case nil:
		case username:
			return ownerKey(w.visit.Owner, "username")
		case password:
			return ownerKey(w.visit.Owner, "password")
		}
		return w.boxed(c)
	}
}

// boxed says what the target file wants of a box.
func (w *walk) boxed(c *control) string {
	values, known := w.reader.boxesOf(nil), false
	if values != nil {
		var ticked []string
		if ticked, known = values(c); known && len(ticked) > 0 {
			return "ticked, by login.form.boxes"
		}
	}
	if known {
		return "not ticked, by login.form.boxes"
	}
	return ""
}

// chosen says which scope each field of a consent page stands for, and whether it
// is granted.
func (w *walk) chosen(c *consent, fields map[string][]string) func(*control) string {
	var typed func(*control) string
	if password := c.reader.passwordField(c.form); password != nil && fields != nil {
		typed = w.typed(c.reader.usernameField(c.form, password), password)
	}
	return func(field *control) string {
		if scopes, ok := c.reader.boxScopes(c.form, field); ok {
			is, stands := "not ticked", "scope"
			if value, _ := c.reader.grants(c.form, field); slices.Contains(fields[field.name], value) {
				is = "ticked"
			}
			if c.reader.consent.Withholds {
				stands = "withholds the scope"
			}
			return fmt.Sprintf("%s: %s %q", is, stands, scopes)
		}
		if field.kind == "hidden" {
			return fmt.Sprintf("holds the scope %q", strings.Join(fields[field.name], " "))
		}
		if typed != nil {
			return typed(field)
		}
		return w.boxed(field)
	}
}
