package actor

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"time"

	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jws"

	"github.com/scopeproof/scopeproof/oauth"
)

// Assert asks for a token with an assertion about a resource owner that the
// client signs itself (RFC 7523 section 2.1). Of the request Owner, Scope, Other
// and Params count. Claims are put in place of what the assertion would have; one
// given as nil is left out.
func (c *Client) Assert(ctx context.Context, r Request, claims map[string]any) (*Issue, error) {
	assertion, err := c.assertion(ctx, r.Owner, claims)
	if err != nil {
		return nil, fmt.Errorf("%s signs an assertion: %w", c.Name, err)
	}
	form := url.Values{"grant_type": {string(oauth.JWTBearer)}, "assertion": {assertion.Reveal()}}
	issue := &Issue{Owner: r.Owner, Grant: oauth.JWTBearer, Omitted: r.Scope == nil, Other: r.Other}
	purpose := "asserts to act for " + r.Owner.Name
	if r.Scope != nil {
		form.Set("scope", c.cast.Wire(*r.Scope))
		issue.Asked = oauth.FieldsScope(string(*r.Scope))
		purpose += " asking for " + string(*r.Scope)
	}
	c.aim(form, r.Other)
	return c.alone(c.token(as(ctx, c.Name, purpose), issue, form, r.Params))
}

// assertion is a JWT of RFC 7523 section 3, for the server that the issuer
// identifier names.
func (c *Client) assertion(ctx context.Context, owner *Owner, claims map[string]any) (oauth.Secret, error) {
	if c.key == nil {
		return "", fmt.Errorf("the client has registered no key")
	}
	subject, err := owner.LearnSubject(ctx)
	if err != nil {
		return "", err
	}
	now := time.Now().Add(c.cast.ahead)
	all := map[string]any{
		"iss": c.ID, "sub": subject, "aud": c.cast.Stage.Target.Issuer, "jti": random(8),
		"iat": now.Unix(), "exp": now.Add(5 * time.Minute).Unix(),
	}
	for name, value := range claims {
		if value == nil {
			delete(all, name)
			continue
		}
		all[name] = value
	}
	payload, err := json.Marshal(all)
	if err != nil {
		return "", err
	}
	signed, err := jws.Sign(payload, jws.WithKey(jwa.ES256(), c.key.private))
	assertion := oauth.Secret(signed)
	c.cast.Recorder.keep(assertion)
	return assertion, err
}
