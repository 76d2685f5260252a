package target

import (
	"context"
	"net/http"
	"net/url"
	"slices"

	"github.com/scopeproof/scopeproof/oauth"
)

// Kind is how a target comes to be.
type Kind string

// The three ways up.
const (
	KindEmbedded  Kind = "embedded"
	KindExternal  Kind = "external"
	KindContainer Kind = "container"
)

// Source brings a target up. Implement it to put your own under test.
type Source interface {
	// Open returns a target that is ready: its metadata answers, and the issuer in
	// it is the configured one. Whoever opens a target closes it.
	Open(ctx context.Context) (*Target, error)
}

// Target is an authorization server and an API that are running.
type Target struct {
	Description *Description
	Kind        Kind
	// Issuer is the issuer identifier (RFC 8414 section 2).
	Issuer string
	// Metadata is the metadata document, or nil where the server has none.
	Metadata map[string]any
	// API is the resource server: the one described, or our calendar API.
	API *ResourceServer
	// OtherAPI is a second resource server with a scope of the same name, or nil.
	OtherAPI *ResourceServer
	// UserAgent plays login and consent in place of the driver that the
	// description names. Nil: that driver.
	UserAgent UserAgent
	// Transport reaches the target; nil means a transport of its own.
	Transport http.RoundTripper
	// Variables are what ${…} in the description stands for: "issuer",
	// "port.public", "admin_key".
	Variables map[string]string
	// Defect is the text of the seeded fault that is switched on, or empty.
	Defect string
	// Stop ends what Open started. It may be nil.
	Stop func() error
}

// Proving is how a client with a secret proves who it is at the token endpoint:
// with HTTP Basic, or with the secret in the form where the metadata lists that and
// not the other (RFC 8414 section 2).
func (t *Target) Proving() oauth.AuthMethod {
	methods, _ := t.Metadata["token_endpoint_auth_methods_supported"].([]any)
	if slices.Contains(methods, any(string(oauth.AuthPost))) && !slices.Contains(methods, any(string(oauth.AuthBasic))) {
		return oauth.AuthPost
	}
	return oauth.AuthBasic
}

// Close ends the target.
func (t *Target) Close() error {
	if t.Stop == nil {
		return nil
	}
	return t.Stop()
}

// ResourceServer is an API that serves requests by scope (RFC 6749 section
// 1.1).
type ResourceServer struct {
	BaseURL    string // no trailing slash
	Resource   string // how the authorization server knows it (RFC 8707)
	Operations []Operation
	Further    []FurtherOperation
	// Ours says that it is our calendar API, not part of what is under test.
	Ours bool
	// AsksNobody says that it reads tokens itself: what is sent to it puts nothing on
	// the authorization server.
	AsksNobody bool
	// TrustKey tells it to trust a key of ours, a public JWK; nil: it cannot be
	// told.
	TrustKey func(ctx context.Context, jwk []byte) error `json:"-"`
	// Mint signs what no authorization server would issue with the key of the one
	// that the API trusts, a JWT of a type; nil: it cannot be had. Where tokens are
	// opaque the claims are what introspection tells of it.
	Mint func(typ string, claims map[string]any) (string, error) `json:"-"`
	// Audience is the aud of tokens that we sign for it.
	Audience string
	// Batch reads and deletes an object in one request, StepUp needs an
	// authentication context class; nil: there is none.
	Batch, StepUp *Operation
	// MetadataURL is where its metadata is (RFC 9728); empty: it has none.
	MetadataURL string
	// Introspection is what it introspects with; nil: not known.
	Introspection *Credentials
	// SetReachable cuts it off from the authorization server, or lets it reach it
	// again; nil: it cannot be cut off.
	SetReachable func(ctx context.Context, reachable bool) error `json:"-"`
	// Hold has it ask about a token at most once until release is called; nil: it
	// cannot be told.
	Hold func(token string) (release func()) `json:"-"`
}

// Operation returns the operation of that name.
func (s *ResourceServer) Operation(name string) (Operation, bool) {
	if s == nil {
		return Operation{}, false
	}
	for _, op := range s.Operations {
		if op.Name == name {
			return op, true
		}
	}
	return Operation{}, false
}

// Needs returns the scopes of which all, or one, are needed.
func (o Operation) Needs() (scopes oauth.ScopeSet, all bool) {
	if o.AnyOf != "" {
		return oauth.FieldsScope(o.AnyOf), false
	}
	return oauth.FieldsScope(o.AllOf), true
}

// Allows reports whether a token of that scope may perform the operation.
func (o Operation) Allows(held oauth.ScopeSet) bool {
	needs, all := o.Needs()
	if all {
		return needs.SubsetOf(held)
	}
	return !needs.Intersect(held).IsEmpty()
}

// Resolved is a target with everything that was found out about it before
// rules are selected. Steps only read it.
type Resolved struct {
	*Target
	Capabilities map[Capability]Finding
	Choices      map[ChoiceName]Finding
	// Hierarchy is that of the description, by the names that features use.
	Hierarchy oauth.Hierarchy
	// ByWay are the choices that are taken otherwise on one way to ask, Closed the
	// ways on which nothing is to be had, with the reason.
	ByWay  ChoicesByWay
	Closed map[Way]string
	// Mixed are the choices that were observed to change from one try to the
	// next, or to contradict the description, with what was seen.
	Mixed map[ChoiceName]string
	// DefaultScope is what a request without scope asks for: declared, or learned;
	// empty where that is refused or not known.
	DefaultScope oauth.ScopeSet
	// Unlearned are the choices that could not be learned, with what was in the
	// way. A choice that a lawful refusal hides is not one of them.
	Unlearned map[ChoiceName]string
}

// UserAgent plays a resource owner's browser at the pages of login and consent
// (RFC 6749 section 4.1). Implement it for pages that no driver can play.
type UserAgent interface {
	// Visit opens the URL and goes on until it is sent to the redirect URI or
	// comes to a page where it can go no further.
	Visit(ctx context.Context, visit Visit) (*Arrival, error)
}

// Visit is one authorization request in a resource owner's browser.
type Visit struct {
	URL         string // of the authorization request
	RedirectURI string // where the visit ends
	Owner       oauth.ResourceOwner
	// Transport sends what the browser sends, and records it.
	Transport http.RoundTripper
	// Jar holds the cookies of this owner's browser.
	Jar http.CookieJar
	// Decide answers a consent page.
	Decide func(asked ConsentPage) oauth.ConsentDecision
	// UserCode is typed where a page asks for the code of a device (RFC 8628
	// section 3.3); empty: there is none.
	UserCode oauth.Secret
	// Scope is what was asked for, where the URL does not say.
	Scope string
	// Known are the scopes that the pages may be about where the request names none.
	Known oauth.ScopeSet
	// Form is the encoded form of a request by POST; empty: GET.
	Form string
	// StopAtConsent ends the visit at the first consent page, unanswered.
	StopAtConsent bool
	// Seen is told of each page, and how it was understood; nil: nobody is.
	Seen func(PageSeen)
}

// ConsentPage is what a resource owner was shown.
type ConsentPage struct {
	// Scopes are the scopes that are listed, and Lists says that they could be
	// read at all.
	Scopes oauth.ScopeSet
	Lists  bool
	// Boxes says that there is a box for each scope, so that a resource owner can
	// grant less than was asked.
	Boxes bool
	// Fixed are the scopes whose box is ticked and cannot be changed.
	Fixed oauth.ScopeSet
	// SignsIn says that whoever answers the page signs in with that answer.
	SignsIn bool
	// Text is what the page says, without markup; empty where there is no page.
	Text string
	// Submission is the form as it would be sent if everything were granted. It
	// lets a scenario submit it from another browser.
	Submission *Submission
	// Answer is the form filled in for a decision, so that a scenario can send
	// several at once; nil where there is no form.
	Answer func(oauth.ConsentDecision) (*Submission, error)
}

// Submission is an HTML form that has been filled in.
type Submission struct {
	Method string
	URL    string
	Fields url.Values
	Page   string // where the form is; empty: where it goes
	// Elsewhere says that it is another site's page that sends the form, so that
	// cookies which are SameSite stay behind.
	Elsewhere bool
}

// Arrival is where a visit ended.
type Arrival struct {
	// Redirect is the URL at the redirect URI that the browser was sent to, or
	// nil when it never was.
	Redirect *url.URL
	// LoginPages and ConsentPages are the pages that were shown.
	LoginPages   int
	ConsentPages []ConsentPage
	// Afterwards is how many pages had to be answered after the first of ConsentPages.
	Afterwards int
	// Status, Page and Address are of the last page when there was no redirect.
	Status  int
	Page    string
	Address *url.URL
}
