package target

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"strconv"
	"strings"
)

// New returns a target that runs at issuer: the description with its variables
// replaced, the metadata with the endpoints that the description names, and the
// APIs that it describes. The variables shall have "issuer"; Stop and what else
// the caller knows is for the caller to add.
func New(ctx context.Context, kind Kind, d *Description, variables map[string]string) (*Target, error) {
	d, err := d.WithVariables(variables)
	if err != nil {
		return nil, err
	}
	t := &Target{Description: d, Kind: kind, Issuer: variables["issuer"], Variables: variables}
	d.AuthorizationServer.Issuer = t.Issuer
	found, err := FetchMetadata(ctx, nil, t.Issuer, d.AuthorizationServer.MetadataURL)
	if err != nil {
		return nil, err
	}
	t.Metadata = found.Document
	if t.Metadata == nil && len(d.AuthorizationServer.Endpoints) == 0 {
		return nil, &Unavailable{
			What: t.Issuer, Got: "no metadata (" + strings.Join(found.Tried, "; ") + ")", Want: "a metadata document (RFC 8414)",
			Hint: "for a server without one, describe authorization_server.endpoints in the target file",
		}
	}
	if t.Metadata == nil {
		t.Metadata = map[string]any{}
	}
	for name, endpoint := range d.AuthorizationServer.Endpoints {
		t.Metadata[name] = endpoint
	}
	if endpoint, _ := t.Metadata["registration_endpoint"].(string); d.Clients.Register.Dynamic != nil && endpoint == "" {
		return nil, &Unavailable{
			What: "clients.register.dynamic", Got: "no registration_endpoint in the metadata of " + t.Issuer, Want: "one (RFC 7591 section 3)",
			Hint: "clients that exist are named under clients.actors, clients.register.http makes them in another way, and authorization_server.endpoints names what the metadata leaves out",
		}
	}
	if d.API != nil {
		t.API = t.server(d.API)
	}
	if d.OtherAPI != nil {
		t.OtherAPI = t.server(d.OtherAPI)
		if d.AuthorizationServer.OtherResource == "" {
			d.AuthorizationServer.OtherResource = d.OtherAPI.Resource
		}
	}
	return t, nil
}

// SetUp makes the calls of Setup at a server that answers, and adds what they
// capture to the variables.
func (d *Description) SetUp(ctx context.Context, variables map[string]string) error {
	if len(d.Setup) == 0 {
		return nil
	}
	t := &Target{Description: d, Variables: variables}
	s := t.session(nil)
	for i, call := range d.Setup {
		if err := t.succeed(ctx, s, call); err != nil {
			return fmt.Errorf("setup[%d]: %w", i, err)
		}
	}
	for _, name := range laterCaptures(d.Setup) {
		value, found := s.Variables[name]
		if !found {
			return fmt.Errorf("setup: got no %q in the answers, want it captured", name)
		}
		variables[name] = value
	}
	return nil
}

// Unset returns the variables with those that Setup will capture, which stand for
// themselves until then.
func (d *Description) Unset(variables map[string]string) map[string]string {
	all := maps.Clone(variables)
	for _, name := range laterCaptures(d.Setup) {
		all[name] = "${" + name + "}"
	}
	return all
}

// server returns the resource server that an API describes.
func (t *Target) server(api *API) *ResourceServer {
	s := &ResourceServer{
		BaseURL: api.BaseURL, Resource: api.Resource, Operations: api.Operations, Further: api.Further, Audience: api.Resource,
		Batch: api.Batch, StepUp: api.StepUp, MetadataURL: api.ResourceMetadata, Introspection: api.Introspection,
	}
	if cut := t.Description.Control.SetNetwork; cut != nil {
		s.SetReachable = func(ctx context.Context, reachable bool) error {
			_, err := t.Perform(ctx, *cut, map[string]string{"reachable": strconv.FormatBool(reachable)})
			return err
		}
	}
	if trust := t.Description.Control.TrustKey; trust != nil && api.TrustsHarnessKey {
		s.TrustKey = func(ctx context.Context, jwk []byte) error {
			_, err := t.Perform(ctx, *trust, map[string]string{"jwk": string(jwk)})
			return err
		}
	}
	return s
}

// Client returns an HTTP client that reaches the target, and waits for each answer
// no longer than [SetupTimeout].
func (t *Target) Client() *http.Client {
	return &http.Client{Transport: t.Transport, Timeout: SetupTimeout}
}
