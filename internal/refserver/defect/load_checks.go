package defect

import (
	"sync/atomic"
	"time"

	"github.com/scopeproof/scopeproof/internal/refserver"
)

const (
	// many is how many requests come at about the same moment, more than any rule
	// makes, before codes are noted late and structs are used again.
	many = 8
	// slowly is how long it takes then.
	slowly = 10 * time.Millisecond
)

// loadOfChecks are faults in what is checked of a request while there are many.
var loadOfChecks = []Defect{
	{
		ID:     "signatures-unchecked-when-busy",
		Text:   "While the API is busy, looking a key up times out, and the token is believed without it.",
		Breaks: []string{"RST-03", "RSM-02"},
		Shows:  "was served with 2",
		Load:   true,
		Apply: func(p *refserver.Policy) {
			var inFlight atomic.Int64
			p.API.Tokens.SignatureFits = func(s refserver.Signature) bool {
				busy := inFlight.Add(1) > crowd
				time.Sleep(lookup)
				inFlight.Add(-1)
				return s.Verified || busy
			}
		},
	},
	{
		ID:     "callers-unchecked-when-busy",
		Text:   "While introspection is busy, checking the secret of the caller is put off, and who sent none is answered all the same.",
		Breaks: []string{"INTR-05"},
		Shows:  "somebody without credentials",
		Load:   true,
		Apply: func(p *refserver.Policy) {
			var inFlight atomic.Int64
			caller, may := p.Introspection.Caller, p.MayIntrospect
			p.Introspection.Caller = func(c refserver.Client, failed error) error {
				busy := inFlight.Add(1) > crowd
				time.Sleep(lookup)
				if inFlight.Add(-1); busy {
					return nil
				}
				return caller(c, failed)
			}
			p.MayIntrospect = func(c refserver.Client, client, audience string) bool { return c.ID == "" || may(c, client, audience) }
		},
	},
	{
		ID:     "codes-noted-late-when-busy",
		Text:   "While many codes are redeemed, that one is used is noted later than it is looked at: the same code buys two tokens.",
		Breaks: []string{"CODE-04"},
		Shows:  "two tokens for a code",
		Load:   true,
		Apply: func(p *refserver.Policy) {
			busy := &crowded{within: slowly}
			p.Race.Between = func(at refserver.Step) time.Duration {
				if at != refserver.RedeemCode {
					return refserver.Never
				}
				if busy.enter(); busy.by(many) {
					return slowly
				}
				return refserver.Never
			}
		},
	},
	{
		ID:     "revocation-read-from-replica",
		Text:   "While many ask about tokens, refreshes read whether they were revoked from a replica that lags behind.",
		Breaks: []string{"REV-01"},
		Shows:  "a refresh token that was revoked yields",
		Load:   true,
		Apply: func(p *refserver.Policy) {
			busy := &crowded{within: 2 * lookup}
			active, usable := p.TokenActive, p.RefreshUsable
			p.TokenActive = func(l refserver.Live) bool {
				busy.enter()
				return active(l)
			}
			p.RefreshUsable = func(a refserver.Authorization) error {
				if busy.by(crowd) {
					a.Revoked, a.RefreshEnded = false, false
				}
				return usable(a)
			}
		},
	},
	{
		ID:     "visibility-kept-by-object",
		Text:   "That an object may be seen is kept by the object when it is asked for often, and not by who asks.",
		Breaks: []string{"CONC-11"},
		Shows:  "was served with an object of ",
		Load:   true,
		Apply: func(p *refserver.Policy) {
			cache, visible := &hot{byToken: map[string]*heat{}}, p.API.Visible
			p.API.Visible = func(who refserver.Principal, actsFor, owner string) bool {
				kept, _ := cache.found(owner, func() (bool, map[string]any) { return actsFor == owner, nil })
				return kept || visible(who, actsFor, owner)
			}
		},
	},
	{
		ID:     "scope-left-by-another",
		Text:   "Requests are parsed into structs that are used again and not emptied: while many ask, who names no scope is given that of another.",
		Breaks: []string{"DEF-03"},
		Shows:  "want at most",
		Load:   true,
		Apply: func(p *refserver.Policy) {
			var last atomic.Pointer[refserver.ScopeSet]
			var inFlight, left atomic.Int64 // left is until when a struct is there that was not emptied, in ns
			parse, usual := p.ParseScope, p.DefaultScope
			p.ParseScope = func(raw string) (refserver.ScopeSet, error) {
				busy := inFlight.Add(1) > many
				time.Sleep(lookup)
				inFlight.Add(-1)
				scope, err := parse(raw)
				switch {
				case err == nil && !scope.IsEmpty():
					last.Store(&scope)
				case busy && raw == "":
					left.Store(time.Now().Add(lookup).UnixNano())
				}
				return scope, err
			}
			p.DefaultScope = func(c refserver.Client) refserver.ScopeSet {
				found := last.Load()
				if found != nil && time.Now().UnixNano() < left.Load() {
					return *found
				}
				return usual(c)
			}
		},
	},
}

// crowded counts the requests of the last moments.
type crowded struct {
	within time.Duration
	now    atomic.Int64
}

func (c *crowded) enter() {
	c.now.Add(1)
	time.AfterFunc(c.within, func() { c.now.Add(-1) })
}

// by reports whether they are more than that.
func (c *crowded) by(so int64) bool { return c.now.Load() > so }
