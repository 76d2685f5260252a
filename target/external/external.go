// Package external puts a server under test that already runs.
package external

import (
	"context"
	"fmt"

	"github.com/scopeproof/scopeproof/target"
	"github.com/scopeproof/scopeproof/target/embedded"
)

// File is the server that a target file with the key external describes.
func File(path string, overrides ...target.Override) target.Source {
	return source(func() (*target.Description, error) { return target.Load(path, overrides...) })
}

// Description is the server that a description with External describes.
func Description(d *target.Description) target.Source {
	return source(func() (*target.Description, error) { return d, nil })
}

type source func() (*target.Description, error)

// Open implements [target.Source]. A server that does not answer is
// *[target.Unavailable], and one that calls itself by another issuer
// *[target.IssuerMismatch].
func (s source) Open(ctx context.Context) (*target.Target, error) {
	d, err := s()
	if err != nil {
		return nil, err
	}
	if d.External == nil {
		return nil, fmt.Errorf("%s: got no key external, want {issuer: …}", d.File)
	}
	issuer, err := (&target.Target{}).Expand(d.External.Issuer, nil)
	if err != nil {
		return nil, fmt.Errorf("%s: external.issuer: %w", d.File, err)
	}
	variables := map[string]string{"issuer": issuer}
	if err := d.SetUp(ctx, variables); err != nil {
		return nil, err
	}
	t, err := target.New(ctx, target.KindExternal, d, variables)
	if err != nil {
		return nil, err
	}
	if err := embedded.Supply(ctx, t); err != nil {
		return nil, err
	}
	return t, nil
}

// TakeOver is a target that runs already and was handed over by the process that
// brought it up.
func TakeOver(h target.Handover) target.Source { return handover(h) }

type handover target.Handover

// Open implements [target.Source].
func (h handover) Open(ctx context.Context) (*target.Target, error) {
	t, err := target.Handover(h).Target()
	if err != nil {
		return nil, err
	}
	if err := embedded.Supply(ctx, t); err != nil {
		return nil, err
	}
	return t, nil
}
