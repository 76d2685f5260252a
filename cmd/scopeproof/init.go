package main

import (
	"errors"
	"io/fs"
	"net/url"
	"os"

	"github.com/spf13/cobra"

	"github.com/scopeproof/scopeproof/internal/discover"
)

const aboutInit = `Writes a target file for a server that runs, from its metadata, with comments for
what the metadata cannot know. "scopeproof check" then says what is missing.

With --openapi it is the file of an API alone, whose operations and scopes are
those of an OpenAPI 3 document; the tokens come from a server of ours.`

func (a *app) initCommand() *cobra.Command {
	var f *flags
	cmd := newCommand("init [ISSUER]", "Write a target file from a server's metadata or an API's document", aboutInit, `
  scopeproof init https://login.example --out target.yaml
  scopeproof init --openapi openapi.yaml --out api.yaml`, atMostOne,
		func(cmd *cobra.Command, args []string) error { return a.init(cmd, args, f.s) })
	f = newFlags(cmd)
	f.text(&f.s.out, "out", "FILE", "", "write the file there, unless it exists; default: standard output")
	f.text(&f.s.openapi, "openapi", "FILE", "", "describe an API from its OpenAPI 3 document")
	f.fileOnly("out")
	f.fileOnly("openapi")
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
		return a.writeNew(data, s)
	case len(args) == 0:
		return usage("", "ISSUER: got nothing, want one: the issuer, such as https://login.example, or --openapi FILE")
	}
	issuer := args[0]
	u, err := url.Parse(issuer)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return usage("the issuer is a URL without query, fragment or password, such as https://login.example", "ISSUER: got what is no issuer")
	}
	if _, err := os.Lstat(s.out); s.out != "" && err == nil {
		return exists(s.out)
	}
	data, err := discover.Describe(cmd.Context(), issuer)
	if err != nil {
		return err
	}
	return a.writeNew(data, s)
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

// writeNew writes a target file that is not there yet.
func (a *app) writeNew(data []byte, s *settings) error {
	if s.out == "" {
		_, err := a.stdout.Write(data)
		return err
	}
	file, err := os.OpenFile(s.out, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
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
	a.say("wrote %s\n    hint: complete it, then: scopeproof check %s", s.out, s.out)
	return nil
}

func exists(file string) error {
	return usage("take another name, or remove it", "--out: %s is there already, and is not overwritten", file)
}
