package main

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
)

func TestInitAsksForWhatItCannotKnow(t *testing.T) {
	for name, c := range map[string]struct {
		answers               string
		clients, users, names []string
	}{
		"everything": {"web-1\n${env.SECRET}\nbot\n\nada\npw:1\nbo\npw\ncal.read\ncal.edit\n",
			[]string{"Planner=web-1:${env.SECRET}", "Robot=bot"}, []string{"Ada=ada:pw:1", "Bo=bo:pw"}, []string{"read:appointments=cal.read", "write:appointments=cal.edit"}},
		"a person alone":         {"\n\nada\npw\n\n\n\n", nil, []string{"Ada=ada:pw"}, nil},
		"nothing":                {"\n\n\n\n\n\n", nil, nil, nil},
		"an end before its time": {"web-1\n", []string{"Planner=web-1"}, nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			s := &settings{}
			if err := s.ask(t.Context(), strings.NewReader(c.answers), io.Discard); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(s.clients, c.clients) || !slices.Equal(s.users, c.users) || !slices.Equal(s.names, c.names) {
				t.Errorf("got %q, %q, %q, want %q, %q, %q", s.clients, s.users, s.names, c.clients, c.users, c.names)
			}
		})
	}
	t.Run("and can be interrupted", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		silent, w := io.Pipe()
		defer w.Close()
		if err := (&settings{}).ask(ctx, silent, io.Discard); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want it to be canceled", err)
		}
	})
}
