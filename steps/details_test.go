package steps

import (
	"testing"

	"github.com/scopeproof/scopeproof/internal/actor"
	"github.com/scopeproof/scopeproof/internal/refserver"
	"github.com/scopeproof/scopeproof/oauth"
)

// A server may leave out values of what it grants and add others (RFC 9396
// section 7): only what the larger details have is too much.
func TestDetailsAreTooMuchOnlyWhereTheyAreAsTheLargerOnes(t *testing.T) {
	w := faulty(t, func(*refserver.Policy) {})
	client := &actor.Client{Client: oauth.Client{Name: "Planner"}}
	for _, c := range []struct {
		what, reported        string
		none, noMore, plainly bool // conforms to "no", "no more than the plain" and "the plain" details
	}{
		{"nothing", ``, true, true, false},
		{"an empty list", `[]`, true, true, false},
		{"what was asked for", `[{"type":"calendar_access","actions":["list"],"limit":5}]`, false, true, true},
		{"less, and more said of it", `[{"type":"calendar_access","limit":2,"label":"a few"}]`, false, true, true},
		{"values left out", `[{"type":"calendar_access"}]`, false, true, true},
		{"the larger limit", `[{"type":"calendar_access","actions":["list"],"limit":9}]`, false, false, false},
		{"the larger actions", `[{"type":"calendar_access","actions":["list","create"]}]`, false, false, false},
		{"larger ones beside the plain", `[{"type":"calendar_access","limit":5},{"type":"calendar_access","limit":9}]`, false, false, false},
		{"details of another type", `[{"type":"x-unknown","limit":9}]`, true, true, false},
		{"no list", `{"type":"calendar_access","limit":9}`, true, true, false},
	} {
		o := &outcome{
			client: client, seen: &actor.Observation{},
			issue: &actor.Issue{Client: client, Response: &oauth.TokenResponse{Details: []byte(c.reported)}},
		}
		for which, conforms := range map[string]bool{"no": c.none, "no more than the plain": c.noMore, "the plain": c.plainly} {
			err := w.receivesDetails(t.Context(), o, which)
			if _, broken := err.(*Violation); broken == conforms || err != nil && !broken {
				t.Errorf("%s, %s: got %v, want it conforming %v", c.what, which, err, conforms)
			}
		}
	}
	refused := &outcome{client: client, issue: &actor.Issue{Client: client, Refused: &oauth.ErrorResponse{Code: oauth.InvalidDetails}}}
	for which, conforms := range map[string]bool{"no": true, "no more than the plain": true, "the plain": false} {
		if err := w.receivesDetails(t.Context(), refused, which); (err == nil) != conforms {
			t.Errorf("refused, %s: got %v, want it conforming %v", which, err, conforms)
		}
	}
}
