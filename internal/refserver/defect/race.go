package defect

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/scopeproof/scopeproof/internal/refserver"
)

// window is the time between look and change: that of one query to a database
// over a network.
const window = 5 * time.Millisecond

// widest is the widest window that can be asked for: beyond it requests time out.
const widest = time.Second

// race are the faults that show when requests overlap between a look and the
// change that rests on it, that far apart. All of them keep right when requests
// come one after another.
func race(apart time.Duration) []Defect {
	return slices.Concat(raceOfTokens(apart), raceOfPages(apart), raceOfState(apart))
}

// raceOfTokens are faults of codes and refresh tokens, which are good once.
func raceOfTokens(apart time.Duration) []Defect {
	return []Defect{
		{
			ID:     "code-redeemed-twice",
			Text:   "Whether a code was redeemed is looked up, and written a moment later: who comes in between is issued tokens as well.",
			Breaks: []string{"CONC-01"},
			Shows:  `Planner was issued`,
			Apply:  func(p *refserver.Policy) { open(p, refserver.RedeemCode, apart) },
		},
		{
			ID:     "code-session-overwritten",
			Text:   "The parameters of a token request are put into the code's session before it is known whether the code is still good: the winner is issued what the losers asked for.",
			Breaks: []string{"CONC-02"},
			Shows:  `Planner holds "read:appointments write:appointments", want at most "read:appointments"`,
			Apply:  func(p *refserver.Policy) { overwritten(p, apart) },
		},
		{
			ID:     "refresh-token-forks",
			Text:   "Whether a refresh token is still good is looked up, and it is replaced a moment later: who comes in between has a token of their own.",
			Breaks: []string{"CONC-05"},
			Shows:  `Pocket can go on with`,
			Apply:  func(p *refserver.Policy) { open(p, refserver.RotateToken, apart) },
		},
		{
			ID:     "device-code-redeemed-twice",
			Text:   "Whether the token of a device was issued is looked up, and written a moment later: a second poll in between is issued one as well.",
			Breaks: []string{"CONC-09"},
			Shows:  `Planner was issued`,
			Apply:  func(p *refserver.Policy) { open(p, refserver.TakeApproved, apart) },
		},
	}
}

// raceOfPages are faults of consent pages.
func raceOfPages(apart time.Duration) []Defect {
	return []Defect{
		{
			ID:     "pending-request-in-session",
			Text:   "The pending request is kept in one place in the session while its user is looked up: of several tabs the last wins.",
			Breaks: []string{"CONC-07", "CONC-12"},
			Shows:  `Planner holds "`,
			Apply: func(p *refserver.Policy) {
				open(p, refserver.ParkRequest, apart)
				p.Race.Parked = func(_, latest refserver.ConsentQuestion) refserver.ConsentQuestion { return latest }
			},
		},
		{
			ID:     "page-answered-twice",
			Text:   "Whether a consent page was answered is looked up, and written a moment later: each answer in between counts.",
			Breaks: []string{"CONC-08"},
			Shows:  `Planner was given`,
			Apply:  func(p *refserver.Policy) { open(p, refserver.TakeForm, apart) },
		},
		{
			ID:     "pushed-request-taken-twice",
			Text:   "Whether a pushed request was brought is looked up, and written a moment later: each visit in between is worth a code.",
			Breaks: []string{"CONC-13"},
			Shows:  `Planner was given`,
			Apply:  func(p *refserver.Policy) { open(p, refserver.TakePushed, apart) },
		},
		{
			ID:     "consent-lost",
			Text:   "Consent is added to the grant as it was read a moment before: of two answers at once one is lost.",
			Breaks: []string{"CONC-12"},
			Shows:  `Planner's grant comes to`,
			Apply:  func(p *refserver.Policy) { open(p, refserver.RecordConsent, apart) },
		},
	}
}

// raceOfState are faults of what requests share.
func raceOfState(apart time.Duration) []Defect {
	return []Defect{
		{
			ID:     "refresh-writes-stale-scope",
			Text:   "A refresh reads the grant, issues the token, and stores the scope it had read: an edit in between is undone.",
			Breaks: []string{"CONC-03"},
			Shows:  `Planner holds "read:appointments write:appointments", want at most "read:appointments"`,
			Apply: func(p *refserver.Policy) {
				open(p, refserver.DecideRefresh, apart)
				p.Race.Saved = func(read, now refserver.Authorization) refserver.Authorization {
					now.Current = read.Current
					return now
				}
			},
		},
		{
			ID:     "refresh-outlives-revocation",
			Text:   "A refresh inserts its new token after a revocation has deleted all that there were: the grant goes on.",
			Breaks: []string{"CONC-04"},
			Shows:  `Planner can still refresh what it was given`,
			Apply: func(p *refserver.Policy) {
				open(p, refserver.DecideRefresh, apart)
				p.Race.Saved = func(read, now refserver.Authorization) refserver.Authorization {
					if now.Revoked && !read.Revoked {
						return read
					}
					return now
				}
			},
		},
		{
			ID:     "narrowing-shared",
			Text:   "The scope that a refresh asks for is kept in a variable that all requests share.",
			Breaks: []string{"CONC-06"},
			Shows:  `Planner holds "`,
			Apply:  func(p *refserver.Policy) { narrowedTogether(p, apart) },
		},
		{
			ID:     "permissions-looked-up-together",
			Text:   "Look-ups of permissions that overlap are merged: who joins one that began before a change is served what was true then.",
			Breaks: []string{"CONC-10"},
			Shows:  `Planner holds "offline_access read:appointments write:appointments", asked for after the change was acknowledged`,
			Apply:  func(p *refserver.Policy) { permittedTogether(p, apart) },
		},
		{
			ID:     "principal-shared",
			Text:   "The API keeps the principal of a request in a variable that all requests share.",
			Breaks: []string{"CONC-11"},
			Shows:  `Ada's calendar answers differently among others`,
			Apply:  func(p *refserver.Policy) { sharedPrincipal(p, apart) },
		},
	}
}

// open takes the atomicity from one step.
func open(p *refserver.Policy, step refserver.Step, apart time.Duration) {
	p.Race.Between = func(at refserver.Step) time.Duration {
		if at == step {
			return apart
		}
		return refserver.Never
	}
}

// overwritten adds to what a code yields the scope that others sent with it.
func overwritten(p *refserver.Policy, apart time.Duration) {
	var mu sync.Mutex
	sessions := map[string][]refserver.ScopeSet{}
	p.Race.Kept = func(authorization string, asked refserver.ScopeSet) func() refserver.ScopeSet {
		mu.Lock()
		own := len(sessions[authorization])
		sessions[authorization] = append(sessions[authorization], asked)
		mu.Unlock()
		return func() refserver.ScopeSet {
			time.Sleep(apart)
			mu.Lock()
			defer mu.Unlock()
			var others refserver.ScopeSet
			for i, scope := range sessions[authorization] {
				if i != own {
					others = others.Or(scope)
				}
			}
			return others
		}
	}
	redeem := p.CodeScope
	p.CodeScope = func(r refserver.Redemption) (refserver.ScopeSet, error) {
		scope, err := redeem(r)
		return scope.Or(r.Asked.And(r.ClientMay)), err
	}
}

func narrowedTogether(p *refserver.Policy, apart time.Duration) {
	var shared atomic.Pointer[refserver.ScopeSet]
	refresh := p.RefreshScope
	p.RefreshScope = func(r refserver.Refresh) (refserver.ScopeSet, error) {
		if r.Asked.IsEmpty() {
			return refresh(r)
		}
		shared.Store(&r.Asked)
		time.Sleep(apart)
		r.Asked = *shared.Load()
		return refresh(r)
	}
}

// permittedTogether merges look-ups for one user and client.
func permittedTogether(p *refserver.Policy, apart time.Duration) {
	var mu sync.Mutex
	flights := map[string]refserver.Refresh{}
	refresh := p.RefreshScope
	p.RefreshScope = func(r refserver.Refresh) (refserver.ScopeSet, error) {
		key := r.Authorization.User + " " + r.Client.ID
		mu.Lock()
		begun, joined := flights[key]
		if !joined {
			flights[key], begun = r, r
		}
		mu.Unlock()
		time.Sleep(apart)
		if !joined {
			mu.Lock()
			delete(flights, key)
			mu.Unlock()
		}
		r.ClientMay, r.UserMay = begun.ClientMay, begun.UserMay
		return refresh(r)
	}
}

// sharedPrincipal waits only where somebody else was there just before: the API
// is asked too often for more.
func sharedPrincipal(p *refserver.Policy, apart time.Duration) {
	var shared atomic.Pointer[refserver.Principal]
	p.API.HeldScope = func(by refserver.Principal) refserver.ScopeSet {
		if before := shared.Swap(&by); before != nil && before.ClientID != by.ClientID {
			time.Sleep(apart)
		}
		return shared.Load().Scope
	}
}
