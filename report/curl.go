package report

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/scopeproof/scopeproof/oauth"
)

// digest finds what [oauth.Digest] writes, as it is or percent-encoded.
var digest = regexp.MustCompile(`(?i)(?:‹|%E2%80%B9)sha256(?::|%3A)[0-9a-f]{8}(?:›|%E2%80%BA)`)

// jsonName finds the name of the JSON member whose value comes next.
var jsonName = regexp.MustCompile(`"([A-Za-z0-9_.-]{1,40})"\s*:\s*"?$`)

// Curl is the command that sends the request of an exchange again, for bash or
// zsh. Where the exchange shows the digest of a secret, the command has a
// variable named for it ($TOKEN, $CLIENT_SECRET, $REFRESH_TOKEN, $CODE, …), and
// $ISSUER stands for the issuer. Nothing else in it is expanded by the shell:
// what a server chose stays data.
func Curl(e oauth.Exchange, issuer string) Command {
	c := &curl{}
	if strings.HasSuffix(e.Request.Body, "…") {
		c.note = "# the body was cut when it was recorded\n"
	}
	method, body := strings.ToUpper(e.Method), e.Request.Body
	switch {
	case method == "HEAD":
		c.add("--head")
	case method != "GET" && method != "" || body != "":
		c.add("-X", quote(literal(method)))
	}
	c.url(e.URL, issuer)
	form := c.headers(e.Request.Header, body != "")
	switch {
	case body == "":
	case form:
		c.form(body)
	default:
		c.option("--data-raw", quote(split(body, func(before, digest string) string { return c.variable(jsonVariable(before), digest, inJSON) })))
	}
	return Command{Text: c.note + "curl -sS -i" + c.args.String(), Variables: c.variables}
}

// curl is a command in the making.
type curl struct {
	note      string
	args      strings.Builder
	variables []Variable
}

// variable is the name under which the command has a secret: another secret of
// the same name gets a number.
func (c *curl) variable(name, digest string, as form) string {
	v := Variable{Name: name, Digest: asWritten(digest), as: as}
	for n := 2; ; n++ {
		i := slices.IndexFunc(c.variables, func(o Variable) bool { return o.Name == v.Name })
		if i < 0 {
			c.variables = append(c.variables, v)
			return v.Name
		}
		if c.variables[i] == v {
			return v.Name
		}
		v.Name = fmt.Sprintf("%s_%d", name, n)
	}
}

// add appends words to the current line.
func (c *curl) add(words ...string) { c.args.WriteString(" " + strings.Join(words, " ")) }

// option appends an option and its value on a line of their own.
func (c *curl) option(name, value string) { c.args.WriteString(" \\\n  " + name + " " + value) }

func (c *curl) url(raw, issuer string) {
	if strings.ContainsAny(raw, "[]{}") {
		c.add("--globoff")
	}
	if strings.Contains(raw, "/./") || strings.Contains(raw, "/../") {
		c.add("--path-as-is")
	}
	issuer = strings.TrimSuffix(issuer, "/")
	rest, ours := strings.CutPrefix(raw, issuer)
	if issuer != "" && ours && (rest == "" || strings.ContainsRune("/?#", rune(rest[0]))) {
		c.add(quote(append([]piece{{variable: "ISSUER"}}, split(rest, c.inAddress)...)))
		return
	}
	if !strings.HasPrefix(raw, "http://") && !strings.HasPrefix(raw, "https://") {
		c.add("--url") // so that it cannot be taken for an option
	}
	c.add(quote(split(raw, c.inAddress)))
}

func (c *curl) inAddress(before, digest string) string {
	return c.variable(formVariable(before), digest, inURL)
}

// headers appends the header and reports whether the body is a form.
func (c *curl) headers(header []oauth.Param, hasBody bool) (form bool) {
	typed := false
	for _, h := range header {
		name := strings.ToLower(h.Name)
		switch {
		case !isToken(h.Name), name == "host", name == "content-length", name == "user-agent",
			name == "accept-encoding", name == "connection", name == "transfer-encoding":
			continue
		case name == "content-type":
			typed = true
			form = strings.HasPrefix(strings.ToLower(h.Value), "application/x-www-form-urlencoded")
			if form {
				continue // what curl sends by itself
			}
		case name == "authorization" && isBasic(h.Value):
			credentials := digest.FindString(h.Value)
			c.option("-u", `"$`+c.variable("CLIENT_ID", credentials, basicName)+`:$`+c.variable("CLIENT_SECRET", credentials, basicPassword)+`"`)
			continue
		}
		if h.Value == "" {
			c.option("-H", quote(literal(h.Name+";"))) // curl's way to send a header without a value
			continue
		}
		c.option("-H", quote(split(h.Name+": "+h.Value, func(_, digest string) string { return c.variable(headerVariable(name), digest, asItIs) })))
	}
	if hasBody && !typed {
		c.option("-H", quote(literal("Content-Type:")))
	}
	return form
}

// isBasic reports whether credentials are HTTP Basic with nothing left of them
// but a digest.
func isBasic(value string) bool {
	scheme, rest, _ := strings.Cut(value, " ")
	return strings.EqualFold(scheme, "Basic") && digest.MatchString(rest)
}

// isToken reports whether a field name is one (RFC 9110 section 5.6.2).
func isToken(name string) bool {
	return name != "" && strings.IndexFunc(name, func(c rune) bool {
		return c > 0x7E || c <= 0x20 || strings.ContainsRune("\"(),/:;<=>?@[\\]{}", c)
	}) < 0
}

// form appends a form: parameters as they were sent, byte for byte, but for
// those with a secret, whose variable curl encodes.
func (c *curl) form(body string) {
	var asSent []string
	flush := func() {
		if len(asSent) > 0 {
			c.option("--data-raw", quote(literal(strings.Join(asSent, "&"))))
			asSent = nil
		}
	}
	for _, parameter := range strings.Split(body, "&") {
		name, value, _ := strings.Cut(parameter, "=")
		if !digest.MatchString(value) {
			asSent = append(asSent, parameter)
			continue
		}
		flush()
		// curl encodes what stands after the name.
		pieces := append(literal(name+"="), split(unescape(value), func(_, digest string) string {
			return c.variable(variable(unescape(name)), digest, asItIs)
		})...)
		c.option("--data-urlencode", quote(pieces))
	}
	flush()
}

func unescape(s string) string {
	if decoded, err := url.QueryUnescape(s); err == nil {
		return decoded
	}
	return s
}

// piece is a part of a shell word: text, or a variable.
type piece struct{ text, variable string }

func literal(text string) []piece { return []piece{{text: text}} }

// split cuts text at its digests; name gives the variable for a digest, also from
// what stands before it.
func split(text string, name func(before, digest string) string) []piece {
	var pieces []piece
	last := 0
	for _, at := range digest.FindAllStringIndex(text, -1) {
		if at[0] > last {
			pieces = append(pieces, piece{text: text[last:at[0]]})
		}
		pieces = append(pieces, piece{variable: name(text[:at[0]], text[at[0]:at[1]])})
		last = at[1]
	}
	if last < len(text) || len(pieces) == 0 {
		pieces = append(pieces, piece{text: text[last:]})
	}
	return pieces
}

// formVariable names the variable of a parameter in a query.
func formVariable(before string) string {
	if i := strings.LastIndexAny(before, "?&#"); i >= 0 {
		before = before[i+1:]
	}
	name, _, found := strings.Cut(before, "=")
	if !found {
		return "SECRET"
	}
	return variable(unescape(name))
}

func jsonVariable(before string) string {
	if m := jsonName.FindStringSubmatch(before); m != nil {
		return variable(m[1])
	}
	return "SECRET"
}

func headerVariable(name string) string {
	if name == "authorization" {
		return "TOKEN"
	}
	return variable(name)
}

// variables are the names that a command may refer to. It is a closed list: a
// server that makes up a parameter must not be able to name a variable of the
// reader's own, and have it sent.
const variables = " TOKEN REFRESH_TOKEN ID_TOKEN ID_TOKEN_HINT SUBJECT_TOKEN ACTOR_TOKEN REGISTRATION_ACCESS_TOKEN" +
	" CODE CODE_VERIFIER DEVICE_CODE USER_CODE CLIENT_ID CLIENT_SECRET CLIENT_ASSERTION ASSERTION PASSWORD" +
	" COOKIE DPOP REQUEST REQUEST_URI STATE NONCE AUTH_REQ_ID "

// variable is the shell variable for a parameter, or SECRET for one that we do
// not know.
func variable(name string) string {
	upper := strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
	switch {
	case upper == "ACCESS_TOKEN":
		return "TOKEN"
	case isToken(upper) && strings.Contains(variables, " "+upper+" "):
		return upper
	}
	return "SECRET"
}

// quote makes one shell word of pieces. Where all text is harmless it is one
// string in double quotes; else text is in single quotes, or in $'…' where it
// has characters that a terminal would act on.
func quote(pieces []piece) string {
	hasVariable, plainText := false, true
	for _, p := range pieces {
		hasVariable = hasVariable || p.variable != ""
		plainText = plainText && strings.IndexFunc(p.text, needsQuote) < 0
	}
	if hasVariable && plainText {
		return doubleQuoted(pieces)
	}
	var b strings.Builder
	for _, p := range pieces {
		switch {
		case p.variable != "":
			b.WriteString(`"$` + p.variable + `"`)
		case p.text == "":
		case len(pieces) == 1 && strings.IndexFunc(p.text, needsQuote) < 0 && !strings.ContainsAny(p.text, "&?#~ =*;") && p.text[0] != '-':
			b.WriteString(p.text)
		default:
			b.WriteString(singleQuoted(p.text))
		}
	}
	if b.Len() == 0 {
		return "''"
	}
	return b.String()
}

// needsQuote reports whether a character means anything to a shell inside double
// quotes, or is not plain ASCII.
func needsQuote(c rune) bool {
	return c != ' ' && !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' ||
		strings.ContainsRune("/._:=&?%+@,~#*;-", c))
}

func doubleQuoted(pieces []piece) string {
	var b strings.Builder
	b.WriteByte('"')
	for i, p := range pieces {
		switch {
		case p.variable == "":
			b.WriteString(p.text)
		case i+1 < len(pieces) && continuesName(pieces[i+1].text):
			b.WriteString("${" + p.variable + "}")
		default:
			b.WriteString("$" + p.variable)
		}
	}
	return b.String() + `"`
}

// continuesName reports whether text right after a variable would be read as part
// of its name.
func continuesName(text string) bool {
	return text != "" && (text[0] == '_' || text[0] >= '0' && text[0] <= '9' ||
		text[0] >= 'a' && text[0] <= 'z' || text[0] >= 'A' && text[0] <= 'Z')
}

func singleQuoted(text string) string {
	text = strings.ReplaceAll(text, "\x00", "") // no argument can hold it
	if strings.IndexFunc(text, actsOnTerminal) < 0 {
		return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
	}
	var b strings.Builder
	b.WriteString("$'")
	for i := 0; i < len(text); {
		c, size := utf8.DecodeRuneInString(text[i:])
		switch {
		case c == '\'' || c == '\\':
			b.WriteString(`\` + string(c))
		case c == utf8.RuneError && size == 1, actsOnTerminal(c):
			for _, octet := range []byte(text[i : i+size]) {
				fmt.Fprintf(&b, `\%03o`, octet)
			}
		default:
			b.WriteRune(c)
		}
		i += size
	}
	return b.String() + "'"
}

// actsOnTerminal reports whether pasting the character could do something other
// than insert it. A line feed inside quotes is safe.
func actsOnTerminal(c rune) bool { return c == '\t' || c == utf8.RuneError || isHidden(c) }
