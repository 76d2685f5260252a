package scenarios

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/scopeproof/scopeproof/loadtest"
	"github.com/scopeproof/scopeproof/target"
)

// apiMix is the plan as it is put together.
type apiMix struct {
	stage   *loadtest.Stage
	player  *loadtest.Player
	plan    loadtest.Plan
	people  []string          // whose tokens there are
	objects map[string]string // the id of an object, by whose it is
	// doomed are objects that only deletions name, so that one that is wrongly
	// carried out does not spoil what follows.
	doomed map[string]string
	// served are the hits that read what a token covers, to be judged by what they
	// show when everything has been tried that writes.
	served  []served
	run     string            // tells the texts of this mix from those of others
	refusal map[string]string // the text that refused requests would write, by the rule that they break then
	allowed int
	refused int
}

func newAPIMix(s *loadtest.Stage, tokens []*loadtest.Token) *apiMix {
	m := &apiMix{
		stage: s, player: s.Player(), plan: loadtest.Plan{Burst: s.Burst(burst)},
		objects: map[string]string{}, doomed: map[string]string{}, refusal: map[string]string{}, run: rand.Text()[:5],
	}
	for _, t := range tokens {
		if !slices.Contains(m.people, whose(t)) {
			m.people = append(m.people, whose(t))
		}
	}
	return m
}

// marker is in the text of the objects that a load run makes. What is refused must
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
		id, err := m.stage.Create(ctx, t, m.own(whose(t)))
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
		if !covered {
			rule := "RSM-02"
			if t == nil {
				rule = "RSV-01"
			}
			if err := m.refuses(ctx, rule, op, t, object); err != nil {
				return err
			}
			continue
		}
		r, err := m.stage.APIRequest(op, t, object, m.own(whose(t)))
		if err != nil {
			return err
		}
		hit := loadtest.Hit{Request: r, Expect: m.stage.Serves("RSM-01", op, t)}
		if right, err := alone(ctx, m.player, hit); err != nil {
			return err
		} else if !right {
			continue
		}
		m.allowed++
		if op.Method == "GET" {
			m.served = append(m.served, served{op, t, r})
			continue
		}
		m.plan.Hits = append(m.plan.Hits, hit)
	}
	return nil
}

// refuses adds an operation that is to be refused.
func (m *apiMix) refuses(ctx context.Context, rule string, op target.Operation, t *loadtest.Token, object string) error {
	if m.refusal[rule] == "" {
		m.refusal[rule] = fmt.Sprintf("scopeproof-no-%s-%d", m.run, len(m.refusal))
	}
	r, err := m.stage.APIRequest(op, t, object, m.refusal[rule])
	if err != nil {
		return err
	}
	hit := loadtest.Hit{Request: r, Expect: m.stage.Refuses(rule, op, t, marker)}
	if filtered, err := m.filters(ctx, op, t, r); err != nil {
		return err
	} else if filtered {
		hit.Expect = m.stage.Hides(rule, op, t, marker)
	}
	m.plan.Hits = append(m.plan.Hits, hit)
	m.refused++
	return nil
}

// filters reports whether an API answers, while nobody else asks, with a list without
// the objects that there are: to leave out what a token does not open is to refuse it.
// Anything else is judged among others whatever comes of it alone.
func (m *apiMix) filters(ctx context.Context, op target.Operation, t *loadtest.Token, r loadtest.Request) (bool, error) {
	if t == nil || op.Name != "list" || !reads(op) || m.objects[whose(t)] == "" {
		return false, nil
	}
	a, err := m.player.Send(ctx, r)
	return err == nil && m.stage.Hides("", op, t, marker)(a).Class == "", err
}

// own is the text of somebody's objects.
func (m *apiMix) own(who string) string {
	return fmt.Sprintf("%s-%s-%d", marker, m.run, slices.Index(m.people, who))
}

// alone reports whether an API answers while nobody else asks as it is to answer
// among others: it may need more of a token than scope, such as whose it is, and may
// answer with a list of what little the token opens.
func alone(ctx context.Context, p *loadtest.Player, hit loadtest.Hit) (bool, error) {
	a, err := p.Send(ctx, hit.Request)
	if err != nil {
		return false, err
	}
	return hit.Expect(a).Class == "", nil
}

// strange adds tokens that name what is needed and are no good here: one that was
// altered, one for another API, and one that has expired.
func (m *apiMix) strange(ctx context.Context, tokens []*loadtest.Token) error {
	s := m.stage
	narrow := slices.IndexFunc(tokens, func(t *loadtest.Token) bool { return !both.SubsetOf(t.Scope) })
	if narrow >= 0 {
		altered, err := m.player.Altered(ctx, tokens[narrow], both)
		if err == nil {
			err = m.useless(ctx, altered, "RST-03")
		}
		if err != nil {
			return err
		}
	}
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
		if err := m.useless(ctx, t, "RST-01"); err != nil {
			return err
		}
	}
	if s.Can("rs.mint") {
		t, err := p.Expired(ctx, c, "Ada", both)
		if err != nil {
			return err
		}
		return m.useless(ctx, t, "RST-06")
	}
	return nil
}

// useless adds the operations that the scope of a token would open, unless the API is
// in trouble with such a token also while nobody else calls it.
func (m *apiMix) useless(ctx context.Context, t *loadtest.Token, rule string) error {
	var open []target.Operation
	for _, op := range m.stage.Operations() {
		if needs, _ := op.Needs(); !needs.IsEmpty() && m.stage.Allows(op, t.Scope) {
			open = append(open, op)
		}
	}
	if i := slices.IndexFunc(open, reads); i >= 0 {
		r, err := m.stage.APIRequest(open[i], t, m.of(open[i], t), "")
		if err != nil {
			return err
		}
		a, err := m.player.Send(ctx, r)
		if err != nil || m.stage.Refuses(rule, open[i], t, "")(a).Class == loadtest.Fault {
			return err
		}
	}
	for _, op := range open {
		if err := m.refuses(ctx, rule, op, t, m.of(op, t)); err != nil {
			return err
		}
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
