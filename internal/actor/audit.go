package actor

import (
	"context"
	"fmt"

	"github.com/scopeproof/scopeproof/oauth"
)

// auditorToken is a token with every scope of the API for one owner: signed by
// us where the API trusts our key, obtained by a client of its own otherwise.
func (c *Cast) auditorToken(ctx context.Context, owner *Owner) (oauth.AccessToken, error) {
	if token, ok := c.audits[owner.Name]; ok {
		return token, nil
	}
	everything := c.APIScopes().Raw()
	if c.Stage.mints() {
		subject, err := owner.LearnSubject(ctx)
		if err != nil {
			return "", err
		}
		token, err := c.Mint(subject, "auditor", map[string]any{"scope": c.Wire(everything)})
		if err == nil {
			c.audits[owner.Name] = token
		}
		return token, err
	}
	if owner.Limited { // a request for more may be refused (RFC 6749 section 3.3)
		if may := c.APIScopes().Intersect(owner.Permissions); !may.IsEmpty() {
			everything = may.Raw()
		}
	}
	issue, err := c.audit(ctx, owner, everything)
	if err != nil {
		return "", err
	}
	c.audits[owner.Name] = issue.Response.AccessToken
	return issue.Response.AccessToken, nil
}

// audit obtains a token for the auditor, with the owner's consent.
func (c *Cast) audit(ctx context.Context, owner *Owner, scope oauth.RawScope) (*Issue, error) {
	client, err := c.auditorClient(ctx, scope)
	if err != nil {
		return nil, err
	}
	a, err := client.Authorize(ctx, Request{Owner: owner, Scope: &scope, Decision: &oauth.ConsentDecision{}})
	if err != nil {
		return nil, err
	}
	issue, err := client.Redeem(ctx, a, nil)
	if err != nil {
		return nil, err
	}
	if issue.Response == nil {
		return nil, fmt.Errorf("the auditor is refused a token: %w", issue.Refused)
	}
	return issue, nil
}

// auditorClient is a client of the auditor's own, so that nothing of what it
// obtains is a part of the scenario: where the target has no such client, it
// bears the credentials of another. Clients that can be had are another for each
// scope: a server may answer whoever was granted something before with just that.
func (c *Cast) auditorClient(ctx context.Context, scope oauth.RawScope) (*Client, error) {
	if !registers(c.Stage.Target.Target) {
		scope = ""
	}
	if known, ok := c.auditors[scope]; ok {
		return known, nil
	}
	registered, err := c.registerAuditor(ctx, oauth.FieldsScope(string(scope)))
	if err != nil {
		return nil, err
	}
	c.auditors[scope] = c.enter(registered)
	return c.auditors[scope], nil
}

// registerAuditor registers a client that may have a scope, beside what all may have:
// the API under test may need one that features do not speak of.
func (c *Cast) registerAuditor(ctx context.Context, scope oauth.ScopeSet) (*oauth.Client, error) {
	d := c.Stage.Target.Description
	name := "Auditor"
	for _, other := range []string{"Auditor", "Rival", "Planner"} {
		own := d.Clients.Actors[other]
		if !own.Absent && (own.ID != "" || registers(c.Stage.Target.Target)) {
			name = other
			break
		}
	}
	registered, err := c.register(as(ctx, "scopeproof", "registers the auditor"), name, scope)
	if err != nil {
		return nil, fmt.Errorf("the auditor's client is registered: %w", err)
	}
	registered.Name = "Auditor"
	return registered, nil
}
