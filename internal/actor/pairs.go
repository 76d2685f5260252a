package actor

import (
	"html"
	"regexp"
	"slices"
	"strings"
)

// anyJWT is a JWT, wherever it stands: signed (three parts) or encrypted (five).
// onlyJWT is a text that is one.
var (
	anyJWT  = regexp.MustCompile(jwtPattern)
	onlyJWT = regexp.MustCompile(`^` + jwtPattern + `$`)
)

const jwtPattern = `eyJ[A-Za-z0-9_-]{5,}(?:\.[A-Za-z0-9_-]*){1,4}`

// aboutIt reports whether the last word of a name says that its value is no
// secret though it stands beside one: "type", "expires_in", "scope".
func aboutIt(words []string) bool { return slices.Contains(about, words[len(words)-1]) }

// text is any text: name=value and "name": "value" in it, in URLs, HTML, JSON in
// a text or a message, however the signs between are escaped; users of URLs; and
// JWTs. In a body, lines such as "password: value" count as well.
func (v *vault) text(s string, body bool) string {
	if strings.ContainsAny(s, "=:%") {
		s = v.pairs(s, body)
	}
	if strings.Contains(s, "eyJ") {
		s = anyJWT.ReplaceAllStringFunc(s, func(token string) string {
			if strings.Count(token, ".") > 2 && strings.HasSuffix(token, ".") { // the end of a sentence
				return v.hide(token[:len(token)-1], secret) + "."
			}
			return v.hide(token, secret)
		})
	}
	return s
}

func (v *vault) pairs(s string, body bool) string {
	var out strings.Builder
	done := 0
	for i := 0; i < len(s); i++ {
		from, to, shown := -1, -1, ""
		switch c := s[i]; {
		case c == ':' && strings.HasPrefix(s[i+1:], "//"):
			from, to = userinfo(s, i+3)
			if from >= 0 {
				shown = v.hide(unescaped(s[from:to]), doubtful)
			}
		case c == '=' || c == ':' || c == '%' && i+2 < len(s) && s[i+1] == '3' && s[i+2]|0x20 == 'd':
			from, to, shown = v.pair(s, done, i, body)
		}
		if from >= 0 && to > from {
			out.WriteString(s[done:from])
			out.WriteString(shown)
			done, i = to, to-1
		}
	}
	if done == 0 {
		return s
	}
	return out.String() + s[done:]
}

// userinfo finds the password of a URL whose authority begins at i, or the user
// where there is no password.
func userinfo(s string, i int) (from, to int) {
	end := strings.IndexAny(s[i:], "/?# \t\r\n\"'<>\\")
	if end < 0 {
		end = len(s) - i
	}
	at := strings.LastIndexByte(s[i:i+end], '@')
	if at < 0 {
		return -1, -1
	}
	if colon := strings.IndexByte(s[i:i+at], ':'); colon >= 0 {
		return i + colon + 1, i + at
	}
	return i, i + at
}

// quotes are quotation marks, escaped for HTML, JSON or a URL as well.
var quotes = []string{`\\\"`, `\"`, `"`, `'`, "&#34;", "&quot;", "&#39;", "&#x27;", "%22"}

// pair looks at the sign between a name and a value at i: where the value is,
// and what is shown for it.
func (v *vault) pair(s string, done, i int, body bool) (from, to int, shown string) {
	none := func() (int, int, string) { return -1, -1, "" }
	name, start, closed := nameBefore(s[done:i])
	how := harmless
	if name != "" {
		how = v.suspect(name)
	}
	if how == harmless {
		return none()
	}
	from = i + 1
	if s[i] == '%' {
		from = i + 3
	}
	line := false
	if s[i] == ':' && closed == "" {
		if line = body && startsLine(s[:done+start]); !line && !(body && strings.HasSuffix(s[:done+start], "{")) && !strings.Contains(name, "_") {
			return none() // "the status code: 403" is prose
		}
	}
	spaced := from
	for from < len(s) && (s[from] == ' ' || s[from] == '\t') {
		from++
	}
	for _, mark := range quotes {
		if strings.HasPrefix(s[from:], mark) {
			from += len(mark)
			to = from + quotedEnd(s[from:], mark)
			return from, to, v.value(name, html.UnescapeString(unescapedIf(s[i] == '%', unquoted(s[from:to]))), how)
		}
	}
	switch {
	case line:
		to = from + lineEnd(s[from:])
	case spaced != from && s[i] != ':' || strings.HasPrefix(s[from:], "="): // a sentence, or a comparison
		return none()
	default:
		to = from + bareEnd(s[from:], s[i])
	}
	if s[i] == ':' {
		return from, to, v.value(name, s[from:to], how)
	}
	return from, to, v.value(name, unescaped(s[from:to]), how)
}

func unescapedIf(escaped bool, value string) string {
	if escaped {
		return unescaped(value)
	}
	return value
}

// nameBefore is the name at the end of a text, where it begins, and the
// quotation mark after it.
func nameBefore(s string) (name string, start int, closed string) {
	trimmed := strings.TrimRight(s, " \t")
	for _, mark := range quotes {
		if strings.HasSuffix(trimmed, mark) {
			trimmed, closed = strings.TrimSuffix(trimmed, mark), mark
			break
		}
	}
	start = len(trimmed)
	for start > 0 && len(trimmed)-start < 64 && (letterOrDigit(trimmed[start-1]) || strings.IndexByte("_-.[]", trimmed[start-1]) >= 0) {
		start--
	}
	switch before := trimmed[:start]; {
	case strings.HasSuffix(before, "%") && len(trimmed)-start > 2: // %26code
		start += 2
		for strings.HasPrefix(trimmed[start:], "26") || strings.HasPrefix(trimmed[start:], "3F") { // %2526code
			start += 2
		}
	case strings.HasSuffix(before, `\`) && strings.HasPrefix(trimmed[start:], "u00") && len(trimmed)-start > 5: // \u0026code
		start += 5
	}
	return trimmed[start:], start, closed
}

func startsLine(before string) bool {
	before = strings.TrimRight(before, " \t-")
	return before == "" || strings.HasSuffix(before, "\n")
}

func lineEnd(s string) int {
	if end := strings.IndexAny(s, "\r\n"); end >= 0 {
		return end
	}
	return len(s)
}

// quotedEnd is where a quoted text ends; without its mark, where the line does.
func quotedEnd(s, mark string) int {
	for at := 0; ; {
		next := strings.Index(s[at:], mark)
		if next < 0 {
			return lineEnd(s)
		}
		at += next
		if mark != `"` && mark != `'` || at == 0 || s[at-1] != '\\' || at > 1 && s[at-2] == '\\' {
			return at
		}
		at += len(mark)
	}
}

// bareEnd is where a text without quotation marks ends that follows a sign.
func bareEnd(s string, sign byte) int {
	stops := "&;#\"'<>` \t\r\n"
	if sign == ':' {
		stops = "&,;}\"'<>` \t\r\n"
	}
	end := 0
	for end < len(s) && strings.IndexByte(stops, s[end]) < 0 {
		if s[end] == '\\' && !strings.HasPrefix(s[end:], `\/`) {
			break
		}
		if sign == '%' && s[end] == '%' {
			if next := s[end:min(end+3, len(s))]; next == "%26" || next == "%23" || next == "%22" || next == "%20" {
				break
			}
		}
		end++
	}
	return len(strings.TrimRight(s[:end], ")]},.|"))
}
