package actor

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/scopeproof/scopeproof/internal/useragent"
	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

// Stage is a target on which scenarios are played: what all scenarios of a run
// share. It is safe for use by several goroutines.
type Stage struct {
	Target *target.Resolved
	// KeepGrants leaves what static clients were granted before as it is: tokens
	// of another cast may be in use.
	KeepGrants bool
	// RequestTimeout bounds one exchange; [NewStage] sets [target.RequestTimeout].
	RequestTimeout time.Duration
	// Timeout bounds each thing that [Stage.Learn] plays; [NewStage] sets five
	// minutes.
	Timeout time.Duration
	// AtOnce is how many looks at one thing [Stage.Learn] plays at once: 0 is one.
	AtOnce int
	// Seen is told of each page of an authorization, where login is played by
	// filling in forms; nil: nobody is. It is called by one visit at a time only if
	// visits are made so.
	Seen func(target.PageSeen)

	agent     target.UserAgent
	transport http.RoundTripper
	secrets   []oauth.Secret // of the target file
	key       *harnessKey    // nil unless the API trusts it
	vouches   *harnessKey    // signs software statements; nil unless they are trusted

	hosts      map[string]string // what features call them
	keys       *keySet
	eased      sync.Map                 // whether clients are registered by [Cast.ease], by name
	spelled    sync.Map                 // what features call the words that Wire made up, by those words
	clientKeys sync.Map                 // functions that make or return the key of clients, by name
	subjects   sync.Map                 // of tokens, learned, by the name of a resource owner
	namer      namer                    // learns them
	served     sync.Map                 // operations of an API that somebody was served
	filters    bool                     // the list leaves out what a token may not read
	failing    []failing                // answers of the token endpoint that are its refusals
	denied     string                   // the page of trouble at which each denial ends
	untold     map[oauth.GrantType]bool // introspection tells clients nothing of tokens that came so
	facts      *finder
	waits      *waits // in vain, at the endpoints of the target

	turns turns
	pace  *pace

	registering, loggingIn effort
}

// NewStage prepares a target. Where its API can be told to trust a key of
// ours, it is told.
func NewStage(ctx context.Context, t *target.Target) (*Stage, error) {
	t = withCanonicalScopes(t)
	s := &Stage{
		Target:         &target.Resolved{Target: t},
		RequestTimeout: target.RequestTimeout,
		Timeout:        5 * time.Minute,
		transport:      t.Transport,
		secrets:        secretsOf(t),
	}
	if s.transport == nil {
		base := http.DefaultTransport.(*http.Transport).Clone()
		base.MaxIdleConns, base.MaxIdleConnsPerHost = 256, 64
		base.MaxResponseHeaderBytes = target.MaxHeader
		s.transport = base
	}
	var err error
	if s.agent, err = useragent.New(t); err != nil {
		return nil, err
	}
	s.hosts = named(t)
	s.keys, s.waits = newKeySet(metadata(t, "jwks_uri")), newWaits()
	if t.API != nil && t.API.TrustKey != nil {
		if s.key, err = newHarnessKey(); err != nil {
			return nil, err
		}
		if err := t.API.TrustKey(ctx, s.key.public); err != nil {
			return nil, fmt.Errorf("the API is told to trust a key: %w", err)
		}
	}
	if s.vouches, err = vouching(ctx, t); err != nil {
		return nil, err
	}
	s.facts = capabilities(t, s.mints())
	s.Target.Capabilities = s.facts.found
	s.Target.Choices, s.Target.ByWay = declared(t.Description)
	s.Target.Hierarchy = t.Description.Includes()
	s.Target.Closed = map[target.Way]string{}
	return s, nil
}

// withCanonicalScopes is the target with the scopes of its description and of its
// operations by the names that features use.
func withCanonicalScopes(t *target.Target) *target.Target {
	if len(t.Description.Scopes) == 0 {
		return t
	}
	name := func(scope string) string { return t.Description.Canonical(oauth.FieldsScope(scope)).String() }
	rename := func(op *target.Operation) { op.AllOf, op.AnyOf = name(op.AllOf), name(op.AnyOf) }
	server := func(s *target.ResourceServer) *target.ResourceServer {
		if s == nil {
			return nil
		}
		own := *s
		own.Operations = slices.Clone(s.Operations)
		for i := range own.Operations {
			rename(&own.Operations[i])
		}
		own.Further = slices.Clone(s.Further)
		for i := range own.Further {
			own.Further[i].AllOf, own.Further[i].AnyOf = name(s.Further[i].AllOf), name(s.Further[i].AnyOf)
		}
		for _, alone := range []**target.Operation{&own.Batch, &own.StepUp} {
			if *alone != nil {
				op := **alone
				rename(&op)
				*alone = &op
			}
		}
		return &own
	}
	own := *t
	own.Description = t.Description.InFeatureNames()
	own.API, own.OtherAPI = server(t.API), server(t.OtherAPI)
	return &own
}

// named are the hosts of a target, by what features call them.
func named(t *target.Target) map[string]string {
	hosts := map[string]string{}
	name := func(raw, as string) {
		if u, err := url.Parse(raw); err == nil && u.Host != "" {
			hosts[u.Host+strings.TrimSuffix(u.Path, "/")] = as
		}
	}
	name(t.Issuer, "authorization server")
	name(metadata(t, "token_endpoint"), "authorization server")
	if t.OtherAPI != nil {
		name(t.OtherAPI.BaseURL, "other API")
	}
	if t.API != nil {
		name(t.API.BaseURL, "API")
	}
	return hosts
}

// Cast is who plays in one scenario. Clients and resource owners come to exist
// when they are first named. It is not safe for use by several goroutines.
type Cast struct {
	Stage    *Stage
	Recorder *Recorder
	// Refreshing says that clients want refresh tokens: what the target asks for
	// that is added to each authorization request.
	Refreshing bool

	clients         map[string]*Client
	owners          map[string]*Owner
	keys            map[string]*harnessKey // of clients that sign, by name
	objectAlg       map[string]string      // how they sign request objects, as the server registered it
	auditors        map[oauth.RawScope]*Client
	audits          map[string]oauth.Secret // the auditor's tokens, by owner
	met             map[meeting]bool
	set             int // of static clients, from 1
	lacks           []lack
	undo            []func(context.Context) error
	refusedAttempts []*Attempt
	uses            []use // of the API
	seed            string
	ahead           time.Duration         // how far the target's clock was moved
	everything      func() oauth.ScopeSet // every scope that the target file speaks of
}

// NewCast returns a new cast with nobody in it.
func (s *Stage) NewCast() *Cast {
	recorder := newRecorder(s.transport, s.RequestTimeout, s.hosts, s.secrets)
	recorder.target, recorder.waits, recorder.turns, recorder.pace = s.Target, s.waits, s.turns, s.pace
	if api := s.Target.API; api != nil && api.AsksNobody {
		recorder.apart = api.BaseURL + "/"
	}
	c := &Cast{
		Stage:    s,
		Recorder: recorder,
		clients:  map[string]*Client{},
		owners:   map[string]*Owner{},
		keys:     map[string]*harnessKey{},

		objectAlg: map[string]string{},
		auditors:  map[oauth.RawScope]*Client{},
		audits:    map[string]oauth.Secret{},
		met:       map[meeting]bool{},
		set:       1,
		seed:      random(4),
	}
	c.everything = sync.OnceValue(c.speaks)
	return c
}

// UseSet has the cast play with one of the sets of static clients, before it does
// anything: 1 is the first, and what a cast has otherwise.
func (c *Cast) UseSet(set int) { c.set = set }

// Client returns the client that features call name, registering it with the
// target if need be.
func (c *Cast) Client(ctx context.Context, name string) (*Client, error) {
	if client, ok := c.clients[name]; ok {
		return client, nil
	}
	var registered *oauth.Client
	err := again(func() (err error) {
		registered, err = c.register(as(ctx, "scopeproof", "registers "+name), name, oauth.ScopeSet{})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("%s is registered: %w", name, err)
	}
	client := c.enter(registered)
	c.clients[name] = client
	return client, nil
}

// enter makes an actor of a client.
func (c *Cast) enter(registered *oauth.Client) *Client {
	c.Recorder.keep(registered.Secret)
	return &Client{Client: *registered, cast: c, key: c.keys[registered.Name], static: !registered.Dynamic && !registers(c.Stage.Target.Target)}
}

// Owner returns the resource owner that features call name.
func (c *Cast) Owner(ctx context.Context, name string) (*Owner, error) {
	if o, ok := c.owners[name]; ok {
		return o, nil
	}
	t := c.Stage.Target
	user, ok := t.Description.Users[name]
	if !ok {
		return nil, fmt.Errorf("the target has no user %q: got users %v", name, slices.Sorted(maps.Keys(t.Description.Users)))
	}
	o := &Owner{cast: c, jar: useragent.NewJar(), ResourceOwner: oauth.ResourceOwner{
		Name: name, Username: user.Username, Password: oauth.Secret(user.Password), TOTP: oauth.Secret(user.TOTP),
		Subject: user.Subject, Claims: user.Claims, Roles: user.Roles,
	}}
	if user.Permissions != nil {
		o.Permissions, o.Limited = oauth.FieldsScope(*user.Permissions), true
	}
	if create := t.Description.Control.CreateUser; create != nil {
		o.created = true
		err := again(func() error {
			o.Username = user.Username + "-" + random(8)
			return c.createUser(as(ctx, "scopeproof", "creates "+name), o, create)
		})
		if err != nil {
			return nil, fmt.Errorf("%s is created: %w", name, err)
		}
	}
	if o.Subject == "" && t.UserAgent == nil && t.Description.Login.Driver == "hydra_admin" {
		o.Subject = o.Username // that is what the driver logs them in as
	}
	c.Recorder.keep(o.Password)
	c.owners[name] = o
	return o, nil
}

func (c *Cast) createUser(ctx context.Context, o *Owner, call *target.Call) error {
	defer c.Stage.registering.since(time.Now())
	claims, err := json.Marshal(o.Claims)
	if err != nil {
		return err
	}
	roles, err := json.Marshal(append([]string{}, o.Roles...))
	if err != nil {
		return err
	}
	vars := map[string]string{
		"user.claims": string(claims), "user.roles": string(roles), "user.username": o.Username, "user.password": o.Password.Reveal(),
		"scope": o.permissionsNow().Map(c.wireToken).String(),
	}
	eachClaim(o.Claims, "user.claims", func(name, text string) { vars[name] = text })
	captured, err := c.call(ctx, call, vars)
	o.Subject = captured["subject"]
	if o.Subject == "" && !c.Stage.Target.Description.AuthorizationServer.OpaqueSubjects {
		o.Subject = o.Username
	}
	return err
}

// eachClaim calls f with each claim as a text, those in an object by a name with a
// dot.
func eachClaim(claims map[string]any, under string, f func(name, text string)) {
	for name, value := range claims {
		if parts, ok := value.(map[string]any); ok {
			eachClaim(parts, under+"."+name, f)
			continue
		}
		f(under+"."+name, fmt.Sprint(value))
	}
}

// Owners returns the resource owners who have played a part so far.
func (c *Cast) Owners() []*Owner {
	var list []*Owner
	for _, name := range slices.Sorted(maps.Keys(c.owners)) {
		list = append(list, c.owners[name])
	}
	return list
}

func (c *Cast) wireToken(t oauth.ScopeToken) oauth.ScopeToken {
	return oauth.ScopeToken(c.Wire(oauth.RawScope(t)))
}

// metadata is a string member of the metadata document, or "".
func metadata(t *target.Target, name string) string {
	s, _ := t.Metadata[name].(string)
	return s
}

// random returns n random bytes in hexadecimal.
func random(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails: crypto/rand
	return hex.EncodeToString(b)
}

// Known returns a client that has played a part already.
func (c *Cast) Known(name string) (*Client, bool) {
	client, ok := c.clients[name]
	return client, ok
}
