package steps

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/cucumber/godog"

	"github.com/scopeproof/scopeproof/internal/actor"
	"github.com/scopeproof/scopeproof/oauth"
)

// registerRequests adds the acts of asking a resource owner, or the server, for
// access, and of presenting what came of it.
func registerRequests(r registrar, w *World) {
	asking, presenting := asking().capture(), presenting().capture()
	r.When(`^(\w+) asks(?: (\w+))? for `+what+asking+`$`, w.asks)
	r.When(`^these requests are made in turn (\d+) times:$`, w.asksInTurn)
	r.When(`^(\w+) redeems (its|\w+'s)( first)? code`+presenting+`$`, w.redeems)
	r.When(`^(\w+) redeems its codes, the latest first$`, w.redeemsAll)
	r.When(`^(\w+) refreshes (its|\w+'s)( first)? token`+presenting+`$`, w.refreshes)
	r.When(`^(\w+) refreshes its token, asking in turn for:$`, w.refreshesInTurn)
}

// request reads a sentence that asks for access.
func (w *World) request(client, owner, asked, how string) (request, error) {
	r := request{client: client, owner: owner}
	var err error
	if r.scope, err = w.spoken(asked); err != nil {
		return r, err
	}
	return r, asking().apply(how, &r)
}

func (w *World) asks(ctx context.Context, client, owner, asked, how string) error {
	r, err := w.request(client, owner, asked, how)
	if err != nil {
		return err
	}
	if r.alone == (owner != "") {
		return fmt.Errorf("%s asks: want a resource owner, or on its own behalf", client)
	}
	if r.every != "" {
		return w.askEverywhere(ctx, r)
	}
	return w.often(ctx, r, w.ask)
}

// readsObjects reports whether the server has to read a request object: of any
// request, or of one of OpenID Connect alone.
func (w *World) readsObjects(r request) bool { return w.capable("as.jar.alone") || r.openID() }

func (r *request) openID() bool {
	return r.scope != nil && oauth.FieldsScope(string(*r.scope)).Has("openid")
}

// inObject puts a request into a request object. One of OpenID Connect says so
// outside as well (OpenID Connect Core section 6.1).
func inObject(r *request) {
	r.way.Via = actor.ByObject
	if r.openID() {
		r.way.Beside = "scope=openid"
	}
}

// repetitions is how often an open choice is looked at: the answer must not
// change.
const repetitions = 5

// often acts once, or as often as a request says: then the outcomes are a batch.
// A server that fails every time with status 500 is not in passing trouble: that
// is how it answers, and a deviation, since nobody was wronged.
func (w *World) often(ctx context.Context, r request, act func(context.Context, request) (*outcome, error)) error {
	if r.times == 0 {
		_, err := act(ctx, r)
		return err
	}
	w.batch = nil
	failed := 0
	var last *oauth.Unanswered
	for range r.times {
		o, err := act(ctx, r)
		if errors.As(err, &last) && last.Status == http.StatusInternalServerError {
			failed++
			continue
		}
		if err != nil {
			return err
		}
		if err := w.repeat(ctx, o); err != nil {
			return err
		}
	}
	switch {
	case failed == 0:
		return nil
	case failed >= repetitions && failed == r.times:
		return lenient("%s was answered with status %d each of %d times, want a token or a refusal", r.client, last.Status, failed)
	}
	return last
}

// ask makes a request for access and, where a code came, redeems it.
func (w *World) ask(ctx context.Context, r request) (*outcome, error) {
	switch {
	case r.alone:
		return w.askAlone(ctx, r)
	case r.via != "":
		return w.askVia(ctx, r)
	}
	a, err := w.authorize(ctx, r)
	if err != nil {
		return nil, err
	}
	return w.came(ctx, a, r)
}

// came is what came of an authorization request, its code redeemed if there is
// one.
func (w *World) came(ctx context.Context, a *actor.Authorization, r request) (*outcome, error) {
	if a.Code != "" {
		o, err := w.redeem(ctx, a.Client, a, request{scope: r.redeem, target: r.target})
		if err != nil || a.Front == nil || a.Front.Response.AccessToken == "" {
			return o, err
		}
		return o, w.both(ctx, o)
	}
	o := &outcome{client: a.Client, owner: a.Owner, auth: a, issue: a.Front, asked: a.Asked.Minus(a.Added)}
	w.settle(o)
	return o, nil
}

func (w *World) askAlone(ctx context.Context, r request) (*outcome, error) {
	c, err := w.client(ctx, r.client)
	if err != nil {
		return nil, err
	}
	params, err := w.params(r)
	if err != nil {
		return nil, err
	}
	issue, err := c.ClientCredentials(ctx, r.scope, params)
	if err != nil {
		return nil, err
	}
	o := &outcome{client: c, issue: issue, asked: issue.Asked}
	w.settle(o)
	return o, nil
}

func (w *World) asksInTurn(ctx context.Context, times int, table *godog.Table) error {
	rows, err := readTable(table, "client", "owner", "scope")
	if err != nil {
		return err
	}
	w.batch = nil
	for range times {
		for _, row := range rows {
			r := request{client: row["client"], owner: row["owner"], alone: row["owner"] == ""}
			if r.scope, err = w.cell(row["scope"]); err != nil {
				return err
			}
			o, err := w.ask(ctx, r)
			if err != nil {
				return err
			}
			if err := w.repeat(ctx, o); err != nil {
				return err
			}
		}
	}
	return nil
}

// holder is the client whose credential a sentence speaks of.
func holder(client, whose string) string {
	if whose == "its" {
		return client
	}
	return strings.TrimSuffix(whose, "'s")
}

// code is the code that a client was given last, or first.
func (w *World) code(client string, first bool) (*actor.Authorization, error) {
	all := w.codes[client]
	if len(all) == 0 {
		return nil, fmt.Errorf("%s has no code", client)
	}
	if first {
		return all[0], nil
	}
	return all[len(all)-1], nil
}

func (w *World) redeems(ctx context.Context, client, whose, which, how string) error {
	r := request{client: client}
	if err := presenting().apply(how, &r); err != nil {
		return err
	}
	a, err := w.code(holder(client, whose), which != "")
	if err != nil {
		return err
	}
	c, err := w.client(ctx, client)
	if err != nil {
		return err
	}
	if r.atOnce > 0 {
		return w.redeemsAtOnce(ctx, c, a, r)
	}
	return w.often(ctx, r, func(ctx context.Context, r request) (*outcome, error) { return w.redeem(ctx, c, a, r) })
}

// redeem presents a code, whoever was given it. A request that was decided
// elsewhere is polled for.
func (w *World) redeem(ctx context.Context, c *actor.Client, a *actor.Authorization, r request) (*outcome, error) {
	params := url.Values{}
	if r.scope != nil && a.Pending != nil {
		params.Set("scope", string(*r.scope))
	} else if r.scope != nil { // what was asked for to obtain a refresh token is still wanted
		params.Set("scope", strings.TrimSpace(w.cast.Wire(*r.scope)+" "+w.cast.Wire(a.Added.Raw())))
	}
	w.aim(params, r.target)
	if r.details != "" {
		params.Set("authorization_details", asJSON(w.detailsNamed(r.details)))
	}
	present := c.Redeem
	if a.Pending != nil {
		present = func(ctx context.Context, a *actor.Authorization, params url.Values) (*actor.Issue, error) {
			return c.Poll(ctx, a.Pending, params)
		}
	}
	issue, err := present(ctx, a, params)
	if err != nil {
		return nil, err
	}
	o := &outcome{client: c, owner: a.Owner, auth: a, issue: issue, asked: a.Asked.Minus(a.Added)}
	w.settle(o)
	return o, nil
}

// redeemsAll redeems every code that a client has, the latest first.
func (w *World) redeemsAll(ctx context.Context, client string) error {
	w.batch = nil
	for _, a := range slices.Backward(w.codes[client]) {
		o, err := w.redeem(ctx, a.Client, a, request{})
		if err != nil {
			return err
		}
		if err := w.repeat(ctx, o); err != nil {
			return err
		}
	}
	return nil
}

// params are the parameters that a request has beside the usual ones.
func (w *World) params(r request) (url.Values, error) {
	q := url.Values{}
	maps.Copy(q, r.params)
	if r.foreign {
		q.Set("redirect_uri", "http://127.0.0.1:9/foreign")
	}
	if r.level {
		op, err := w.stepUp()
		if err != nil {
			return nil, err
		}
		q.Set("acr_values", op.ACR)
	}
	if o := w.latest[r.client]; r.shows && o != nil && o.refusal() == nil {
		q.Set("id_token_hint", o.issue.Response.IDToken.Reveal())
	}
	if name, value, found := strings.Cut(r.parameter, "="); found {
		q.Set(name, w.cast.Wire(oauth.RawScope(value)))
	}
	if twice := r.params["scope"]; twice != nil {
		q["scope"] = []string{w.cast.Wire(*r.scope), w.cast.Wire(oauth.RawScope(twice[1]))}
	}
	if p := w.target().Description.AuthorizationServer.IncrementalParameter; r.union && p != "" {
		name, value, found := strings.Cut(p, "=")
		if !found {
			return nil, fmt.Errorf("authorization_server.incremental_parameter: got %q, want name=value", p)
		}
		q.Set(name, value)
	}
	return q, nil
}

// readTable turns a table into rows by column name. Every column named must be
// there, and no other.
func readTable(table *godog.Table, columns ...string) ([]map[string]string, error) {
	if table == nil || len(table.Rows) < 2 {
		return nil, fmt.Errorf("got a table without rows, want columns %v and a row", columns)
	}
	head := table.Rows[0].Cells
	if len(head) != len(columns) {
		return nil, fmt.Errorf("got %d columns, want %v", len(head), columns)
	}
	for i, c := range columns {
		if head[i].Value != c {
			return nil, fmt.Errorf("column %d: got %q, want %q", i+1, head[i].Value, c)
		}
	}
	var rows []map[string]string
	for _, r := range table.Rows[1:] {
		row := map[string]string{}
		for i, c := range columns {
			row[c] = r.Cells[i].Value
		}
		rows = append(rows, row)
	}
	return rows, nil
}
