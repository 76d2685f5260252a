package steps

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/cucumber/godog"

	"github.com/scopeproof/scopeproof/internal/actor"
	"github.com/scopeproof/scopeproof/oauth"
)

// registerRefresh adds the steps about what becomes of a grant when its token is
// refreshed.
func registerRefresh(r registrar, w *World) {
	r.Given(`^(\w+) has refreshed its token`+presenting().capture()+`$`, w.hasRefreshed)
	r.Then(`^(\w+)'s earlier grant still yields exactly "([^"]*)"$`, w.stillYields)
	r.Then(`^(\w+)'s token is (good|no good) at the other API$`, w.goodAtOther)
	r.Then(`^narrowing is honoured$`, w.narrowingHonoured)
}

// refreshable is the latest issue of a client that gave it a refresh token.
func (w *World) refreshable(ctx context.Context, client string) (*actor.Issue, error) {
	c, err := w.client(ctx, client)
	if err != nil {
		return nil, err
	}
	for _, i := range slices.Backward(c.Issues) {
		if i.Response == nil {
			continue
		}
		if i.Response.RefreshToken != "" {
			return i, nil
		}
		if i.From != nil { // not rotated: the one before goes on (RFC 6749 section 6)
			i.Response.RefreshToken = i.From.Response.RefreshToken
			return i, nil
		}
	}
	if n := len(c.Issues); n > 0 {
		return nil, c.Issues[n-1].NoRefreshToken()
	}
	return nil, fmt.Errorf("%s was given no refresh token", client)
}

// refresh presents the refresh token of an issue, whoever was given it.
func (w *World) refresh(ctx context.Context, from *actor.Issue, r request) (*outcome, error) {
	c, err := w.client(ctx, r.client)
	if err != nil {
		return nil, err
	}
	want := from.Root().Wanted()
	if r.scope != nil {
		want = oauth.FieldsScope(string(*r.scope))
	}
	params, err := w.params(r)
	if err != nil {
		return nil, err
	}
	if r.details != "" {
		text, err := json.Marshal(w.detailsNamed(r.details))
		if err != nil {
			return nil, err
		}
		params.Set("authorization_details", string(text))
	}
	if r.code {
		a, err := w.code(r.client, false)
		if err != nil {
			return nil, err
		}
		maps.Copy(params, a.Smuggle())
	}
	w.aim(params, r.target)
	issue, err := c.Refresh(ctx, from, r.scope, params)
	if err != nil {
		return nil, err
	}
	o := &outcome{client: c, owner: from.Owner, issue: issue, asked: w.plain(want, oauth.ScopeSet{})}
	w.settle(o)
	return o, nil
}

// refreshLatest presents the latest refresh token of a client, by itself.
func (w *World) refreshLatest(ctx context.Context, r request) (*outcome, error) {
	from, err := w.refreshable(ctx, r.client)
	if err != nil {
		return nil, err
	}
	return w.refresh(ctx, from, r)
}

func (w *World) hasRefreshed(ctx context.Context, client, how string) error {
	r := request{client: client}
	if err := presenting().apply(how, &r); err != nil {
		return err
	}
	o, err := w.refreshLatest(ctx, r)
	if err != nil {
		return err
	}
	_, err = o.issued()
	return err
}

func (w *World) refreshes(ctx context.Context, client, whose, which, how string) error {
	r := request{client: client}
	if err := presenting().apply(how, &r); err != nil {
		return err
	}
	find := w.refreshable
	if which != "" {
		find = w.first
	}
	if r.atOnce > 0 {
		from, err := find(ctx, holder(client, whose))
		if err != nil {
			return err
		}
		return w.refreshesAtOnce(ctx, from, r)
	}
	return w.often(ctx, r, func(ctx context.Context, r request) (*outcome, error) {
		from, err := find(ctx, holder(client, whose))
		if err != nil {
			return nil, err
		}
		return w.refresh(ctx, from, r)
	})
}

func (w *World) refreshesInTurn(ctx context.Context, client string, table *godog.Table) error {
	rows, err := readTable(table, "scope")
	if err != nil {
		return err
	}
	w.batch = nil
	for _, row := range rows {
		r := request{client: client}
		if raw := oauth.RawScope(row["scope"]); raw != "" {
			r.scope = &raw
		}
		o, err := w.refreshLatest(ctx, r)
		if err != nil {
			return err
		}
		if err := w.repeat(ctx, o); err != nil {
			return err
		}
	}
	return nil
}

func (w *World) stillYields(ctx context.Context, client, want string) error {
	set, err := scope(want)
	if err != nil {
		return err
	}
	o, err := w.refreshLatest(ctx, request{client: client})
	if err != nil {
		return err
	}
	if r := o.refusal(); r != nil {
		return violation("%s can no longer refresh: %s, want %q as before", client, r, set)
	}
	return w.judgeExactly(ctx, o, set, set)
}

// atOther lists at the other API with the token of an issue.
func (w *World) atOther(ctx context.Context, i *actor.Issue) (*actor.Attempt, error) {
	a, err := w.cast.Call(ctx, i.Client.Name, w.target().OtherAPI, "list", i.Response.AccessToken, nil, i.Owner)
	if err == nil && !a.Served() && !a.Refused() {
		err = fmt.Errorf("the other API answers with %d, want 2xx, 401 or 403", a.Status)
	}
	return a, err
}

func (w *World) goodAtOther(ctx context.Context, client, how string) error {
	o, err := w.outcomeOf(client)
	if err != nil || (how == "no good" && o.refusal() != nil) {
		return err
	}
	issue, err := o.issued()
	if err != nil {
		return err
	}
	a, err := w.atOther(ctx, issue)
	if err != nil {
		return err
	}
	switch {
	case how == "no good" && a.Served():
		return excess("%s's token opens the other API, want it refused there", client)
	case how == "good" && !a.Served():
		return violation("%s's token for the other API is refused there: got %d", client, a.Status)
	}
	return nil
}

// narrowingHonoured holds a server to the SHOULD behind the choice: whoever asks
// for less gets less.
func (w *World) narrowingHonoured(ctx context.Context) error {
	if len(w.batch) == 0 {
		return fmt.Errorf("nothing was refreshed")
	}
	for n, o := range w.batch {
		class, err := w.class(ctx, "refresh_narrowing", o)
		if err != nil {
			return err
		}
		if class != "honours" {
			return numbered(n, o, violation("%s asked for %q: the server %s it", o.client.Name, o.issue.Asked, class))
		}
	}
	return nil
}
