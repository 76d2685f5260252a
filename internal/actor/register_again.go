package actor

import (
	"context"
	"slices"
	"strings"

	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

// registerEither registers a client as the features have it, and where that is
// refused in the words of a stricter server, see [Cast.ease]. Which of both it was is
// kept for all clients of that name. The error is that of the first.
func (c *Cast) registerEither(ctx context.Context, client *oauth.Client) error {
	eased, tried := c.Stage.eased.Load(client.Name)
	if tried && eased.(bool) {
		c.ease(client)
		return c.registerOnce(ctx, client)
	}
	other := *client
	err := c.registerOnce(ctx, client)
	if err == nil || tried || passing(err) || !c.ease(&other) {
		return err
	}
	again := c.registerOnce(ctx, &other)
	if passing(again) {
		return err
	}
	c.Stage.eased.Store(client.Name, again == nil)
	if again == nil {
		*client, err = other, nil
	}
	return err
}

// ease changes of a client what servers may lawfully refuse: scopes of OpenID Connect
// that the metadata does not list (RFC 7591 section 2), an address of this machine,
// which is for native applications alone (OpenID Connect Dynamic Client Registration
// section 2), and a machine without a redirect URI. It reports whether there was
// anything to change. What the target file says stays.
func (c *Cast) ease(client *oauth.Client) bool {
	before := *client
	t := c.Stage.Target
	if client.RedirectURI == "" {
		client.RedirectURI = target.RedirectURI
	}
	client.Native = strings.HasPrefix(client.RedirectURI, "http://")
	if listed, _ := t.Metadata["scopes_supported"].([]any); len(listed) > 0 && t.Description.Clients.Actors[client.Name].Scope == "" {
		for _, scope := range openIDScopes.Tokens() {
			if !slices.Contains(listed, any(string(c.wireToken(scope)))) {
				client.Scope = client.Scope.Minus(oauth.NewScopeSet(scope))
			}
		}
	}
	return client.RedirectURI != before.RedirectURI || client.Native != before.Native || !client.Scope.Equal(before.Scope)
}
