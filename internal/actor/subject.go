package actor

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/scopeproof/scopeproof/internal/useragent"
	"github.com/scopeproof/scopeproof/oauth"
)

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

// subject obtains a token and reads sub from it.
func (c *Cast) subject(ctx context.Context, owner *Owner) (string, error) {
	if subject := c.Stage.namer.ask(ctx, c, owner); subject != "" {
		return subject, nil
	}
	issue, err := c.audit(ctx, owner, c.telling())
	if err != nil {
		return "", err
	}
	subject, err := c.readSubject(ctx, issue)
	if err == nil {
		c.Stage.namer.try(ctx, c, owner, subject)
	}
	return subject, err
}

// telling is a scope for which a token tells whose it is.
func (c *Cast) telling() oauth.RawScope {
	if c.Stage.can("as.oidc") {
		return "openid read:appointments"
	}
	return "read:appointments"
}

// RedeemedAs redeems a code and reports whether what it is good for is an owner's own.
// Where nothing says whose it is, it is not.
func (a *Authorization) RedeemedAs(ctx context.Context, owner *Owner) (*Issue, bool, error) {
	issue, err := a.Client.Redeem(ctx, a, nil)
	if err != nil || issue.Response == nil {
		return issue, false, err
	}
	subject, err := a.Client.cast.readSubject(ctx, issue)
	if err != nil {
		return issue, false, nil
	}
	own, err := owner.LearnSubject(ctx)
	return issue, own == subject, err
}

// readSubject reads sub from an ID token, introspection or a JWT.
func (c *Cast) readSubject(ctx context.Context, issue *Issue) (string, error) {
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

// namer learns the subjects of resource owners that are made for one scenario alone
// with their passwords, one request each: of such there are many. It does so once
// it has named one as an authorization does. It is for all casts of a stage.
type namer struct {
	once   sync.Once
	client atomic.Pointer[oauth.Client] // nil: it does not name them
}

// try finds out whether the password of an owner leads to the subject that an
// authorization has led to.
func (n *namer) try(ctx context.Context, c *Cast, owner *Owner, want string) {
	if !owner.created || !c.Stage.can("as.ropc") || !registers(c.Stage.Target.Target) {
		return
	}
	n.once.Do(func() {
		registered, err := c.registerAuditor(ctx, oauth.ScopeSet{})
		if err != nil {
			return
		}
		if got, err := c.subjectByPassword(ctx, registered, owner); err == nil && got == want {
			n.client.Store(registered)
		}
	})
}

// ask is the subject of an owner, or empty: then an authorization has to tell.
func (n *namer) ask(ctx context.Context, c *Cast, owner *Owner) string {
	registered := n.client.Load()
	if registered == nil || !owner.created {
		return ""
	}
	subject, err := c.subjectByPassword(ctx, registered, owner)
	if err != nil {
		return ""
	}
	return subject
}

func (c *Cast) subjectByPassword(ctx context.Context, registered *oauth.Client, owner *Owner) (string, error) {
	scope := c.telling()
	issue, err := c.enter(registered).Password(ctx, Request{Owner: owner, Scope: &scope})
	if err != nil {
		return "", err
	}
	if issue.Response == nil {
		return "", issue.Refused
	}
	return c.readSubject(ctx, issue)
}
