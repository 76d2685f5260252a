package steps

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/cucumber/godog"

	"github.com/scopeproof/scopeproof/internal/actor"
	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

// registerRace adds the acts that are done many times at once. How often a
// scenario with one is played is in its tag @rounds.
func registerRace(r registrar, w *World) {
	r.When(`^(\w+) refreshes all its tokens at once`+presenting().capture()+`(?: while `+meanwhile+`)?$`, w.refreshesAll)
	r.When(`^(\w+) asks (\w+) for these at once`+asking().capture()+`:$`, w.asksAtOnce)
	r.When(`^(\w+) answers the page in these ways at once:$`, w.answersAtOnce)
	r.When(`^every client's token, and none, is tried at once on every operation of (\w+)'s calendar$`, w.triesAtOnce)
}

// meanwhile is what may happen to a grant while its tokens are refreshed.
const meanwhile = `(it revokes them|it is limited to "[^"]*"|\w+ revokes its grant|\w+ removes "[^"]*" from its grant|\w+ is permitted "[^"]*")`

// Workers is the most requests that a scenario made at once.
func (w *World) Workers() int { return w.workers }

// InRound says which round of the scenario this is, from 0. The set-up of a later
// one is not judged anew.
func (w *World) InRound(round int) { w.round = round }

// runs makes the requests of outcomes, and of changes before them, at once. Then,
// when all is quiet, it looks at everything that was handed out.
func (w *World) runs(ctx context.Context, changes []*actor.Entry, batch []*outcome) error {
	entries := slices.Clone(changes)
	for _, o := range batch {
		entries = append(entries, o.entry)
	}
	if len(entries) > actor.MostAtOnce {
		return fmt.Errorf("got %d requests at once, want at most %d", len(entries), actor.MostAtOnce)
	}
	if err := w.cast.AtOnce(ctx, entries); err != nil {
		return err
	}
	for _, change := range changes {
		if change.Err != nil {
			return change.Err
		}
	}
	w.changes = changes
	if err := w.handled(entries[len(changes):]); err != nil {
		return err
	}
	batch = slices.DeleteFunc(batch, func(o *outcome) bool { return actor.CutShort(o.entry.Err) })
	for _, o := range batch {
		o.trouble = o.entry.Err
		if o.trouble == nil {
			o.issue = o.entry.Issue
		}
	}
	return w.quiet(ctx, batch)
}

// handled counts the requests made at once that the server handled. Those that it put
// off because of its limit do not count as made, and at least two have to.
func (w *World) handled(entries []*actor.Entry) (off error) {
	n := 0
	for _, e := range entries {
		if actor.CutShort(e.Err) {
			off = e.Err
		} else {
			n++
		}
	}
	w.workers = max(w.workers, n)
	if n < 2 {
		return off
	}
	return nil
}

// quiet makes a batch of what came of requests at once.
func (w *World) quiet(ctx context.Context, batch []*outcome) error {
	w.act()
	w.batch = batch
	answered := false
	for _, o := range batch {
		answered = answered || o.trouble == nil
		if o.issue != nil {
			w.ledger.checked[o.issue] = true // a request that overlaps with a change may see either state
		}
	}
	if !answered {
		return fmt.Errorf("none of %d requests at once was answered: %w", len(batch), batch[0].trouble)
	}
	for _, o := range batch {
		if o.refusal() != nil || o.seen != nil {
			continue
		}
		var err error
		if o.seen, err = o.issue.Observe(ctx, w.epoch); err != nil {
			return err
		}
		w.latest[o.client.Name], w.any = o, o
	}
	return nil
}

// turn is the scope that request number i of several asks for. Each round begins
// one further: which request a server serves first may depend on its place.
func (w *World) turn(r request, i int) *oauth.RawScope {
	if len(r.turns) == 0 {
		return r.scope
	}
	return r.turns[(w.round+i)%len(r.turns)]
}

// timesAtOnce reads "20 times at once".
func timesAtOnce(r *request, values []string) (err error) {
	r.atOnce, err = strconv.Atoi(values[0])
	return err
}

// byTurns reads `asking by turns for "a" and "b"`.
func byTurns(r *request, values []string) error {
	for _, text := range values {
		if text == "" {
			continue // it names one alone
		}
		plain, err := unescape(text)
		if err != nil {
			return err
		}
		raw := oauth.RawScope(plain)
		r.turns = append(r.turns, &raw)
	}
	return nil
}

// redeemsAtOnce presents one code many times at once.
func (w *World) redeemsAtOnce(ctx context.Context, c *actor.Client, a *actor.Authorization, r request) error {
	var batch []*outcome
	for i := range r.atOnce {
		params := url.Values{}
		if scope := w.turn(r, i); scope != nil {
			params.Set("scope", w.cast.Wire(*scope))
		}
		present := c.Redemption
		if a.Pending != nil {
			present = func(ctx context.Context, a *actor.Authorization, params url.Values) (*actor.Entry, error) {
				return c.Polling(ctx, a.Pending, params)
			}
		}
		e, err := present(ctx, a, params)
		if err != nil {
			return err
		}
		batch = append(batch, &outcome{client: c, owner: a.Owner, auth: a, entry: e, asked: a.Asked.Minus(a.Added)})
	}
	return w.runs(ctx, nil, batch)
}

// refreshesAtOnce presents one refresh token many times at once.
func (w *World) refreshesAtOnce(ctx context.Context, from *actor.Issue, r request) error {
	return w.refreshEach(ctx, slices.Repeat([]*actor.Issue{from}, r.atOnce), r, nil)
}

// refreshEach presents the refresh token of each issue at once. Where something
// is changed meanwhile, every second one begins as soon as the change has been
// acknowledged, while the others are still under way.
func (w *World) refreshEach(ctx context.Context, from []*actor.Issue, r request, changes []*actor.Entry) error {
	c, err := w.client(ctx, r.client)
	if err != nil {
		return err
	}
	var batch []*outcome
	for i, issue := range from {
		scope := w.turn(r, i)
		want := issue.Root().Authorization.Asked
		if scope != nil {
			want = oauth.FieldsScope(string(*scope))
		}
		e, err := c.Refreshment(ctx, issue, scope, nil)
		if err != nil {
			return err
		}
		if len(changes) == 1 && i%2 == 1 {
			e.After = changes[0]
		}
		batch = append(batch, &outcome{client: c, owner: issue.Owner, entry: e, asked: w.plain(want, oauth.ScopeSet{})})
	}
	return w.runs(ctx, changes, batch)
}

func (w *World) refreshesAll(ctx context.Context, client, how, change string) error {
	r := request{client: client}
	if err := presenting().apply(how, &r); err != nil {
		return err
	}
	c, err := w.client(ctx, client)
	if err != nil {
		return err
	}
	var from []*actor.Issue
	for _, i := range c.Issues {
		if i.Response != nil && i.Response.RefreshToken != "" {
			from = append(from, i)
		}
	}
	if len(from) < 2 {
		return fmt.Errorf("%s was given %d refresh tokens, want several", client, len(from))
	}
	changes, err := w.change(ctx, c, from, change)
	if err != nil {
		return err
	}
	return w.refreshEach(ctx, from, r, changes)
}

// change is what happens while tokens are refreshed.
func (w *World) change(ctx context.Context, c *actor.Client, from []*actor.Issue, text string) ([]*actor.Entry, error) {
	if text == "" {
		return nil, nil
	}
	if text == "it revokes them" {
		w.ownRevocation = true
		var all []*actor.Entry
		for _, i := range from {
			e, err := c.Revocation(ctx, i)
			if err != nil {
				return nil, err
			}
			all = append(all, e)
		}
		return all, nil
	}
	_, named, _ := strings.Cut(text, ` "`)
	named, _, _ = strings.Cut(named, `"`)
	set, err := scope(named)
	if err != nil {
		return nil, err
	}
	var e *actor.Entry
	if strings.HasPrefix(text, "it is limited") {
		e, err = w.cast.Limiting(ctx, c, set.Union(w.indispensable(c)))
		return []*actor.Entry{e}, err
	}
	name, act, _ := strings.Cut(text, " ")
	o, err := w.owner(ctx, name)
	if err != nil {
		return nil, err
	}
	switch {
	case strings.HasPrefix(act, "revokes"):
		e, err = o.Revoking(ctx, c)
	case strings.HasPrefix(act, "removes"):
		e, err = o.Removal(ctx, c, set, w.ledger.current(o, c).Minus(set))
	default:
		e, err = o.Permitting(ctx, set)
	}
	return []*actor.Entry{e}, err
}

// asksAtOnce asks in as many tabs of one browser, and redeems what codes come of
// it, at once as well and the latest first.
func (w *World) asksAtOnce(ctx context.Context, client, owner, how string, table *godog.Table) error {
	rows, err := readTable(table, "scope", "answer")
	if err != nil {
		return err
	}
	o, c, err := w.pair(ctx, owner, client)
	if err != nil {
		return err
	}
	var all []actor.Request
	for _, row := range rows {
		r, err := w.request(client, owner, `"`+row["scope"]+`"`, how)
		if err != nil {
			return err
		}
		decision, err := decisionOf(row["answer"])
		if err != nil {
			return err
		}
		req := actor.Request{Owner: o, Scope: r.scope, Decision: &decision, Prompt: r.prompt}
		if req.Params, err = w.params(r); err != nil {
			return err
		}
		all = append(all, req)
	}
	w.workers = max(w.workers, len(all))
	answers, errs, err := c.AuthorizeAtOnce(ctx, all)
	if err != nil {
		return err
	}
	return w.redeemEach(ctx, answers, errs)
}

// bringsAtOnce takes one pushed request to a resource owner in several tabs, and
// redeems what codes come of it.
func (w *World) bringsAtOnce(ctx context.Context, client, owner string, p *actor.PushedRequest, tabs int) error {
	o, c, err := w.pair(ctx, owner, client)
	if err != nil {
		return err
	}
	w.workers = max(w.workers, tabs)
	answers, errs, err := c.BringAtOnce(ctx, p, actor.Request{Owner: o}, tabs)
	if err != nil {
		return err
	}
	return w.redeemEach(ctx, answers, errs)
}

// decisionOf reads how a resource owner answers a page.
func decisionOf(text string) (oauth.ConsentDecision, error) {
	if only, found := strings.CutPrefix(text, "only "); found {
		set, err := scope(only)
		return oauth.ConsentDecision{Only: &set}, err
	}
	switch text {
	case "yes":
		return oauth.ConsentDecision{}, nil
	case "no":
		return oauth.ConsentDecision{Deny: true}, nil
	}
	return oauth.ConsentDecision{}, fmt.Errorf("got the answer %q, want yes, no, or only and scopes", text)
}

// answersAtOnce sends the page that was shown with several answers at once.
func (w *World) answersAtOnce(ctx context.Context, owner string, table *godog.Table) error {
	rows, err := readTable(table, "answer")
	if err != nil {
		return err
	}
	a, err := w.page(owner)
	if err != nil {
		return err
	}
	var decisions []oauth.ConsentDecision
	for _, row := range rows {
		d, err := decisionOf(row["answer"])
		if err != nil {
			return err
		}
		decisions = append(decisions, d)
	}
	w.workers = max(w.workers, len(decisions))
	answers, errs, err := a.SubmitAtOnce(ctx, decisions)
	if err != nil {
		return err
	}
	return w.redeemEach(ctx, answers, errs)
}

// redeemEach redeems at once, the latest first, every code that answers led to.
func (w *World) redeemEach(ctx context.Context, answers []*actor.Authorization, errs []error) error {
	var batch, redeeming []*outcome
	seen := map[oauth.Secret]bool{}
	for i, a := range answers {
		if a == nil || actor.CutShort(errs[i]) {
			return errs[i] // it could not be made, or how far it came cannot be told
		}
		if errs[i] != nil {
			batch = append(batch, &outcome{client: a.Client, owner: a.Owner, trouble: errs[i]})
			continue
		}
		if r := a.Refused; r != nil && (r.Code == oauth.ServerError || r.Code == oauth.TemporarilyUnavailable) {
			errs[i] = r
		}
		w.ledger.consent(w, a)
		o := &outcome{client: a.Client, owner: a.Owner, auth: a, asked: a.Asked.Minus(a.Added), trouble: errs[i]}
		batch = append(batch, o)
		if a.Code == "" || seen[a.Code] {
			continue // the same code once more is no second one
		}
		seen[a.Code] = true
		e, err := a.Client.Redemption(ctx, a, nil)
		if err != nil {
			return err
		}
		o.entry = e
		redeeming = append(redeeming, o)
	}
	if len(redeeming) > 0 {
		slices.Reverse(redeeming)
		if err := w.runs(ctx, nil, redeeming); err != nil {
			return err
		}
	}
	return w.quiet(ctx, batch)
}

// triesAtOnce makes every request with every token alone, and then all at once.
func (w *World) triesAtOnce(ctx context.Context, owner string) error {
	o, err := w.owner(ctx, owner)
	if err != nil {
		return err
	}
	on, err := w.object(ctx, o)
	if err != nil {
		return err
	}
	var entries []*actor.Entry
	w.alone = nil
	for _, op := range w.target().API.Operations {
		if op.Method == http.MethodDelete || op.Name == "me" && !w.capable("rs.user_bound") {
			continue // what is gone is not there to be tried again
		}
		for _, name := range append(actor.ClientNames(), "Stranger") {
			token, _ := w.bearer(name)
			if token == "" && name != "Stranger" {
				continue
			}
			a, err := w.cast.CallWire(ctx, name, w.target().API, op, token, on, o, actor.Wire{})
			if err != nil {
				return err
			}
			e, err := w.cast.Calling(ctx, name, w.target().API, op, token, on, o)
			if err != nil {
				return err
			}
			w.alone = append(w.alone, trial{who: name, op: op, alone: a, entry: e})
			entries = append(entries, e)
		}
	}
	w.changed[on] = true
	w.act()
	if err := w.cast.AtOnce(ctx, entries); err != nil {
		return err
	}
	if err := w.handled(entries); err != nil {
		return err
	}
	w.alone = slices.DeleteFunc(w.alone, func(t trial) bool { return actor.CutShort(t.entry.Err) })
	return nil
}

// trial is a request to the API that was made alone, and at once with others.
type trial struct {
	who   string
	op    target.Operation
	alone *actor.Attempt
	entry *actor.Entry
}

var errNotTold = errors.New("nothing was done at once")
