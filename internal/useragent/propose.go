package useragent

import (
	"fmt"
	"strconv"
	"strings"
)

// propose is what the target file could say of a form, as YAML. Capitals stand
// for what the form does not tell.
func (r reader) propose(f *form) string {
	var login, consent, boxes []string
	password := r.passwordField(f)
	if password == nil {
		for _, c := range f.controls {
			if c.kind == "password" && c.visible() {
				password = c
			}
		}
	}
	name := r.textBefore(f, password)
	if name != nil && codeWords.MatchString(name.name) {
		return ""
	}
	if name != nil {
		login = append(login, remarked("username: "+scalar(name.name), name.label))
	}
	if password != nil {
		login = append(login, remarked("password: "+scalar(password.name), password.label))
	}
	for _, c := range f.controls {
		if c.kind != "checkbox" || !c.visible() || c.name == "" || password != nil {
			continue
		}
		if _, known := r.boxScopes(f, c); !known {
			boxes = append(boxes, remarked(boxKey(f, c)+": SCOPE", c.label))
		}
	}
	if len(boxes) > 0 {
		consent = append(consent, "checkboxes: # those that stand for a scope, and not the others")
		consent = append(consent, shifted(boxes)...)
	}
	if password == nil && name == nil {
		consent = append(consent, r.proposeButtons(f)...)
	}
	if len(login)+len(consent) == 0 {
		return ""
	}
	lines := []string{"login:", "  form:"}
	if len(login) > 0 {
		lines = append(lines, "    login:")
		lines = append(lines, shifted(shifted(shifted(login)))...)
	}
	if len(consent) > 0 {
		lines = append(lines, "    consent:")
		lines = append(lines, shifted(shifted(shifted(consent)))...)
	}
	return strings.Join(lines, "\n") + "\n"
}

// proposeButtons takes the first button that does not refuse for the one that
// allows, and the first other for the one that denies.
func (r reader) proposeButtons(f *form) []string {
	allow := f.submitter(allows)
	if allow == nil {
		allow = f.submitter(notRefusal)
	}
	if allow == nil {
		return nil
	}
	lines := []string{remarked("allow: "+buttonYAML(allow), allow.label)}
	deny := f.submitter(func(c *control) bool { return says(c, denyWords) })
	if deny == nil {
		deny = f.submitter(func(c *control) bool { return c != allow && !says(c, logoutWords) })
	}
	if deny != nil {
		lines = append(lines, remarked("deny: "+buttonYAML(deny), deny.label))
	}
	return lines
}

// buttonYAML names a button by what it posts, or where that is nothing by what is
// written on it.
func buttonYAML(c *control) string {
	if c.name == "" {
		return fmt.Sprintf("{value: %s}", scalar(either(c.value, c.label)))
	}
	return fmt.Sprintf("{name: %s, value: %s}", scalar(c.name), scalar(c.value))
}

// boxKey names a box: by its value too, where others have its name.
func boxKey(f *form, box *control) string {
	for _, c := range f.controls {
		if c != box && c.kind == "checkbox" && c.name == box.name {
			return scalar(box.name + "=" + box.value)
		}
	}
	return scalar(box.name)
}

// scalar is a text as YAML.
func scalar(text string) string {
	for _, r := range text {
		if !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("_-./", r)) {
			return strconv.Quote(text)
		}
	}
	switch strings.ToLower(text) {
	case "", "true", "false", "yes", "no", "on", "off", "null", "y", "n":
		return strconv.Quote(text)
	}
	if text[0] == '-' || text[0] == '.' || text[0] >= '0' && text[0] <= '9' {
		return strconv.Quote(text)
	}
	return text
}

// remarked is a line with what the page writes there.
func remarked(line, label string) string {
	if label == "" {
		return line
	}
	return line + " # " + strconv.QuoteToGraphic(shorten(label, 80))
}

func shifted(lines []string) []string {
	made := make([]string, len(lines))
	for i, line := range lines {
		made[i] = "  " + line
	}
	return made
}
