package loadtest

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/scopeproof/scopeproof/oauth"
)

// UserInfoRequest asks the UserInfo endpoint (OpenID Connect Core section 5.3).
func (s *Stage) UserInfoRequest(t *Token) Request {
	return Request{
		Method: http.MethodGet, URL: s.Endpoint("userinfo_endpoint"),
		Header: http.Header{"Authorization": {"Bearer " + t.Secret.Reveal()}, "Accept": {"application/json"}},
		Actor:  t.Client.Name, To: "authorization server", Purpose: "asks for UserInfo with " + t.Scope.String(),
	}
}

// Claims is what UserInfo is to answer.
type Claims struct {
	// Rule is broken by a claim that no granted scope releases, Mixed by one that is
	// of somebody else, Denied by a refusal or by one that is missing.
	Rule, Mixed, Denied string
	// Seen is the answer while nobody else asks.
	Seen Answer
	// May are the names of the claims that the scope releases.
	May []string
}

// Tells expects the UserInfo response that was given while nobody else asked, and
// no claim beyond those of the scope (OpenID Connect Core sections 5.3.2 and 5.4).
func (s *Stage) Tells(c Claims) (Expectation, error) {
	due := map[string]json.RawMessage{}
	if err := json.Unmarshal(c.Seen.Body, &due); err != nil {
		return nil, err
	}
	exact := slices.Clone(c.Seen.Body) // most answers are the same to the byte
	excess := beyond(due, c.May)
	return func(a Answer) Verdict {
		if a.Status == http.StatusOK && excess == "" && bytes.Equal(a.Body, exact) {
			return Verdict{}
		}
		return c.judge(a, due)
	}, nil
}

func (c Claims) judge(a Answer, due map[string]json.RawMessage) Verdict {
	switch {
	case refusing(a.Status):
		return falseRefusal(c.Denied, "UserInfo refused with %d, want claims", a.Status)
	case a.Status != http.StatusOK:
		return fault("got %d from UserInfo", a.Status)
	}
	got := map[string]json.RawMessage{}
	if json.Unmarshal(a.Body, &got) != nil {
		return fault("got a UserInfo response that is no JSON object")
	}
	if name := beyond(got, c.May); name != "" {
		return leak(c.Rule, "UserInfo tells %s, which no granted scope releases", clip(name))
	}
	for name, value := range due {
		switch {
		case got[name] == nil && !released(name) && !slices.Contains(c.May, name):
		case got[name] == nil:
			return falseRefusal(c.Denied, "UserInfo leaves out %s", clip(name))
		case !bytes.Equal(got[name], value) && steady(name):
			return leak(c.Mixed, "UserInfo tells another %s than while nobody else asks", clip(name))
		}
	}
	return Verdict{}
}

// beyond is a claim of the answer that is not among those that may be there, or
// empty. What is no claim about a person counts for nothing.
func beyond(claims map[string]json.RawMessage, may []string) string {
	var extra []string
	for name := range claims {
		if !slices.Contains(may, name) && released(name) {
			extra = append(extra, name)
		}
	}
	slices.Sort(extra)
	return strings.Join(extra, ", ")
}

// steady reports whether the value of a claim is the same in each answer.
func steady(name string) bool {
	switch name {
	case "updated_at", "iat", "exp", "nbf", "jti", "auth_time", "at_hash", "nonce":
		return false
	}
	return true
}

// ClaimsOf are the standard claims that a scope releases (OpenID Connect Core
// section 5.4).
func ClaimsOf(scope oauth.ScopeSet) []string {
	names := []string{"sub"}
	for _, t := range scope.Tokens() {
		switch t {
		case "profile":
			names = append(names, "name", "family_name", "given_name", "middle_name", "nickname", "preferred_username", "profile",
				"picture", "website", "gender", "birthdate", "zoneinfo", "locale", "updated_at")
		case "email":
			names = append(names, "email", "email_verified")
		case "address":
			names = append(names, "address")
		case "phone":
			names = append(names, "phone_number", "phone_number_verified")
		}
	}
	return names
}

// released reports whether a claim is one that a scope releases.
func released(name string) bool {
	all := ClaimsOf(oauth.NewScopeSet("profile", "email", "address", "phone"))
	return slices.Contains(all, name)
}

// Forbids expects a resource of the authorization server, such as UserInfo, to
// refuse a token (RFC 6750 section 3.1). Being served breaks rule; what says in
// the message what was asked.
func (s *Stage) Forbids(rule, what string) Expectation {
	return func(a Answer) Verdict {
		switch {
		case a.Status >= 200 && a.Status < 300:
			return leak(rule, "%s, was served with %d, want 401 or 403", what, a.Status)
		case !refusing(a.Status):
			return fault("%s, was answered with %d, want 401 or 403", what, a.Status)
		}
		return Verdict{}
	}
}
