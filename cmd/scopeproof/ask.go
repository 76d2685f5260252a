package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// askForMore asks a person at a terminal for what the flags leave out, where they
// leave out all of it.
func (a *app) askForMore(ctx context.Context, s *settings) error {
	out, ok := a.stderr.(*os.File)
	if !ok || len(s.clients)+len(s.users)+len(s.names) > 0 || !term.IsTerminal(int(os.Stdin.Fd())) || !term.IsTerminal(int(out.Fd())) {
		return nil
	}
	return s.ask(ctx, os.Stdin, out)
}

// ask puts the questions of init. An empty answer leaves a thing out.
func (s *settings) ask(ctx context.Context, in io.Reader, out io.Writer) error {
	lines := make(chan string)
	go func() { // a read cannot be interrupted
		defer close(lines)
		for scanner := bufio.NewScanner(in); scanner.Scan(); {
			select {
			case lines <- strings.TrimSpace(scanner.Text()):
			case <-ctx.Done():
				return
			}
		}
	}()
	question := func(text string) (string, error) {
		fmt.Fprintf(out, "%s: ", text)
		select {
		case line := <-lines:
			return line, nil
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
	fmt.Fprintln(out, "Empty answers leave things out. ${env.NAME} as a secret keeps it out of the file.")
	for _, q := range []struct {
		what, then, prefix string
		to                 *[]string
	}{
		{"client_id of a registered client that may ask for every scope", "its secret", "Planner=", &s.clients},
		{"client_id of a machine (client credentials) that may only read", "its secret", "Robot=", &s.clients},
		{"username of a person who may do everything", "the password", "Ada=", &s.users},
		{"username of a person who may only read", "the password", "Bo=", &s.users},
		{`the server's name for the scope "read:appointments"`, "", "read:appointments=", &s.names},
		{`the server's name for the scope "write:appointments"`, "", "write:appointments=", &s.names},
	} {
		answer, err := question(q.what)
		if err != nil {
			return err
		}
		if answer == "" {
			continue
		}
		if q.then != "" {
			secret, err := question("  " + q.then)
			if err != nil {
				return err
			}
			if secret != "" {
				answer += ":" + secret
			}
		}
		*q.to = append(*q.to, q.prefix+answer)
	}
	return nil
}
