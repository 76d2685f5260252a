package target

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/scopeproof/scopeproof/oauth"
)

const metadataTimeout = 15 * time.Second // for one request

// Unavailable says that a target cannot be reached or started, so that nothing
// can be judged.
type Unavailable struct {
	What string // "http://127.0.0.1:4444", "docker"
	Got  string // what was seen
	Want string // what was expected
	Hint string // where to look; may be empty
	Err  error  // what is behind it; may be nil
}

func (e *Unavailable) Error() string {
	text := fmt.Sprintf("%s: got %s, want %s", e.What, e.Got, e.Want)
	if e.Hint != "" {
		text += "\n    hint: " + e.Hint
	}
	return text
}

// Unwrap returns what is behind it.
func (e *Unavailable) Unwrap() error { return e.Err }

// IssuerMismatch says that a metadata document names another issuer than the
// configured one, which RFC 8414 section 3.3 forbids to use.
type IssuerMismatch struct {
	URL       string // where the document is
	Got, Want string
}

func (e *IssuerMismatch) Error() string {
	return fmt.Sprintf("issuer: got %q from %s, want %q as configured (RFC 8414 section 3.3)\n    hint: %s", e.Got, e.URL, e.Want, e.mend())
}

// mend says how two issuers differ and what to do about it.
func (e *IssuerMismatch) mend() string {
	got, gotErr := url.Parse(e.Got)
	want, wantErr := url.Parse(e.Want)
	use := fmt.Sprintf("write %q into the target file, or configure the server with %q", e.Got, e.Want)
	switch {
	case e.Got == "" || gotErr != nil || wantErr != nil:
		return "configure the server with " + fmt.Sprintf("%q", e.Want)
	case strings.TrimSuffix(e.Got, "/") == strings.TrimSuffix(e.Want, "/"):
		return "they differ in the slash at the end only: " + use
	case got.Scheme != want.Scheme:
		return fmt.Sprintf("the schemes differ (%s, %s), as behind a proxy that ends TLS: %s", got.Scheme, want.Scheme, use)
	case got.Hostname() != want.Hostname():
		return fmt.Sprintf("the hosts differ (%s, %s): one name must serve the host, the container and the browser: %s", got.Hostname(), want.Hostname(), use)
	case got.Port() != want.Port():
		return fmt.Sprintf("the ports differ (%q, %q), as with a mapped port: %s", got.Port(), want.Port(), use)
	}
	return use
}

// Metadata is the metadata of an authorization server, and where it was looked
// for.
type Metadata struct {
	Document map[string]any // nil: there is none
	Tried    []string       // "URL: what was there", in the order tried
}

// MetadataURLs are the places where the metadata of an issuer can be: RFC 8414
// section 3.1, OpenID Connect Discovery section 4, and what the two make of each
// other (RFC 8414 section 5).
func MetadataURLs(issuer string) []string {
	u, err := url.Parse(issuer)
	if err != nil {
		return nil
	}
	path := strings.TrimSuffix(u.EscapedPath(), "/")
	origin := u.Scheme + "://" + u.Host
	urls := []string{
		origin + "/.well-known/oauth-authorization-server" + path,
		origin + path + "/.well-known/openid-configuration",
	}
	if path != "" {
		urls = append(urls, origin+"/.well-known/openid-configuration"+path, origin+path+"/.well-known/oauth-authorization-server")
	}
	return urls
}

// FetchMetadata reads the metadata of an issuer at each of its places, or at
// place alone if that is not empty. Of two documents the first has the last
// word. No document is no error; no answer is *[Unavailable], and another issuer
// in a document *[IssuerMismatch].
func FetchMetadata(ctx context.Context, transport http.RoundTripper, issuer, place string) (Metadata, error) {
	places := MetadataURLs(issuer)
	if place != "" {
		places = []string{place}
	}
	client := &http.Client{Transport: transport, Timeout: metadataTimeout}
	var found Metadata
	for _, at := range places {
		document, seen, err := fetchDocument(ctx, client, at)
		if err != nil {
			return found, err
		}
		if document == nil {
			found.Tried = append(found.Tried, at+": "+seen)
			continue
		}
		got, _ := document["issuer"].(string)
		if got != issuer {
			return found, &IssuerMismatch{URL: at, Got: shortened(got), Want: issuer}
		}
		found.Tried = append(found.Tried, at+": metadata")
		if found.Document == nil {
			found.Document = map[string]any{}
		}
		maps.Copy(document, found.Document)
		found.Document = document
	}
	return found, nil
}

// mostWait is how long a server that limits the rate of requests is waited for, before
// anything is known of it.
const mostWait = time.Minute

// fetchDocument returns the JSON object at a URL, or says what else is there. It asks
// again where the server limits the rate of requests, when that says (see
// [oauth.Limited]).
func fetchDocument(ctx context.Context, client *http.Client, at string) (map[string]any, string, error) {
	for began, try := time.Now(), 1; ; try++ {
		document, seen, limit, err := fetchOnce(ctx, client, at)
		if limit == 0 || try == 4 || time.Since(began)+limit > mostWait {
			return document, seen, err
		}
		select {
		case <-time.After(limit):
		case <-ctx.Done():
			return nil, "", ctx.Err()
		}
	}
}

// fetchOnce is fetchDocument without waiting: limit is when to try again, or 0.
func fetchOnce(ctx context.Context, client *http.Client, at string) (document map[string]any, seen string, limit time.Duration, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, at, nil)
	if err != nil {
		return nil, "", 0, err
	}
	request.Header.Set("Accept", "application/json")
	response, err := client.Do(request)
	if err != nil {
		if ctx.Err() != nil {
			return nil, "", 0, ctx.Err()
		}
		return nil, "", 0, unreachable(at, err)
	}
	defer response.Body.Close()
	body, err := ReadAnswer(response.Body)
	if err != nil && !errors.Is(err, ErrLongAnswer) {
		if ctx.Err() != nil {
			return nil, "", 0, ctx.Err()
		}
		return nil, "", 0, unreachable(at, err)
	}
	if limited, after, _ := oauth.Limited(response.StatusCode, response.Header, time.Now()); limited {
		limit = max(after, time.Second)
	}
	switch {
	case response.StatusCode != http.StatusOK:
		return nil, shortened(response.Status), limit, nil
	case err != nil:
		return nil, "200 with more than 1 MiB", 0, nil
	}
	document, seen = parseDocument(response.Header.Get("Content-Type"), body)
	return document, seen, 0, nil
}

// parseDocument reads a metadata document (RFC 8414 section 3.2), or says what is
// there in its place.
func parseDocument(contentType string, body []byte) (map[string]any, string) {
	media, _, _ := mime.ParseMediaType(contentType)
	var document map[string]any
	if media == "text/html" || json.Unmarshal(body, &document) != nil || document == nil {
		return nil, fmt.Sprintf("200 with %q that is not a JSON object", shortened(media))
	}
	if _, ok := document["issuer"]; !ok {
		return nil, `200 with JSON that has no "issuer"`
	}
	return document, ""
}

// shortened is the beginning of what a server said, for an error.
func shortened(text string) string {
	if len(text) > excerpt {
		return strings.ToValidUTF8(text[:excerpt], "") + "…"
	}
	return text
}

func unreachable(at string, err error) error {
	u, parseErr := url.Parse(at)
	if parseErr != nil {
		return parseErr
	}
	reason := err
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		reason = wrapped.Err
	}
	hint := "is the server running, and is the issuer the URL that it listens on?"
	var name *net.DNSError
	if errors.As(err, &name) {
		hint = "is the host of the issuer spelt right, and known to this machine?"
	}
	var authority x509.UnknownAuthorityError
	var host x509.HostnameError
	switch {
	case errors.As(err, &authority):
		hint = "--tls-ca FILE, or the environment variable SSL_CERT_FILE, names a PEM file of certificate authorities to trust, such as that of the server"
	case errors.As(err, &host):
		hint = "write the issuer with a name that is in the certificate"
	case errors.Is(err, http.ErrSchemeMismatch):
		hint = "the server speaks no TLS there: write http://" + u.Host
	}
	return &Unavailable{What: u.Scheme + "://" + u.Host, Got: reason.Error(), Want: "an answer to GET " + u.EscapedPath(), Hint: hint, Err: err}
}
