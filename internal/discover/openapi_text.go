package discover

import (
	"fmt"
	"regexp"
	"strings"
	"text/template"

	"github.com/scopeproof/scopeproof/target"
)

// mostNotes bounds how much of what was left out is said.
const mostNotes = 20

// DescribeAPI makes the target file of an API alone from an OpenAPI 3 document: its
// operations, each with the scope that its security requirement names.
func DescribeAPI(document []byte) ([]byte, error) {
	found, err := readDocument(document)
	if err != nil {
		return nil, err
	}
	if len(found.Notes) > mostNotes {
		more := len(found.Notes) - mostNotes
		found.Notes = append(found.Notes[:mostNotes], fmt.Sprintf("… and %d more", more))
	}
	var b strings.Builder
	if err := apiOutline.Execute(&b, found); err != nil {
		return nil, err
	}
	data := []byte(b.String())
	if _, err := target.Parse("target.yaml", data); err != nil {
		return nil, fmt.Errorf("the target file that would be written is wrong: %w", err)
	}
	return data, nil
}

// control is what must not stand in a comment of one line.
var control = regexp.MustCompile(`[\p{C}\p{Z}]+`)

// oneLine is a text of the document for a comment.
func oneLine(text string) string {
	text = strings.TrimSpace(control.ReplaceAllString(text, " "))
	if letters := []rune(text); len(letters) > 160 {
		text = string(letters[:160]) + "…"
	}
	return text
}

var apiOutline = template.Must(template.New("api").Funcs(template.FuncMap{
	"line": oneLine, "quoted": quoted,
}).Parse(`# A target file for scopeproof, made from an OpenAPI document.
#
#   scopeproof check FILE   asks for tokens, calls the API, and says what is missing
#   scopeproof test  FILE   runs the rules
#
# ${env.NAME} is an environment variable: it keeps secrets out of this file.
name: {{with line .Title}}{{quoted .}}{{else}}my-api{{end}}

# While the rules run, a server of ours issues the tokens. Have the API trust it, by
# whichever of these it knows:
#   issuer          http://127.0.0.1:9700
#   key set         http://127.0.0.1:9700/jwks         (tokens are JWTs, of ES256)
#   introspection   http://127.0.0.1:9700/introspect   (as calendar-api, with calendar-api-secret)
tokens:
  format: jwt   # or opaque
  listen: 127.0.0.1:9700

api:
  base_url: {{quoted .BaseURL}}
  # What tokens for it name as aud. Left out: the issuer and /calendar.
  # resource: https://api.example
  # The rules speak of a calendar. Here its appointments are {{line .Collection}}.
  operations:
{{- range .Operations}}
    - name: {{.Name}}
      method: {{.Method}}
      path: {{.PathText}}
      {{.Scope}}
{{- with .JSON}}
      json: {{.}}
{{- end}}
{{- with .ID}}
      id: {{quoted .}}   # of the answer
{{- end}}
{{- end}}
{{- if not (.Has "create")}}
    # Without an operation that creates, most rules have nothing to try.
{{- end}}
{{- if .Further}}
  # These are tried with a token that has just the scopes that they need, and with one
  # that lacks one of them.
  further:
{{- range .Further}}
    - name: {{quoted .Name}}
      method: {{.Method}}
      path: {{.PathText}}
      {{.Scope}}
{{- with .JSON}}
      json: {{.}}
{{- end}}
{{- end}}
{{- end}}
{{- if or .Read .Write}}

# The scopes that rules speak of, by the document's own names.
scopes:
{{- with .Read}}
  read:appointments: {{quoted .}}
{{- end}}
{{- with .Write}}
  write:appointments: {{quoted .}}
{{- end}}
{{- end}}

# What the document cannot say.
# capabilities:
#   rs.user_bound: true   # objects belong to whoever the token is about
{{- if .Notes}}

# Left out:
{{- range .Notes}}
#   {{line .}}
{{- end}}
{{- end}}
`))
