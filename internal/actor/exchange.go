package actor

import (
	"bytes"
	"context"
	"fmt"
	"net/url"

	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

// accessTokenType is a token type identifier (RFC 8693 section 3).
const accessTokenType = "urn:ietf:params:oauth:token-type:access_token"

// Exchange is a request to exchange the access token of an earlier issue (RFC
// 8693 section 2.1).
type Exchange struct {
	Subject *Issue
	Actor   *Issue          // who acts for the subject's owner; nil: nobody
	Scope   *oauth.RawScope // nil: no scope parameter
	// Other asks for a token for the second API; without it the request names no
	// target.
	Other bool
	// Params are put in place of what the request would have, such as another
	// subject_token.
	Params url.Values
}

// Exchange trades the access token of an earlier issue for another one. The
// refusal of the server is an observation, not an error.
func (c *Client) Exchange(ctx context.Context, e Exchange) (*Issue, error) {
	for _, from := range []*Issue{e.Subject, e.Actor} {
		if from != nil && from.Response == nil {
			return nil, fmt.Errorf("%s was given no token that could be exchanged", from.Client.Name)
		}
	}
	form := url.Values{
		"grant_type":    {string(oauth.TokenExchange)},
		"subject_token": {e.Subject.Response.AccessToken.Reveal()}, "subject_token_type": {accessTokenType},
	}
	purpose := "exchanges its token"
	if whose := e.Subject.Client.Name; whose != c.Name {
		purpose = "exchanges the token of " + whose
	}
	if e.Actor != nil {
		form.Set("actor_token", e.Actor.Response.AccessToken.Reveal())
		form.Set("actor_token_type", accessTokenType)
		purpose += " as an actor"
	}
	issue := &Issue{
		Owner: e.Subject.Owner, Grant: oauth.TokenExchange, Subject: e.Subject, Actor: e.Actor, Omitted: e.Scope == nil,
		Other: e.Other || e.Subject.Other,
	}
	if e.Scope != nil {
		form.Set("scope", c.cast.Wire(*e.Scope))
		issue.Asked = oauth.FieldsScope(string(*e.Scope))
		purpose += " asking for " + string(*e.Scope)
	} else {
		issue.Asked = e.Subject.Means()
	}
	if e.Other {
		c.aim(form, true)
		purpose += " for the other API"
	}
	issue, err := c.alone(c.token(as(ctx, c.Name, purpose), issue, form, e.Params))
	if err == nil && e.Other && issue.Response != nil && keptAudience(e.Subject.Response.AccessToken, issue.Response.AccessToken) {
		issue.Other = e.Subject.Other // the target was ignored: the scope of the response is not about it
	}
	return issue, err
}

// keptAudience reports whether two JWTs are meant for the same APIs.
func keptAudience(before, after oauth.AccessToken) bool {
	was, ok := decodeJWT(before)
	if !ok {
		return false
	}
	is, ok := decodeJWT(after)
	return ok && len(was["aud"]) > 0 && bytes.Equal(was["aud"], is["aud"])
}

// exchangeClass tells what bounds an exchange that asked for more than its
// subject token holds.
func exchangeClass(ctx context.Context, i *Issue, epoch int) (string, error) {
	if i == nil || i.Response == nil {
		return "subset", nil
	}
	seen, err := i.Observe(ctx, epoch)
	if err != nil {
		return "", err
	}
	if i.hierarchy().Beyond(seen.Effective, i.Subject.Means()).IsEmpty() {
		return "subset", nil
	}
	return "client", nil
}

func exchanging(ctx context.Context, c *Cast) (string, error) {
	some, all := oauth.RawScope("read:appointments"), oauth.RawScope("read:appointments write:appointments")
	_, subject, err := c.obtain(ctx, "Planner", "Ada", Request{Scope: &some})
	if err != nil {
		return "", err
	}
	if subject == nil || subject.Response == nil {
		return "", fmt.Errorf("no token to exchange: %w", errRefused)
	}
	same, err := subject.Client.Exchange(ctx, Exchange{Subject: subject, Scope: &some})
	if err != nil {
		return "", err
	}
	if same.Response == nil {
		return "", fmt.Errorf("a token cannot be exchanged for an equal one: %w", errRefused)
	}
	i, err := subject.Client.Exchange(ctx, Exchange{Subject: subject, Scope: &all})
	if err != nil {
		return "", err
	}
	return Class(ctx, target.TokenExchangeBound, nil, i, 0)
}
