package steps

import (
	"context"
	"fmt"
	"slices"

	"github.com/scopeproof/scopeproof/internal/actor"
	"github.com/scopeproof/scopeproof/oauth"
)

// registerManaged adds the steps about grants that are managed one by one (Grant
// Management for OAuth 2.0).
func registerManaged(r registrar, w *World) {
	r.When(`^(\w+) (queries|revokes) its grant with (a token for "[^"]*"|the token of that grant|no token)$`, w.managesGrant)
	r.Then(`^the grant management API (serves|refuses) (\w+)( with a challenge)?$`, w.managementAnswers)
	r.Then(`^a query of (\w+)'s( first)? grant shows (exactly|no more than) "([^"]*)"$`, w.queryShows)
	r.Then(`^(\w+) is given (a|the same|another) grant id(?: as before| than before)?$`, w.isGivenGrantID)
}

// managing is a manner to ask with a grant management action, on somebody's
// grant.
func managing(phrase, action, grantOf string) manner[request] {
	return manner[request]{phrase, func(r *request, _ []string) error {
		if action != "" {
			r.way.Action = action
		}
		if grantOf != "" {
			r.grantOf = grantOf
		}
		return nil
	}}
}

// The scopes of the grant management API (draft, API authorization).
const (
	queryScope  = "grant_management_query"
	revokeScope = "grant_management_revoke"
)

// managementToken is a token of a client's own for a scope.
func (w *World) managementToken(ctx context.Context, c *actor.Client, named string) (oauth.AccessToken, error) {
	raw := oauth.RawScope(named)
	i, err := c.ClientCredentials(ctx, &raw, nil)
	if err != nil {
		return "", err
	}
	if i.Response == nil {
		return "", fmt.Errorf("%s asks for a token to manage its grants: %w", c.Name, i.Refused)
	}
	return i.Response.AccessToken, nil
}

func (w *World) managesGrant(ctx context.Context, client, verb, with string) error {
	c, err := w.client(ctx, client)
	if err != nil {
		return err
	}
	id, err := w.grantID(ctx, client, false)
	if err != nil {
		return err
	}
	return w.manages(ctx, c, id, verb, with)
}

// manages queries or revokes a grant with a token of some kind.
func (w *World) manages(ctx context.Context, c *actor.Client, id, verb, with string) (err error) {
	var token oauth.AccessToken
	switch named, found := quoted(with); {
	case found:
		token, err = w.managementToken(ctx, c, named)
	case with == "the token of that grant":
		token, err = w.grantToken(c, id)
	}
	if err != nil {
		return err
	}
	if verb == "queries" {
		w.managed, err = c.QueryGrant(ctx, id, token)
	} else {
		w.managed, err = c.RevokeGrant(ctx, id, token)
	}
	w.act()
	return err
}

// grantToken is the latest access token of a managed grant.
func (w *World) grantToken(c *actor.Client, id string) (oauth.AccessToken, error) {
	for _, i := range slices.Backward(c.Issues) {
		if i.Response != nil && i.Response.GrantID == id {
			return i.Response.AccessToken, nil
		}
	}
	return "", fmt.Errorf("%s was issued no token under its grant", c.Name)
}

// hasRevokedOwn revokes the latest managed grant of a client, or the first.
func (w *World) hasRevokedOwn(ctx context.Context, client string, first bool) error {
	c, err := w.client(ctx, client)
	if err != nil {
		return err
	}
	id, err := w.grantID(ctx, client, first)
	if err != nil {
		return err
	}
	if err := w.manages(ctx, c, id, "revokes", `a token for "`+revokeScope+`"`); err != nil {
		return err
	}
	if !w.managed.Served() {
		return fmt.Errorf("%s revokes its grant: got %d, want success", client, w.managed.Status)
	}
	return nil
}

func (w *World) managementAnswers(_ context.Context, how, client, challenged string) error {
	if w.managed == nil {
		return fmt.Errorf("%s has not been to the grant management API", client)
	}
	switch served := w.managed.Served(); {
	case how == "serves" && !served:
		return violation("the grant management API refuses %s with %d, want it served", client, w.managed.Status)
	case how == "refuses" && served:
		return excess("the grant management API serves %s with %d, want a refusal", client, w.managed.Status)
	case how == "refuses" && challenged != "" && (w.managed.Status != 401 || !w.managed.Challenged):
		return violation("the grant management API refuses %s with %d, want 401 and a Bearer challenge", client, w.managed.Status)
	}
	return nil
}

func (w *World) queryShows(ctx context.Context, client, first, how, named string) error {
	want, err := scope(named)
	if err != nil {
		return err
	}
	c, err := w.client(ctx, client)
	if err != nil {
		return err
	}
	id, err := w.grantID(ctx, client, first != "")
	if err != nil {
		return err
	}
	token, err := w.managementToken(ctx, c, queryScope)
	if err != nil {
		return err
	}
	held, err := c.QueryGrant(ctx, id, token)
	if err != nil {
		return err
	}
	if how == "no more than" {
		if extra := w.beyond(w.plain(held.Scope, want), want); !extra.IsEmpty() {
			return excess("a query of %s's grant shows %q, want at most %q", client, held.Scope, want)
		}
		return nil // the grant may have ended
	}
	if !held.Served() {
		return violation("a query of %s's grant is refused with %d, want %q", client, held.Status, want)
	}
	// Scopes that mean nothing at an API need not be named: the claims stand beside them.
	got := w.plain(held.Scope, want)
	if !w.within(got, want) || !w.within(want.Minus(w.cast.ProtocolScopes()), got) {
		return violation("a query of %s's grant shows %q, want %q", client, got, want)
	}
	return nil
}

func (w *World) isGivenGrantID(_ context.Context, client, which string) error {
	o, err := w.outcomeOf(client)
	if err != nil {
		return err
	}
	if r := o.refusal(); r != nil {
		return violation("%s was refused with %s, want a grant id", client, r)
	}
	id := o.issue.Response.GrantID
	before := grantIDs(o.client.Issues[:o.issue.Number])
	switch {
	case id == "":
		return violation("%s was given no grant id", client)
	case which != "a" && len(before) == 0:
		return fmt.Errorf("%s was given no grant id before", client)
	case which == "the same" && id != before[len(before)-1]:
		return violation("%s was given another grant id, want the same as before", client)
	case which == "another" && slices.Contains(before, id):
		return violation("%s was given the same grant id, want another than before", client)
	}
	return nil
}
