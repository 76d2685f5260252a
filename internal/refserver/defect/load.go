package defect

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/scopeproof/scopeproof/internal/refserver"
)

// lookup is how long the faults' look-ups take, as one in a store over the
// network would. Requests that overlap within it meet.
const lookup = 2 * time.Millisecond

// crowd is how many requests in flight make the limiter give up.
const crowd = 4

// load are faults that show only when requests overlap; every one of them keeps
// right when requests come one after another.
var load = []Defect{
	{
		ID:     "scope-lookup-shared-by-client",
		Text:   "Scope look-ups of the API that overlap are merged by client instead of by token: one token is served with the scope of another.",
		Breaks: []string{"RSM-02"},
		Shows:  "write:appointments",
		Load:   true,
		Apply: func(p *refserver.Policy) {
			flights := &flights{byClient: map[string]refserver.ScopeSet{}}
			p.API.HeldScope = flights.scope
		},
	},
	{
		ID:     "token-buffer-shared",
		Text:   "The scope of a token is kept in a buffer that overlapping token requests share.",
		Breaks: []string{"GRANT-07", "GRANT-01", "REF-02"},
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
		ID:     "limiter-fails-open",
		Text:   "When the API is busy its scope check times out, and what times out is let through.",
		Breaks: []string{"RSM-02"},
		Shows:  "write:appointments",
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
}

// flights are the look-ups under way, by client.
type flights struct {
	mu       sync.Mutex
	byClient map[string]refserver.ScopeSet
}

func (f *flights) scope(by refserver.Principal) refserver.ScopeSet {
	f.mu.Lock()
	scope, joined := f.byClient[by.ClientID]
	if !joined {
		f.byClient[by.ClientID] = by.Scope
	}
	f.mu.Unlock()
	time.Sleep(lookup)
	if joined {
		return scope
	}
	f.mu.Lock()
	delete(f.byClient, by.ClientID)
	f.mu.Unlock()
	return by.Scope
}
