package actor

import (
	"context"
	"errors"
	"fmt"

	"github.com/scopeproof/scopeproof/internal/useragent"
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
	issue, err := c.audit(ctx, owner, everything)
	if err != nil {
		return "", err
	}
	c.audits[owner.Name] = issue.Response.AccessToken
	return issue.Response.AccessToken, nil
}

// audit obtains a token for the auditor, with the owner's consent.
func (c *Cast) audit(ctx context.Context, owner *Owner, scope oauth.RawScope) (*Issue, error) {
	client, err := c.auditorClient(ctx)
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
// bears the credentials of another.
func (c *Cast) auditorClient(ctx context.Context) (*Client, error) {
	if c.auditor != nil {
		return c.auditor, nil
	}
	d := c.Stage.Target.Description
	name := "Auditor"
	for _, other := range []string{"Auditor", "Rival", "Planner"} {
		own := d.Clients.Actors[other]
		if !own.Absent && (own.ID != "" || registers(c.Stage.Target.Target)) {
			name = other
			break
		}
	}
	registered, err := c.register(as(ctx, "scopeproof", "registers the auditor"), name)
	if err != nil {
		return nil, fmt.Errorf("the auditor's client is registered: %w", err)
	}
	registered.Name = "Auditor"
	c.auditor = c.enter(registered)
	return c.auditor, nil
}

// LearnSubject is the sub of the owner's tokens. Where nothing says what it is,
// one is obtained and looked at, once in a run for each username.
func (o *Owner) LearnSubject(ctx context.Context) (string, error) {
	if o.Subject != "" {
		return o.Subject, nil
	}
	stage := o.cast.Stage
	if known, ok := stage.subjects.Load(o.Username); ok {
		return known.(string), nil
	}
	jar := o.jar
	o.learning, o.jar = true, useragent.NewJar() // whether they have signed in is a part of the scenario
	defer func() { o.learning, o.jar = false, jar }()
	subject, err := o.cast.subject(ctx, o)
	if err != nil {
		return "", fmt.Errorf("the subject of %s's tokens is learned: %w\n    hint: set users.%s.subject in the target file", o.Name, err, o.Name)
	}
	stage.subjects.Store(o.Username, subject)
	return subject, nil
}

// subject reads sub from an ID token, introspection or a JWT.
func (c *Cast) subject(ctx context.Context, owner *Owner) (string, error) {
	scope := oauth.RawScope("read:appointments")
	if c.Stage.can("as.oidc") {
		scope = "openid read:appointments"
	}
	issue, err := c.audit(ctx, owner, scope)
	if err != nil {
		return "", err
	}
	id, err := issue.IDToken(ctx)
	if sub, ok := id["sub"].(string); ok {
		return sub, nil
	}
	in, introspecting := issue.Introspect(ctx)
	if in != nil {
		if sub, ok := in.Claims["sub"].(string); ok {
			return sub, nil
		}
	}
	claims, _ := decodeJWT(issue.Response.AccessToken)
	if sub := text(claims["sub"]); sub != "" {
		return sub, nil
	}
	return "", errors.Join(errors.New("neither an ID token nor introspection nor a JWT names it"), err, introspecting)
}
