package steps

import (
	"context"
	"fmt"
	"slices"

	"github.com/scopeproof/scopeproof/internal/actor"
	"github.com/scopeproof/scopeproof/oauth"
)

// both makes a batch of the two tokens of a hybrid response: the one in the
// redirect and the one that the code bought.
func (w *World) both(ctx context.Context, bought *outcome) error {
	redirect := *bought
	redirect.issue, redirect.how, bought.how = bought.auth.Front, "in the redirect", "for the code"
	w.batch = nil
	for _, o := range []*outcome{&redirect, bought} {
		if err := w.repeat(ctx, o); err != nil {
			return err
		}
	}
	return nil
}

// redirectIDToken judges the ID token that stands beside a code.
func (w *World) redirectIDToken(ctx context.Context, client, scopes string) error {
	o, err := w.outcomeOf(client)
	if err != nil {
		return err
	}
	if o.auth == nil || o.auth.Front == nil {
		return fmt.Errorf("%s was given no ID token in the redirect", client)
	}
	claims, err := o.auth.Front.IDToken(ctx)
	if err != nil {
		return err
	}
	return w.idTokenNoMore(client, claims, scopes)
}

// idTokenSome wants one claim at least of each of the scopes, of those that the
// resource owner has.
func (w *World) idTokenSome(ctx context.Context, client, scopes string) error {
	o, err := w.outcomeOf(client)
	if err != nil {
		return err
	}
	claims, err := w.idToken(ctx, client)
	if err != nil {
		return err
	}
	if claims == nil {
		return violation("%s was given no ID token, want one with claims of %q", client, scopes)
	}
	for _, s := range w.supported(scopes) {
		if all, missing := w.missing(claims, s, o.owner); all > 0 && len(missing) == all {
			return violation("%s's ID token carries no claim of %q, want at least one of %q", client, s, missing)
		}
	}
	return nil
}

// way is how an authorization request is made, with what only the target and the
// scenario know.
func (w *World) way(ctx context.Context, r request) (actor.Way, error) {
	way := r.way
	if r.details != "" {
		way.Details = w.detailsNamed(r.details)
	}
	var err error
	switch r.grantOf {
	case "":
	case "nobody":
		way.GrantID = "a-grant-that-nobody-has"
	case "its":
		way.GrantID, err = w.grantID(ctx, r.client, false)
	default:
		way.GrantID, err = w.grantID(ctx, r.grantOf, false)
	}
	return way, err
}

// grantID is the managed grant that a client was given last, or first.
func (w *World) grantID(ctx context.Context, client string, first bool) (string, error) {
	c, err := w.client(ctx, client)
	if err != nil {
		return "", err
	}
	ids := grantIDs(c.Issues)
	if len(ids) == 0 {
		return "", fmt.Errorf("%s was given no grant id", client)
	}
	if first {
		return ids[0], nil
	}
	return ids[len(ids)-1], nil
}

// grantIDs are the ids that token responses reported, in order.
func grantIDs(issues []*actor.Issue) []string {
	var ids []string
	for _, i := range issues {
		if i.Response != nil && i.Response.GrantID != "" && i.Grant != oauth.RefreshTokenGrant {
			ids = append(ids, i.Response.GrantID)
		}
	}
	return slices.Compact(ids)
}
