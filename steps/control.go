package steps

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/scopeproof/scopeproof/oauth"
)

// registerControl adds what happens to a grant, a role or the clock afterwards.
func registerControl(r registrar, w *World) {
	r.Given(`^(\w+) has (?:removed "([^"]*)" from|revoked) (its first|its|\w+'s)(?: first)? grant$`, w.edits)
	r.When(`^(\w+) (?:removes "([^"]*)" from|revokes) (\w+'s) grant$`, w.edits)
	r.Given(`^(\w+) has tried to make (\w+)'s grant "([^"]*)"$`, w.triesToMake)
	r.Given(`^(\w+) has been permitted "([^"]*)"$`, w.isPermitted)
	r.Given(`^(\w+) has been limited to "([^"]*)"$`, w.isLimited)
	r.When(`^the lifetime of (\w+)'s token passes$`, w.lifetimePasses)
}

// edits takes scopes out of a grant, or ends it.
func (w *World) edits(ctx context.Context, owner, removed, whose string) error {
	if strings.HasPrefix(whose, "its") {
		return w.hasRevokedOwn(ctx, owner, whose == "its first")
	}
	client := strings.TrimSuffix(whose, "'s")
	if removed == "" {
		return w.revokes(ctx, owner, client)
	}
	return w.removes(ctx, owner, removed, client)
}

func (w *World) removes(ctx context.Context, owner, removed, client string) error {
	o, err := w.owner(ctx, owner)
	if err != nil {
		return err
	}
	c, err := w.client(ctx, client)
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
	o, err := w.owner(ctx, owner)
	if err != nil {
		return err
	}
	c, err := w.client(ctx, client)
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
	o, err := w.owner(ctx, owner)
	if err != nil {
		return err
	}
	c, err := w.client(ctx, client)
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
	// What it takes to refresh at all stays allowed: the rule is about the rest.
	keep := c.Scope.Intersect(oauth.FieldsScope(w.target().Description.AuthorizationServer.Refresh.Scope))
	return w.cast.LimitClient(ctx, c, set.Union(keep))
}

// lifetimePasses moves the clock past the end of the latest token, by what the
// server says of it, and twice the skew allowed.
func (w *World) lifetimePasses(ctx context.Context, client string) error {
	issue, err := w.issued(client)
	if err != nil {
		return err
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
	return w.cast.AdvanceClock(ctx, life+2*skew+time.Minute)
}
