package actor

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

// question is an open choice about what is asked, which every way to ask shows.
type question struct {
	name          target.ChoiceName
	client, owner string
	scope         *oauth.RawScope
	needs         target.Capability // empty: nothing
}

func questions() []question {
	asked := func(text string) *oauth.RawScope { raw := oauth.RawScope(text); return &raw }
	both := asked("read:appointments write:appointments")
	return []question{
		{target.UnknownScope, "Planner", "Ada", asked("read:appointments x-unknown:scope"), ""},
		{target.OmittedScope, "Planner", "Ada", nil, ""},
		{target.ClientExcess, "Viewer", "Ada", both, "fx.clients.scope_limits"},
		{target.UserExcess, "Planner", "Bo", both, "policy.user_limits"},
		{target.MalformedScope, "Planner", "Ada", asked(`read:appointments x"y`), ""},
		{target.Duplicates, "Planner", "Ada", asked("read:appointments read:appointments"), ""},
		{target.SurplusSpaces, "Planner", "Ada", asked("read:appointments "), ""},
	}
}

// errNoWay says that a client cannot ask on a way.
var errNoWay = errors.New("there is no such way")

// askers are those who ask on a way, where there is no page that could remember
// it: elsewhere each question is asked by a new cast, each time.
type askers map[target.Way]*Cast

func (all askers) on(way target.Way, s *Stage) func() *Cast {
	if way != target.ByPassword && way != target.ByCredentials {
		return s.NewCast
	}
	if all[way] == nil {
		all[way] = s.NewCast()
	}
	return func() *Cast { return all[way] }
}

// on asks the question on one way, once.
func (q question) on(way target.Way) func(context.Context, *Cast) (string, error) {
	return func(ctx context.Context, c *Cast) (string, error) {
		if !way.Shows(q.name) {
			return "", errNoWay
		}
		a, err := c.askOn(ctx, way, q.client, q.owner, q.scope)
		if err != nil {
			return "", err
		}
		if t := c.Stage.Target; q.name == target.OmittedScope && a.Issue != nil && a.Issue.Response != nil && t.DefaultScope.IsEmpty() {
			t.DefaultScope = a.Issue.Told.Set
		}
		return classOf(ctx, q.name, a.Authorization, a.Issue)
	}
}

// askOn asks on one way, a machine in the client's place where that is the way.
func (c *Cast) askOn(ctx context.Context, way target.Way, client, owner string, scope *oauth.RawScope) (Answer, error) {
	if way == target.ByCredentials {
		client = Machine(client)
	}
	if !c.Stage.HasClient(client) {
		return Answer{}, errNoWay
	}
	cl, err := c.Client(ctx, client)
	if err != nil {
		return Answer{}, err
	}
	adds, open := cl.Open(way, scope)
	if !open {
		return Answer{}, errNoWay
	}
	r := Request{Scope: scope}
	if !adds.IsEmpty() {
		raw := oauth.RawScope(adds.String()) + " " + *scope
		r.Scope = &raw
	}
	if way == target.ByCredentials {
		return cl.Ask(ctx, way, r, nil)
	}
	if r.Owner, err = c.Owner(ctx, owner); err != nil {
		return Answer{}, err
	}
	if way == target.ByAssertion && c.Stage.can("as.code") { // it buys what was granted before
		first := oauth.RawScope("read:appointments")
		if _, err := cl.Ask(ctx, target.ByAuthorization, Request{Owner: r.Owner, Scope: &first}, nil); err != nil {
			return Answer{}, err
		}
	}
	return cl.Ask(ctx, way, r, nil)
}

// ask learns the answer to a question: on the first way that there is, and where
// another way answers otherwise.
func (s *Stage) ask(ctx context.Context, q question, all askers) error {
	t := s.Target
	if _, known := t.Choices[q.name]; known || q.needs != "" && !s.can(q.needs) {
		return nil
	}
	for _, way := range target.Ways() {
		if _, declared := t.ByWay[way][q.name]; declared {
			continue
		}
		first, looked := t.Choices[q.name]
		seen, mixed, err := s.look(ctx, all.on(way, s), q.on(way))
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, errNoWay):
		case err != nil:
			t.Unlearned[q.name] = fmt.Sprintf("%s: %v", way, err)
		case mixed != "":
			t.Mixed[q.name] = fmt.Sprintf("%s: %s", way, mixed)
		case !looked:
			t.Choices[q.name] = target.Finding{Value: seen, Source: "observed"}
			continue
		case seen != first.Value:
			t.ByWay.Set(way, q.name, target.Finding{Value: seen, Source: "observed"})
		}
		if !looked && !errors.Is(err, errNoWay) {
			return nil // what other ways do has nothing to be compared with
		}
	}
	return nil
}

// observeWays finds the ways that lead nowhere, although the target has them: a
// client that the server does not let ask there, a page that cannot be played.
// What is refused on such a way says nothing of the scope.
func (s *Stage) observeWays(ctx context.Context) {
	ways := s.facts.ways()
	open := len(ways)
	scope := oauth.RawScope("read:appointments")
	for _, way := range ways {
		if way == target.ByAuthorization {
			continue
		}
		cast := s.NewCast()
		limited, cancel := s.within(ctx)
		a, err := cast.askOn(limited, way, "Planner", "Ada", &scope)
		cancel()
		if err == nil && (a.Issue == nil || a.Issue.Response == nil) {
			err = a.refusal()
		}
		if err == nil || passing(err) { // rules that go the way say what came of it
			continue
		}
		open--
		s.shut(way, err)
		s.Target.Closed[way] = cast.Recorder.Redact(err.Error())
	}
	if len(s.Target.Closed) > 0 && s.Target.Capabilities["fx.channels"].Value != fmt.Sprint(open) {
		var closed []string
		for _, way := range slices.Sorted(maps.Keys(s.Target.Closed)) {
			closed = append(closed, fmt.Sprintf("%s: %s", way, s.Target.Closed[way]))
		}
		s.facts.set("fx.channels", fmt.Sprint(open), "observed: nothing is to be had by "+strings.Join(closed, "; "))
	}
}

// shut notes that the clients here may not use a grant that the server has, name no
// API where it wants one named, or name a resource owner otherwise than it does:
// that they are refused is no matter of scope (RFC 6749 section 5.2, RFC 8707 section
// 2, RFC 7521 section 4.1.1).
func (s *Stage) shut(way target.Way, err error) {
	var refused *oauth.ErrorResponse
	if !errors.As(err, &refused) {
		return
	}
	source := "observed: a client is refused with " + string(refused.Code)
	switch {
	case refused.Code == oauth.InvalidTarget:
		source += "; authorization_server.resource_parameter and api.resource can name the API"
	case refused.Code == oauth.UnauthorizedClient:
	case refused.Code == oauth.InvalidGrant && way == target.ByAssertion:
	default:
		return
	}
	s.facts.yes(target.CapabilityOf(way), false, source)
	if way == target.ByAuthorization && refused.Code == oauth.InvalidTarget {
		s.shutPages(source)
	}
}

// shutPages takes away what a resource owner is asked for on a page.
func (s *Stage) shutPages(source string) {
	for _, name := range ofPages() {
		if s.can(name) {
			s.facts.yes(name, false, source)
		}
	}
}

// ofPages are the capabilities that need a resource owner at a page.
func ofPages() []target.Capability {
	return []target.Capability{
		"as.code", "as.device", "as.ciba", "as.par", "as.implicit", "as.hybrid",
		"as.gm.create", "as.gm.merge", "as.gm.replace", "as.gm.query", "as.gm.revoke",
	}
}

// observeUnion takes away the ways on which a resource owner is asked where what was
// granted before comes with every request, unasked, and clients have granted before:
// then nobody can tell what a request of now led to.
func (s *Stage) observeUnion() {
	union := s.Target.Choices[target.Incremental]
	if union.Value != "union" || s.Target.Description.AuthorizationServer.IncrementalParameter != "" || s.can("fx.clients.fresh") {
		return
	}
	s.shutPages(union.Source + ": what was granted before comes with every request, and the clients are not fresh (declared: clients)")
}

// observePost finds out whether authorization requests may be posted: many servers
// of OpenID Connect, which has them do it, do not, and that is no matter of scope.
// Others take no request so but those of OpenID Connect.
func (s *Stage) observePost(ctx context.Context) {
	for _, part := range []struct {
		name  target.Capability
		scope oauth.RawScope
	}{
		{"as.post.alone", "read:appointments"},
		{"as.post", "openid read:appointments"},
	} {
		cast := s.NewCast()
		post := Request{Scope: &part.scope, Way: Way{Via: ByPost}}
		a, _, err := cast.obtain(ctx, "Planner", "Ada", post)
		if err == nil && a.Code != "" { // where somebody is signed in, it may be taken for a forgery (RFC 6749 section 10.12)
			a, _, err = cast.obtain(ctx, "Planner", "Ada", post)
		}
		if err == nil && a.Code != "" || passing(err) {
			break
		}
		if err == nil {
			err = errRefused
		}
		s.facts.yes(part.name, false, "observed: "+cast.Recorder.Redact(err.Error()))
	}
	s.facts.set("fx.request_kinds", strconv.Itoa(s.facts.kinds()), kindsFrom)
}

// refusal is why nothing was issued.
func (a Answer) refusal() error {
	switch {
	case a.Refused != nil:
		return a.Refused
	case a.Issue != nil && a.Issue.Refused != nil:
		return a.Issue.Refused
	}
	return errRefused
}
