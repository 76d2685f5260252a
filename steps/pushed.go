package steps

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/scopeproof/scopeproof/internal/actor"
)

// registerPushed adds the steps about requests that are pushed first and brought
// to the authorization endpoint afterwards (RFC 9126).
func registerPushed(r registrar, w *World) {
	r.Given(`^(\w+) has pushed a request for `+what+asking().capture()+`$`, w.hasPushed)
	r.Given(`^(\w+) has brought its pushed request to (\w+)$`, w.hasBrought)
	r.When(`^(\w+) brings (its|\w+'s) pushed request to (\w+)( after it has expired|, \d+ times at once)?$`, w.brings)
}

func (w *World) hasPushed(ctx context.Context, client, asked, how string) error {
	r, err := w.request(client, "", asked, how)
	if err != nil {
		return err
	}
	c, err := w.client(ctx, client)
	if err != nil {
		return err
	}
	req, err := w.worded(ctx, r, nil)
	if err != nil {
		return err
	}
	p, err := c.Push(ctx, req)
	if err != nil {
		return err
	}
	if p.Refused != nil {
		return fmt.Errorf("%s pushes a request for %s: %w", client, asked, p.Refused)
	}
	if w.pushed == nil {
		w.pushed = map[string]*actor.PushedRequest{}
	}
	w.pushed[client] = p
	return nil
}

func (w *World) hasBrought(ctx context.Context, client, owner string) error {
	o, err := w.bring(ctx, client, client, owner)
	if err != nil {
		return err
	}
	_, err = o.issued()
	return err
}

func (w *World) brings(ctx context.Context, client, whose, owner, how string) error {
	whose = holder(client, whose)
	p := w.pushed[whose]
	if p == nil {
		return fmt.Errorf("%s has pushed no request", whose)
	}
	if often, found := strings.CutSuffix(how, " times at once"); found {
		tabs, err := strconv.Atoi(strings.TrimPrefix(often, ", "))
		if err != nil {
			return err
		}
		return w.bringsAtOnce(ctx, client, owner, p, tabs)
	}
	if how != "" {
		if p.Expires <= 0 {
			return fmt.Errorf("%s's pushed request says nothing of its lifetime", whose)
		}
		if err := w.cast.AdvanceClock(ctx, p.Expires+time.Minute); err != nil {
			return err
		}
	}
	_, err := w.bring(ctx, client, whose, owner)
	return err
}

// bring takes a pushed request to a resource owner, whoever pushed it, and
// redeems the code that comes of it.
func (w *World) bring(ctx context.Context, client, whose, owner string) (*outcome, error) {
	p := w.pushed[whose]
	if p == nil {
		return nil, fmt.Errorf("%s has pushed no request", whose)
	}
	o, c, err := w.pair(ctx, owner, client)
	if err != nil {
		return nil, err
	}
	a, err := c.Bring(ctx, p, actor.Request{Owner: o})
	if err != nil {
		return nil, err
	}
	if err := w.agreed(a); err != nil {
		return nil, err
	}
	return w.came(ctx, a, request{})
}
