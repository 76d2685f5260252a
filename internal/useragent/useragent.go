// Package useragent plays a resource owner's browser at the pages of login and
// consent (RFC 6749 section 4.1): by filling in HTML forms, over the admin API
// of a server that leaves its pages to others, or with a person at a real
// browser.
//
// Everything a browser sends goes through the transport of the visit, so that
// every exchange can be recorded. Passwords never appear in errors.
package useragent

import (
	"fmt"
	"io"
	"os"

	"github.com/scopeproof/scopeproof/target"
)

// Option changes what [New] makes.
type Option func(*options)

type options struct {
	output io.Writer
}

// Output is where the driver "manual" writes what a person has to do. Default:
// standard error.
func Output(w io.Writer) Option { return func(o *options) { o.output = w } }

// New returns what plays login and consent at t: t.UserAgent if it is set, else
// the driver that the description names. Variables in the description are
// replaced, so t must be running.
func New(t *target.Target, opts ...Option) (target.UserAgent, error) {
	if t.UserAgent != nil {
		return t.UserAgent, nil
	}
	o := options{output: os.Stderr}
	for _, opt := range opts {
		opt(&o)
	}
	var login target.Login
	granular := false
	if t.Description != nil {
		login = t.Description.Login
		granular = t.Description.Capabilities["consent.ui"] == "granular"
	}
	switch login.Driver {
	case "", "form":
		return newFormDriver(login, granular), nil
	case "api":
		return newAPIDriver(t), nil
	case "hydra_admin":
		return newHydraDriver(t, login.Admin)
	case "manual":
		return &manualDriver{output: o.output}, nil
	}
	if login.Driver == "browser" {
		return nil, fmt.Errorf("login.driver: got \"browser\", and nothing that plays it\n    hint: wrap the source of the target with browser.Source (target/browser)")
	}
	return nil, fmt.Errorf(`login.driver: got %q, want one of "form", "browser", "api", "hydra_admin", "manual"`, login.Driver)
}
