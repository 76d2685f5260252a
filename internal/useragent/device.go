package useragent

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
)

// ErrCodeRefused is a visit that ends where the code of a device is not taken:
// it is not known, or no longer good.
var ErrCodeRefused = errors.New("asks for the code of the device again after it was given")

// codeWords are the names of fields that a device's code is typed into.
var codeWords = regexp.MustCompile(`(?i)^(user_?code|device_?(user_?)?code|verification_?code|code|otp)$`)

// codeForm is a form that asks for the code of a device (RFC 8628 section 3.3),
// and the field for it: one whose name says so, or the only form with one line
// of text and nothing else to fill in. Both are nil where there is none.
func (r reader) codeForm(p *page) (*form, *control) {
	var likely *form
	var line *control
	forms := 0
	for _, f := range p.forms {
		field := onlyText(f)
		if field == nil || f.submitter(notRefusal) == nil {
			continue
		}
		if codeWords.MatchString(field.name) {
			return f, field
		}
		forms++
		likely, line = f, field
	}
	if forms != 1 {
		return nil, nil
	}
	return likely, line
}

// confirmForm is a form that asks whether the code is the device's (RFC 8628
// section 3.3.1), and the button that goes on; nil where there is none.
func (r reader) confirmForm(p *page) (*form, *control) {
	for _, f := range p.forms {
		shown := slices.ContainsFunc(f.controls, func(c *control) bool { return c.kind == "hidden" && codeWords.MatchString(c.name) })
		if button := f.submitter(notRefusal); shown && button != nil && f.visibleInputs() == 0 {
			return f, button
		}
	}
	return nil, nil
}

// onlyText is the line of text that is all there is to fill in, or nil.
func onlyText(f *form) *control {
	var found *control
	for _, c := range f.controls {
		switch {
		case !c.visible() || c.readonly:
		case c.isText() && c.name != "" && found == nil:
			found = c
		default:
			return nil
		}
	}
	return found
}

// giveCode types the code of the device. Shown twice, the first answer was
// refused. Shown after the code was known and the request decided, it is where
// the visit ends: ready for the next device.
func (w *walk) giveCode(p *page, f *form, field *control) (*request, error) {
	if w.confirmed || w.answered != "" {
		return nil, nil
	}
	if w.coded {
		return nil, fmt.Errorf("page %s %w", place(p.url), ErrCodeRefused)
	}
	w.coded = true
	button := f.submitter(notRefusal)
	w.saw(p, "asks for the code of a device", f, button, func(c *control) string {
		if c == field {
			return "the code of the device"
		}
		return ""
	})
	return f.request(p, f.entries(button, func(c *control) ([]string, bool) {
		return []string{w.visit.UserCode.Reveal()}, c == field
	}), button)
}
