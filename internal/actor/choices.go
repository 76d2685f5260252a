package actor

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

// trial is one way to learn an open choice: it makes the request of which the
// answer tells, once.
type trial struct {
	name  target.ChoiceName
	needs func(*Stage) bool
	once  func(ctx context.Context, c *Cast) (string, error)
}

// repetitions is how often a choice is looked at before it is believed.
const repetitions = 5

// Learn finds what the description does not declare: first what one
// authorization shows of the target's capabilities, then the open choices. Each
// is looked at five times, with clients of its own. What changes from one time to
// the next is recorded as mixed, and a way to ask that answers otherwise than the
// first is recorded by its name. A choice that a lawful refusal hides is left
// out; one that could not be looked at is recorded as unlearned. The error is
// that of ctx.
func (s *Stage) Learn(ctx context.Context) error {
	t := s.Target
	t.Mixed, t.Unlearned = map[target.ChoiceName]string{}, map[target.ChoiceName]string{}
	if err := s.observe(ctx); err != nil {
		return err
	}
	t.DefaultScope = oauth.FieldsScope(t.Description.AuthorizationServer.DefaultScope)
	for _, tr := range slices.Concat(trials(), registrationTrials(), apiTrials()) {
		if _, known := t.Choices[tr.name]; known || !tr.needs(s) {
			continue
		}
		if err := s.learn(ctx, tr); err != nil {
			return err
		}
	}
	all := askers{}
	for _, q := range questions() {
		if err := s.ask(ctx, q, all); err != nil {
			return err
		}
	}
	s.observeUnion()
	return nil
}

func (s *Stage) learn(ctx context.Context, tr trial) error {
	seen, mixed, err := s.lookAtOnce(ctx, tr.once)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, errRefused), errors.Is(err, ErrIncluded): // it cannot be seen here; rules that need it say so
	case err != nil:
		s.Target.Unlearned[tr.name] = err.Error()
	case mixed != "":
		s.Target.Mixed[tr.name] = mixed
	default:
		s.Target.Choices[tr.name] = target.Finding{Value: seen, Source: "observed"}
	}
	return nil
}

// look looks at a choice as often as it takes to believe it, each time with the
// cast that it is given. Mixed is what was seen if that changed. An error is
// without secrets.
func (s *Stage) look(ctx context.Context, cast func() *Cast, once func(context.Context, *Cast) (string, error)) (class, mixed string, err error) {
	seen := make([]string, repetitions)
	for i := range seen {
		one := cast()
		seen[i], err = s.lookOnce(ctx, one, once)
		s.lack(one)
		if err != nil {
			return "", "", err
		}
	}
	class, mixed = believed(seen)
	return class, mixed, nil
}

// lookAtOnce is look with a new cast each time, and with as many at once as the
// stage bears: the first is alone, and none follows where it is refused. Where
// clients are lent, each look has a set of its own, which has to be as good as the
// first: that is so if no consent is remembered.
func (s *Stage) lookAtOnce(ctx context.Context, once func(context.Context, *Cast) (string, error)) (class, mixed string, err error) {
	atOnce := max(s.AtOnce, 1)
	if !registers(s.Target.Target) && s.can("consent.remembered") {
		atOnce = 1
	}
	seen, errs, casts := make([]string, repetitions), make([]error, repetitions), make([]*Cast, repetitions)
	for i := range casts {
		casts[i] = s.NewCast()
	}
	defer func() { s.lack(casts...) }()
	if seen[0], err = s.lookOnce(ctx, casts[0], once); err != nil {
		return "", "", err
	}
	sets := make(chan int, atOnce)
	for set := range atOnce {
		sets <- set + 1
	}
	var group sync.WaitGroup
	for i := 1; i < repetitions; i++ {
		set := <-sets
		group.Go(func() {
			defer func() { sets <- set }()
			casts[i].UseSet(set)
			seen[i], errs[i] = s.lookOnce(ctx, casts[i], once)
		})
	}
	group.Wait()
	for _, err := range errs {
		if err != nil {
			return "", "", err
		}
	}
	class, mixed = believed(seen)
	return class, mixed, nil
}

func (s *Stage) lookOnce(ctx context.Context, cast *Cast, once func(context.Context, *Cast) (string, error)) (string, error) {
	limited, cancel := s.within(ctx)
	defer cancel()
	class, err := once(limited, cast)
	switch {
	case ctx.Err() != nil:
		return "", ctx.Err()
	case err == nil, errors.Is(err, errRefused), errors.Is(err, errNoWay), errors.Is(err, ErrIncluded):
		return class, err
	default:
		return "", errors.New(cast.Recorder.Redact(err.Error()))
	}
}

// lack is a capability that a look found missing, with what showed it.
type lack struct {
	name   target.Capability
	source string
}

// lack notes what looks found missing, once nobody reads what the target can do.
func (s *Stage) lack(casts ...*Cast) {
	for _, c := range casts {
		for _, l := range c.lacks {
			s.facts.yes(l.name, false, l.source)
		}
	}
}

// believed is what was seen each time, or all of it where that changed.
func believed(seen []string) (class, mixed string) {
	if slices.ContainsFunc(seen, func(class string) bool { return class != seen[0] }) {
		return "", fmt.Sprint(seen)
	}
	return seen[0], ""
}

func trials() []trial {
	code := func(s *Stage) bool { return s.can("as.code") }
	both := oauth.RawScope("read:appointments write:appointments")
	plain := samples("Planner", "Ada", "read:appointments")
	return []trial{
		{target.ScopeInResponse, code, plain(target.ScopeInResponse)},
		{target.ScopeInRedirect, code, plain(target.ScopeInRedirect)},
		{target.WithoutOpenID, func(s *Stage) bool { return s.can("as.code") && s.can("as.oidc.optional") }, withoutOpenID},
		{target.RefreshIssued, func(s *Stage) bool { return s.can("as.code") && s.can("as.refresh") }, plain(target.RefreshIssued)},
		{target.IDTokenClaims, func(s *Stage) bool { return s.can("as.code") && s.can("as.oidc") }, asking("Planner", "Ada", "openid email", target.IDTokenClaims)},
		{target.RefreshNarrowing, func(s *Stage) bool { return s.can("as.code") && s.can("as.refresh") }, narrowing},
		{target.RefreshWidening, func(s *Stage) bool { return s.can("as.code") && s.can("as.refresh") }, refreshing("read:appointments", both, target.RefreshWidening)},
		{target.ClaimsParameter, func(s *Stage) bool { return s.can("as.code") && s.can("as.oidc") && !s.can("as.oidc.claims") }, claimed},
		{target.EmptyGrant, func(s *Stage) bool {
			_, cy := s.Target.Description.Users["Cy"]
			return s.can("as.code") && s.can("policy.user_limits") && cy
		}, asking("Planner", "Cy", "read:appointments", target.EmptyGrant)},
		{target.OnlyUnknown, code, asking("Planner", "Ada", "x-unknown:one x-unknown:two", target.OnlyUnknown)},
		{target.CodeScope, code, redeeming},
		{target.SilentExcess, func(s *Stage) bool {
			return s.can("as.code") && s.can("as.oidc.prompt") && s.can("consent.remembered") && s.can("fx.clients.fresh")
		}, silent},
		{target.TokenRevocation, func(s *Stage) bool { return s.can("as.code") && s.can("as.refresh") && s.can("as.revocation") }, revokingToken},
		{target.ConsentAfterRevocation, func(s *Stage) bool {
			return s.can("as.code") && s.can("as.refresh") && s.can("as.revocation") && s.can("as.oidc.prompt") && s.can("fx.clients.fresh")
		}, revokingRefreshToken},
		{target.UsedTokenRevocation, func(s *Stage) bool { return s.can("as.code") && s.can("as.refresh") && s.can("as.revocation") }, revokingUsedToken},
		{target.OmittedResource, func(s *Stage) bool { return s.can("as.code") && s.can("as.resource") }, unaimed("read:appointments", target.OmittedResource)},
		{target.MixedAPIs, func(s *Stage) bool {
			return s.can("as.code") && s.can("as.resource") && s.Target.Capabilities["token.format"].Value == "jwt"
		}, unaimed("write:appointments read:contacts", target.MixedAPIs)},
		{target.Incremental, code, incremental},
		{target.TokenExchangeBound, func(s *Stage) bool { return s.can("as.code") && s.can("as.tx") }, exchanging},
		{target.DeselectedMemory, func(s *Stage) bool {
			return s.can("as.code") && s.can("consent.remembered") && s.can("fx.clients.fresh") && s.Target.Capabilities["consent.ui"].Value == "granular"
		}, deselected},
	}
}

func (s *Stage) can(name target.Capability) bool { return s.Target.Capabilities[name].Yes() }

// obtain is one whole authorization with a client of the cast.
func (c *Cast) obtain(ctx context.Context, client, owner string, r Request) (*Authorization, *Issue, error) {
	cl, err := c.Client(ctx, client)
	if err != nil {
		return nil, nil, err
	}
	if r.Owner, err = c.Owner(ctx, owner); err != nil {
		return nil, nil, err
	}
	a, err := cl.Authorize(ctx, r)
	if err != nil || a.Code == "" {
		return a, nil, err
	}
	i, err := cl.Redeem(ctx, a, nil)
	return a, i, err
}

func asking(client, owner string, scope oauth.RawScope, name target.ChoiceName) func(context.Context, *Cast) (string, error) {
	return func(ctx context.Context, c *Cast) (string, error) {
		a, i, err := c.obtain(ctx, client, owner, Request{Scope: &scope})
		if err != nil {
			return "", err
		}
		return classOf(ctx, name, a, i)
	}
}

// samples is asking for several choices that one request shows: what was asked
// once, for the first of them, is looked at for the others.
func samples(client, owner string, scope oauth.RawScope) func(target.ChoiceName) func(context.Context, *Cast) (string, error) {
	var had [repetitions]struct {
		sync.Mutex
		a *Authorization
		i *Issue
	}
	return func(name target.ChoiceName) func(context.Context, *Cast) (string, error) {
		var next atomic.Int64
		return func(ctx context.Context, c *Cast) (string, error) {
			s := &had[next.Add(1)-1]
			s.Lock()
			defer s.Unlock()
			if s.a == nil {
				a, i, err := c.obtain(ctx, client, owner, Request{Scope: &scope})
				if err != nil {
					return "", err
				}
				s.a, s.i = a, i
			}
			return classOf(ctx, name, s.a, s.i)
		}
	}
}

// classOf is Class, or "grants", which is not lawful, where a scope that nobody
// knows was granted: a rule about those who ignore it is not for those.
func classOf(ctx context.Context, name target.ChoiceName, a *Authorization, i *Issue) (string, error) {
	class, err := Class(ctx, name, a, i, 0)
	strange := name == target.UnknownScope || name == target.OnlyUnknown || name == target.MalformedScope
	if err != nil || !strange || i == nil || i.Response == nil {
		return class, err
	}
	seen, err := i.Observe(ctx, 0)
	if err != nil {
		return "", err
	}
	if !seen.Effective.Minus(i.cast.KnownScopes()).IsEmpty() {
		return "grants", nil
	}
	return class, nil
}

// unaimed is asking without a word about the API.
func unaimed(scope oauth.RawScope, name target.ChoiceName) func(context.Context, *Cast) (string, error) {
	return func(ctx context.Context, c *Cast) (string, error) {
		a, i, err := c.obtain(ctx, "Planner", "Ada", Request{Scope: &scope, Way: Way{Unaimed: true}})
		if err != nil {
			return "", err
		}
		return Class(ctx, name, a, i, 0)
	}
}

func refreshing(granted, asked oauth.RawScope, name target.ChoiceName) func(context.Context, *Cast) (string, error) {
	return func(ctx context.Context, c *Cast) (string, error) {
		c.Refreshing = true
		_, i, err := c.obtain(ctx, "Planner", "Ada", Request{Scope: &granted})
		if err != nil {
			return "", err
		}
		if i == nil || i.Response == nil || i.Response.RefreshToken == "" {
			return "", fmt.Errorf("no token to refresh: %w", errRefused)
		}
		next, err := i.Client.Refresh(ctx, i, &asked, nil)
		if err != nil {
			return "", err
		}
		return Class(ctx, name, nil, next, 0)
	}
}

// narrowing asks for less at refresh, and then sees whether the refresh token is
// worth less from then on: other rules that ask for less would be misled.
func narrowing(ctx context.Context, c *Cast) (string, error) {
	class, err := refreshing(apiScopes, "read:appointments", target.RefreshNarrowing)(ctx, c)
	if err != nil || class != "honours" {
		return class, err
	}
	cl, err := c.Client(ctx, "Planner")
	if err != nil {
		return "", err
	}
	last, err := cl.Last()
	if err != nil {
		return "", err
	}
	if last.Response.RefreshToken == "" { // the one from before goes on (RFC 6749 section 6)
		last = last.From
	}
	again, err := cl.Refresh(ctx, last, nil, nil)
	if err != nil {
		return "", err
	}
	if again.Response != nil {
		if seen, err := again.Observe(ctx, 0); err == nil && !oauth.FieldsScope(apiScopes).SubsetOf(seen.Covers) {
			c.lacks = append(c.lacks, lack{"as.refresh.keeps", "observed: less is granted once less was asked for"})
		}
	}
	return class, nil
}

// withoutOpenID asks for scopes that open claims, and not for openid.
func withoutOpenID(ctx context.Context, c *Cast) (string, error) {
	scope := oauth.RawScope("profile email read:appointments")
	a, i, err := c.obtain(ctx, "Planner", "Ada", Request{Scope: &scope})
	if err != nil {
		return "", err
	}
	if i != nil && i.Response != nil && i.Response.IDToken != "" {
		c.lacks = append(c.lacks, lack{"as.oidc.asked", "observed: an ID token comes without openid"})
	}
	return Class(ctx, target.WithoutOpenID, a, i, 0)
}

// claimed asks for a claim by its name.
func claimed(ctx context.Context, c *Cast) (string, error) {
	scope, wanted := oauth.RawScope("openid"), map[string]any{"email": nil}
	a, i, err := c.obtain(ctx, "Planner", "Ada", Request{Scope: &scope, Way: Way{Claims: map[string]any{"userinfo": wanted, "id_token": wanted}}})
	if err != nil {
		return "", err
	}
	return Class(ctx, target.ClaimsParameter, a, i, 0)
}

func incremental(ctx context.Context, c *Cast) (string, error) {
	h, reads, writes := c.Stage.Target.Hierarchy, oauth.RawScope("read:appointments"), oauth.RawScope("write:appointments")
	if !h.Beyond(oauth.FieldsScope(string(reads)), oauth.FieldsScope(string(writes))).IsEmpty() {
		before, now, err := twice(ctx, c, "Planner", reads, writes)
		if err != nil {
			return "", err
		}
		class, err := IncrementalClass(ctx, before, now, 1)
		if err != nil || class != "union" {
			return class, err
		}
		// A server that gives to read to whoever may write looks the same; it does not give
		// to write to who was granted that before.
		if before, now, err = c.more(ctx, "Planner", now, reads); err != nil {
			return "", err
		}
		return IncrementalClass(ctx, before, now, 1)
	}
	// What is asked for second must not include what there is; that it was added
	// to what includes it is then seen the other way round.
	before, now, err := twice(ctx, c, "Planner", writes, reads)
	if err != nil {
		return "", err
	}
	class, err := IncrementalClass(ctx, before, now, 1)
	if err != nil || class != "union" {
		return class, err
	}
	if _, now, err = twice(ctx, c, "Rival", reads, writes); err != nil {
		return "", err
	}
	held, err := now.Observe(ctx, 1)
	if err == nil && !held.Effective.Has("write:appointments") {
		class = "first"
	}
	return class, err
}

// twice asks for one scope, and then for another on top of it.
func twice(ctx context.Context, c *Cast, client string, first, second oauth.RawScope) (before, now *Issue, err error) {
	if _, before, err = c.obtain(ctx, client, "Ada", Request{Scope: &first}); err != nil {
		return nil, nil, err
	}
	return c.more(ctx, client, before, second)
}

// more asks for a scope on top of what was granted before.
func (c *Cast) more(ctx context.Context, client string, before *Issue, scope oauth.RawScope) (_, now *Issue, err error) {
	more := Request{Scope: &scope}
	if name, value, ok := strings.Cut(c.Stage.Target.Description.AuthorizationServer.IncrementalParameter, "="); ok {
		more.Params = url.Values{name: {value}}
	}
	if _, now, err = c.obtain(ctx, client, "Ada", more); err != nil {
		return nil, nil, err
	}
	if before == nil || before.Response == nil || now == nil || now.Response == nil {
		return nil, nil, errRefused
	}
	return before, now, nil
}

func deselected(ctx context.Context, c *Cast) (string, error) {
	only := oauth.NewScopeSet("openid", "read:appointments")
	asked := oauth.RawScope("openid read:appointments write:appointments")
	request := Request{Scope: &asked, Decision: &oauth.ConsentDecision{Only: &only}}
	if _, _, err := c.obtain(ctx, "Planner", "Ada", request); err != nil {
		return "", err
	}
	a, i, err := c.obtain(ctx, "Planner", "Ada", request)
	if err != nil {
		return "", err
	}
	return Class(ctx, target.DeselectedMemory, a, i, 0)
}

// redeeming asks for less with the code than the code stands for.
func redeeming(ctx context.Context, c *Cast) (string, error) {
	scope := oauth.RawScope("read:appointments write:appointments")
	client, err := c.Client(ctx, "Planner")
	if err != nil {
		return "", err
	}
	owner, err := c.Owner(ctx, "Ada")
	if err != nil {
		return "", err
	}
	a, err := client.Authorize(ctx, Request{Owner: owner, Scope: &scope})
	if err != nil {
		return "", err
	}
	if a.Code == "" {
		return "", errRefused
	}
	i, err := client.Redeem(ctx, a, url.Values{"scope": {c.Wire("read:appointments")}})
	if err != nil {
		return "", err
	}
	return Class(ctx, target.CodeScope, a, i, 0)
}

// silent asks without a page for more than was agreed to.
func silent(ctx context.Context, c *Cast) (string, error) {
	first, more := oauth.RawScope("openid read:appointments"), oauth.RawScope("openid read:appointments write:appointments")
	_, before, err := c.obtain(ctx, "Planner", "Ada", Request{Scope: &first})
	if err != nil {
		return "", err
	}
	if before == nil || before.Response == nil {
		return "", errRefused
	}
	a, i, err := c.obtain(ctx, "Planner", "Ada", Request{Scope: &more, Prompt: "none", StopAtConsent: true})
	if err != nil {
		return "", err
	}
	return Class(ctx, target.SilentExcess, a, i, 0)
}
