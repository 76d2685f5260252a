package main

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/scopeproof/scopeproof/internal/discover"
	"github.com/scopeproof/scopeproof/internal/spelling"
	"github.com/scopeproof/scopeproof/target"
	"github.com/scopeproof/scopeproof/target/bringup"
	"github.com/scopeproof/scopeproof/target/browser"
)

const aboutInit = `Writes a target file for a server that runs, from its metadata, with comments for
what the metadata cannot know. "scopeproof check" then says what is missing.

With a client and a user it logs in and consents as well: it asks for each scope by
itself to see which box stands for it, tries what the buttons do, and observes the
open choices. Secrets may be given as ${env.NAME}, which the file then has. At a
terminal, and without these flags, it asks for them.

A server without metadata is asked at the places where such endpoints usually are, and
--endpoint names those that are elsewhere.

With --openapi it is the file of an API alone, whose operations and scopes are
those of an OpenAPI 3 document; the tokens come from a server of ours.`

func (a *app) initCommand() *cobra.Command {
	var f *flags
	cmd := newCommand("init [ISSUER]", "Write a target file from a server's metadata or an API's document", aboutInit, `
  scopeproof init https://login.example --out target.yaml
  scopeproof init https://login.example --out target.yaml \
    --client 'Planner=web-1:${env.WEB_SECRET}' --client Pocket=app-1 \
    --user 'Ada=ada@login.example:${env.ADA_PASSWORD}' \
    --scope read:appointments=cal.read --scope write:appointments=cal.edit
  scopeproof init https://old.example --endpoint authorization_endpoint=/auth --endpoint token_endpoint=/token
  scopeproof init --openapi openapi.yaml --out api.yaml`, atMostOne,
		func(cmd *cobra.Command, args []string) error { return a.init(cmd, args, f.s) })
	f = newFlags(cmd)
	f.text(&f.s.out, "out", "FILE", "", "write the file there, unless it exists; default: standard output")
	f.text(&f.s.openapi, "openapi", "FILE", "", "describe an API from its OpenAPI 3 document")
	f.fileOnly("out")
	f.Var(list{&f.s.clients, "NAME=ID[:SECRET]", ""}, "client", "a client that is registered: Planner, Viewer, Pocket … (repeatable)")
	f.Var(list{&f.s.users, "NAME=USERNAME[:PASSWORD]", ""}, "user", "who can log in: Ada, Bo, Cy (repeatable)")
	f.Var(list{&f.s.names, "SCOPE=NAME", ""}, "scope", "what the server calls a scope of the rules (repeatable)")
	f.Var(list{&f.s.endpoints, "NAME=URL", ""}, "endpoint", "an endpoint that the metadata does not name: token_endpoint=/token … (repeatable)")
	f.text(&f.s.redirectURI, "redirect-uri", "URI", "", "of the clients; default: http://127.0.0.1:9/cb")
	f.word(&f.s.driver, "driver", []string{"form", "browser"}, "how login is played: by filling forms in, or in a headless Chromium")
	for _, name := range []string{"client", "user", "scope", "endpoint", "redirect-uri", "driver"} {
		f.fileOnly(name)
	}
	f.fileOnly("openapi")
	f.s.securing.flags(f)
	return cmd
}

func (a *app) init(cmd *cobra.Command, args []string, s *settings) error {
	switch {
	case len(args) > 0 && s.openapi != "":
		return usage("take one: an API is tested with tokens of a server of ours", "--openapi: got ISSUER as well")
	case s.openapi != "":
		data, err := describeAPI(s.openapi)
		if err != nil {
			return err
		}
		return a.writeNew(data, s, "complete")
	case len(args) == 0:
		return usage("", "ISSUER: got nothing, want one: the issuer, such as https://login.example, or --openapi FILE")
	}
	if err := s.securing.secure(); err != nil {
		return err
	}
	issuer := args[0]
	if err := checkIssuer(issuer); err != nil {
		return err
	}
	if _, err := os.Lstat(s.out); s.out != "" && err == nil {
		return exists(s.out)
	}
	if err := a.askForMore(cmd.Context(), s); err != nil {
		return err
	}
	known, err := s.known()
	if err != nil {
		return err
	}
	if known.Endpoints, err = s.namedEndpoints(issuer); err != nil {
		return err
	}
	made, err := discover.Describe(cmd.Context(), issuer, known, func(ctx context.Context, d *target.Description) (*target.Target, error) {
		return browser.Source(bringup.Description(d), browser.Screenshots(pictures())).Open(ctx)
	})
	if err != nil {
		return err
	}
	if made.Issuer != issuer {
		a.say("the metadata names the issuer %q: that is what the file says", made.Issuer)
	}
	todo := "complete"
	if made.Found != nil {
		todo = "look through"
	}
	if err := a.writeNew(made.File, s, todo); err != nil || s.out == "" {
		return err
	}
	a.tell(made)
	return nil
}

// checkIssuer refuses what is no issuer (RFC 8414 section 2), and says what to write.
// A password in it is not repeated.
func checkIssuer(text string) error {
	if scheme, rest, ok := strings.Cut(text, "://"); !ok && !strings.Contains(text, "@") {
		would := "https://" + text
		if host, _, _ := strings.Cut(text, "/"); isLoopback(host) {
			would = "http://" + text
		}
		return usage("write "+would, "ISSUER: got %q, which does not begin with https:// or http://", text)
	} else if ok && scheme != "http" && scheme != "https" && !strings.Contains(rest, "@") {
		return usage("write https://"+rest, "ISSUER: got the scheme %q, want https or http", scheme)
	}
	u, err := url.Parse(text)
	wrong := ""
	switch {
	case err != nil:
		wrong = "what is no URL"
	case u.User != nil:
		wrong = "a URL with a name or a password"
	case u.Host == "":
		wrong = "a URL without a host"
	case u.RawQuery != "" || u.Fragment != "":
		wrong = "a URL with a query or a fragment"
	case strings.Contains(u.Path, "/.well-known/"):
		before, _, _ := strings.Cut(text, "/.well-known/")
		return usage("write "+before, "ISSUER: got the address of the metadata, want the issuer that stands in it")
	}
	if wrong == "" {
		return nil
	}
	return usage("the issuer is a URL without query, fragment or password, such as https://login.example", "ISSUER: got %s", wrong)
}

// isLoopback reports whether a host, with or without a port, is this machine.
func isLoopback(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// describeAPI makes a target file from an OpenAPI document.
func describeAPI(file string) ([]byte, error) {
	document, err := os.ReadFile(file)
	if err != nil {
		return nil, usage("", "--openapi: %v", err)
	}
	data, err := discover.DescribeAPI(document)
	if err != nil {
		return nil, usage("", "--openapi: %s: %v", file, err)
	}
	return data, nil
}

// writeNew writes a target file that is not there yet. Todo is what its reader is to do
// with it.
func (a *app) writeNew(data []byte, s *settings, todo string) error {
	if s.out == "" {
		_, err := a.stdout.Write(data)
		return err
	}
	mode := fs.FileMode(0o644)
	if len(s.clients)+len(s.users) > 0 {
		mode = 0o600 // there may be secrets in it
	}
	file, err := os.OpenFile(s.out, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if errors.Is(err, fs.ErrExist) {
		return exists(s.out)
	}
	if err != nil {
		return usage("", "--out: %v", err)
	}
	_, err = file.Write(data)
	if err := errors.Join(err, file.Close()); err != nil {
		return err
	}
	a.say("wrote %s\n    hint: %s it, then: scopeproof check %s", s.out, todo, s.out)
	return nil
}

// tell shows what login came to.
func (a *app) tell(made *discover.Described) {
	if made.Found != nil {
		a.say("%s", "login and consent were played, and the open choices observed")
		for _, hint := range made.Found.Hints {
			a.say("hint: %s", hint)
		}
		return
	}
	if made.Trouble != nil {
		pagesText(a.stderr, "Ada", made.Pages)
		a.say("login could not be played to its end: %v", made.Trouble)
	}
}

// known is what the flags say of a server.
func (s *settings) known() (discover.Known, error) {
	k := discover.Known{Clients: map[string]target.ClientDescription{}, Users: map[string]target.User{}, Names: map[string]string{}, Driver: s.driver}
	for _, text := range s.clients {
		name, id, secret, err := named("client", text, target.Actors())
		if err != nil {
			return k, err
		}
		k.Clients[name] = target.ClientDescription{ID: id, Secret: secret, RedirectURI: s.redirectURI}
	}
	for _, text := range s.users {
		name, username, password, err := named("user", text, target.Owners())
		if err != nil {
			return k, err
		}
		k.Users[name] = target.User{Username: username, Password: password}
	}
	for _, text := range s.names {
		scope, own, ok := strings.Cut(text, "=")
		if !ok || scope == "" || own == "" {
			return k, usage("such as read:appointments=cal.read", "--scope: got %q, want SCOPE=NAME", text)
		}
		k.Names[scope] = own
	}
	return k, nil
}

// namedEndpoints are those that --endpoint names. A path is one at the issuer.
func (s *settings) namedEndpoints(issuer string) ([]discover.Endpoint, error) {
	var all []discover.Endpoint
	for _, text := range s.endpoints {
		name, at, _ := strings.Cut(text, "=")
		if !slices.Contains(target.Endpoints(), name) {
			return nil, usage(spelling.DidYouMean(name, target.Endpoints(), "the names are "+strings.Join(target.Endpoints(), ", ")), "--endpoint: got the name %q", name)
		}
		if strings.HasPrefix(at, "/") {
			at = strings.TrimSuffix(issuer, "/") + at
		}
		if u, err := url.Parse(at); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
			return nil, usage("such as token_endpoint=/token, or with the whole URL", "--endpoint: got %q for %s, want a URL or a path", at, name)
		}
		all = append(all, discover.Endpoint{Name: name, URL: at})
	}
	return all, nil
}

// named reads NAME=ID[:SECRET]. What is wrong is told without the secret.
func named(flag, text string, allowed []string) (name, id, secret string, err error) {
	name, rest, ok := strings.Cut(text, "=")
	id, secret, _ = strings.Cut(rest, ":")
	if !ok || id == "" {
		return "", "", "", usage("such as "+allowed[0]+"=ID:SECRET", "--%s: got no NAME=ID, want one", flag)
	}
	if !slices.Contains(allowed, name) {
		return "", "", "", usage(spelling.DidYouMean(name, allowed, "the names are "+strings.Join(allowed, ", ")), "--%s: got the name %q", flag, name)
	}
	return name, id, secret, nil
}

func exists(file string) error {
	return usage("take another name, or remove it", "--out: %s is there already, and is not overwritten", file)
}
