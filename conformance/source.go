package conformance

import (
	"fmt"
	"slices"
	"strings"

	"github.com/scopeproof/scopeproof/internal/spelling"
)

// Source is where a rule stands.
type Source struct {
	Title   string // "RFC 6749", "OpenID Connect Core 1.0"
	Section string // "5.1", or empty for a document that is cited whole
	URL     string
}

// String is the source as a reader would write it: "RFC 6749 section 5.1".
func (s Source) String() string {
	if s.Section == "" {
		return s.Title
	}
	return s.Title + " section " + s.Section
}

// document is a source that is not an RFC, by the tag that names it.
type document struct{ tag, title, url string }

func documents() []document {
	return []document{
		{"oidc", "OpenID Connect Core 1.0", "https://openid.net/specs/openid-connect-core-1_0.html"},
		{"oidc-ciba", "OpenID Connect CIBA Core 1.0", "https://openid.net/specs/openid-client-initiated-backchannel-authentication-core-1_0.html"},
		{"oauth2.1", "OAuth 2.1 (draft)", "https://datatracker.ietf.org/doc/html/draft-ietf-oauth-v2-1"},
		{"gm-draft", "Grant Management for OAuth 2.0 (draft)", "https://openid.net/specs/oauth-v2-grant-management.html"},
		{"fapi2", "FAPI 2.0 Security Profile", "https://openid.net/specs/fapi-security-profile-2_0-final.html"},
		{"oidc-discovery", "OpenID Connect Discovery 1.0", "https://openid.net/specs/openid-connect-discovery-1_0.html"},
		{"incremental-authz", "OAuth 2.0 Incremental Authorization (draft)", "https://datatracker.ietf.org/doc/html/draft-ietf-oauth-incremental-authz"},
		{"auth0-user-consent", "Auth0: User Consent and Third-Party Applications", "https://auth0.com/docs/get-started/applications/third-party-applications/user-consent-and-third-party-applications"},
		{"auth0-rbac", "Auth0: Role-Based Access Control", "https://auth0.com/docs/manage-users/access-control/rbac"},
		{"auth0-custom-claims", "Auth0: Custom Claims", "https://auth0.com/docs/secure/tokens/json-web-tokens/create-custom-claims"},
		{"auth0-api-authorization", "Auth0: Sample Use Cases, Scopes and Claims", "https://auth0.com/docs/get-started/apis/scopes/sample-use-cases-scopes-and-claims"},
		{"okta-api-scopes", "Okta: API access management, scopes", "https://developer.okta.com/docs/guides/customize-authz-server/main/"},
		{"okta-oidc-reference", "Okta: OpenID Connect and OAuth 2.0 API", "https://developer.okta.com/docs/reference/api/oidc/"},
		{"google-incremental", "Google: incremental authorization", "https://developers.google.com/identity/protocols/oauth2/web-server#incrementalAuth"},
		{"google-granular", "Google: granular permissions", "https://developers.google.com/identity/protocols/oauth2/resources/granular-permissions"},
	}
}

// CitationURL is the address of a document that is no RFC, by its citation as
// [Source.String] writes it; empty for any other text.
func CitationURL(citation string) string {
	for _, d := range documents() {
		if rest, ok := strings.CutPrefix(citation, d.title); ok && (rest == "" || strings.HasPrefix(rest, " section ")) {
			return d.url
		}
	}
	return ""
}

// ParseSource reads a source tag without its @: "rfc6749-5.1", "oidc-5.4",
// "auth0-rbac".
func ParseSource(tag string) (Source, error) {
	if rest, ok := strings.CutPrefix(tag, "rfc"); ok {
		number, section, found := strings.Cut(rest, "-")
		if !found || number == "" || section == "" || strings.Trim(number, "0123456789") != "" {
			return Source{}, fmt.Errorf("source @%s: want the number and the section, such as @rfc6749-5.1", tag)
		}
		return Source{Title: "RFC " + number, Section: section, URL: "https://www.rfc-editor.org/rfc/rfc" + number + "#section-" + section}, nil
	}
	for _, d := range documents() {
		if tag == d.tag {
			return Source{Title: d.title, URL: d.url}, nil
		}
		if section, ok := strings.CutPrefix(tag, d.tag+"-"); ok && strings.Trim(section, "0123456789.") == "" {
			return Source{Title: d.title, Section: section, URL: d.url}, nil
		}
	}
	var known []string
	for _, d := range documents() {
		known = append(known, "@"+d.tag)
	}
	slices.Sort(known)
	meant := spelling.DidYouMean("@"+tag, known, "")
	if meant != "" {
		meant = "; " + meant
	}
	return Source{}, fmt.Errorf("tag @%s is no id, level, need or source: got no such document, want @rfcN-S or one of %s%s", tag, strings.Join(known, ", "), meant)
}
