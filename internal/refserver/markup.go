package refserver

import (
	"bytes"
	"html"
	"strconv"
)

// The two pages that nearly every authorization passes are written by hand: a
// template takes longer to say one than the server takes to decide what is on it.

// markup is HTML that is being written.
type markup struct{ bytes.Buffer }

// add writes markup and text in turn, beginning with markup. Text is escaped.
func (m *markup) add(parts ...string) {
	for n, part := range parts {
		if n%2 == 1 {
			part = html.EscapeString(part)
		}
		m.WriteString(part)
	}
}

// markupPage is a page of a title, with what inside writes.
func markupPage(title string, inside func(m *markup)) []byte {
	var m markup
	m.Grow(2 << 10)
	m.add(`<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>`, title, `</title>
<style>`+pageStyle+`</style>
</head>
<body><main><h1>`, title, `</h1>
`)
	inside(&m)
	m.add(`
</main></body></html>`)
	return m.Bytes()
}

// page is the form for name and password.
func (f loginForm) page() []byte {
	return markupPage("Log in", func(m *markup) {
		if f.Problem != "" {
			m.add(`<p role="alert">`, f.Problem, `</p>`)
		}
		m.add(`<form method="post" action="/login">
<input type="hidden" name="csrf" value="`, f.Secret, `">
<input type="hidden" name="tx" value="`, f.Transaction, `">
`)
		if f.To != "" {
			m.add(`<input type="hidden" name="to" value="`, f.To, `">`)
		}
		m.add(`<p><label>User name <input type="text" name="username" autocomplete="username" autofocus></label></p>
<p><label>Password <input type="password" name="password" autocomplete="current-password"></label></p>
<p><button type="submit">Log in</button></p>
</form>`)
	})
}

// page is the form on which the resource owner decides.
func (f consentForm) page() []byte {
	return markupPage("Allow "+f.Client+"?", func(m *markup) {
		m.add(`<p><strong>`, f.Client, `</strong> asks `, f.User, ` for access to the `, f.API, ` API. Tick what it shall have.</p>
<form method="post" action="/consent">
<input type="hidden" name="csrf" value="`, f.Secret, `">
<input type="hidden" name="tx" value="`, f.Transaction, `">
<ul>
`)
		for _, item := range f.Items {
			item.write(m)
		}
		for _, item := range f.Details {
			item.write(m)
		}
		for _, claim := range f.Claims {
			m.add(`<li><label><input type="checkbox" name="claim" value="`, claim, `" checked> See your `, claim, "</label></li>\n")
		}
		m.add("</ul>\n")
		if len(f.Kept) > 0 {
			m.add("<p>It keeps what it was granted before:</p>\n<ul class=\"kept\">")
			for _, text := range f.Kept {
				m.add(`<li>`, text, `</li>`)
			}
			m.add(`</ul>`)
		}
		m.add(`<p><button type="submit" name="decision" value="allow">Allow</button>
<button type="submit" name="decision" value="deny">Deny</button></p>
</form>`)
	})
}

func (i ConsentItem) write(m *markup) {
	switch {
	case i.Hidden:
		m.add(`<input type="hidden" name="scope" value="`, i.Scope, "\">\n")
	case i.Plain:
		m.add(`<li>`, i.Text, "</li>\n")
	case i.Fixed:
		m.add(`<li><label><input type="checkbox" name="scope" value="`, i.Scope, `" checked disabled> `, i.Text, "</label></li>\n")
	case i.Answers:
		name := answerField + i.Scope
		m.add(`<li>`, i.Text, `: <label><input type="radio" name="`, name, `" value="yes"> Yes</label>
<label><input type="radio" name="`, name, "\" value=\"no\"> No</label></li>\n")
	case i.Listed:
		m.add(`<li><label><input type="checkbox" name="`, listField, `" value="`, i.Scope, `"> `, i.Text, "</label></li>\n")
	case i.Unticked:
		m.add(`<li><label><input type="checkbox" name="scope" value="`, i.Scope, `"> `, i.Text, "</label></li>\n")
	default:
		m.add(`<li><label><input type="checkbox" name="scope" value="`, i.Scope, `" checked> `, i.Text, "</label></li>\n")
	}
}

func (i DetailItem) write(m *markup) {
	index := strconv.Itoa(i.Index)
	if i.Hidden {
		m.add(`<input type="hidden" name="authorization_details" value="`, index, "\">\n")
		return
	}
	m.add(`<li><label><input type="checkbox" name="authorization_details" value="`, index, `" checked> `, i.Text, "</label></li>\n")
}
