package actor

import (
	"encoding/base64"
	"encoding/json"
	"html"
	"net/url"
	"regexp"
	"strings"
)

// This file finds secrets by where they stand, and leaves every other byte as it
// is.

// header is the value of a header field.
func (v *vault) header(name, value string) string {
	switch name {
	case "Authorization", "Proxy-Authorization":
		return v.credentials(value)
	case "Cookie", "Set-Cookie":
		return v.cookies(value, name == "Set-Cookie")
	}
	if hidesHeader(name) {
		return v.hide(value, doubtful)
	}
	return v.address(value)
}

// credentials are a scheme and what proves who asks (RFC 9110 section 11.4).
func (v *vault) credentials(value string) string {
	scheme, rest, found := strings.Cut(value, " ")
	if !found || !wordlike.MatchString(strings.ToLower(scheme)) {
		return v.hide(value, secret)
	}
	if strings.EqualFold(scheme, "Basic") {
		if pair, err := base64.StdEncoding.DecodeString(strings.TrimSpace(rest)); err == nil {
			_, password, _ := strings.Cut(string(pair), ":")
			v.hide(password, secret)
			if plain, err := url.QueryUnescape(password); err == nil {
				v.hide(plain, secret)
			}
		}
	}
	return scheme + " " + v.hide(rest, secret)
}

// cookies are those of a request, or the one that an answer sets.
func (v *vault) cookies(value string, set bool) string {
	parts := strings.Split(value, ";")
	for i, part := range parts {
		name, val, found := strings.Cut(part, "=")
		plain := strings.TrimSpace(val)
		switch {
		case set && i > 0 && cookieAttribute(strings.TrimSpace(name)):
		case !found && strings.TrimSpace(name) != "":
			parts[i] = v.hide(name, doubtful)
		case found:
			if unquoted := strings.Trim(plain, `"`); unquoted != plain {
				v.hide(unquoted, doubtful)
			}
			if unescaped, err := url.QueryUnescape(plain); err == nil && unescaped != plain {
				v.hide(unescaped, doubtful)
			}
			parts[i] = name + "=" + v.hide(plain, doubtful)
		}
	}
	return strings.Join(parts, ";")
}

func cookieAttribute(name string) bool {
	switch strings.ToLower(name) {
	case "path", "domain", "expires", "max-age", "samesite", "secure", "httponly", "partitioned", "priority":
		return true
	}
	return false
}

// address is a URL, or another text that may be one.
func (v *vault) address(raw string) string {
	if strings.ContainsAny(raw, " \"<>\n") || !strings.ContainsAny(raw, "?#@") {
		return v.text(raw, false)
	}
	head, fragment, hasFragment := strings.Cut(raw, "#")
	head, query, hasQuery := strings.Cut(head, "?")
	head = v.text(head, false)
	if hasQuery {
		head += "?" + v.form(query)
	}
	if hasFragment {
		head += "#" + v.form(fragment)
	}
	return head
}

// body is a body by its media type, or by what it looks like.
func (v *vault) body(media, body string) string {
	looks := strings.TrimLeft(body, " \t\r\n\uFEFF")
	switch {
	case looks == "":
		return body
	case strings.HasPrefix(media, "application/x-www-form-urlencoded"):
		return v.form(body)
	case looks[0] == '{' || looks[0] == '[' || strings.Contains(media, "json"):
		return v.json(body)
	case strings.Contains(media, "html") || looks[0] == '<':
		return v.text(v.tags(body), true)
	case strings.Contains(body, "=") && !strings.ContainsAny(body, " {<\n"):
		return v.form(body)
	}
	return v.text(body, true)
}

// form is a form, a query or a fragment.
func (v *vault) form(text string) string {
	parts := strings.Split(text, "&")
	for i, part := range parts {
		name, value, found := strings.Cut(part, "=")
		if !found {
			parts[i] = v.text(part, false)
			continue
		}
		plainName, err := url.QueryUnescape(name)
		if err != nil {
			plainName = name
		}
		if how := v.suspect(plainName); how != harmless {
			parts[i] = name + "=" + v.value(plainName, unescaped(value), how)
		} else {
			parts[i] = name + "=" + v.text(value, false)
		}
	}
	return strings.Join(parts, "&")
}

func unescaped(value string) string {
	if plain, err := url.QueryUnescape(value); err == nil {
		return plain
	}
	return value
}

var statusCode = regexp.MustCompile(`^[1-5][0-9][0-9]$`)

// value is what is shown for the value of a name.
func (v *vault) value(name, plain string, how suspicion) string {
	switch {
	case strings.EqualFold(name, "code") && statusCode.MatchString(plain):
		return plain
	case strings.EqualFold(name, "authorization"):
		return v.credentials(plain)
	}
	return v.hide(plain, how)
}

// json is a JSON text, or something like it: what is wrong with it does not
// matter. All that stands in a list or an object of a secret's name is hidden,
// but for members that only speak about it.
func (v *vault) json(s string) string {
	j := &jsonText{v: v, s: s}
	for j.at < len(s) {
		switch c := s[j.at]; c {
		case '{', '[':
			j.stack = append(j.stack, j.how)
			if c == '{' {
				j.how, j.name = harmless, ""
			}
			j.at++
		case '}', ']':
			if len(j.stack) > 0 {
				j.stack = j.stack[:len(j.stack)-1]
			}
			j.at++
		case ',':
			j.how = harmless
			if len(j.stack) > 0 {
				j.how = j.stack[len(j.stack)-1]
			}
			j.at++
		case '"':
			j.quoted()
		default:
			j.bare()
		}
	}
	return j.out.String() + s[j.done:]
}

// jsonText is a walk through a JSON text.
type jsonText struct {
	v        *vault
	s        string
	at, done int
	stack    []suspicion // of the lists and objects around
	how      suspicion   // of the next value
	name     string      // of the next value
	out      strings.Builder
}

func (j *jsonText) put(from, to int, text string) {
	j.out.WriteString(j.s[j.done:from])
	j.out.WriteString(text)
	j.done = to
}

// quoted is a name or a text.
func (j *jsonText) quoted() {
	from := j.at + 1
	to := from
	for to < len(j.s) && j.s[to] != '"' {
		if j.s[to] == '\\' {
			to++
		}
		to++
	}
	to = min(to, len(j.s))
	raw := j.s[from:to]
	j.at = min(to+1, len(j.s))
	rest := j.at
	for rest < len(j.s) && strings.IndexByte(" \t\r\n", j.s[rest]) >= 0 {
		rest++
	}
	if rest < len(j.s) && j.s[rest] == ':' {
		j.at = rest + 1
		j.named(unquoted(raw))
		return
	}
	switch {
	case j.how != harmless:
		j.put(from, to, j.v.value(j.name, unquoted(raw), j.how))
	case privateKey[j.name] && len(raw) >= keyPart:
		j.put(from, to, j.v.hide(unquoted(raw), secret))
	default:
		if shown := j.v.text(raw, false); shown != raw {
			j.put(from, to, shown)
		}
	}
}

// named notes what the name of the next value says of it.
func (j *jsonText) named(name string) {
	j.name, j.how = name, j.v.suspect(name)
	if n := len(j.stack); n > 0 && j.how == harmless && j.stack[n-1] != harmless {
		if last := wordsOf(name); len(last) == 0 || !aboutIt(last) {
			j.how = j.stack[n-1]
		}
	}
}

// bare is a number, a word of JSON, space, or what no JSON has.
func (j *jsonText) bare() {
	from := j.at
	for j.at < len(j.s) && strings.IndexByte(`{}[],"`, j.s[j.at]) < 0 {
		j.at++
	}
	raw := strings.TrimRight(j.s[from:j.at], " \t\r\n")
	lead := len(raw) - len(strings.TrimLeft(raw, " \t\r\n"))
	from, raw = from+lead, raw[lead:]
	switch {
	case raw == "" || raw == "true" || raw == "false" || raw == "null":
	case j.how == harmless:
		if shown := j.v.text(raw, true); shown != raw {
			j.put(from, from+len(raw), shown)
		}
	case j.how != harmless:
		if shown := j.v.value(j.name, raw, j.how); shown != raw {
			j.put(from, from+len(raw), `"`+shown+`"`)
		}
	}
}

func unquoted(raw string) string {
	if !strings.Contains(raw, `\`) {
		return raw
	}
	var plain string
	if json.Unmarshal([]byte(`"`+raw+`"`), &plain) == nil {
		return plain
	}
	return raw
}

var (
	tag       = regexp.MustCompile(`(?i)<(?:input|meta|button|textarea|option)\b(?:[^>"']|"[^"]*"|'[^']*')*>?`)
	attribute = regexp.MustCompile(`(?i)\b(type|name|id|value|content)\s*=\s*(?:"([^"]*)"?|'([^']*)'?|([^\s"'>]+))`)
)

// tags hides the values of fields of HTML forms, whatever the order of their
// attributes.
func (v *vault) tags(text string) string {
	return tag.ReplaceAllStringFunc(text, func(element string) string {
		var name, id, kind string
		from, to := -1, -1
		for _, m := range attribute.FindAllStringSubmatchIndex(element, -1) {
			start, end := m[4], m[5]
			for g := 6; start < 0; g += 2 {
				start, end = m[g], m[g+1]
			}
			switch value := html.UnescapeString(element[start:end]); strings.ToLower(element[m[2]:m[3]]) {
			case "type":
				kind = strings.ToLower(value)
			case "name":
				name = value
			case "id":
				id = value
			default:
				from, to = start, end
			}
		}
		how := max(v.suspect(name), v.suspect(id))
		if kind == "password" {
			how = secret
		}
		if from < 0 || how == harmless {
			return element
		}
		return element[:from] + v.hide(html.UnescapeString(element[from:to]), how) + element[to:]
	})
}
