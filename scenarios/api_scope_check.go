package scenarios

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/scopeproof/scopeproof/loadtest"
	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

// APIScopeCheck reads and writes with tokens of several clients and people, with
// narrow and broad scope and without a token, in bursts in which all of them
// overlap. What a token covers is served (RSM-01); what it does not cover is
// refused, each time (RSM-02); and no method of any route is open to somebody
// without a token (RSV-01), with one for another API (RST-01), or with one that has
// expired (RST-06).
func APIScopeCheck() loadtest.Scenario {
	return loadtest.Scenario{
		Name:    "api-scope-check",
		Text:    "Clients read and write with narrow and broad tokens, with such for another API or of yesterday, and with none; each token opens what it covers and nothing else.",
		Rules:   []string{"RSM-01", "RSM-02", "RST-01", "RST-06", "RSV-01"},
		Needs:   []target.Capability{"rs.api"},
		Prepare: prepareAPI,
	}
}

func prepareAPI(ctx context.Context, s *loadtest.Stage) (loadtest.Plan, error) {
	tokens, err := apiTokens(ctx, s)
	if err != nil {
		return loadtest.Plan{}, err
	}
	mix := &apiMix{stage: s, player: s.Player(), plan: loadtest.Plan{Burst: s.Burst(burst)}, objects: map[string]string{}, doomed: map[string]string{}}
	// Tokens that may write come first: they make the objects for the others.
	for _, t := range tokens {
		if err := mix.object(ctx, t); err != nil {
			return loadtest.Plan{}, err
		}
	}
	for _, t := range append(tokens, nil) {
		if err := mix.hits(ctx, t); err != nil {
			return loadtest.Plan{}, err
		}
	}
	if err := mix.strange(ctx); err != nil {
		return loadtest.Plan{}, err
	}
	if mix.allowed == 0 {
		return loadtest.Plan{}, &loadtest.Inapplicable{Reason: "the API serves no token of the target, also while nobody else calls it"}
	}
	if mix.refused == 0 {
		return loadtest.Plan{}, fmt.Errorf("the mix has %d requests that are allowed and %d that are to be refused, want both", mix.allowed, mix.refused)
	}
	return mix.plan, nil
}

// bearer is a client, alone or for a resource owner, and the scopes of its tokens.
type bearer struct {
	client *loadtest.Client
	owner  string
	scopes []oauth.ScopeSet
}

// bearers are those that the target has the clients and the people for.
func bearers(ctx context.Context, s *loadtest.Stage) ([]bearer, error) {
	var list []bearer
	for _, k := range []struct {
		client, owner string
		scopes        []oauth.ScopeSet
	}{
		{"Planner", "Ada", []oauth.ScopeSet{both, writing, reading}},
		{"Worker", "", []oauth.ScopeSet{both, writing, reading}},
		{"Viewer", "Ada", []oauth.ScopeSet{reading}},
		{"Planner", "Bo", []oauth.ScopeSet{reading}},
		{"Robot", "", []oauth.ScopeSet{reading}},
	} {
		grant := target.Capability("as.code")
		if k.owner == "" {
			grant = "as.cc"
		}
		if !s.Can(grant) || !s.HasClient(k.client) || k.owner != "" && !s.HasOwner(k.owner) {
			continue
		}
		c, err := s.Client(ctx, k.client)
		if err == nil && k.owner != "" {
			err = s.Owner(ctx, k.owner)
		}
		if err != nil {
			return nil, err
		}
		list = append(list, bearer{c, k.owner, k.scopes})
	}
	if len(list) == 0 {
		return nil, errors.New("the target has no client that could obtain a token")
	}
	return list, nil
}

// obtain obtains the tokens of a bearer, one after the other.
func (b bearer) obtain(ctx context.Context, s *loadtest.Stage) ([]*loadtest.Token, error) {
	var tokens []*loadtest.Token
	for _, scope := range b.scopes {
		p := s.Player() // at a browser of its own: what one consents to anew may end what one had there
		var t *loadtest.Token
		var err error
		if b.owner == "" {
			t, err = p.Machine(ctx, b.client, scope)
		} else {
			t, err = p.Token(ctx, b.client, b.owner, loadtest.Consent{Scope: scope})
		}
		if err == nil && t == nil {
			err = fmt.Errorf("%s asks for %q: it was refused", b.client.Name, scope)
		}
		if err != nil {
			return nil, err
		}
		s.Keep(t)
		tokens = append(tokens, t)
	}
	return tokens, nil
}

// apiTokens are tokens of several clients and people with pairwise different
// scopes, broad ones first.
func apiTokens(ctx context.Context, s *loadtest.Stage) ([]*loadtest.Token, error) {
	list, err := bearers(ctx, s)
	if err != nil {
		return nil, err
	}
	each := make([][]*loadtest.Token, len(list))
	err = s.Each(ctx, "clients with tokens", len(list), func(ctx context.Context, _ *loadtest.Player, i int) (err error) {
		each[i], err = list[i].obtain(ctx, s)
		return err
	})
	return slices.Concat(each...), err
}

// apiMix is the plan as it is put together.
type apiMix struct {
	stage   *loadtest.Stage
	player  *loadtest.Player
	plan    loadtest.Plan
	objects map[string]string // the id of an object, by whose it is
	// doomed are objects that only deletions name, so that one that is wrongly
	// carried out does not spoil what follows.
	doomed  map[string]string
	allowed int
	refused int
}

// marker is the text of the objects that a load run makes. What is refused must
// not show it.
const marker = "scopeproof-load"

// whose names whoever a token's objects belong to.
func whose(t *loadtest.Token) string {
	if t.Owner != "" {
		return "owner " + t.Owner
	}
	return "client " + t.Client.Name
}

// object makes the objects of those whose token may do so and who have none.
func (m *apiMix) object(ctx context.Context, t *loadtest.Token) error {
	create, ok := m.stage.Target.API.Operation("create")
	if !ok || create.ID == "" || m.objects[whose(t)] != "" || !m.stage.Allows(create, t.Scope) {
		return nil
	}
	for _, of := range []map[string]string{m.objects, m.doomed} {
		id, err := m.stage.Create(ctx, t, marker)
		if errors.Is(err, loadtest.ErrNotServed) {
			return nil // it need not take every token
		}
		if err != nil {
			return err
		}
		of[whose(t)] = id
	}
	return nil
}

// hits adds what a token may do and what it may not; nil is no token.
func (m *apiMix) hits(ctx context.Context, t *loadtest.Token) error {
	for _, op := range m.stage.Operations() {
		needs, _ := op.Needs()
		object := m.of(op, t)
		covered := t != nil && m.stage.Allows(op, t.Scope)
		if needs.IsEmpty() || covered && !m.repeatable(op, object) || personal(op, t) || t != nil && object == "none" && addressed(op) {
			continue // where there is nothing, serving looks like refusing
		}
		r, err := m.stage.APIRequest(op, t, object, marker)
		if err != nil {
			return err
		}
		hit := loadtest.Hit{Request: r, Weight: 1}
		switch {
		case covered:
			hit.Expect = m.stage.Serves("RSM-01", op, t)
			if right, err := alone(ctx, m.player, hit); err != nil {
				return err
			} else if !right {
				continue
			}
			m.allowed++
			if op.Method == "GET" {
				hit.Weight = 3 // most requests of an API are allowed ones
			}
		case t == nil:
			hit.Expect = m.stage.Refuses("RSV-01", op, nil, marker)
			m.refused++
		default:
			hit.Expect = m.stage.Refuses("RSM-02", op, t, marker)
			m.refused++
		}
		m.plan.Hits = append(m.plan.Hits, hit)
	}
	return nil
}

// alone reports whether an API serves while nobody else asks what it is to serve
// among others: it may need more of a token than scope, such as whose it is. What is
// refused is judged among others whatever comes of it alone.
func alone(ctx context.Context, p *loadtest.Player, hit loadtest.Hit) (bool, error) {
	a, err := p.Send(ctx, hit.Request)
	if err != nil {
		return false, err
	}
	return hit.Expect(a).Class != loadtest.FalseRefusal, nil
}

// strange adds tokens that name what is needed and are no good here: one for
// another API, and one that has expired.
func (m *apiMix) strange(ctx context.Context) error {
	s := m.stage
	if !s.HasClient("Planner") || !s.HasOwner("Ada") || !s.Can("as.code") {
		return nil
	}
	c, err := s.Client(ctx, "Planner")
	if err != nil {
		return err
	}
	if err := s.Owner(ctx, "Ada"); err != nil {
		return err
	}
	p := s.Player()
	if s.Can("as.resource") && s.Can("fx.same_name_scope") {
		t, err := p.Token(ctx, c, "Ada", loadtest.Consent{Scope: reading, Other: true})
		if err != nil {
			return err
		}
		s.Keep(t)
		if err := m.useless(t, "RST-01"); err != nil {
			return err
		}
	}
	if s.Can("rs.mint") {
		t, err := p.Expired(ctx, c, "Ada", both)
		if err != nil {
			return err
		}
		return m.useless(t, "RST-06")
	}
	return nil
}

// useless adds the operations that the scope of a token would open.
func (m *apiMix) useless(t *loadtest.Token, rule string) error {
	for _, op := range m.stage.Operations() {
		if needs, _ := op.Needs(); needs.IsEmpty() || !m.stage.Allows(op, t.Scope) {
			continue
		}
		r, err := m.stage.APIRequest(op, t, m.of(op, t), marker)
		if err != nil {
			return err
		}
		m.plan.Hits = append(m.plan.Hits, loadtest.Hit{Request: r, Expect: m.stage.Refuses(rule, op, t, marker)})
		m.refused++
	}
	return nil
}

// of is the object that an operation is tried on.
func (m *apiMix) of(op target.Operation, t *loadtest.Token) string {
	ids := m.objects
	if op.Method == "DELETE" {
		ids = m.doomed
	}
	if t != nil && ids[whose(t)] != "" {
		return ids[whose(t)]
	}
	return "none"
}

// personal reports whether an operation is about a person and the token about
// none, so that its scope alone does not decide.
func personal(op target.Operation, t *loadtest.Token) bool {
	return op.Name == "me" && t != nil && t.Owner == ""
}

// repeatable reports whether an operation that is allowed can be done over and
// over without anything growing or running out.
func (m *apiMix) repeatable(op target.Operation, object string) bool {
	if op.Method == "DELETE" || op.Name == "create" {
		return false
	}
	return object != "none" || !addressed(op)
}

// addressed reports whether an operation is about one object.
func addressed(op target.Operation) bool {
	return strings.Contains(fmt.Sprint(op.Path, op.JSON), "${id}")
}
