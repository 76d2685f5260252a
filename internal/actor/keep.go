package actor

import (
	"net/http"
	"reflect"
	"regexp"
	"strings"

	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

// secretVariable is a variable of a target file that stands for a secret.
var secretVariable = regexp.MustCompile(`\$\{(?:env\.[^{}]+|admin_key|[a-z_.]*(?:password|secret|token))\}`)

// keepCall remembers the secrets that an administrative request carries: its
// credentials, and what the variables for secrets in it stand for.
func (r *Recorder) keepCall(call *target.Call, req *http.Request, expand func(string) (string, error)) {
	for name := range call.Headers {
		if name = http.CanonicalHeaderKey(name); name != "Content-Type" && name != "Accept" {
			value := req.Header.Get(name)
			if scheme, rest, found := strings.Cut(value, " "); found && wordlike.MatchString(strings.ToLower(scheme)) {
				value = rest
			}
			r.keep(oauth.Secret(value))
		}
	}
	if _, password, ok := req.BasicAuth(); ok {
		r.keep(oauth.Secret(password))
	}
	texts := []any{call.JSON, call.Basic}
	for _, text := range call.Headers {
		texts = append(texts, text)
	}
	for name, text := range call.Form {
		texts = append(texts, text)
		if suspect(name) == secret {
			if value, err := expand(text); err == nil {
				r.keep(oauth.Secret(value))
			}
		}
	}
	eachText(texts, func(text string) {
		if !strings.Contains(text, "${") {
			return
		}
		for _, variable := range secretVariable.FindAllString(text, -1) {
			if value, err := expand(variable); err == nil {
				r.keep(oauth.Secret(value))
			}
		}
	})
}

// eachText calls f with each text of a JSON value.
func eachText(value any, f func(string)) {
	switch v := value.(type) {
	case string:
		f(v)
	case []any:
		for _, item := range v {
			eachText(item, f)
		}
	case map[string]any:
		for _, item := range v {
			eachText(item, f)
		}
	}
}

// secretsOf are the secrets of a target file: the admin key, and the values of
// fields that are for secrets. Mappings there mix secrets with other things: of
// those only what has the name of a secret counts.
func secretsOf(t *target.Target) []oauth.Secret {
	found := []oauth.Secret{oauth.Secret(t.Variables["admin_key"])}
	eachSecret(reflect.ValueOf(t.Description), false, func(text string) {
		if value, err := t.Expand(text, nil); err == nil {
			found = append(found, oauth.Secret(value))
		}
	})
	return found
}

// eachSecret calls f with the texts under fields whose tag says that they are
// for secrets. Calls are left to keepCall, which knows their variables.
func eachSecret(v reflect.Value, tagged bool, f func(string)) {
	switch v.Kind() {
	case reflect.String:
		if tagged && v.String() != "" {
			f(v.String())
		}
	case reflect.Pointer:
		if !v.IsNil() && v.Type() != reflect.TypeFor[*target.Call]() {
			eachSecret(v.Elem(), tagged, f)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if tags := v.Type().Field(i).Tag; tags.Get("yaml") != "-" {
				eachSecret(v.Field(i), tags.Get("check") == "secret", f)
			}
		}
	case reflect.Map:
		for entries := v.MapRange(); entries.Next(); {
			eachSecret(entries.Value(), tagged && suspect(entries.Key().String()) == secret, f)
		}
	case reflect.Slice:
		for i := range v.Len() {
			eachSecret(v.Index(i), tagged, f)
		}
	}
}
