package report

import (
	"regexp"
	"strings"

	"github.com/scopeproof/scopeproof/conformance"
)

// Where a section of a document is on the web.
var (
	rfcSource    = regexp.MustCompile(`^RFC (\d{1,5})(?:,? (section|appendix) ([0-9A-Z]+(?:\.[0-9A-Z]+)*))?`)
	section      = regexp.MustCompile(` section (\d+(?:\.\d+)*)$`)
	openIDSource = regexp.MustCompile(`^OpenID Connect (Core|Discovery|Dynamic Client Registration)(?: 1\.0)?(?:,? section (\d+(?:\.\d+)*))?`)
)

// SourceURL is the address of a source such as "RFC 6749 section 6" on the web;
// empty: there is none.
func SourceURL(source string) string { return sourceURL(source) }

// sourceURL is the address of a source such as "RFC 6749 section 6", "OpenID
// Connect Core section 5.4" or a document that rules cite; empty for any other.
func sourceURL(source string) string {
	if m := rfcSource.FindStringSubmatch(source); m != nil {
		address := "https://www.rfc-editor.org/rfc/rfc" + m[1]
		if m[3] != "" {
			address += "#" + m[2] + "-" + m[3]
		}
		return address
	}
	if m := openIDSource.FindStringSubmatch(source); m != nil {
		name := map[string]string{"Core": "core", "Discovery": "discovery"}[m[1]]
		if name == "" {
			name = "registration"
		}
		address := "https://openid.net/specs/openid-connect-" + name + "-1_0.html"
		if m[2] != "" {
			address += "#rfc.section." + m[2]
		}
		return address
	}
	address := conformance.CitationURL(source)
	if m := section.FindStringSubmatch(source); m != nil && strings.HasPrefix(address, "https://datatracker.ietf.org/") {
		address += "#section-" + m[1]
	}
	return address
}
