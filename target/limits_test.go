package target_test

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/scopeproof/scopeproof/target"
)

// endless is a body without an end.
type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

func TestAnAnswerIsReadToItsEndOrItsBound(t *testing.T) {
	exact := strings.Repeat("x", target.MaxAnswer)
	if got, err := target.ReadAnswer(strings.NewReader(exact)); err != nil || len(got) != target.MaxAnswer {
		t.Errorf("got %d bytes and %v, want all", len(got), err)
	}
	for what, body := range map[string]io.Reader{"one byte more": strings.NewReader(exact + "x"), "endless": endless{}} {
		if got, err := target.ReadAnswer(body); !errors.Is(err, target.ErrLongAnswer) || len(got) != target.MaxAnswer {
			t.Errorf("%s: got %d bytes and %v", what, len(got), err)
		}
	}
	broken := io.MultiReader(strings.NewReader("abc"), iotest.ErrReader(io.ErrUnexpectedEOF))
	if got, err := target.ReadAnswer(broken); string(got) != "abc" || err == nil || !strings.Contains(err.Error(), "broke off after 3 bytes") {
		t.Errorf("got %q and %v", got, err)
	}
}

func TestACaptureWantsJSONAndAPointer(t *testing.T) {
	for _, c := range []struct{ body, pointer, want string }{
		{`{"a":["x"]}`, "/a/0", "x"}, {`{"a":["x"]}`, "/a/00", ""}, {`{"a":["x"]}`, "/a/+0", ""}, {`{"a":["x"]}`, "/a/-", ""}, {`{"a":"x"}`, "a", ""},
	} {
		got, err := target.Call{Capture: map[string]string{"id": c.pointer}}.Captured(&target.Reply{Body: []byte(c.body)})
		if err != nil || got["id"] != c.want {
			t.Errorf("%s at %s: got %q and %v, want %q", c.body, c.pointer, got["id"], err, c.want)
		}
	}
	for _, body := range []string{`{"a":1} more`, `{"a":1`, strings.Repeat("[", 1_000_000)} {
		if got, err := (target.Call{Capture: map[string]string{"id": "/a"}}).Captured(&target.Reply{Body: []byte(body)}); err == nil {
			t.Errorf("%.20s: got %v, want an error", body, got)
		}
	}
}
