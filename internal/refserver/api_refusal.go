package refserver

import (
	"bytes"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
)

// presentation reads where a token may stand. The body can be read again.
func presentation(r *http.Request) Presentation {
	p := Presentation{Headers: r.Header.Values("Authorization")}
	if r.URL.RawQuery != "" {
		p.Query = r.URL.Query()["access_token"]
	}
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")) // what cannot be read is no form
	if kind != "application/x-www-form-urlencoded" || r.Method == http.MethodGet || r.Method == http.MethodHead {
		return p
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, 64<<10))
	if err != nil {
		return p
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	if form, err := url.ParseQuery(string(body)); err == nil {
		p.Form = form["access_token"]
	}
	return p
}

// refuse answers a request that is not served. item is added to the body; nil:
// nothing.
func (a *api) refuse(w http.ResponseWriter, r Refusal, item any) {
	body := map[string]any{"error": "unauthorized"}
	code := a.policy.Challenge.Code(r)
	if code != "" {
		body["error"] = code
	}
	if item != nil {
		body["item"] = item
	}
	if nonce := a.policy.Tokens.Nonce(); nonce != "" {
		w.Header().Set("DPoP-Nonce", nonce)
	}
	if a.policy.Challenge.Sent(r) {
		for _, field := range a.policy.Challenge.Fields(r, a.challenge(r, code)) {
			w.Header().Add("WWW-Authenticate", field)
		}
	}
	writeJSON(w, a.policy.Challenge.Status(r), body)
}

// challenge is the WWW-Authenticate field of a refusal (RFC 6750 section 3).
func (a *api) challenge(r Refusal, code string) string {
	policy := a.policy.Challenge
	var attributes []string
	add := func(name, value string) {
		if value != "" {
			attributes = append(attributes, name+`="`+value+`"`)
		}
	}
	add("realm", policy.Realm(r))
	add("error", code)
	add("error_description", policy.Description(r))
	if r.Reason == InsufficientScope || r.Reason == InsufficientLevel {
		for _, scope := range policy.Scopes(r, a.policy.ChallengedScope(r.Held, r.Need.Scope)) {
			add("scope", scope)
		}
	}
	if r.Reason == InsufficientLevel {
		add("acr_values", r.Need.ACR)
	}
	add("resource_metadata", policy.Metadata(r, a.metadataURL))
	return strings.TrimSpace(policy.Scheme(r) + " " + strings.Join(attributes, ", "))
}
