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
what the metadata cannot know. "scopeproof check" then says what is missing.`

func (a *app) initCommand() *cobra.Command {
	var f *flags
	cmd := newCommand("init ISSUER", "Write a target file from a server's metadata", aboutInit, `
  scopeproof init https://login.example --out target.yaml`, one("the issuer, such as https://login.example"),
		func(cmd *cobra.Command, args []string) error { return a.init(cmd, args[0], f.s) })
	f = newFlags(cmd)
	f.text(&f.s.out, "out", "FILE", "", "write the file there, unless it exists; default: standard output")
	f.fileOnly("out")
	return cmd
}

func (a *app) init(cmd *cobra.Command, issuer string, s *settings) error {
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
