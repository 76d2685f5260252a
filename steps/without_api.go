package steps

import (
	"context"
	"fmt"

	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

// Where there is no API, what a token could do there is what its scope says.

// scopeOf is the scope of the calendar that an act needs.
func scopeOf(verb string) oauth.ScopeSet {
	switch verb {
	case "read":
		return oauth.NewScopeSet("read:appointments")
	case "move":
		return oauth.NewScopeSet("read:appointments", "write:appointments")
	default:
		return oauth.NewScopeSet("write:appointments")
	}
}

func (w *World) holdsFor(ctx context.Context, client, verb string) error {
	_, issue := w.bearer(client)
	if issue == nil {
		return fmt.Errorf("%s has no token: %w", client, w.refusalOf(client))
	}
	held, err := w.effective(ctx, issue)
	if err != nil {
		return err
	}
	if missing := w.beyond(scopeOf(verb), held); !missing.IsEmpty() {
		return violation("%s holds %q, want %q as well", client, held, missing)
	}
	return nil
}

func (w *World) holdsNotFor(ctx context.Context, client, verb string) error {
	_, issue := w.bearer(client)
	needs := scopeOf(verb)
	switch {
	case issue == nil || w.refused(client) && w.within(needs, issue.Means()):
		return nil
	case w.unites() && issue.Owner != nil && w.within(needs, w.ledger.consents[consentKey{issue.Owner, issue.Root().Client, issue.Other}]):
		return nil // what was agreed to before comes with every request
	}
	held, err := w.effective(ctx, issue)
	if err != nil {
		return err
	}
	if err := w.inherits(target.Operation{AllOf: needs.String()}, held); err != nil {
		return err
	}
	if needs.SubsetOf(held) {
		return excess("%s holds %q, want it without %q", client, held, needs)
	}
	return nil
}
