package scenarios_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/scopeproof/scopeproof/loadtest"
	"github.com/scopeproof/scopeproof/scenarios"
	"github.com/scopeproof/scopeproof/target"
)

// issuer issues tokens to Worker, with what read makes of the scope asked for; it
// answers no more than so many bytes.
func issuer(t *testing.T, most int64, read func(scope string) string) *target.Target {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength > most {
			w.WriteHeader(http.StatusRequestEntityTooLarge)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"access_token":"opaque","token_type":"Bearer","expires_in":3600,"scope":%q}`, read(r.FormValue("scope")))
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	worker := target.ClientDescription{ID: "worker", Secret: "worker-secret"}
	return &target.Target{
		Issuer: server.URL, Kind: target.KindExternal,
		Description: &target.Description{Name: "sized", Clients: target.Clients{Actors: map[string]target.ClientDescription{"Worker": worker}}},
		Metadata: map[string]any{
			"issuer": server.URL, "token_endpoint": server.URL + "/token", "grant_types_supported": []any{"client_credentials"},
		},
	}
}

const appointments = "read:appointments"

// linearly drops what is not known, looking at each token once.
func linearly(scope string) string {
	for _, token := range strings.Fields(scope) {
		if token == appointments {
			return appointments
		}
	}
	return appointments
}

// quadratically drops repetitions by comparing each token with all before it.
func quadratically(scope string) string {
	var seen []string
	for _, token := range strings.Fields(scope) {
		known := 0
		for _, other := range seen {
			if other == token {
				known++
			}
		}
		if known < len(seen)+1 {
			seen = append(seen, token)
		}
	}
	return linearly(strings.Join(seen, " "))
}

func swept(t *testing.T, tg *target.Target, text string, seed int64, limits ...string) (*loadtest.Report, loadtest.SweepReport) {
	t.Helper()
	name, from, to, err := loadtest.ParseSweep(text)
	if err != nil {
		t.Fatal(err)
	}
	s, err := scenarios.FindSweep(name, from, to)
	if err != nil {
		t.Fatal(err)
	}
	o := loadtest.Options{Sweeps: []loadtest.Sweep{s}, Duration: 300 * time.Millisecond, Seed: seed}
	for _, text := range limits {
		limit, err := loadtest.ParseThreshold(text)
		if err != nil {
			t.Fatal(err)
		}
		o.Thresholds = append(o.Thresholds, limit)
	}
	r, err := loadtest.Run(t.Context(), tg, nil, o)
	if err != nil {
		t.Fatal(err)
	}
	return r, r.Sweeps[0]
}

// A server whose work grows with the square of the number of scopes is found each
// time, and one that looks at each once is never accused.
func TestASweepFindsAQuadraticServer(t *testing.T) {
	for _, tt := range []struct {
		name  string
		read  func(string) string
		worse bool
	}{
		{"linear", linearly, false},
		{"quadratic", quadratically, true},
	} {
		tg := issuer(t, 1<<20, tt.read)
		for _, what := range []string{"scopes=1..1024", "duplicates=1..1024"} {
			for seed := range int64(2) {
				r, s := swept(t, tg, what, seed+1, "growth<1.3")
				if worse := s.Growth.Model == loadtest.GrowsWorse; worse != tt.worse || (s.Warning != "") != tt.worse {
					t.Errorf("%s, %s: got %+v (%s), %+v", tt.name, what, s.Growth, s.Warning, s.Points)
				}
				if want := map[bool]int{false: 0, true: 1}[tt.worse]; loadtest.ExitCode(r) != want && len(r.Thresholds) == 1 {
					t.Errorf("%s, %s: got exit code %d and %+v, want %d", tt.name, what, loadtest.ExitCode(r), r.Thresholds, want)
				}
			}
		}
		if _, s := swept(t, tg, "length=1..65536", 1); s.Growth.Model == loadtest.GrowsWorse || s.Warning != "" {
			t.Errorf("%s: one long scope: got %+v", tt.name, s.Growth)
		}
	}
}

func TestASweepSaysWhereAServerStops(t *testing.T) {
	r, s := swept(t, issuer(t, 2000, linearly), "scopes=1..1024", 1)
	if s.Outcome != loadtest.Kept || s.Warning != "" || !strings.Contains(s.Reason, "from 256 scope tokens on it answers 413") || loadtest.ExitCode(r) != 0 {
		t.Errorf("got %s (%s), warning %q", s.Outcome, s.Reason, s.Warning)
	}
	for _, p := range s.Points {
		if p.Fitted != (p.Size < 256) {
			t.Errorf("size %d: got fitted %v", p.Size, p.Fitted)
		}
	}
	r, s = swept(t, issuer(t, 150, linearly), "scopes=1..1024", 1)
	if s.Outcome != loadtest.Inconclusive || loadtest.ExitCode(r) != 3 {
		t.Errorf("of a few sizes: got %s (%s)", s.Outcome, s.Reason)
	}
}

func TestASweepJudgesWhatIsIssued(t *testing.T) {
	echo := issuer(t, 1<<20, func(scope string) string { return scope })
	r, s := swept(t, echo, "scopes=1..64", 1)
	if s.Outcome != loadtest.Broken || s.Leaks == 0 || len(s.Samples) == 0 || s.Samples[0].Rule != "CC-01" || loadtest.ExitCode(r) != 1 {
		t.Errorf("got %s (%s), %d leaks", s.Outcome, s.Reason, s.Leaks)
	}
	none := issuer(t, 1<<20, linearly)
	none.Metadata["grant_types_supported"] = []any{"authorization_code"}
	if r, s := swept(t, none, "scopes=1..64", 1); s.Outcome != loadtest.NotApplicable || loadtest.ExitCode(r) != 3 {
		t.Errorf("without the grant: got %s (%s)", s.Outcome, s.Reason)
	}
}

func TestSweepsAreBoundedAndNamed(t *testing.T) {
	for _, text := range []string{"", "scopes", "scopes=", "scopes=1", "scopes=1..", "scopes=..9", "scopes=0..64", "scopes=1..8", "scopes=9..100", "scopes=1..2000000", "=1..64", "scopes=1...64"} {
		if _, _, _, err := loadtest.ParseSweep(text); err == nil || !strings.Contains(err.Error(), "scopes=1..1024") {
			t.Errorf("%q: got %v, want an error that shows how", text, err)
		}
	}
	if _, err := scenarios.FindSweep("width", 1, 64); err == nil || !strings.Contains(err.Error(), "duplicates") {
		t.Errorf("got %v, want an error that names what can grow", err)
	}
	for _, s := range scenarios.Sweeps() {
		if s.Text == "" || s.Unit == "" || len(s.Rules) == 0 || len(s.Needs) == 0 || s.To < 16*s.From {
			t.Errorf("%s says too little of itself: %+v", s.Name, s)
		}
	}
}
