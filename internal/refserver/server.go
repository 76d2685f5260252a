// Package refserver is the reference: an authorization server, a calendar API
// and a contacts API, in process and over real HTTP.
//
// Every decision about scope is a function of Policy; Conformant returns the
// lawful ones. Start serves everything on one listener, StartAPI serves the
// calendar API alone in front of somebody else's authorization server.
package refserver

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Options choose what Start serves.
type Options struct {
	// Policy is every decision about scope. The zero value stands for Conformant.
	Policy Policy
	// TokenFormat is "jwt" (RFC 9068, the default) or "opaque".
	TokenFormat string
	// Listen is the address to listen on; "127.0.0.1:0" if empty.
	Listen string
	// Issuer is the issuer identifier, an origin, with a slash at its end or without (RFC
	// 8414 section 2); "http://" and the listener's address if empty. With APIOnly
	// it is the API's own URL.
	Issuer string
	// Calendar is the resource indicator of the calendar API (RFC 8707 section 2),
	// an absolute URI; the issuer and "/calendar" if empty.
	Calendar string
	// AdminKey is the bearer token of /admin; random if empty.
	AdminKey string
	// Without names the features to leave out; see Features.
	Without []Feature
	// With names the extra features to serve: "claims_parameter".
	With []Feature
	// APIOnly, if set, serves the calendar API alone, its paths at the root; its
	// AdminKey is not used.
	APIOnly *APIOptions
}

// Server is a running reference server.
type Server struct {
	issuer   string
	calendar string // the resource indicator of the calendar API, if not the usual one
	adminKey string
	host     *host
	policy   Policy
	clock    *clock
	parties  *parties
	grants   *grantStore
	secret   []byte // keys the MACs of refresh tokens and forms
	cookie   string // name of the session cookie, different for each server since cookies know no ports
	opaque   bool
	harness  *trustedKey
	// statements is the key of software statements (RFC 7591 section 2.3).
	statements trustedKey
	gone       withdrawals
	signing    signing

	parts      []part
	grantTypes map[string]grant

	sessions     expiring[session]
	transactions expiring[*transaction]
	latest       expiring[ConsentQuestion] // by session and client
	pushed       expiring[*pushedRequest]
	codes        expiring[*authorization]
	revoked      expiring[struct{}] // jti of revoked access tokens
	pendings     expiring[*pending] // by device_code and auth_req_id
	userCodes    expiring[*pending]
	exchanged    expiring[*authorization] // of exchanged tokens, by ID
	verified     verifiedTokens
	handles      [handleShards]expiring[accessToken]
	apis         map[string]*api          // by name
	unreachable  atomic.Bool              // the APIs cannot ask us
	silent       atomic.Bool              // nor can those of others
	minted       expiring[map[string]any] // claims of tokens that Mint made
}

// Start serves on o.Listen until Close is called or ctx ends.
func Start(ctx context.Context, o Options) (*Server, error) {
	host, err := listen(ctx, o.Listen)
	if err != nil {
		return nil, err
	}
	s := &Server{issuer: o.Issuer, calendar: o.Calendar, adminKey: o.AdminKey, host: host, clock: &clock{}, cookie: "scopeproof_" + rand.Text()[:8]}
	if s.issuer == "" {
		s.issuer = host.url()
	}
	if s.adminKey == "" {
		s.adminKey = rand.Text()
	}
	if o.APIOnly != nil {
		only, err := newForeignAPI(*o.APIOnly, s.clock, s.issuer)
		if err != nil {
			host.close()
			return nil, fmt.Errorf("serve the calendar API: %w", err)
		}
		s.issuer = o.APIOnly.Issuer
		host.serve(foreignHandler(only, s.clock, s.adminKey))
		return s, nil
	}
	if err := s.prepare(o); err != nil {
		host.close()
		return nil, err
	}
	host.serve(s.handler())
	return s, nil
}

// prepare makes keys, fixture and APIs.
func (s *Server) prepare(o Options) error {
	switch o.TokenFormat {
	case "", "jwt":
	case "opaque":
		s.opaque = true
	default:
		return fmt.Errorf("token format: got %q, want %q or %q", o.TokenFormat, "jwt", "opaque")
	}
	if err := s.choose(o.Without, o.With); err != nil {
		return err
	}
	s.policy = filled(o.Policy)
	s.limitClients()
	s.secret = []byte(rand.Text())
	var err error
	if s.signing, err = newSigning(); err != nil {
		return err
	}
	s.parties = fixture(s.audience(CalendarAPI), s.audience(ContactsAPI))
	s.grants = &grantStore{rows: map[rowKey]*grantRow{}, byID: map[string]*authorization{}, clock: s.clock, policy: &s.policy}
	s.apis = map[string]*api{}
	s.harness = &trustedKey{}
	for _, name := range []string{CalendarAPI, ContactsAPI} {
		own := &ownTokens{server: s, audience: s.audience(name)}
		if name == CalendarAPI {
			own.harness = s.harness
		}
		s.apis[name] = newAPI(name, s.policy.API, own, s.clock)
		s.apis[name].metadataURL = s.metadataURL(name)
	}
	return nil
}

// filled returns p with the conformant function wherever p has none.
func filled(p Policy) Policy {
	conformant := Conformant()
	fill(reflect.ValueOf(&p).Elem(), reflect.ValueOf(&conformant).Elem())
	return p
}

func fill(to, from reflect.Value) {
	for i := range to.NumField() {
		field := to.Field(i)
		switch {
		case field.Kind() == reflect.Struct:
			fill(field, from.Field(i))
		case field.IsNil():
			field.Set(from.Field(i))
		}
	}
}

// Issuer is the issuer identifier.
func (s *Server) Issuer() string { return s.issuer }

// at is the URL of a path. An issuer that ends in a slash has no second one (RFC 8414
// section 3.1).
func (s *Server) at(path string) string { return strings.TrimSuffix(s.issuer, "/") + path }

// URL is where the server listens, without a trailing slash.
func (s *Server) URL() string { return s.host.url() }

// AdminKey is the bearer token of /admin.
func (s *Server) AdminKey() string { return s.adminKey }

// Close stops serving and waits until that is done.
func (s *Server) Close() { s.host.close() }

// audience is the resource indicator of an API (RFC 8707 section 2).
func (s *Server) audience(api string) string {
	if api == CalendarAPI && s.calendar != "" {
		return s.calendar
	}
	return s.at("/" + api)
}

// apiOf returns the name of the API that a resource indicator names.
func (s *Server) apiOf(resource string) (string, bool) {
	for _, api := range []string{CalendarAPI, ContactsAPI} {
		if resource == s.audience(api) {
			return api, true
		}
	}
	return "", false
}

// host is a listener and the HTTP server on it.
type host struct {
	listener net.Listener
	server   *http.Server
	done     sync.WaitGroup
	stop     func() bool
}

func listen(ctx context.Context, address string) (*host, error) {
	if address == "" {
		address = "127.0.0.1:0"
	}
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", address, err)
	}
	h := &host{listener: listener}
	h.server = &http.Server{ErrorLog: log.New(io.Discard, "", 0), ReadHeaderTimeout: 30 * time.Second}
	h.stop = context.AfterFunc(ctx, func() { h.server.Close() })
	return h, nil
}

func (h *host) serve(handler http.Handler) {
	h.server.Handler = recovered(handler)
	h.done.Go(func() { h.server.Serve(h.listener) })
}

func (h *host) url() string { return "http://" + h.listener.Addr().String() }

func (h *host) close() {
	h.stop()
	h.server.Close()
	h.listener.Close()
	h.done.Wait()
}

// recovered answers 500 where a handler panics.
func recovered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			switch reason := recover(); reason {
			case nil:
			case http.ErrAbortHandler:
				panic(reason)
			default:
				http.Error(w, "internal server error", http.StatusInternalServerError)
			}
		}()
		next.ServeHTTP(w, r)
	})
}
