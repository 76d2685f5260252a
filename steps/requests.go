package steps

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/cucumber/godog"

	"github.com/scopeproof/scopeproof/internal/actor"
	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
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

// request is one request for access as a scenario words it, or a credential that
// is presented.
type request struct {
	client, owner string          // owner: empty if the client asks on its own behalf
	scope         *oauth.RawScope // nil: none is sent
	asked         oauth.ScopeSet  // what was meant
	prompt        string
	silent, other bool
	union         bool
	alone         bool
	code          bool            // a code is sent along
	hint          bool            // the resource owner is named
	redeem        *oauth.RawScope // what is asked for with the code
	foreign       bool            // with a redirect URI that is not registered
	every         string          // "way": on all of them; "request": those that lead through the authorization endpoint
	how           string          // which of them it is
	times         int
	params        url.Values
	decision      *oauth.ConsentDecision
	way           actor.Way
	details       string // which authorization details of the target are asked for
	grantOf       string // whose managed grant is named: "its", a client, or "nobody"
}

func (r *request) set(name, value string) {
	if r.params == nil {
		r.params = url.Values{}
	}
	r.params.Set(name, value)
}

// asking is how a client may ask for access.
func asking() phrasing[request] {
	return phrasing[request]{"asks", []manner[request]{
		{`silently`, func(r *request, _ []string) error { r.silent = true; return nil }},
		{`insisting on consent`, func(r *request, _ []string) error { r.prompt = "consent"; return nil }},
		{`with the prompt "[^"]*"`, func(r *request, v []string) error { r.prompt = v[0]; return nil }},
		{`hinting at the name`, func(r *request, _ []string) error { r.hint = true; return nil }},
		{`redeem(?:s|ing) the code for "[^"]*"`, func(r *request, v []string) error {
			raw := oauth.RawScope(v[0])
			r.redeem = &raw
			return nil
		}},
		{`at the other API`, func(r *request, _ []string) error { r.other = true; return nil }},
		{`on top of what it has`, func(r *request, _ []string) error { r.union = true; return nil }},
		{`on its own behalf`, func(r *request, _ []string) error { r.alone = true; return nil }},
		{`with the claim "[^"]*"`, withClaim},
		{`repeating the parameter with "[^"]*"`, repeating},
		{`so that \d+ bytes end after "[^"]*"`, padding},
		{`for a token in the redirect`, func(r *request, _ []string) error { r.way.ResponseType = "token"; return nil }},
		{`with a response type of "[^"]*"`, func(r *request, v []string) error { r.way.ResponseType = v[0]; return nil }},
		detailed("plain"),
		managing("creating a grant", "create", ""),
		managing("merging into its grant", "merge", "its"),
		managing("merging into Steward's grant", "merge", "Steward"),
		managing("merging into a grant that nobody has", "merge", "nobody"),
		managing("replacing its grant", "replace", "its"),
		managing("naming its grant", "", "its"),
		{`with the grant management action "[^"]*"`, func(r *request, v []string) error { r.way.Action = v[0]; return nil }},
		{`with a foreign redirect URI`, func(r *request, _ []string) error { r.foreign = true; return nil }},
		{`in every way there is`, func(r *request, _ []string) error { r.every = "way"; return nil }},
		{`by every kind of authorization request`, func(r *request, _ []string) error { r.every = "request"; return nil }},
		{`5 times`, func(r *request, _ []string) error { r.times = repetitions; return nil }},
	}}
}

// presenting is how a client may present a code or a refresh token.
func presenting() phrasing[request] {
	return phrasing[request]{"redeems, refreshes", []manner[request]{
		{`asking for "[^"]*"`, func(r *request, v []string) error {
			plain, err := unescape(v[0])
			raw := oauth.RawScope(plain)
			r.scope = &raw
			return err
		}},
		{`repeating the parameter with "[^"]*"`, repeating},
		detailed("smaller"), detailed("larger"),
		{`adding that code`, func(r *request, _ []string) error { r.code = true; return nil }},
		{`for the other API`, func(r *request, _ []string) error { r.other = true; return nil }},
		{`5 times`, func(r *request, _ []string) error { r.times = repetitions; return nil }},
	}}
}

// repeating sends the scope parameter a second time, with another value.
func repeating(r *request, values []string) error {
	if r.params == nil {
		r.params = url.Values{}
	}
	r.params["scope"] = []string{"", values[0]} // the first is what is asked for
	return nil
}

// filler is a scope that nobody knows.
const filler = "x-unknown:padding-that-says-nothing"

// padding puts words that nobody knows in front of a scope, so that a value that
// is cut off after a number of bytes ends with another scope.
func padding(r *request, values []string) error {
	most, err := strconv.Atoi(values[0])
	if err != nil {
		return err
	}
	n := most - len(values[1])
	if n < len(filler)+1 {
		return fmt.Errorf("got %d bytes, want room for %q", most, values[1])
	}
	words := strings.Repeat(filler+" ", n/len(filler)+1)[:n-1]
	raw := oauth.RawScope(strings.TrimSuffix(words, " ")+strings.Repeat("x", len(words)-len(strings.TrimSuffix(words, " ")))) + " " + *r.scope
	r.scope = &raw
	return nil
}

func withClaim(r *request, values []string) error {
	wanted := map[string]any{values[0]: nil}
	text, err := json.Marshal(map[string]any{"userinfo": wanted, "id_token": wanted})
	r.set("claims", string(text))
	return err
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

// askEverywhere asks on each way that the target has.
func (w *World) askEverywhere(ctx context.Context, r request) error {
	w.batch = nil
	for _, way := range w.ways(r) {
		o, err := w.ask(ctx, way)
		if err != nil {
			return fmt.Errorf("%s: %w", way.how, err)
		}
		o.how = way.how
		if err := w.repeat(ctx, o); err != nil {
			return err
		}
	}
	return nil
}

// ways are the requests for the same scope that the target understands. Where a
// machine asks, it is the one that may have what the client may have.
func (w *World) ways(r request) []request {
	var all []request
	add := func(how string, can target.Capability, change func(*request)) {
		way := r
		way.every, way.how = "", how
		change(&way)
		if w.capable(can) {
			all = append(all, way)
		}
	}
	add("authorization request", "as.code", func(*request) {})
	if r.every == "way" {
		add("client credentials", "as.cc", func(way *request) {
			way.client, way.owner, way.alone = map[string]string{"Planner": "Worker", "Viewer": "Robot"}[r.client], "", true
		})
	}
	return all
}

// repetitions is how often an open choice is looked at: the answer must not
// change.
const repetitions = 5

// often acts once, or as often as a request says: then the outcomes are a batch.
func (w *World) often(ctx context.Context, r request, act func(context.Context, request) (*outcome, error)) error {
	if r.times == 0 {
		_, err := act(ctx, r)
		return err
	}
	w.batch = nil
	for range r.times {
		o, err := act(ctx, r)
		if err != nil {
			return err
		}
		if err := w.repeat(ctx, o); err != nil {
			return err
		}
	}
	return nil
}

// ask makes a request for access and, where a code came, redeems it.
func (w *World) ask(ctx context.Context, r request) (*outcome, error) {
	if r.alone {
		return w.askAlone(ctx, r)
	}
	a, err := w.authorize(ctx, r)
	if err != nil {
		return nil, err
	}
	if a.Code != "" {
		o, err := w.redeem(ctx, a.Client, a, r.redeem)
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
	return w.often(ctx, r, func(ctx context.Context, r request) (*outcome, error) { return w.redeem(ctx, c, a, r.scope) })
}

// redeem presents a code, whoever was given it.
func (w *World) redeem(ctx context.Context, c *actor.Client, a *actor.Authorization, asked *oauth.RawScope) (*outcome, error) {
	params := url.Values{}
	if asked != nil {
		params.Set("scope", w.cast.Wire(*asked))
	}
	issue, err := c.Redeem(ctx, a, params)
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
		o, err := w.redeem(ctx, a.Client, a, nil)
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
