package actor

import (
	"context"
	"fmt"
	"net/http"
	"slices"

	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

// APIClass names which lawful answer an API gave, for an open choice; about says
// that the choice is one of an API.
func APIClass(name target.ChoiceName, a *Attempt) (class string, about bool, err error) {
	served := ""
	switch name {
	case target.ChallengeScope:
		if _, named := a.Challenge.Get("scope"); named {
			return "named", true, nil
		}
		return "absent", true, nil
	case target.ScopeArray:
		served = "understood"
	case target.TokenInQuery:
		served = "accepted"
	default:
		return "", false, nil
	}
	switch {
	case a.Served():
		return served, true, nil
	case a.Refused() || a.Status == http.StatusBadRequest:
		return "refused", true, nil
	}
	return "", true, fmt.Errorf("the API answers with %d, want 2xx, 401 or 403", a.Status)
}

// apiTrials are about what an API answers that is not ours.
func apiTrials() []trial {
	all := func(names ...target.Capability) func(*Stage) bool {
		return func(s *Stage) bool {
			return s.can("rs.own") && !slices.ContainsFunc(names, func(name target.Capability) bool { return !s.can(name) })
		}
	}
	return []trial{
		{target.ScopeArray, all("rs.mint.jwt"), func(ctx context.Context, c *Cast) (string, error) {
			owner, err := c.Owner(ctx, "Ada")
			if err != nil {
				return "", err
			}
			subject, err := owner.LearnSubject(ctx)
			if err != nil {
				return "", err
			}
			token, err := c.Mint(subject, "planner", map[string]any{"scope": []string{c.Wire("read:appointments")}})
			if err != nil {
				return "", err
			}
			return c.tried(ctx, target.ScopeArray, "list", token, owner, Wire{})
		}},
		{target.TokenInQuery, all("as.code"), func(ctx context.Context, c *Cast) (string, error) {
			owner, token, err := c.holder(ctx, oauth.NewScopeSet("read:appointments"))
			if err != nil {
				return "", err
			}
			wire, err := Present("query", token)
			if err != nil {
				return "", err
			}
			return c.tried(ctx, target.TokenInQuery, "list", "", owner, wire)
		}},
		{target.ChallengeScope, all("as.code"), func(ctx context.Context, c *Cast) (string, error) {
			owner, token, err := c.holder(ctx, oauth.NewScopeSet("read:appointments"))
			if err != nil {
				return "", err
			}
			return c.tried(ctx, target.ChallengeScope, "create", token, owner, Wire{})
		}},
	}
}

// tried is the class of the answer to one request.
func (c *Cast) tried(ctx context.Context, name target.ChoiceName, operation string, token oauth.AccessToken, owner *Owner, w Wire) (string, error) {
	api := c.Stage.Target.API
	op, ok := api.Operation(operation)
	if !ok {
		return "", errRefused
	}
	a, err := c.sendOperation(as(ctx, "Planner", "calls "+operation), api, op, token, nil, owner, w)
	switch {
	case err != nil:
		return "", err
	case name == target.ChallengeScope && !a.Challenged:
		return "", fmt.Errorf("got %d without a challenge: %w", a.Status, errRefused)
	}
	class, _, err := APIClass(name, a)
	return class, err
}
