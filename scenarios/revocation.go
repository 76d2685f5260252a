package scenarios

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/scopeproof/scopeproof/loadtest"
	"github.com/scopeproof/scopeproof/oauth"
)

const (
	// users is how many use a token while it is revoked, usesBefore how often they
	// do before.
	users      = 3
	usesBefore = 30
	// watched is how long a token is tried after it was revoked where the server
	// does not say that it ends at once.
	watched = time.Second
	// settled is how long it is tried where it has to have ended.
	settled = 150 * time.Millisecond
	// remembered is how many tokens are tried again long after they have ended.
	remembered = 512
	// moment is how soon somebody looks again who waits for others.
	moment = 2 * time.Millisecond
)

// Revocation revokes tokens that others are using at that moment. A token that is
// not revoked is good (INTR-01), and one that is revoked is good no longer, from
// the answer to its revocation on (RST-05), where the target file says that this
// is seen at once. For how long it is seen as good is measured. A refresh token that
// was revoked yields nothing (REV-01).
func Revocation() loadtest.Scenario {
	return loadtest.Scenario{
		Name:    "revocation",
		Text:    "Tokens are revoked while they are in use; from the answer on they are good no longer, or for how long they are is measured.",
		Rules:   []string{"INTR-01", "REV-01", "RST-05"},
		Needs:   needs("as.revocation"),
		Prepare: prepareRevocation,
	}
}

func prepareRevocation(ctx context.Context, s *loadtest.Stage) (loadtest.Plan, error) {
	plan := loadtest.Plan{Burst: s.Burst(burst)}
	places, err := placesOf(s)
	if err != nil {
		return plan, err
	}
	cells := min(max(1, int(s.Rate/100)), 16)
	apart, err := endsOthers(ctx, s, places[0])
	if err != nil {
		return plan, err
	}
	if apart && !s.Registers() {
		cells, places = 1, places[:1]
	}
	var whole []loadtest.Chain
	all := s
	for i := range cells {
		for _, where := range places {
			s := all
			if apart && s.Registers() {
				s = all.Others()
			}
			o, err := obtains(ctx, s, i)
			if err != nil {
				return plan, err
			}
			good, ends, err := where.finds(ctx, s, o)
			if err != nil {
				return plan, err
			}
			if !good {
				continue
			}
			where.atOnce = where.atOnce && ends
			c := &usedToken{stage: s, place: where, obtain: o}
			c.stale = s.Measure("stale_after_revocation_at_"+where.name, "ms", "for how long a revoked token was good at "+where.title+", after the answer to its revocation; of one that did not end, for how long it was watched")
			c.unended = s.Measure("not_ended_at_"+where.name, "ms", "for how long tokens were watched that were good until the end at "+where.title)
			whole = append(whole, s.Scripts(1, c.lead)...)
			whole = append(whole, s.Scripts(users, c.use)...)
		}
	}
	if len(whole) == 0 {
		return plan, &loadtest.Inapplicable{Reason: "neither introspection nor the API finds a new token good that can be revoked, also while nobody else asks"}
	}
	plan.Hits = []loadtest.Hit{{Chains: whole}}
	return plan, nil
}

// finds reports whether a new token is good there while nobody else asks, and whether
// it ends there when it is revoked: what falls with a refresh token is up to the
// server (RFC 7009 section 2.1).
func (w place) finds(ctx context.Context, s *loadtest.Stage, obtain obtaining) (good, ends bool, err error) {
	p := s.Player()
	t, refresh, err := obtain(ctx, p)
	if err != nil {
		return false, false, err
	}
	if good, err = w.uses(ctx, p, t); err != nil || !good {
		return good, false, err
	}
	if err := p.Revoke(ctx, t, refresh); irrevocable(err) {
		return false, false, nil
	} else if err != nil {
		return good, false, err
	}
	still, err := w.uses(ctx, p, t)
	return good, !still, err
}

// irrevocable reports whether a revocation was refused as the server revokes no such
// tokens (RFC 7009 section 2.2.1).
func irrevocable(err error) bool {
	refused := loadtest.RefusedWith(err)
	return refused != nil && refused.Code == "unsupported_token_type"
}

// endsOthers reports whether a revocation ends, while nobody else asks, what else the
// client has of that person, as it may (RFC 7009 section 2.1): then each token that is
// revoked is of a client of its own, or there is one alone.
func endsOthers(ctx context.Context, s *loadtest.Stage, where place) (bool, error) {
	for i := range 2 {
		obtain, err := obtains(ctx, s, i)
		if err != nil {
			return false, err
		}
		ended, other := s.Player(), s.Player()
		t, refresh, err := obtain(ctx, ended)
		if err != nil {
			return false, err
		}
		stays, _, err := obtain(ctx, other)
		if err != nil {
			return false, err
		}
		before, err := where.uses(ctx, other, stays)
		if err != nil {
			return false, err
		}
		if err := ended.Revoke(ctx, t, refresh); irrevocable(err) {
			continue
		} else if err != nil {
			return false, err
		}
		if after, err := where.uses(ctx, other, stays); err != nil || before && !after {
			return true, err
		}
	}
	return false, nil
}

// uses reports whether a token is good there.
func (w place) uses(ctx context.Context, p *loadtest.Player, t *loadtest.Token) (bool, error) {
	r, err := w.request(ctx, t)
	if err != nil {
		return false, err
	}
	a, err := p.Send(ctx, r)
	good, ok := w.good(a)
	return err == nil && good && ok, err
}

// obtaining is a way to obtain a token, and whether its refresh token is to be
// revoked.
type obtaining func(context.Context, *loadtest.Player) (t *loadtest.Token, refresh bool, err error)

// place is where a token is used.
type place struct {
	name, title string
	// atOnce says that a revoked token has to have ended there.
	atOnce bool
	// request uses a token, good reads whether the answer says that it is good.
	request func(ctx context.Context, t *loadtest.Token) (loadtest.Request, error)
	good    func(loadtest.Answer) (good, ok bool)
}

// placesOf are where the tokens of a target can be used.
func placesOf(s *loadtest.Stage) ([]place, error) {
	visible := s.Target.Capabilities["token.revocation_visible"].Value == "immediate"
	var list []place
	if s.Can("as.introspection") {
		list = append(list, place{
			name: "introspection", title: "introspection", atOnce: visible,
			request: func(ctx context.Context, t *loadtest.Token) (loadtest.Request, error) {
				return s.IntrospectionRequest(ctx, t.Client, t.Secret)
			},
			good: loadtest.Active,
		})
	}
	if op, ok := s.Target.API.Operation("list"); ok && s.Can("rs.api") {
		introspects := s.Target.Capabilities["rs.token_validation"].Value == "introspection"
		list = append(list, place{
			name: "api", title: "the API", atOnce: visible && introspects && s.Can("as.introspection"),
			request: func(_ context.Context, t *loadtest.Token) (loadtest.Request, error) {
				return s.APIRequest(op, t, "none", marker)
			},
			good: func(a loadtest.Answer) (bool, bool) {
				return a.Status/100 == 2, a.Status/100 == 2 || a.Status == 401 || a.Status == 403
			},
		})
	}
	if len(list) == 0 {
		return nil, &loadtest.Inapplicable{Reason: "there is neither introspection nor an API that would tell whether a token is good"}
	}
	return list, nil
}

// obtains is a way to obtain a token to be revoked: by a refresh token of its own
// where there are, so that its family falls with it, else as a machine.
func obtains(ctx context.Context, s *loadtest.Stage, i int) (obtaining, error) {
	machine := s.Can("as.cc") && s.HasClient("Worker")
	if s.Can("as.code") && s.Can("as.refresh") && s.HasClient("Planner") && s.HasOwner("Ada") && (i%2 == 0 || !machine) {
		c, err := s.Client(ctx, "Planner")
		if err != nil {
			return nil, err
		}
		if err := s.Owner(ctx, "Ada"); err != nil {
			return nil, err
		}
		return func(ctx context.Context, p *loadtest.Player) (*loadtest.Token, bool, error) {
			t, err := p.Token(ctx, c, "Ada", loadtest.Consent{Scope: reading, Refreshing: true})
			return t, true, err
		}, nil
	}
	if !machine {
		return nil, &loadtest.Inapplicable{Reason: "the target has no client whose tokens could be revoked: neither Planner with Ada and a refresh token nor Worker"}
	}
	c, err := s.Client(ctx, "Worker")
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, p *loadtest.Player) (*loadtest.Token, bool, error) {
		t, err := p.Machine(ctx, c, reading)
		if err == nil && t == nil {
			err = errors.New("Worker was given no token")
		}
		return t, false, err
	}, nil
}

// usedToken is a token that one obtains and revokes, and others use meanwhile.
type usedToken struct {
	stage  *loadtest.Stage
	place  place
	obtain obtaining

	now            atomic.Pointer[life]
	stale, unended *loadtest.Measure

	mu   sync.Mutex
	past []*life // that have ended, the last ones
	turn int
}

// leave keeps a life that has ended.
func (c *usedToken) leave(l *life) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.past) < remembered {
		c.past = append(c.past, l)
	}
}

// old is one of the lives that have ended, each in turn; nil: there is none.
func (c *usedToken) old() *life {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.past) == 0 {
		return nil
	}
	c.turn++
	return c.past[c.turn%len(c.past)]
}

// life is one token from when it is good until it is left.
type life struct {
	request  loadtest.Request
	scope    oauth.ScopeSet
	uses     atomic.Int64 // answered
	doomed   atomic.Bool  // its revocation was sent
	revoked  atomic.Int64 // when that was answered, in nanoseconds since began; 0: it was not
	lastGood atomic.Int64 // when the last request was sent that found it good after that
	ended    atomic.Bool  // a request was answered that found it ended
	began    time.Time
}

func (l *life) clock() int64 { return int64(time.Since(l.began)) + 1 }

// foundGood notes when a request was sent that found the token good.
func (l *life) foundGood(sent int64) {
	for last := l.lastGood.Load(); sent > last && !l.lastGood.CompareAndSwap(last, sent); last = l.lastGood.Load() {
	}
}

// lead obtains a token, lets it be used, revokes it, and uses it as well.
func (c *usedToken) lead(ctx context.Context, p *loadtest.Player) error {
	t, refresh, err := c.obtain(ctx, p)
	if err != nil {
		return err
	}
	l := &life{began: time.Now(), scope: t.Scope}
	if l.request, err = c.place.request(ctx, t); err != nil {
		return err
	}
	if err := c.try(ctx, p, l); err != nil { // while nobody else does
		return err
	}
	c.now.Store(l)
	defer c.now.Store(nil)
	for l.uses.Load() < usesBefore {
		if err := c.try(ctx, p, l); err != nil {
			return err
		}
	}
	l.doomed.Store(true)
	if err := p.Revoke(ctx, t, refresh); err != nil {
		return err
	}
	l.revoked.Store(l.clock())
	if err := c.watch(ctx, p, l); err != nil || !refresh {
		return err
	}
	return c.refresh(ctx, p, t)
}

// refresh refreshes with what was revoked a while ago, which has to be refused,
// however soon the server has access tokens end (RFC 7009 section 2.1).
func (c *usedToken) refresh(ctx context.Context, p *loadtest.Player, t *loadtest.Token) error {
	next, err := p.Refresh(ctx, t, nil)
	if err == nil && next != nil {
		p.Judge(loadtest.Verdict{Class: loadtest.Leak, Rule: "REV-01", Message: fmt.Sprintf(
			"a refresh token that was revoked yields another token for %q, want a refusal", next.Scope)})
	}
	return err
}

// watch uses a token that was revoked until it has ended, and measures for how
// long it was good.
func (c *usedToken) watch(ctx context.Context, p *loadtest.Player, l *life) error {
	until := watched
	if c.place.atOnce {
		until = settled
	}
	revoked := l.revoked.Load()
	for time.Duration(l.clock()-revoked) < until {
		if err := c.try(ctx, p, l); err != nil {
			return err
		}
	}
	if !l.ended.Load() {
		c.unended.Add(float64(until.Milliseconds()))
		c.stale.Add(float64(until.Milliseconds())) // at least: a limit for it must not be held by those that ended
		return nil
	}
	if last := l.lastGood.Load(); last > 0 {
		c.stale.Add(float64(last-revoked) / 1e6)
	} else {
		c.stale.Add(0)
	}
	c.leave(l)
	return nil
}

// use uses the token there is; while there is none, one that has ended, which has to
// stay so.
func (c *usedToken) use(ctx context.Context, p *loadtest.Player) error {
	if l := c.now.Load(); l != nil {
		return c.try(ctx, p, l)
	}
	if l := c.old(); l != nil {
		if err := c.tryAgain(ctx, p, l); err != nil {
			return err
		}
	}
	return p.Rest(ctx, moment)
}

// tryAgain uses a token that has been found ended.
func (c *usedToken) tryAgain(ctx context.Context, p *loadtest.Player, l *life) error {
	sent := l.clock()
	a, err := p.Send(ctx, l.request)
	if err != nil {
		return err
	}
	good, ok := c.place.good(a)
	switch after := float64(sent-l.revoked.Load()) / 1e6; {
	case !ok:
		p.Judge(c.says(a))
	case good && c.place.atOnce:
		p.Judge(loadtest.Verdict{Class: loadtest.Leak, Rule: "RST-05", Message: fmt.Sprintf(
			"a token for %q that had ended is good again at %s %.1f ms after the answer to its revocation", l.scope, c.place.title, after)})
	case good:
		c.stale.Add(after)
	}
	return nil
}

// says is the verdict on an answer that does not say whether a token is good.
func (c *usedToken) says(a loadtest.Answer) loadtest.Verdict {
	return loadtest.Verdict{Class: loadtest.Fault, Message: fmt.Sprintf("got %d from %s, which does not say whether the token is good", a.Status, c.place.title)}
}

// try uses a token once, and judges what came of it by what was known when the
// request was sent and when it was answered.
func (c *usedToken) try(ctx context.Context, p *loadtest.Player, l *life) error {
	revoked := l.revoked.Load()
	sent := l.clock()
	a, err := p.Send(ctx, l.request)
	if err != nil {
		return err
	}
	l.uses.Add(1)
	good, ok := c.place.good(a)
	switch {
	case !ok:
		p.Judge(c.says(a))
	case good && revoked > 0:
		l.foundGood(sent)
		if c.place.atOnce {
			p.Judge(loadtest.Verdict{Class: loadtest.Leak, Rule: "RST-05", Message: fmt.Sprintf(
				"a token for %q is good at %s %.1f ms after the answer to its revocation, want it to have ended", l.scope, c.place.title, float64(sent-revoked)/1e6)})
		}
	case !good && revoked > 0:
		l.ended.Store(true)
	case !good && !l.doomed.Load():
		p.Judge(loadtest.Verdict{Class: loadtest.FalseRefusal, Rule: "INTR-01", Message: fmt.Sprintf(
			"a token for %q that was not revoked is no good at %s", l.scope, c.place.title)})
	}
	return nil
}
