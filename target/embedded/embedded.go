// Package embedded runs the reference server in this process: the target of
// every command that is given none. It also supplies the calendar API to
// targets that bring none of their own.
package embedded

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/scopeproof/scopeproof/internal/refserver"
	"github.com/scopeproof/scopeproof/target"
)

// Option changes the reference server.
type Option func(*source)

// Defect switches a seeded fault on, by its id.
func Defect(id string) Option { return func(s *source) { s.defect = id } }

// Tokens chooses the format of access tokens: "jwt" (the default) or "opaque".
func Tokens(format string) Option { return func(s *source) { s.tokens = format } }

// Without leaves out optional features of the reference; [refserver.Features]
// lists them.
func Without(features ...string) Option {
	return func(s *source) { s.without = append(s.without, features...) }
}

// Lawful chooses other lawful answers than the reference's, by their ids.
func Lawful(ids ...string) Option {
	return func(s *source) { s.lawful = append(s.lawful, ids...) }
}

// Watch hands taken what the reference decides, as [refserver.Watched] does.
func Watch(taken func(refserver.Decision)) Option {
	return func(s *source) { s.taken = taken }
}

// Override changes keys of the reference's description.
func Override(overrides ...target.Override) Option {
	return func(s *source) { s.overrides = append(s.overrides, overrides...) }
}

// Reference is the reference server with its calendar and contacts APIs. Every
// Open starts another one.
func Reference(options ...Option) target.Source {
	s := &source{}
	for _, option := range options {
		option(s)
	}
	return s
}

// Description is the reference server as a description with the key embedded
// asks for it: what the description says comes before what the reference's own
// says.
func Description(d *target.Description, options ...Option) target.Source {
	s := &source{own: d}
	for _, option := range options {
		option(s)
	}
	return s
}

type source struct {
	defect, tokens string
	without        []string
	lawful         []string
	taken          func(refserver.Decision)
	overrides      []target.Override
	own            *target.Description
}

// Load returns the description of the embedded reference: the bundled one, with
// the container that its file describes replaced by this process.
func Load(overrides ...target.Override) (*target.Description, error) {
	swap := []target.Override{
		{Key: "container", Remove: true},
		{Key: "authorization_server.issuer", Remove: true},
		{Key: "embedded", Value: "{}"},
	}
	d, err := target.LoadBundled("reference", append(swap, overrides...)...)
	if err != nil || len(d.Embedded.Lawful) == 0 {
		return d, err
	}
	swap = append(swap, declared(d.Embedded.Lawful)...)
	return target.LoadBundled("reference", append(swap, overrides...)...)
}

// description is the reference's, with what the caller wants in its place.
func (s *source) description() (*target.Description, error) {
	overrides := s.overrides
	if len(s.lawful) > 0 {
		overrides = append(slices.Clone(overrides), target.Override{Key: "embedded.lawful", Value: "[" + strings.Join(s.lawful, ", ") + "]"})
	}
	d, err := Load(overrides...)
	if err != nil {
		return nil, err
	}
	if s.own != nil {
		overlay(reflect.ValueOf(d).Elem(), reflect.ValueOf(s.own).Elem())
	}
	wanted := *d.Embedded
	if s.defect != "" {
		wanted.Defect = s.defect
	}
	if s.tokens != "" {
		wanted.Tokens = s.tokens
	}
	wanted.Without = append(slices.Clone(wanted.Without), s.without...)
	wanted.With = append(slices.Clone(wanted.With), featuresOf(wanted.Defect)...)
	choose(&wanted)
	d.Embedded = &wanted
	for _, feature := range wanted.Without {
		if name, ok := declaredFor()[feature]; ok {
			declare(d, name, "false")
		}
	}
	if slices.Contains(wanted.Without, "multi_resource") { // which no metadata tells
		d.AuthorizationServer.SeveralResources = false
	}
	if wanted.Tokens == "opaque" {
		declare(d, "token.format", "opaque")
		declare(d, "token.jwt_profile_9068", "false")
	}
	return d, nil
}

// declare adds to what a description declares.
func declare(d *target.Description, name target.Capability, value string) {
	all := map[target.Capability]string{}
	maps.Copy(all, d.Capabilities)
	all[name] = value
	d.Capabilities = all
}

// declaredFor is the capabilities that the description declares for optional
// features, which nothing in the server's own metadata shows.
func declaredFor() map[string]target.Capability {
	return map[string]target.Capability{
		"registration_management": "as.dcr.mgmt", "software_statement": "as.dcr.software_statement",
		"resource_metadata": "rs.prm", "step_up": "rs.stepup",
	}
}

// overlay puts what from says over what to says: structs and mappings are
// merged, anything else is replaced.
func overlay(to, from reflect.Value) {
	for i := range to.NumField() {
		field, own := to.Field(i), from.Field(i)
		switch {
		case own.IsZero():
		case field.Kind() == reflect.Struct:
			overlay(field, own)
		case field.Kind() == reflect.Map && !field.IsNil():
			for _, key := range own.MapKeys() {
				field.SetMapIndex(key, own.MapIndex(key))
			}
		default:
			field.Set(own)
		}
	}
}

// Open implements [target.Source].
func (s *source) Open(ctx context.Context) (*target.Target, error) {
	d, err := s.description()
	if err != nil {
		return nil, err
	}
	options := refserver.Options{TokenFormat: d.Embedded.Tokens}
	for _, f := range d.Embedded.Without {
		if !slices.Contains(refserver.Features(), refserver.Feature(f)) {
			return nil, &target.Problems{List: []target.Problem{{
				File: "target", Path: "embedded.without", Text: fmt.Sprintf("got %q, want one of %q", f, refserver.Features()),
			}}}
		}
		options.Without = append(options.Without, refserver.Feature(f))
	}
	for _, f := range d.Embedded.With {
		options.With = append(options.With, refserver.Feature(f))
	}
	text, err := withDefect(&options, d.Embedded.Defect)
	if err != nil {
		return nil, err
	}
	if err := withLawful(&options, d.Embedded.Lawful); err != nil {
		return nil, err
	}
	if s.taken != nil {
		if options.Policy.ParseScope == nil {
			options.Policy = refserver.Conformant()
		}
		options.Policy = refserver.Watched(options.Policy, s.taken)
	}
	// The server ends with Close: while a run is wound down it must still answer.
	server, err := refserver.Start(context.WithoutCancel(ctx), options)
	if err != nil {
		return nil, err
	}
	t, err := target.New(ctx, target.KindEmbedded, d, map[string]string{
		"issuer": server.Issuer(), "admin_key": server.AdminKey(),
	})
	if err != nil {
		server.Close()
		return nil, err
	}
	t.Defect = text
	t.Stop = func() error { server.Close(); return nil }
	return t, nil
}
