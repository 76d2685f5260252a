package defect

import (
	"maps"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/scopeproof/scopeproof/internal/refserver"
)

// revocations is how many ended tokens the cache of introspection knows.
const revocations = 6

// loadOfPeople are faults in whose something is, and in what becomes of a refusal.
var loadOfPeople = []Defect{
	{
		ID:     "answers-merged-by-path",
		Text:   "Lists of the API that are asked for at the same moment are merged by the path: one person is shown what is another's.",
		Breaks: []string{"CONC-11"},
		Shows:  "shows an object of ",
		Load:   true,
		Apply: func(p *refserver.Policy) {
			flights := newFlights[refserver.Outcome]()
			p.API.Told = func(_ refserver.Principal, op refserver.Operation, done refserver.Outcome) refserver.Outcome {
				if op.Method != http.MethodGet || op.ID != "" {
					return done
				}
				return flights.join(op.API+op.Route, func() refserver.Outcome { return done })
			}
		},
	},
	{
		ID:     "refused-when-already-done",
		Text:   "While the API is busy it writes before the scope check is through, and does not take back what it refuses.",
		Breaks: []string{"RSM-02", "RSM-01", "RST-01", "RST-03", "RST-06", "RSV-01"},
		Shows:  "shows what a request wrote that had to be refused",
		Load:   true,
		Apply: func(p *refserver.Policy) {
			var inFlight atomic.Int64
			covers := p.API.Covers
			p.API.Covers = func(held, required refserver.ScopeSet) bool {
				inFlight.Add(1)
				time.AfterFunc(2*lookup, func() { inFlight.Add(-1) })
				time.Sleep(lookup)
				return covers(held, required)
			}
			p.API.Refused = func(op refserver.Operation, act func() refserver.Outcome) refserver.Outcome {
				if inFlight.Load() > crowd && op.Method != http.MethodDelete {
					act()
				}
				return refserver.Outcome{}
			}
		},
	},
	{
		ID:     "token-of-whoever-else-asks",
		Text:   "Tokens that are issued at the same moment for the same scope are all for the person of the first.",
		Breaks: []string{"CODE-05", "GRANT-07", "PAR-03", "CONS-02", "INTR-01", "REF-02"},
		Shows:  "the token has a sub that is of ",
		Load:   true,
		Apply: func(p *refserver.Policy) {
			claims, flights := p.AccessTokenClaims, newFlights[string]()
			p.AccessTokenClaims = func(q refserver.ClaimsQuestion) map[string]any {
				if !q.UserBound {
					return claims(q)
				}
				all := map[string]any{}
				maps.Copy(all, claims(q))
				all["sub"] = flights.join(q.Scope.String(), func() string { return q.User.Name })
				return all
			}
		},
	},
	{
		ID:     "introspection-tells-of-another",
		Text:   "What introspection tells beside the scope is looked up once for all tokens of the same scope that are asked about at the same moment.",
		Breaks: []string{"GRANT-03", "INTR-01"},
		Shows:  "introspection tells another ",
		Load:   true,
		Apply: func(p *refserver.Policy) {
			flights := newFlights[map[string]any]()
			p.Introspection.Found = func(_ string, look func() (bool, map[string]any)) (bool, map[string]any) {
				active, own := look()
				scope, _ := own["scope"].(string)
				if !active {
					return active, own
				}
				all := maps.Clone(own)
				other := flights.join(scope, func() map[string]any { return own })
				for _, name := range []string{"sub", "client_id", "username"} {
					if value, told := other[name]; told {
						all[name] = value
					}
				}
				return active, all
			}
		},
	},
	{
		ID:     "revocations-forgotten",
		Text:   "The cache of introspection remembers the last few tokens that ended; what it kept of earlier ones is told again.",
		Breaks: []string{"RST-05"},
		Shows:  "that had ended is good again",
		Load:   true,
		Apply: func(p *refserver.Policy) {
			f := &forgetful{active: map[string]map[string]any{}}
			p.Introspection.Found = f.found
		},
	},
}

// forgetful keeps what was told of tokens, and which the last ones are that ended.
type forgetful struct {
	mu     sync.Mutex
	active map[string]map[string]any
	ended  []string
}

func (f *forgetful) found(token string, look func() (bool, map[string]any)) (bool, map[string]any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	active, all := look()
	if active {
		f.active[token] = maps.Clone(all)
		return active, all
	}
	kept := f.active[token]
	if kept == nil {
		return active, all
	}
	at := slices.Index(f.ended, token)
	if at < 0 {
		f.ended = append(f.ended, token)
		return active, all
	}
	if len(f.ended)-at > revocations {
		return true, maps.Clone(kept)
	}
	return active, all
}
