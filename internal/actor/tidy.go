package actor

import (
	"context"

	"github.com/scopeproof/scopeproof/target"
)

// tidy has what was created at an API taken away when the scenario ends, by the
// API's own delete. An API that was started for the run goes with all that it
// holds.
func (c *Cast) tidy(api *target.ResourceServer, a *Attempt) {
	if c.Stage.Target.Kind != target.KindExternal || api.Ours || api != c.Stage.Target.API || a.ObjectID == "" || a.Owner == nil {
		return
	}
	remove, offered := api.Operation("delete")
	if !offered {
		return
	}
	on := &Object{ID: a.ObjectID, Marker: a.Marker, Owner: a.Owner}
	c.undo = append(c.undo, func(ctx context.Context) error {
		token, err := c.auditorToken(ctx, on.Owner)
		if err == nil {
			_, err = c.sendOnce(as(ctx, "auditor", "tidies up"), api, remove, token, on, on.Owner, Wire{})
		}
		if err != nil && ctx.Err() != nil {
			return err
		}
		return nil // it may be gone, or refuse: no rule is about that
	})
}
