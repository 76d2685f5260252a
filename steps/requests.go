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
	via           target.Way      // empty: an authorization request, or on its own behalf
	claimed       string          // the scope that an assertion names
	unanswered    bool            // the page where the owner would decide is left as it is
	wavers        bool            // the owner says no, and then yes
	adds          oauth.ScopeSet  // what the way has in every request
	code          bool            // a code is sent along
	hint          bool            // the resource owner is named
	redeem        *oauth.RawScope // what is asked for with the code
	level         bool            // the user is to be authenticated as stepping up needs
	foreign       bool            // with a redirect URI that is not registered
	every         string          // "way": on all of them; "request": those on which a resource owner is asked
	how           string          // which of them it is
	times         int
	atOnce        int               // so often, all at once
	turns         []*oauth.RawScope // what one of several after the other asks for
	params        url.Values
	decision      *oauth.ConsentDecision
	way           actor.Way
	beside        *oauth.RawScope // stands in the address, where what counts is somewhere else
	both          bool            // at both APIs
	lost          bool            // at an API that nobody knows
	target        api             // of the token request
	details       string          // which authorization details of the target are asked for
	grantOf       string          // whose managed grant is named: "its", a client, or "nobody"
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
		{`on a device`, func(r *request, _ []string) error { r.via = target.ByDevice; return nil }},
		{`over the backchannel`, func(r *request, _ []string) error { r.via = target.ByBackchannel; return nil }},
		{`polling for "[^"]*"`, func(r *request, v []string) error {
			raw := oauth.RawScope(v[0])
			r.redeem = &raw
			return nil
		}},
		{`leaving the page unanswered`, func(r *request, _ []string) error { r.unanswered = true; return nil }},
		{`who says no and then yes`, func(r *request, _ []string) error { r.wavers = true; return nil }},
		{`with the password of the owner`, func(r *request, _ []string) error { r.via = target.ByPassword; return nil }},
		{`by an assertion`, func(r *request, _ []string) error { r.via = target.ByAssertion; return nil }},
		{`that claims "[^"]*"`, func(r *request, v []string) error { r.claimed = v[0]; return nil }},
		{`at the other API`, func(r *request, _ []string) error { r.other = true; return nil }},
		{`at both APIs`, func(r *request, _ []string) error { r.both = true; return nil }},
		{`at an unknown API`, func(r *request, _ []string) error { r.lost = true; return nil }},
		{`naming no API`, func(r *request, _ []string) error { r.way.Unaimed = true; return nil }},
		{`redeem(?:s|ing) the code for the first API`, func(r *request, _ []string) error { r.target = firstAPI; return nil }},
		{`redeem(?:s|ing) the code for the other API`, func(r *request, _ []string) error { r.target = otherAPI; return nil }},
		{`on top of what it has`, func(r *request, _ []string) error { r.union = true; return nil }},
		{`on its own behalf`, func(r *request, _ []string) error { r.alone = true; return nil }},
		{`with the claim "[^"]*"`, withClaim},
		{`repeating the parameter with "[^"]*"`, repeating},
		{`so that \d+ bytes end after "[^"]*"`, padding},
		{`signing in for a high level`, func(r *request, _ []string) error { r.level = true; return nil }},
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
		{`by post`, func(r *request, _ []string) error { r.way.Via = actor.ByPost; return nil }},
		{`by a pushed request`, func(r *request, _ []string) error { r.way.Via = actor.Pushed; return nil }},
		{`in a request object`, func(r *request, _ []string) error { r.way.Via = actor.ByObject; return nil }},
		{`in a spoilt request object`, func(r *request, _ []string) error {
			r.way.Via, r.way.Object.Tampered = actor.ByObject, true
			return nil
		}},
		{`in an unsigned request object`, func(r *request, _ []string) error {
			r.way.Via, r.way.Object.Unsigned = actor.ByObject, true
			return nil
		}},
		{`pushed`, func(r *request, _ []string) error { r.way.Via = actor.PushedObject; return nil }},
		{`with "[^"]*" beside it`, func(r *request, v []string) error {
			raw := oauth.RawScope(v[0])
			r.beside = &raw
			return nil
		}},
		{`in every way there is`, func(r *request, _ []string) error { r.every = "way"; return nil }},
		{`by every kind of authorization request`, func(r *request, _ []string) error { r.every = "request"; return nil }},
		{`\d+ times`, times},
	}}
}

// times reads "5 times".
func times(r *request, values []string) (err error) {
	r.times, err = strconv.Atoi(values[0])
	return err
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
		{`for the first API`, func(r *request, _ []string) error { r.target = firstAPI; return nil }},
		{`for the other API`, func(r *request, _ []string) error { r.target = otherAPI; return nil }},
		{`for an unknown API`, func(r *request, _ []string) error { r.target = unknownAPI; return nil }},
		{`asking by turns for "[^"]*"(?: and "[^"]*")?`, byTurns},
		{`or for nothing`, func(r *request, _ []string) error { r.turns = append(r.turns, nil); return nil }},
		{`\d+ times at once`, timesAtOnce},
		{`\d+ times`, times},
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

// readsObjects reports whether the server has to read a request object: of any
// request, if its metadata is that of RFC 9101 (section 10.5), or else of one of
// OpenID Connect.
func (w *World) readsObjects(r request) bool {
	_, any := w.target().Metadata["require_signed_request_object"]
	return any || r.openID()
}

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
	} else if r.scope != nil {
		params.Set("scope", w.cast.Wire(*r.scope))
	}
	w.aim(params, r.target)
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
