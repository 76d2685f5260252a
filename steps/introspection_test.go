package steps

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/scopeproof/scopeproof/internal/actor"
	"github.com/scopeproof/scopeproof/internal/refserver"
	"github.com/scopeproof/scopeproof/oauth"
)

// outcomeOfJudging is how a judgement counts, and its message.
func outcomeOfJudging(err error) (kind, message string) {
	var v *Violation
	switch {
	case err == nil:
		return "conforms", ""
	case !errors.As(err, &v):
		return "cannot tell", err.Error()
	case v.Lenient:
		return "deviates", v.Message
	}
	return "violates", v.Message
}

func TestWhatIntrospectionSaysIsJudged(t *testing.T) {
	w := faulty(t, func(*refserver.Policy) {})
	told := func(active bool, scope string) *actor.Introspected {
		in := &actor.Introspected{Active: active, Claims: map[string]any{"active": active}}
		if scope != "" {
			in.Claims["scope"] = scope
			in.Scope = oauth.ScopeMember{Present: true, Text: scope, Set: oauth.FieldsScope(scope)}
		}
		return in
	}
	const reads, both = "read:appointments", "read:appointments write:appointments"
	for _, c := range []struct {
		name, asker string
		seen        *actor.Introspected
		says, want  string
	}{
		{"the scope", "", told(true, reads), `with exactly "` + reads + `"`, "conforms"},
		{"in another order", "", told(true, "write:appointments read:appointments"), `with exactly "` + both + `"`, "conforms"},
		{"no scope at all", "the API", told(true, ""), `with exactly "` + reads + `"`, "conforms"},
		{"without openid", "the API", told(true, reads), `with exactly "openid ` + reads + `"`, "conforms"},
		{"too much", "", told(true, both), `with exactly "` + reads + `"`, "violates"},
		{"too little", "", told(true, reads), `with exactly "` + both + `"`, "deviates"},
		{"too little for the API", "the API", told(true, reads), `with exactly "` + both + `"`, "violates"},
		{"inactive", "", told(false, ""), `with exactly "` + reads + `"`, "violates"},
		{"at most", "", told(true, both), `with no scope beyond "` + reads + `"`, "violates"},
		{"inactive and silent", "", told(false, ""), "inactive and nothing else", "conforms"},
		{"inactive and talkative", "", told(false, reads), "inactive and nothing else", "violates"},
		{"inactive, whatever else", "", told(false, reads), "inactive", "conforms"},
		{"still active", "", told(true, reads), "inactive", "violates"},
		{"not active", "", told(false, ""), "active", "violates"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got, message := outcomeOfJudging(w.judgeIntrospected("Planner's token", c.asker, c.seen, c.says)); got != c.want {
				t.Errorf("got %s (%s), want %s", got, message, c.want)
			}
		})
	}
}

func TestAListOfScopesIsJudged(t *testing.T) {
	w := faulty(t, func(*refserver.Policy) {})
	for _, c := range []struct{ name, listed, want, message string }{
		{"a list", `["openid", "read:appointments"]`, "conforms", ""},
		{"an empty list", `[]`, "conforms", ""},
		{"one string", `"openid read:appointments"`, "violates", "array of strings"},
		{"two in one", `["openid read:appointments"]`, "violates", "want one scope"},
		{"an empty one", `[""]`, "violates", "want one scope"},
		{"what no scope may hold", `["read\"appointments"]`, "violates", "want one scope"},
		{"numbers", `[1, 2]`, "violates", "array of strings"},
		{"one twice", `["openid", "openid"]`, "deviates", "twice"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := &actor.Document{URL: "https://as.example/.well-known/x", Members: map[string]json.RawMessage{"scopes_supported": json.RawMessage(c.listed)}}
			got, message := outcomeOfJudging(w.listsOneByOne(d))
			if got != c.want || !strings.Contains(message, c.message) {
				t.Errorf("got %s (%s), want %s with %q", got, message, c.want, c.message)
			}
		})
	}
	if err := w.listsOneByOne(&actor.Document{Members: map[string]json.RawMessage{}}); err != nil {
		t.Errorf("no list: got %v, want nothing", err)
	}
}
