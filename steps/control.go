package steps

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/scopeproof/scopeproof/internal/actor"
	"github.com/scopeproof/scopeproof/oauth"
)

// registerControl adds what happens to a grant, a role or the clock afterwards.
func registerControl(r registrar, w *World) {
	const things = `(its|\w+'s)((?: first)? (?:grant|token|refresh token))`
	r.Given(`^(\w+) has (?:removed "([^"]*)" from|revoked) `+things+`$`, w.edits)
	r.When(`^(\w+) (?:removes "([^"]*)" from|revokes) `+things+`$`, w.edits)
	r.Given(`^(\w+) has tried to make (\w+)'s grant "([^"]*)"$`, w.triesToMake)
	r.Given(`^(\w+) has been permitted "([^"]*)"$`, w.isPermitted)
	r.Given(`^(\w+) has been limited to "([^"]*)"$`, w.isLimited)
	r.Given(`^"([^"]*)" has been withdrawn$`, w.withdrawn)
	r.When(`^the lifetime of (\w+)'s token passes( after it was served)?$`, w.lifetimePasses)
}

// edits takes scopes out of a grant, or ends it: a resource owner somebody's
// grant, a client a token.
func (w *World) edits(ctx context.Context, who, removed, whose, what string) error {
	thing, first := strings.CutPrefix(strings.TrimSpace(what), "first ")
	client := holder(who, whose)
	switch {
	case thing == "grant" && whose == "its":
		return w.hasRevokedOwn(ctx, who, first)
	case thing != "grant" && removed == "":
		return w.revokesToken(ctx, who, client, thing, first)
	case thing != "grant":
		return fmt.Errorf("%s removes %q: want it removed from a grant", who, removed)
	case removed == "":
		return w.revokes(ctx, who, client)
	}
	return w.removes(ctx, who, removed, client)
}

// revokesToken presents a token at the revocation endpoint, whoever was given it.
// A client that is refused its own has revoked nothing, unless the server revokes
// no access tokens (RFC 7009 section 2.2.1).
func (w *World) revokesToken(ctx context.Context, who, client, thing string, first bool) error {
	find := w.held
	switch {
	case first:
		find = w.first
	case thing == "refresh token":
		find = w.refreshable
	}
	i, err := find(ctx, client)
	if err != nil {
		return err
	}
	token := i.Response.AccessToken
	if thing == "refresh token" {
		token = i.Response.RefreshToken
	}
	c, err := w.client(ctx, who)
	if err != nil {
		return err
	}
	w.act()
	got, err := c.RevokeToken(ctx, token, "")
	if err != nil {
		return err
	}
	if r := got.Refused; r != nil && who == client && (thing == "refresh token" || r.Code != "unsupported_token_type") {
		return fmt.Errorf("%s revokes its %s: %w", who, thing, r)
	}
	return nil
}

func (w *World) removes(ctx context.Context, owner, removed, client string) error {
	o, c, err := w.pair(ctx, owner, client)
	if err != nil {
		return err
	}
	set, err := scope(removed)
	if err != nil {
		return err
	}
	left := w.ledger.current(o, c).Minus(set)
	if err := o.RemoveScope(ctx, c, set, left); err != nil {
		return fmt.Errorf("%s removes %q from %s's grant: %w", owner, removed, client, err)
	}
	w.act()
	w.ledger.remove(o, c, set)
	return nil
}

func (w *World) revokes(ctx context.Context, owner, client string) error {
	o, c, err := w.pair(ctx, owner, client)
	if err != nil {
		return err
	}
	if err := o.Revoke(ctx, c); err != nil {
		return fmt.Errorf("%s revokes %s's grant: %w", owner, client, err)
	}
	w.act()
	w.ledger.revoke(o, c)
	return nil
}

// triesToMake asks for a grant to become something; a refusal is as good as any
// answer, but the server must stand.
func (w *World) triesToMake(ctx context.Context, owner, client, wanted string) error {
	o, c, err := w.pair(ctx, owner, client)
	if err != nil {
		return err
	}
	set, err := scope(wanted)
	if err != nil {
		return err
	}
	status, err := o.SetScope(ctx, c, set.Union(w.ledger.current(o, c)))
	w.act()
	if err == nil && status >= 500 {
		err = fmt.Errorf("%s sets %s's grant: got %d", owner, client, status)
	}
	return err
}

func (w *World) isPermitted(ctx context.Context, owner, permissions string) error {
	o, err := w.owner(ctx, owner)
	if err != nil {
		return err
	}
	set, err := scope(permissions)
	if err != nil {
		return err
	}
	w.act()
	return o.SetPermissions(ctx, set)
}

func (w *World) isLimited(ctx context.Context, client, allowed string) error {
	c, err := w.client(ctx, client)
	if err != nil {
		return err
	}
	set, err := scope(allowed)
	if err != nil {
		return err
	}
	w.act()
	return w.cast.LimitClient(ctx, c, set.Union(w.indispensable(c)))
}

// indispensable is what stays allowed where a client is limited, since rules are
// about the rest: what it takes to ask for anything at all, and to refresh.
func (w *World) indispensable(c *actor.Client) oauth.ScopeSet {
	as := w.target().Description.AuthorizationServer
	return c.Scope.Intersect(oauth.FieldsScope(as.Refresh.Scope + " " + as.AlwaysAsked))
}

// withdrawn takes a scope out of the server's catalogue.
func (w *World) withdrawn(ctx context.Context, named string) error {
	set, err := scope(named)
	if err != nil {
		return err
	}
	w.act()
	for _, token := range set.Tokens() {
		if err := w.cast.WithdrawScope(ctx, token); err != nil {
			return err
		}
	}
	return nil
}

// leeway is how long after its end a token may still count: a few minutes (RFC 9068
// section 4). Widely used libraries take five.
const leeway = 6 * time.Minute

// lifetimePasses moves the clock past the end of the latest token, by what the
// server says of it, twice the skew allowed, and the leeway.
func (w *World) lifetimePasses(ctx context.Context, client, served string) error {
	issue, err := w.issued(client)
	if err != nil {
		return err
	}
	if served != "" {
		a, err := w.try(ctx, client, "list", issue.Response.AccessToken, issue.API(), issue.Owner)
		if err == nil && !a.Served() {
			err = fmt.Errorf("%s's token is not served before its lifetime passes: got %d", client, a.Status)
		}
		if err != nil {
			return err
		}
	}
	life := issue.Response.ExpiresIn
	if life == 0 {
		return fmt.Errorf("%s's token says nothing of its lifetime", client)
	}
	skew := time.Duration(w.target().Description.AuthorizationServer.ClockSkew)
	if skew == 0 {
		skew = 5 * time.Second
	}
	w.act()
	return w.cast.AdvanceClock(ctx, life+2*skew+leeway)
}
