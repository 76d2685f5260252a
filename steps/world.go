package steps

import (
	"context"
	"fmt"
	"reflect"
	"slices"

	"github.com/scopeproof/scopeproof/internal/actor"
	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

// World is the state of one scenario.
type World struct {
	stage *actor.Stage
	cast  *actor.Cast
	// functions are those behind sentences, by the place of the pattern, as far as
	// they were called for.
	functions []reflect.Value

	// epoch counts acts: what was observed in an earlier one is looked at anew.
	epoch int
	// latest is the last outcome for each client, last of all in any.
	latest map[string]*outcome
	any    *outcome
	// batch is what a When that repeats led to, one by one, with what each asked.
	batch   []*outcome
	codes   map[string][]*actor.Authorization // in the order given
	sent    map[string]oauth.Secret           // codes that a form led to before, by client
	shown   map[string][]*actor.Authorization // unanswered consent pages, by owner
	carried map[string]carried                // tokens that we signed, by client
	pages   []string                          // texts of consent pages
	pushed  map[string]*actor.PushedRequest   // the latest of each client

	objects  []*actor.Object // put into calendars by this scenario
	changed  map[*actor.Object]bool
	attempts []*actor.Attempt // requests to the API that changed nothing, or should not have
	last     *actor.Attempt
	answers  []*actor.Attempt    // of a When that tries several things
	managed  *actor.ManagedGrant // the last answer of the grant management API

	workers       int                        // most requests that were made at once
	round         int                        // from 0
	changes       []*actor.Entry             // what happened while the batch was under way
	ownRevocation bool                       // they were revocations by the client itself
	alone         []trial                    // requests that were made alone, and then at once
	registrations map[string]*registration   // of clients that registered themselves in this scenario
	proofs        map[string]*actor.ProofKey // by client
	presents      oauth.ScopeSet             // the scope of the token that the last requests came with
	cut           bool                       // the API cannot ask the authorization server

	ledger   ledger
	breaches []Breach
	trouble  error // why the invariants could not be checked
	lacks    error // an operation of the API that the scenario would have tried
	tried    bool  // another one was
}

// outcome is what came of one request for access.
type outcome struct {
	client *actor.Client
	owner  *actor.Owner // nil for client credentials
	auth   *actor.Authorization
	issue  *actor.Issue   // nil: it never came to the token endpoint
	asked  oauth.ScopeSet // what the scenario asked for
	how    string         // which way was taken, of several
	way    target.Way     // the same, by its name; empty: there was no choice
	adds   oauth.ScopeSet // what that way has in every request
	// refused is the answer of an endpoint before anybody could decide.
	refused *oauth.ErrorResponse
	// seen is what the token was good for when it was issued, of one request of
	// several: a later one may lawfully end it. Nil: look now.
	seen   *actor.Observation
	looked int // the epoch in which it was seen
	// entry and trouble are of a request that was made at once with others:
	// trouble is why its answer says nothing.
	entry   *actor.Entry
	trouble error
}

type carried struct {
	token oauth.AccessToken
	owner *actor.Owner
	scope oauth.ScopeSet // empty where it is no string
}

// New returns the world of one scenario, which has one of the sets of static clients
// to itself. Refreshing says that grants that a scenario starts from come with a
// refresh token.
func New(stage *actor.Stage, set int, refreshing bool) *World {
	cast := stage.NewCast()
	cast.UseSet(set)
	cast.Refreshing = false
	w := &World{
		stage: stage, cast: cast,
		latest: map[string]*outcome{}, codes: map[string][]*actor.Authorization{}, sent: map[string]oauth.Secret{},
		shown: map[string][]*actor.Authorization{}, carried: map[string]carried{}, proofs: map[string]*actor.ProofKey{},
		changed: map[*actor.Object]bool{}, registrations: map[string]*registration{},
	}
	w.ledger = ledger{refreshing: refreshing, consents: map[consentKey]oauth.ScopeSet{}, held: map[*actor.Issue]oauth.ScopeSet{}, checked: map[*actor.Issue]bool{}, agreed: map[*actor.Authorization]oauth.ScopeSet{}, before: map[*actor.Authorization]bool{}, trusted: map[consentKey]oauth.ScopeSet{}, denied: map[consentKey]bool{}}
	return w
}

// Recorder holds the exchanges of the scenario.
func (w *World) Recorder() *actor.Recorder { return w.cast.Recorder }

// Tokens are the access tokens of the scenario, and what they were used for.
func (w *World) Tokens() []actor.Token { return w.cast.Tokens() }

// ProtocolScopes are those that need mean nothing to an API.
func (w *World) ProtocolScopes() oauth.ScopeSet { return w.cast.ProtocolScopes() }

// Breaches are the invariants that did not hold, in the order seen.
func (w *World) Breaches() []Breach { return w.breaches }

// Trouble is why the invariants could not be checked, or nil; *[actor.Lacking]
// where nothing of what the scenario tries is offered.
func (w *World) Trouble() error {
	if w.trouble == nil && w.lacks != nil && !w.tried {
		return w.lacks
	}
	return w.trouble
}

func (w *World) client(ctx context.Context, name string) (*actor.Client, error) {
	return w.cast.Client(ctx, name)
}

func (w *World) owner(ctx context.Context, name string) (*actor.Owner, error) {
	return w.cast.Owner(ctx, name)
}

// pair is a resource owner and a client.
func (w *World) pair(ctx context.Context, owner, client string) (*actor.Owner, *actor.Client, error) {
	c, err := w.client(ctx, client)
	if err != nil {
		return nil, nil, err
	}
	o, err := w.owner(ctx, owner)
	return o, c, err
}

// act marks that something was done: older observations no longer count.
func (w *World) act() { w.epoch++ }

// settle records an outcome as the latest.
func (w *World) settle(o *outcome) {
	w.act()
	w.latest[o.client.Name] = o
	w.any = o
}

// outcomeOf returns the latest outcome of a client.
func (w *World) outcomeOf(name string) (*outcome, error) {
	if o, ok := w.latest[name]; ok {
		return o, nil
	}
	return nil, fmt.Errorf("%s has not asked for anything in this scenario", name)
}

// refusal is how an outcome was refused, or nil when a token was issued.
func (o *outcome) refusal() *oauth.ErrorResponse {
	switch {
	case o.trouble != nil:
		return &oauth.ErrorResponse{Description: o.trouble.Error()}
	case o.issue != nil && o.issue.Response != nil:
		return nil
	case o.issue != nil:
		return o.issue.Refused
	case o.refused != nil:
		return o.refused
	case o.auth != nil && o.auth.Refused != nil:
		return o.auth.Refused
	case o.auth != nil && o.auth.Arrival != nil:
		return &oauth.ErrorResponse{Status: o.auth.Arrival.Status, Description: "a page in place of a redirect"}
	}
	return &oauth.ErrorResponse{Description: "no answer"}
}

// shown reports whether an error was shown to the user in place of being sent on,
// as it may be where a client registered itself (RFC 9700 section 4.11.2).
func (o *outcome) shown() bool {
	a := o.auth
	return o.client.Dynamic && a != nil && a.Refused == nil && a.Arrival != nil && a.Arrival.Redirect == nil && a.Arrival.Status >= 400
}

// issued is the issue of an outcome, or an error when it was refused.
func (o *outcome) issued() (*actor.Issue, error) {
	if r := o.refusal(); r != nil {
		return nil, fmt.Errorf("%s was refused: %w", o.client.Name, r)
	}
	return o.issue, nil
}

// issued is the latest issue of a client, or an error when it was refused.
func (w *World) issued(client string) (*actor.Issue, error) {
	o, err := w.outcomeOf(client)
	if err != nil {
		return nil, err
	}
	return o.issued()
}

// issuedAnd is issued, and a scope of the sentence read.
func (w *World) issuedAnd(client, named string) (*actor.Issue, oauth.ScopeSet, error) {
	set, err := scope(named)
	if err != nil {
		return nil, set, err
	}
	issue, err := w.issued(client)
	return issue, set, err
}

// refusalOf is how a client was refused last.
func (w *World) refusalOf(client string) error {
	if o, ok := w.latest[client]; ok && o.refusal() != nil {
		return o.refusal()
	}
	return fmt.Errorf("it was issued none")
}

// refused reports whether a client's latest request was refused, so that what it
// may still hold is from before.
func (w *World) refused(client string) bool {
	if _, ok := w.carried[client]; ok {
		return false
	}
	o, ok := w.latest[client]
	return ok && o.refusal() != nil
}

// refusedNow is a violation if the token endpoint has just refused a client: that
// it can do something with a token from before shows nothing of what it asked for.
func (w *World) refusedNow(client string) error {
	if o, ok := w.latest[client]; ok && w.refused(client) && o.issue != nil {
		return violation("%s was refused with %s, want a token", client, o.refusal())
	}
	return nil
}

// bearer is the token that a client would use now: the one it was just issued,
// or, when it was refused, the one it had before. The empty token means that it
// has none.
func (w *World) bearer(name string) (oauth.AccessToken, *actor.Issue) {
	if c, ok := w.carried[name]; ok {
		return c.token, nil
	}
	o, ok := w.latest[name]
	if !ok {
		return "", nil
	}
	if o.issue != nil && o.issue.Response != nil {
		return o.issue.Response.AccessToken, o.issue
	}
	if o.issue != nil && o.issue.From != nil {
		return o.issue.From.Response.AccessToken, o.issue.From
	}
	for _, i := range slices.Backward(o.client.Issues) {
		if i.Response != nil && i.Owner == o.owner {
			return i.Response.AccessToken, i
		}
	}
	return "", nil
}

// scope reads a scope of a feature; it must be a lawful one.
func scope(text string) (oauth.ScopeSet, error) { return oauth.ParseScope(text) }

// plain takes out what the sentence does not speak of: scopes that the target
// declares to grant always, or to want in every request, and what was only asked
// for to obtain a refresh token.
func (w *World) plain(got, named oauth.ScopeSet) oauth.ScopeSet {
	as := w.target().Description.AuthorizationServer
	extra := oauth.FieldsScope(as.AlwaysGranted + " " + as.AlwaysAsked)
	if w.ledger.refreshing {
		extra = extra.Union(oauth.FieldsScope(as.Refresh.Scope))
	}
	return got.Minus(extra.Minus(named))
}

// look is what the token of an outcome is good for: as it was seen when it was
// issued, or now.
func (w *World) look(ctx context.Context, o *outcome) (*actor.Observation, error) {
	if o.seen != nil {
		return o.seen, nil
	}
	return o.issue.Observe(ctx, w.epoch)
}

// repeat adds an outcome to the batch, its token looked at while it is new.
func (w *World) repeat(ctx context.Context, o *outcome) error {
	if o.refusal() == nil {
		seen, err := o.issue.Observe(ctx, w.epoch)
		if err != nil {
			return err
		}
		o.seen, o.looked = seen, w.epoch
	}
	w.batch = append(w.batch, o)
	w.checkInvariants(ctx)
	return nil
}

func (w *World) target() *target.Resolved { return w.stage.Target }

func (w *World) capable(name target.Capability) bool {
	return w.target().Capabilities[name].Yes()
}

// effective is what the latest token of an outcome is good for.
func (w *World) effective(ctx context.Context, i *actor.Issue) (oauth.ScopeSet, error) {
	o, err := i.Observe(ctx, w.epoch)
	if err != nil {
		return oauth.ScopeSet{}, err
	}
	return o.Effective, nil
}

// Restore undoes what the scenario did to the whole target.
func (w *World) Restore(ctx context.Context) error { return w.cast.Restore(ctx) }
