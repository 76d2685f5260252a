package useragent

import (
	"fmt"
	"net/url"
	"strings"
)

// PageError says that a page asks a resource owner for something, and that the
// form driver does not know how to answer it.
type PageError struct {
	URL  string // of the page, without its query
	Want string // what would have been understood
	Seen string // the forms, fields and buttons of the page; never their values
	Hint string // which key of the target file to set
	// Alike says that the button that denies sends what the one that allows does.
	Alike bool
	// Proposal is what the target file could say, as YAML; empty: nothing.
	Proposal string
}

// Error is one sentence, and the hint on a line of its own.
func (e *PageError) Error() string {
	text := fmt.Sprintf("page %s: got %s, want %s", e.URL, e.Seen, e.Want)
	if e.Hint != "" {
		text += hint(e.Hint)
	}
	if e.Proposal != "" {
		text += "\n    proposal, where capitals stand for what only you know:\n" + indented(e.Proposal, "      ")
	}
	return text
}

func indented(text, by string) string {
	return by + strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "\n"+by)
}

func hint(text string) string { return "\n    hint: " + text }

// place is a URL for messages: what is secret in a URL is in its query, its
// fragment or its user information.
func place(u *url.URL) string {
	short := *u
	short.User, short.RawQuery, short.ForceQuery, short.Fragment, short.RawFragment = nil, "", false, "", ""
	return short.String()
}

// shorten cuts a text at most bytes long, never inside a character.
func shorten(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}

// quoted writes names for a message: `"a", "b"`, at most twelve of them.
func quoted(names []string) string {
	const most = 12
	parts := make([]string, 0, most+1)
	for i, name := range names {
		if i == most {
			parts = append(parts, fmt.Sprintf("and %d more", len(names)-most))
			break
		}
		parts = append(parts, fmt.Sprintf("%q", shorten(name, 60)))
	}
	return strings.Join(parts, ", ")
}
