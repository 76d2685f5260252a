package defect

import (
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/scopeproof/scopeproof/internal/refserver"
)

// lookup is how long the faults' look-ups take, as one in a store over the
// network would. Requests that overlap within it meet.
const lookup = 2 * time.Millisecond

const (
	// crowd is how many requests in flight make the limiter give up.
	crowd = 4
	// connections is how many refreshes the database serves at once: more than any
	// rule makes.
	connections = 24
	// queued is how long a refresh waits for one: an edit needs no connection of these,
	// and is through sooner.
	queued = 40 * time.Millisecond
	// hotAfter is how many questions about a token within hotFor make the answer be
	// kept for that long.
	hotAfter = 20
	hotFor   = 500 * time.Millisecond
	// logged is how many answers a file of the audit log holds.
	logged = 10_000
)

// load are faults that show only when requests overlap, or come in great number;
// every one of them keeps right when a few come one after another.
var load = slices.Concat(loadOfTokens, loadOfAnswers, loadOfPeople, loadOfChecks)

// loadOfTokens are faults of what is issued.
var loadOfTokens = []Defect{
	{
		ID:     "token-buffer-shared",
		Text:   "The scope of a token is kept in a buffer that overlapping token requests share.",
		Breaks: []string{"GRANT-07", "CONC-11", "DEF-03", "GRANT-01", "INTR-01", "REF-02", "RSM-02"},
		Shows:  "write:appointments",
		Load:   true,
		Apply: func(p *refserver.Policy) {
			var buffer atomic.Pointer[refserver.ScopeSet]
			p.TokenScope = func(i refserver.Issue) refserver.ScopeSet {
				buffer.Store(&i.Scope)
				time.Sleep(lookup)
				return *buffer.Load()
			}
		},
	},
	{
		ID:     "refresh-waits-with-what-it-read",
		Text:   "A refresh reads the grant, waits for a connection to the database if all are taken, and stores what it read: an edit in between is undone.",
		Breaks: []string{"CONC-03"},
		Shows:  "write:appointments",
		Load:   true,
		Apply:  waitsWithWhatItRead,
	},
}

// loadOfAnswers are faults of what is said of tokens, and of what they open.
var loadOfAnswers = []Defect{
	{
		ID:     "scope-lookup-shared-by-client",
		Text:   "Scope look-ups of the API that overlap are merged by client instead of by token: one token is served with the scope of another.",
		Breaks: []string{"RSM-02"},
		Shows:  "was served with 2",
		Load:   true,
		Apply: func(p *refserver.Policy) {
			flights := newFlights[refserver.ScopeSet]()
			p.API.HeldScope = func(by refserver.Principal) refserver.ScopeSet {
				return flights.join(by.ClientID, func() refserver.ScopeSet { return by.Scope })
			}
		},
	},
	{
		ID:     "limiter-fails-open",
		Text:   "When the API is busy its scope check times out, and what times out is let through.",
		Breaks: []string{"RSM-02"},
		Shows:  "was served with 2",
		Load:   true,
		Apply: func(p *refserver.Policy) {
			var inFlight atomic.Int64
			covers := p.API.Covers
			p.API.Covers = func(held, required refserver.ScopeSet) bool {
				busy := inFlight.Add(1) > crowd
				time.Sleep(lookup)
				inFlight.Add(-1)
				return busy || covers(held, required)
			}
		},
	},
	{
		ID:     "claims-looked-up-by-user",
		Text:   "Look-ups of claims for UserInfo that overlap are merged by user instead of by token: one client is told what another may know.",
		Breaks: []string{"CLM-03"},
		Shows:  "UserInfo tells ",
		Load:   true,
		Apply: func(p *refserver.Policy) {
			claims, flights := p.UserInfoClaims, newFlights[map[string]any]()
			p.UserInfoClaims = func(q refserver.ClaimsQuestion) map[string]any {
				return flights.join(q.User.Name, func() map[string]any { return claims(q) })
			}
		},
	},
	{
		ID:     "introspection-merged-by-prefix",
		Text:   "Look-ups of introspection that overlap are merged by the first characters of the token, which in a JWT are its header.",
		Breaks: []string{"INTR-01", "GRANT-03", "RST-05"},
		Shows:  "write:appointments",
		Load:   true,
		Apply: func(p *refserver.Policy) {
			flights := newFlights[told]()
			p.Introspection.Found = func(token string, look func() (bool, map[string]any)) (bool, map[string]any) {
				found := flights.join(token[:min(8, len(token))], func() told { return tell(look()) })
				return found.active, maps.Clone(found.all)
			}
		},
	},
	{
		ID:     "introspection-cached-when-hot",
		Text:   "What introspection says of a token that is asked about often is kept for half a second, also when the token is revoked.",
		Breaks: []string{"RST-05"},
		Shows:  "after the answer to its revocation",
		Load:   true,
		Apply: func(p *refserver.Policy) {
			cache := &hot{byToken: map[string]*heat{}}
			p.Introspection.Found = cache.found
		},
	},
	{
		ID:       "audit-log-rotates",
		Text:     "Each answer of the API is written to a log; after 10,000 of them a refusal has to wait for its rotation, gives up, and is let through.",
		Breaks:   []string{"RSM-02"},
		Shows:    "was served with 2",
		Load:     true,
		Requests: 5 * logged,
		Apply: func(p *refserver.Policy) {
			var entries atomic.Int64
			covers := p.API.Covers
			p.API.Covers = func(held, required refserver.ScopeSet) bool {
				n := entries.Add(1)
				return covers(held, required) || n >= logged && entries.CompareAndSwap(n, 0)
			}
		},
	},
}

// waitsWithWhatItRead leaves time between look and change while many refresh.
func waitsWithWhatItRead(p *refserver.Policy) {
	var taken atomic.Int64
	p.Race.Between = func(at refserver.Step) time.Duration {
		if at != refserver.DecideRefresh {
			return refserver.Never
		}
		free := taken.Add(1) <= connections
		time.AfterFunc(window, func() { taken.Add(-1) })
		if free {
			return refserver.Never
		}
		return queued
	}
	p.Race.Saved = func(read, now refserver.Authorization) refserver.Authorization {
		now.Current = read.Current
		return now
	}
}

// flights are the look-ups under way, by what they are merged by.
type flights[T any] struct {
	mu    sync.Mutex
	under map[string]T
}

func newFlights[T any]() *flights[T] { return &flights[T]{under: map[string]T{}} }

// join is what look finds, or what the look-up under that key finds that began
// before.
func (f *flights[T]) join(key string, look func() T) T {
	f.mu.Lock()
	found, joined := f.under[key]
	if !joined {
		found = look()
		f.under[key] = found
	}
	f.mu.Unlock()
	time.Sleep(lookup)
	if !joined {
		f.mu.Lock()
		delete(f.under, key)
		f.mu.Unlock()
	}
	return found
}

// told is what introspection says.
type told struct {
	active bool
	all    map[string]any
}

func tell(active bool, all map[string]any) told { return told{active, all} }

// hot keeps what is said of tokens that are asked about often.
type hot struct {
	mu      sync.Mutex
	byToken map[string]*heat
}

// heat is how often a token was asked about since a moment, and what is kept of it.
type heat struct {
	since time.Time
	asked int
	kept  told
	until time.Time
}

func (h *hot) found(token string, look func() (bool, map[string]any)) (bool, map[string]any) {
	h.mu.Lock()
	defer h.mu.Unlock()
	t, now := h.byToken[token], time.Now()
	if t == nil || now.Sub(t.since) > hotFor {
		before := t
		t = &heat{since: now}
		if before != nil && now.Before(before.until) {
			t.kept, t.until = before.kept, before.until
		}
		h.byToken[token] = t
	}
	t.asked++
	if now.Before(t.until) {
		return t.kept.active, maps.Clone(t.kept.all)
	}
	found := tell(look())
	if t.asked >= hotAfter {
		t.kept, t.until = told{found.active, maps.Clone(found.all)}, now.Add(hotFor)
	}
	return found.active, found.all
}
