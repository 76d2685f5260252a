package actor

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/scopeproof/scopeproof/oauth"
)

// Asker is who asks the introspection endpoint. At most one of Client and Bearer
// is set; with neither, nobody asks.
type Asker struct {
	Name   string
	Client *oauth.Client
	Bearer oauth.AccessToken
}

// Introspection is an answer of the introspection endpoint (RFC 7662 section 2.2),
// or its refusal.
type Introspection struct {
	Status int
	// Told is nil where the endpoint refused to answer.
	Told *Introspected
}

// Active reports whether the asker was told that the token is good.
func (i *Introspection) Active() bool { return i.Told != nil && i.Told.Active }

// AnAPI is an API as asker, with the credentials of its own that the target file
// gives; other is the second API.
func (c *Cast) AnAPI(other bool) (Asker, error) {
	api, name := c.Stage.Target.API, "the API"
	if other {
		api, name = c.Stage.Target.OtherAPI, "the other API"
	}
	if api == nil || api.Introspection == nil {
		return Asker{}, fmt.Errorf("what %s introspects with is not known: api.introspection and other_api.introspection say so", name)
	}
	own := &oauth.Client{
		Name: name, ID: api.Introspection.ClientID, Secret: oauth.Secret(api.Introspection.Secret), AuthMethod: oauth.AuthBasic,
	}
	c.Recorder.keep(own.Secret)
	return Asker{Name: name, Client: own}, nil
}

// IntrospectAs asks about a token in somebody's name. Hint is token_type_hint (RFC
// 7662 section 2.1), left out if empty. A refusal is an observation; trouble is an
// error.
func (c *Cast) IntrospectAs(ctx context.Context, who Asker, token oauth.Secret, hint string) (*Introspection, error) {
	endpoint := metadata(c.Stage.Target.Target, "introspection_endpoint")
	form := url.Values{"token": {token.Reveal()}}
	if hint != "" {
		form.Set("token_type_hint", hint)
	}
	got, err := c.postAs(as(ctx, who.Name, "introspects a token"), who, endpoint, form)
	if err != nil {
		return nil, err
	}
	seen := &Introspection{Status: got.status}
	if !got.ok() {
		if oauth.Unready(got.status) {
			return nil, fmt.Errorf("%s introspects a token: got %d %s", who.Name, got.status, c.brief(got.body))
		}
		return seen, nil
	}
	var reply struct {
		Active bool            `json:"active"`
		Scope  json.RawMessage `json:"scope"`
	}
	told := &Introspected{}
	if json.Unmarshal(got.body, &reply) != nil || json.Unmarshal(got.body, &told.Claims) != nil {
		return nil, fmt.Errorf("%s introspects a token: got %d %s, want a JSON object", who.Name, got.status, c.brief(got.body))
	}
	told.Active, told.Scope = reply.Active, oauth.ParseScopeMember(reply.Scope)
	told.Scope.Set = c.canonical(told.Scope.Set)
	seen.Told = told
	return seen, nil
}

// postAs sends a form in somebody's name.
func (c *Cast) postAs(ctx context.Context, who Asker, endpoint string, form url.Values) (answer, error) {
	if who.Client != nil {
		return (&Client{Client: *who.Client, cast: c}).post(ctx, endpoint, form)
	}
	if endpoint == "" {
		return answer{}, fmt.Errorf("the target has no such endpoint")
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, strings.NewReader(form.Encode()))
	if err != nil {
		return answer{}, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "application/json")
	if who.Bearer != "" {
		req.Header.Set("Authorization", "Bearer "+who.Bearer.Reveal())
	}
	return c.Recorder.do(ctx, req)
}
