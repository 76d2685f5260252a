package actor

import (
	"context"
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

// CutOff cuts the API off from the authorization server. [Cast.Restore] undoes it.
func (c *Cast) CutOff(ctx context.Context) error {
	api := c.Stage.Target.API
	if api == nil || api.SetReachable == nil {
		return fmt.Errorf("the API cannot be cut off: control.set_network is not in the target file")
	}
	c.undo = append(c.undo, func(ctx context.Context) error {
		defer c.Stage.waits.forget() // whoever waited then was made to
		return api.SetReachable(ctx, true)
	})
	return api.SetReachable(as(ctx, "administrator", "cuts the API off"), false)
}

// WithdrawScope takes a scope out of the catalogue. [Cast.Restore] undoes it.
func (c *Cast) WithdrawScope(ctx context.Context, scope oauth.ScopeToken) error {
	control := c.Stage.Target.Description.Control
	if control.WithdrawScope == nil || control.RestoreScope == nil {
		return fmt.Errorf("control.withdraw_scope and control.restore_scope are not in the target file")
	}
	c.undo = append(c.undo, func(ctx context.Context) error { return c.RestoreScope(ctx, scope) })
	_, err := c.call(as(ctx, "administrator", "withdraws "+string(scope)), control.WithdrawScope, c.scopeVariable(scope))
	return err
}

// RestoreScope puts a scope back into the catalogue.
func (c *Cast) RestoreScope(ctx context.Context, scope oauth.ScopeToken) error {
	_, err := c.call(as(ctx, "administrator", "restores "+string(scope)), c.Stage.Target.Description.Control.RestoreScope, c.scopeVariable(scope))
	return err
}

func (c *Cast) scopeVariable(scope oauth.ScopeToken) map[string]string {
	return map[string]string{"scope": string(c.wireToken(scope))}
}

// Document is a metadata document (RFC 8414, OpenID Connect Discovery, RFC 9728).
type Document struct {
	URL    string
	Status int
	// Members are nil where there is no such document.
	Members map[string]json.RawMessage
}

// Found reports whether there is such a document.
func (d *Document) Found() bool { return d.Members != nil }

// Scopes are the members of scopes_supported by the names that features use, in
// their order, and raw what stands there; raw is nil if it is left out. An error
// says what is wrong with its JSON type.
func (c *Cast) Scopes(d *Document) (scopes []oauth.ScopeToken, raw json.RawMessage, err error) {
	raw, ok := d.Members["scopes_supported"]
	if !ok {
		return nil, nil, nil
	}
	var texts []string
	if json.Unmarshal(raw, &texts) != nil {
		return nil, raw, fmt.Errorf("scopes_supported: got %s, want an array of strings", c.brief(raw))
	}
	for _, text := range texts {
		token := oauth.ScopeToken(text)
		if own := c.canonical(oauth.NewScopeSet(token)).Tokens(); len(own) == 1 {
			token = own[0]
		}
		scopes = append(scopes, token)
	}
	return scopes, raw, nil
}

// Metadata fetches one of the two documents about the authorization server at its
// well-known place: "oauth-authorization-server" (RFC 8414 section 3.1) or
// "openid-configuration" (OpenID Connect Discovery section 4).
func (c *Cast) Metadata(ctx context.Context, document string) (*Document, error) {
	issuer, err := url.Parse(c.Stage.Target.Issuer)
	if err != nil {
		return nil, err
	}
	path := strings.TrimSuffix(issuer.Path, "/")
	if document == "openid-configuration" {
		issuer.Path = path + "/.well-known/" + document
	} else {
		issuer.Path = "/.well-known/" + document + path
	}
	return c.Document(ctx, issuer.String())
}

// ResourceMetadata fetches the metadata of an API (RFC 9728 section 3).
func (c *Cast) ResourceMetadata(ctx context.Context, api *target.ResourceServer) (*Document, error) {
	if api == nil || api.MetadataURL == "" {
		return nil, fmt.Errorf("the API has no metadata: api.resource_metadata is not in the target file")
	}
	return c.Document(ctx, api.MetadataURL)
}

// Document fetches a metadata document from anywhere, such as the
// resource_metadata of a challenge (RFC 9728 section 5.1).
func (c *Cast) Document(ctx context.Context, address string) (*Document, error) {
	ctx = as(ctx, "scopeproof", "reads metadata")
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json")
	got, err := c.Recorder.do(ctx, req)
	if err != nil {
		return nil, err
	}
	d := &Document{URL: address, Status: got.status}
	media, _, _ := mime.ParseMediaType(got.header.Get("Content-Type"))
	page := media == "text/html"
	switch {
	case oauth.Unready(got.status):
		return nil, fmt.Errorf("%s: got %d, want a document", bare(address), got.status)
	case !got.ok() || page: // some servers answer every address with a page
		return d, nil
	}
	if err := json.Unmarshal(got.body, &d.Members); err != nil {
		return nil, fmt.Errorf("%s: got %s, want a JSON object", bare(address), c.brief(got.body))
	}
	return d, nil
}
