package loadtest

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/scopeproof/scopeproof/target"
)

// Serves expects an API to do what was asked (2xx). A refusal breaks rule. The
// operation and the token are for messages; the token may be nil.
func (s *Stage) Serves(rule string, op target.Operation, t *Token) Expectation {
	what := act(op, t)
	return func(a Answer) Verdict {
		switch {
		case a.Status >= 200 && a.Status < 300:
			return Verdict{}
		case a.Status == 401 || a.Status == 403 || a.Status == 404:
			return falseRefusal(rule, "%s, was refused with %d, want 2xx", what, a.Status)
		}
		return fault("%s, was answered with %d, want 2xx", what, a.Status)
	}
}

// Shown is what an answer of an API is to show.
type Shown struct {
	// Rule is broken by a refusal, and by an answer without Own.
	Rule string
	// Seen is the answer while nobody else asks. What it shows is shown rightly.
	Seen Answer
	// Own are texts that an answer has in it if Seen has.
	Own []string
	// Never are texts that an answer has only if Seen has.
	Never []Mark
}

// Mark is a text that tells whose an object is, or what came of a request.
type Mark struct {
	Text string
	// Rule is broken by an answer that shows it; Means says what that shows: "an
	// object of another".
	Rule, Means string
}

// Shows expects an API to do what was asked (2xx), and to show what is the token's:
// nothing of others, nothing that was refused, and not less than while nobody else
// asked (RFC 6749 section 7).
func (s *Stage) Shows(op target.Operation, t *Token, want Shown) Expectation {
	serves, what := s.Serves(want.Rule, op, t), act(op, t)
	seen := bytes.Clone(want.Seen.Body) // most answers are the same to the byte
	own := slices.DeleteFunc(slices.Clone(want.Own), func(text string) bool { return !bytes.Contains(seen, []byte(text)) })
	never := slices.DeleteFunc(slices.Clone(want.Never), func(m Mark) bool { return bytes.Contains(seen, []byte(m.Text)) })
	return func(a Answer) Verdict {
		if v := serves(a); !v.kept() || bytes.Equal(a.Body, seen) {
			return v
		}
		for _, m := range never {
			if bytes.Contains(a.Body, []byte(m.Text)) {
				return leak(m.Rule, "%s, shows %s", what, m.Means)
			}
		}
		for _, text := range own {
			// Where more was added meanwhile, a list may have it on another page.
			if len(a.Body) < len(seen) && !bytes.Contains(a.Body, []byte(text)) {
				return falseRefusal(want.Rule, "%s, was served with %d, but without what it shows while nobody else asks", what, a.Status)
			}
		}
		return Verdict{}
	}
}

// Remains expects an object to be there that requests name which have to be
// refused, and no other: that it is gone breaks rule (RFC 6749 section 7).
func (s *Stage) Remains(rule string, op target.Operation, t *Token) Expectation {
	serves, what := s.Serves(rule, op, t), act(op, t)
	return func(a Answer) Verdict {
		if a.Status == http.StatusNotFound || a.Status == http.StatusGone {
			return leak(rule, "%s, was answered with %d: an object is gone that only refused requests were about", what, a.Status)
		}
		return serves(a)
	}
}

// Withholds expects an API not to serve an object with a token that covers the
// operation, as the object is another's and is not served while nobody else asks
// (RFC 9700 section 4.15); means says what it is: "an object of another".
func (s *Stage) Withholds(rule string, op target.Operation, t *Token, means string) Expectation {
	what := act(op, t)
	return func(a Answer) Verdict {
		switch {
		case a.Status >= 200 && a.Status < 300:
			return leak(rule, "%s, was served with %s, and is not while nobody else asks", what, means)
		case !refusing(a.Status) && a.Status != http.StatusGone:
			return fault("%s, was answered with %d, want a refusal", what, a.Status)
		}
		return Verdict{}
	}
}

// Refuses expects an API to refuse, for lack of scope or for lack of a token
// (RFC 6750 section 3.1). Being served breaks rule, and so does a refusal that
// shows the marker, a text of what is protected; empty: there is none. The
// operation and the token are for messages; the token may be nil.
func (s *Stage) Refuses(rule string, op target.Operation, t *Token, marker string) Expectation {
	what, secret := act(op, t), []byte(marker)
	return func(a Answer) Verdict {
		switch {
		case a.Status >= 200 && a.Status < 300:
			return leak(rule, "%s, was served with %d, want 401 or 403", what, a.Status)
		case !refusing(a.Status) || a.Status == http.StatusBadRequest:
			return fault("%s, was answered with %d, want 401 or 403", what, a.Status)
		case len(secret) > 0 && bytes.Contains(a.Body, secret):
			return leak(rule, "%s, was refused with %d, but what is protected is in the answer", what, a.Status)
		}
		return challenged(a)
	}
}

// Hides expects an API to refuse, or to answer with a list that has nothing of what is
// protected, of which marker is a text (RFC 6749 section 7).
func (s *Stage) Hides(rule string, op target.Operation, t *Token, marker string) Expectation {
	refuses, what := s.Refuses(rule, op, t, marker), act(op, t)
	return func(a Answer) Verdict {
		if a.Status < 200 || a.Status >= 300 {
			return refuses(a)
		}
		if bytes.Contains(a.Body, []byte(marker)) {
			return leak(rule, "%s, was served with %d, and what is protected is in the answer", what, a.Status)
		}
		return Verdict{}
	}
}

// act says what is tried with which token.
func act(op target.Operation, t *Token) string {
	needs, all := op.Needs()
	text := fmt.Sprintf("%s, which needs %q", op.Name, needs)
	if !all {
		text = fmt.Sprintf("%s, which needs one of %q", op.Name, needs)
	}
	if t == nil {
		return text + ", without a token"
	}
	return fmt.Sprintf("%s, with a token of %s for %q", text, t.Client.Name, t.Scope)
}

// challenged looks at why the API says that it refused.
func challenged(a Answer) Verdict {
	if a.Status != http.StatusForbidden {
		return Verdict{}
	}
	for _, value := range a.values("WWW-Authenticate") {
		if strings.Contains(value, "error=") && !strings.Contains(value, "insufficient_scope") {
			return fault("refused with 403 for another reason than insufficient_scope")
		}
	}
	return Verdict{}
}
