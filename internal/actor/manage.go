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

// ManagedGrant is an answer of the grant management API (Grant Management for
// OAuth 2.0).
type ManagedGrant struct {
	Status int
	Scope  oauth.ScopeSet // of all resources, canonical names
	// ByResource is the scope at each resource; "" is where it names none.
	ByResource map[string]oauth.ScopeSet
	Details    json.RawMessage
	Challenged bool
}

// Served reports whether the API did what was asked.
func (g *ManagedGrant) Served() bool { return g.Status >= 200 && g.Status < 300 }

// QueryGrant asks what is in a grant, with a token for the scope
// grant_management_query. The empty token sends none. A refusal is an
// observation, not an error.
func (c *Client) QueryGrant(ctx context.Context, id string, token oauth.AccessToken) (*ManagedGrant, error) {
	return c.manage(as(ctx, c.Name, "asks what is in its grant"), http.MethodGet, id, token)
}

// RevokeGrant revokes a grant, with a token for the scope
// grant_management_revoke.
func (c *Client) RevokeGrant(ctx context.Context, id string, token oauth.AccessToken) (*ManagedGrant, error) {
	return c.manage(as(ctx, c.Name, "revokes its grant"), http.MethodDelete, id, token)
}

func (c *Client) manage(ctx context.Context, method, id string, token oauth.AccessToken) (*ManagedGrant, error) {
	endpoint := metadata(c.cast.Stage.Target.Target, "grant_management_endpoint")
	if endpoint == "" {
		return nil, fmt.Errorf("the target has no grant_management_endpoint")
	}
	req, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(endpoint, "/")+"/"+url.PathEscape(id), nil)
	if err != nil {
		return nil, err
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token.Reveal())
	}
	got, err := c.cast.Recorder.do(ctx, req)
	if err != nil {
		return nil, err
	}
	if oauth.Unready(got.status) {
		return nil, fmt.Errorf("%s manages a grant: got %d %s", c.Name, got.status, c.cast.brief(got.body))
	}
	g := &ManagedGrant{Status: got.status, ByResource: map[string]oauth.ScopeSet{}}
	_, g.Challenged = oauth.BearerChallenge(got.header.Values("WWW-Authenticate"))
	if !g.Served() || method == http.MethodDelete {
		return g, nil
	}
	var reply struct {
		Scopes []struct {
			Scope     json.RawMessage `json:"scope"`
			Resources []string        `json:"resources"`
		} `json:"scopes"`
		Details json.RawMessage `json:"authorization_details"`
	}
	if err := json.Unmarshal(got.body, &reply); err != nil {
		return nil, fmt.Errorf("%s asks what is in its grant: got %d %s, want a JSON object", c.Name, got.status, c.cast.brief(got.body))
	}
	g.Details = reply.Details
	for _, each := range reply.Scopes {
		set := c.cast.canonical(oauth.ParseScopeMember(each.Scope).Set)
		g.Scope = g.Scope.Union(set)
		if len(each.Resources) == 0 {
			each.Resources = []string{""}
		}
		for _, resource := range each.Resources {
			g.ByResource[resource] = g.ByResource[resource].Union(set)
		}
	}
	return g, nil
}
