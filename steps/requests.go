package steps

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"

	"github.com/cucumber/godog"

	"github.com/scopeproof/scopeproof/oauth"
)

// registerRequests adds the acts of asking a resource owner, or the server, for
// access.
func registerRequests(r registrar, w *World) {
	r.When(`^(\w+) asks (\w+) for "([^"]*)"$`, w.asks)
	r.When(`^(\w+) asks (\w+) for "([^"]*)" silently$`, w.asksSilently)
	r.When(`^(\w+) asks (\w+) for "([^"]*)" and insists on consent$`, w.asksInsisting)
	r.When(`^(\w+) asks (\w+) for "([^"]*)" at the other API$`, w.asksOther)
	r.When(`^(\w+) asks (\w+) for "([^"]*)" at the other API silently$`, w.asksOtherSilently)
	r.When(`^(\w+) asks (\w+) for "([^"]*)" 5 times$`, w.asksOften)
	r.When(`^(\w+) asks (\w+) for "openid" with the claim "([^"]*)", 5 times$`, w.asksWithClaim)
	r.When(`^(\w+) asks (\w+) to add "([^"]*)" to what it has$`, w.asksToAdd)
	r.When(`^(\w+) asks (\w+) to add "([^"]*)" to what it has, 5 times$`, w.asksToAddOften)
	r.When(`^(\w+) asks (\w+) for "([^"]*)" and the required scopes$`, w.asksWithRequired)
	r.When(`^(\w+) asks (\w+) for the scopes for people only$`, w.asksForUserOnly)
	r.When(`^(\w+) asks for "([^"]*)" on its own behalf$`, w.asksAlone)
	r.When(`^(\w+) asks for "([^"]*)" and the scopes for people only, on its own behalf$`, w.asksAloneForUserOnly)
	r.When(`^these requests are made in turn (\d+) times:$`, w.asksInTurn)
	r.When(`^(\w+) redeems its code$`, w.redeems)
}

func (w *World) asks(ctx context.Context, client, owner, scope string) error {
	_, err := w.ask(ctx, request{client: client, owner: owner, scope: scope})
	return err
}

func (w *World) asksSilently(ctx context.Context, client, owner, scope string) error {
	_, err := w.ask(ctx, request{client: client, owner: owner, scope: scope, silent: true})
	return err
}

func (w *World) asksInsisting(ctx context.Context, client, owner, scope string) error {
	_, err := w.ask(ctx, request{client: client, owner: owner, scope: scope, prompt: "consent"})
	return err
}

func (w *World) asksOther(ctx context.Context, client, owner, scope string) error {
	_, err := w.ask(ctx, request{client: client, owner: owner, scope: scope, other: true})
	return err
}

func (w *World) asksOtherSilently(ctx context.Context, client, owner, scope string) error {
	_, err := w.ask(ctx, request{client: client, owner: owner, scope: scope, other: true, silent: true})
	return err
}

// repetitions is how often an open choice is looked at: the answer must not
// change.
const repetitions = 5

func (w *World) often(ctx context.Context, r request) error {
	w.batch = nil
	for range repetitions {
		o, err := w.ask(ctx, r)
		if err != nil {
			return err
		}
		if err := w.repeat(ctx, o); err != nil {
			return err
		}
	}
	return nil
}

func (w *World) asksOften(ctx context.Context, client, owner, scope string) error {
	return w.often(ctx, request{client: client, owner: owner, scope: scope})
}

func (w *World) asksWithClaim(ctx context.Context, client, owner, claim string) error {
	value, err := json.Marshal(map[string]any{"userinfo": map[string]any{claim: nil}, "id_token": map[string]any{claim: nil}})
	if err != nil {
		return err
	}
	return w.often(ctx, request{client: client, owner: owner, scope: "openid", params: map[string]string{"claims": string(value)}})
}

func (w *World) asksToAdd(ctx context.Context, client, owner, scope string) error {
	_, err := w.ask(ctx, request{client: client, owner: owner, scope: scope, union: true})
	return err
}

func (w *World) asksToAddOften(ctx context.Context, client, owner, scope string) error {
	return w.often(ctx, request{client: client, owner: owner, scope: scope, union: true})
}

func (w *World) asksWithRequired(ctx context.Context, client, owner, scope string) error {
	return w.asks(ctx, client, owner, scope+" "+w.target().Description.AuthorizationServer.RequiredScopes)
}

func (w *World) asksForUserOnly(ctx context.Context, client, owner string) error {
	return w.asks(ctx, client, owner, w.target().Description.AuthorizationServer.UserOnlyScopes)
}

func (w *World) asksAlone(ctx context.Context, client, scope string) error {
	c, err := w.client(ctx, client)
	if err != nil {
		return err
	}
	raw := oauth.RawScope(scope)
	issue, err := c.ClientCredentials(ctx, &raw, nil)
	if err != nil {
		return err
	}
	w.settle(&outcome{client: c, issue: issue, asked: oauth.FieldsScope(scope)})
	return nil
}

func (w *World) asksAloneForUserOnly(ctx context.Context, client, scope string) error {
	return w.asksAlone(ctx, client, scope+" "+w.target().Description.AuthorizationServer.UserOnlyScopes)
}

func (w *World) asksInTurn(ctx context.Context, times int, table *godog.Table) error {
	rows, err := readTable(table, "client", "owner", "scope")
	if err != nil {
		return err
	}
	w.batch = nil
	for range times {
		for _, row := range rows {
			o, err := w.ask(ctx, request{client: row["client"], owner: row["owner"], scope: row["scope"]})
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

func (w *World) redeems(ctx context.Context, client string) error {
	a, ok := w.codes[client]
	if !ok {
		return fmt.Errorf("%s has no code", client)
	}
	issue, err := a.Client.Redeem(ctx, a, nil)
	if err != nil {
		return err
	}
	w.settle(&outcome{client: a.Client, owner: a.Owner, auth: a, issue: issue, asked: a.Asked.Minus(a.Added)})
	return nil
}

// params are the parameters that a request has beside the usual ones.
func (w *World) params(r request) (url.Values, error) {
	q := url.Values{}
	for name, value := range r.params {
		q.Set(name, value)
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

// jsonValue reads a JSON value of a feature; "absent" is no value at all.
func jsonValue(text string) (any, error) {
	if text == "absent" {
		return nil, nil
	}
	if text == "null" {
		return json.RawMessage("null"), nil
	}
	var v any
	err := json.Unmarshal([]byte(text), &v)
	return v, err
}
