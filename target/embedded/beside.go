package embedded

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/scopeproof/scopeproof/internal/refserver"
	"github.com/scopeproof/scopeproof/target"
)

// Issuer is the reference server beside an API that is under test alone: it issues
// the access tokens that the API takes. See [target.Tokens].
type Issuer struct {
	server *refserver.Server
	d      *target.Description
}

// Beside starts the reference server for the API that a description describes, at
// the address that the description names, else at listen.
func Beside(ctx context.Context, d *target.Description, listen string) (*Issuer, error) {
	tokens := d.Tokens
	if tokens == nil {
		tokens = &target.Tokens{}
	}
	if tokens.Listen != "" {
		listen = tokens.Listen
	}
	described, err := besideAPI(d)
	if err != nil {
		return nil, err
	}
	server, err := refserver.Start(context.WithoutCancel(ctx), refserver.Options{
		TokenFormat: tokens.Format, Listen: listen, Issuer: strings.TrimSuffix(tokens.Issuer, "/"),
		Calendar: d.API.Resource, Policy: renaming(d.Scopes),
	})
	if err != nil {
		return nil, &target.Unavailable{
			What: "the server that issues tokens for the API", Got: err.Error(), Want: "it to start",
			Hint: "set tokens.listen to an address that is free", Err: err,
		}
	}
	return &Issuer{server, described}, nil
}

// Variables are what stands for the issuer in the target file. Reached is its URL
// as the API reaches it; empty: its own.
func (i *Issuer) Variables(reached string) map[string]string {
	audience := i.d.API.Resource
	if audience == "" {
		audience = i.server.Issuer() + "/" + refserver.CalendarAPI
	}
	if reached == "" {
		reached = i.server.URL()
	}
	return map[string]string{
		"issuer": i.server.Issuer(), "authority": reached, "audience": audience, "admin_key": i.server.AdminKey(),
	}
}

// URL is where it listens.
func (i *Issuer) URL() string { return i.server.URL() }

// Close stops it.
func (i *Issuer) Close() { i.server.Close() }

// Target is the API as a target, with this issuer. The API is taken as running;
// stop ends it, and may be nil.
func (i *Issuer) Target(ctx context.Context, kind target.Kind, variables map[string]string, stop func() error) (*target.Target, error) {
	t, err := target.New(ctx, kind, i.d, variables)
	if err != nil {
		return nil, err
	}
	t.API.Audience = variables["audience"]
	t.API.Resource = t.API.Audience
	t.API.Mint = i.server.Mint
	if t.API.SetReachable == nil {
		t.API.SetReachable = func(_ context.Context, reachable bool) error {
			i.server.SetAnswering(reachable)
			return nil
		}
	}
	t.Stop = func() error {
		var err error
		if stop != nil {
			err = stop()
		}
		i.server.Close()
		return err
	}
	return t, nil
}

// API is the target of a description with an API alone, which runs already.
func API(d *target.Description) target.Source { return apiOnly{d} }

type apiOnly struct{ d *target.Description }

// Open implements [target.Source].
func (s apiOnly) Open(ctx context.Context) (*target.Target, error) {
	issuer, err := Beside(ctx, s.d, target.TokensListen)
	if err != nil {
		return nil, err
	}
	t, err := issuer.Target(ctx, target.KindExternal, issuer.Variables(""), nil)
	if err == nil {
		err = answers(ctx, t)
	}
	if err != nil {
		issuer.Close()
		return nil, err
	}
	return t, nil
}

// answers reports whether the API answers at all.
func answers(ctx context.Context, t *target.Target) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, t.API.BaseURL, nil)
	if err != nil {
		return err
	}
	response, err := t.Client().Do(request)
	if err != nil {
		return &target.Unavailable{What: t.API.BaseURL, Got: err.Error(), Want: "the API to answer", Hint: "start it, or see api.base_url in the target file", Err: err}
	}
	return response.Body.Close()
}

// besideAPI is the reference's description with an API in place of its calendar.
// What it says of the calendar and of its own clock is left out.
func besideAPI(d *target.Description) (*target.Description, error) {
	m, err := Load()
	if err != nil {
		return nil, err
	}
	tokens := target.Tokens{Format: "jwt"}
	if given := d.Tokens; given != nil {
		tokens = *given
	}
	m.File, m.Bundle, m.Name, m.Version = d.File, d.Bundle, d.Name, d.Version
	m.Embedded, m.Container = nil, d.Container
	m.Parallel, m.Judged, m.Scopes, m.Hierarchy = d.Parallel, d.Judged, d.Scopes, d.Hierarchy
	api := *d.API
	if api.Introspection == nil {
		api.Introspection = m.API.Introspection
	}
	m.API, m.Tokens = &api, &tokens
	for _, choice := range []target.ChoiceName{target.ScopeArray, target.TokenInQuery, target.ChallengeScope} {
		delete(m.Choices, choice)
	}
	maps.Copy(m.Choices, d.Choices)
	for _, name := range slices.Collect(maps.Keys(m.Capabilities)) {
		if strings.HasPrefix(string(name), "rs.") {
			delete(m.Capabilities, name)
		}
	}
	m.Capabilities["token.jwt_profile_9068"] = "true"
	m.Capabilities["token.format"] = "jwt"
	if tokens.Format == "opaque" {
		m.Capabilities["token.format"], m.Capabilities["token.jwt_profile_9068"] = "opaque", "false"
	}
	maps.Copy(m.Capabilities, d.Capabilities)
	own := m.Control
	m.Control = d.Control
	m.Control.RemoveScope, m.Control.SetScope, m.Control.RevokeGrant = own.RemoveScope, own.SetScope, own.RevokeGrant
	m.Control.CreateUser, err = createdUser(own.CreateUser, m.Users["Ada"].Permissions)
	return m, err
}

// createdUser is the call that makes a user, who may have every scope: it is the
// API that is under test.
func createdUser(call *target.Call, every *string) (*target.Call, error) {
	body, ok := call.JSON.(map[string]any)
	if !ok || every == nil {
		return nil, errors.New("the reference's control.create_user: got no JSON, want an object")
	}
	body = maps.Clone(body)
	body["permissions"] = strings.Fields(*every + " " + refserver.ReadSummary)
	own := *call
	own.JSON = body
	return &own, nil
}

// renaming is the policy of an issuer that knows its scopes by other names, where
// the API does.
func renaming(names map[string]string) refserver.Policy {
	p := refserver.Conformant()
	if len(names) == 0 {
		return p
	}
	back := map[string]string{}
	for ours, own := range names {
		back[own] = ours
	}
	parse, claims, view, claimed := p.ParseScope, p.ScopeClaims, p.Introspection.View, p.API.ClaimedScope
	p.ParseScope = func(raw string) (refserver.ScopeSet, error) {
		scope, err := parse(raw)
		return renamedSet(scope, back), err
	}
	p.ScopeClaims = func(scope refserver.ScopeSet) map[string]any { return claims(renamedSet(scope, names)) }
	p.API.ClaimedScope = func(all map[string]any) (refserver.ScopeSet, error) {
		scope, err := claimed(all)
		return renamedSet(scope, back), err
	}
	p.Introspection.View = func(caller refserver.Client, active bool, all map[string]any) map[string]any {
		if text, ok := all["scope"].(string); ok {
			all["scope"] = renamedSet(strings.Split(text, " "), names).String()
		}
		return view(caller, active, all)
	}
	return p
}

// renamedSet is a scope with other names.
func renamedSet(scope refserver.ScopeSet, names map[string]string) refserver.ScopeSet {
	renamed := slices.Clone(scope)
	for i, token := range renamed {
		if name, ok := names[token]; ok {
			renamed[i] = name
		}
	}
	return renamed
}
