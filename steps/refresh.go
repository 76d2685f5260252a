package steps

import (
	"context"
	"fmt"
	"net/url"
	"slices"

	"github.com/cucumber/godog"

	"github.com/scopeproof/scopeproof/internal/actor"
	"github.com/scopeproof/scopeproof/oauth"
)

// registerRefresh adds the steps about refreshing an access token.
func registerRefresh(r registrar, w *World) {
	r.Given(`^(\w+) has refreshed its token asking for "([^"]*)"$`, w.hasRefreshed)
	r.When(`^(\w+) refreshes its token$`, w.refreshes)
	r.When(`^(\w+) refreshes its first token$`, w.refreshesFirst)
	r.When(`^(\w+) refreshes its token asking for "([^"]*)"$`, w.refreshesFor)
	r.When(`^(\w+) refreshes its first token asking for "([^"]*)"$`, w.refreshesFirstFor)
	r.When(`^(\w+) refreshes its token asking for "([^"]*)" 5 times$`, w.refreshesOften)
	r.When(`^(\w+) refreshes its token, asking in turn for:$`, w.refreshesInTurn)
	r.When(`^(\w+) refreshes its token and adds that code$`, w.refreshesWithCode)
	r.When(`^(\w+) refreshes its token for the other API$`, w.refreshesForOther)
	r.When(`^(\w+) presents (\w+)'s refresh token$`, w.presents)
	r.Then(`^(\w+)'s earlier grant still yields exactly "([^"]*)"$`, w.stillYields)
	r.Then(`^(\w+)'s token is no good at the other API$`, w.noGoodAtOther)
	r.Then(`^(\w+)'s token is good at the other API$`, w.goodAtOther)
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
	return nil, fmt.Errorf("%s was given no refresh token", client)
}

func (w *World) refresh(ctx context.Context, client string, from *actor.Issue, asked *string, params url.Values) (*outcome, error) {
	c, err := w.client(ctx, client)
	if err != nil {
		return nil, err
	}
	var raw *oauth.RawScope
	want := from.Root().Wanted()
	if asked != nil {
		s := oauth.RawScope(*asked)
		raw, want = &s, oauth.FieldsScope(*asked)
	}
	issue, err := c.Refresh(ctx, from, raw, params)
	if err != nil {
		return nil, err
	}
	o := &outcome{client: c, owner: from.Owner, issue: issue, asked: w.plain(want, oauth.ScopeSet{})}
	w.settle(o)
	return o, nil
}

func (w *World) refreshLatest(ctx context.Context, client string, asked *string, params url.Values) (*outcome, error) {
	from, err := w.refreshable(ctx, client)
	if err != nil {
		return nil, err
	}
	return w.refresh(ctx, client, from, asked, params)
}

func (w *World) hasRefreshed(ctx context.Context, client, asked string) error {
	o, err := w.refreshLatest(ctx, client, &asked, nil)
	if err != nil {
		return err
	}
	_, err = o.issued()
	return err
}

func (w *World) refreshes(ctx context.Context, client string) error {
	_, err := w.refreshLatest(ctx, client, nil, nil)
	return err
}

func (w *World) refreshesFor(ctx context.Context, client, asked string) error {
	_, err := w.refreshLatest(ctx, client, &asked, nil)
	return err
}

func (w *World) refreshesFirst(ctx context.Context, client string) error {
	from, err := w.first(ctx, client)
	if err != nil {
		return err
	}
	_, err = w.refresh(ctx, client, from, nil, nil)
	return err
}

func (w *World) refreshesFirstFor(ctx context.Context, client, asked string) error {
	from, err := w.first(ctx, client)
	if err != nil {
		return err
	}
	_, err = w.refresh(ctx, client, from, &asked, nil)
	return err
}

func (w *World) refreshesOften(ctx context.Context, client, asked string) error {
	w.batch = nil
	for range repetitions {
		o, err := w.refreshLatest(ctx, client, &asked, nil)
		if err != nil {
			return err
		}
		if err := w.repeat(ctx, o); err != nil {
			return err
		}
	}
	return nil
}

func (w *World) refreshesInTurn(ctx context.Context, client string, table *godog.Table) error {
	rows, err := readTable(table, "scope")
	if err != nil {
		return err
	}
	w.batch = nil
	for _, row := range rows {
		var asked *string
		if s := row["scope"]; s != "" {
			asked = &s
		}
		o, err := w.refreshLatest(ctx, client, asked, nil)
		if err != nil {
			return err
		}
		if err := w.repeat(ctx, o); err != nil {
			return err
		}
	}
	return nil
}

func (w *World) refreshesWithCode(ctx context.Context, client string) error {
	a, ok := w.codes[client]
	if !ok {
		return fmt.Errorf("%s has no code", client)
	}
	_, err := w.refreshLatest(ctx, client, nil, a.Smuggle())
	return err
}

func (w *World) refreshesForOther(ctx context.Context, client string) error {
	t := w.target()
	_, err := w.refreshLatest(ctx, client, nil, url.Values{t.Description.AuthorizationServer.ResourceParameter: {t.OtherAPI.Resource}})
	return err
}

func (w *World) presents(ctx context.Context, client, holder string) error {
	from, err := w.refreshable(ctx, holder)
	if err != nil {
		return err
	}
	_, err = w.refresh(ctx, client, from, nil, nil)
	return err
}

func (w *World) stillYields(ctx context.Context, client, want string) error {
	set, err := scope(want)
	if err != nil {
		return err
	}
	o, err := w.refreshLatest(ctx, client, nil, nil)
	if err != nil {
		return err
	}
	if r := o.refusal(); r != nil {
		return violation("%s can no longer refresh: %s, want %q as before", client, r, set)
	}
	return w.judgeExactly(ctx, o, set)
}

// atOther lists at the other API with the token of an issue.
func (w *World) atOther(ctx context.Context, i *actor.Issue) (*actor.Attempt, error) {
	a, err := w.cast.Call(ctx, i.Client.Name, w.target().OtherAPI, "list", i.Response.AccessToken, nil, i.Owner)
	if err == nil && !a.Served() && !a.Refused() {
		err = fmt.Errorf("the other API answers with %d, want 2xx, 401 or 403", a.Status)
	}
	return a, err
}

func (w *World) noGoodAtOther(ctx context.Context, client string) error {
	o, err := w.outcomeOf(client)
	if err != nil || o.refusal() != nil {
		return err
	}
	a, err := w.atOther(ctx, o.issue)
	if err != nil {
		return err
	}
	if a.Served() {
		return excess("%s's token opens the other API, want it refused there", client)
	}
	return nil
}

func (w *World) goodAtOther(ctx context.Context, client string) error {
	issue, err := w.issued(client)
	if err != nil {
		return err
	}
	a, err := w.atOther(ctx, issue)
	if err != nil {
		return err
	}
	if !a.Served() {
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
			return numbered(n, violation("%s asked for %q at refresh: the server %s it", o.client.Name, o.issue.Asked, class))
		}
	}
	return nil
}
