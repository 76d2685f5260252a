package report

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/scopeproof/scopeproof/conformance"
	"github.com/scopeproof/scopeproof/oauth"
)

// many is a run in which so many rules are violated.
func many(n int) *conformance.Report {
	r := fixture()
	for i := range n {
		v := failedRules()[1]
		v.ID = fmt.Sprintf("REF-%02d", i+10)
		r.Rules = append(r.Rules, v)
	}
	return r
}

func TestTheLastScreenFitsTheTerminal(t *testing.T) {
	inconclusive := fixture()
	for i := range 50 {
		inconclusive.Rules = append(inconclusive.Rules, conformance.Verdict{
			ID: fmt.Sprintf("GRANT-%02d", i+10), Outcome: conformance.Inconclusive, Reason: "POST " + issuer + "/token: no response, 3 attempts in 6s",
		})
	}
	for name, r := range map[string]*conformance.Report{
		"everything": fixture(), "one": many(1), "ten": many(10), "two hundred": many(200), "nothing": {}, "a server that died": inconclusive,
		"conforms": withOutcomes(conformance.Conforms, conformance.NotApplicable),
	} {
		for _, size := range []struct{ width, height int }{{80, 24}, {80, 10}, {200, 50}, {120, 24}} {
			text := string(output(t, func(w io.Writer) error { return Text(w, r, TextOptions{Width: size.width, Height: size.height}) }))
			lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
			if most := max(size.height, 24) - 1; len(lines) > most {
				t.Errorf("%s at %dx%d: got %d lines, want at most %d:\n%s", name, size.width, size.height, len(lines), most, text)
			}
			for _, l := range lines {
				if utf8.RuneCountInString(l) > size.width {
					t.Errorf("%s at %dx%d: this line is too long: %s", name, size.width, size.height, l)
				}
			}
			for _, v := range rulesWith(r, conformance.Violates)[:min(1, tally(r.Rules)[conformance.Violates])] {
				if !strings.Contains(text, v.ID+" violated:") || !strings.Contains(text, "--rules "+playedBy(v)) {
					t.Errorf("%s: %s, or what to do about it, is not on the screen:\n%s", name, v.ID, text)
				}
			}
		}
	}
}

func TestTheLastScreenSaysWhatItLeavesOut(t *testing.T) {
	text := string(output(t, func(w io.Writer) error { return Text(w, many(30), TextOptions{Width: 80, Height: 24}) }))
	shown := strings.Count(text, " violated:") + strings.Count(text, "problem:") + strings.Count(text, " inconclusive:")
	if want := fmt.Sprintf("and %d more (-v): ", 34-shown); !strings.Contains(text, want) {
		t.Errorf("got no %q:\n%s", want, text)
	}
}

func TestWhatToDoNextIsACommandForThatTarget(t *testing.T) {
	r := many(0)
	r.Settings["target"], r.Settings["out"] = "our server.yaml", "reports"
	for name, o := range map[string]TextOptions{"terminal": {Height: 24}, "log": {}} {
		text := string(output(t, func(w io.Writer) error { return Text(w, r, o) }))
		for _, want := range []string{
			"scopeproof test 'our server.yaml' --rules REF-03 -v --trace", "scopeproof rules REF-03", "scopeproof check 'our server.yaml'", "reports/report.html",
		} {
			if !strings.Contains(text, want) {
				t.Errorf("%s: got no %q:\n%s", name, want, text)
			}
		}
	}
	r = withOutcomes(conformance.Violates)
	r.Settings = map[string]string{"target": "the embedded reference", "defect": "some-defect"}
	text := string(output(t, func(w io.Writer) error { return Text(w, r, TextOptions{Height: 24, Width: 120}) }))
	if want := "scopeproof test --rules REF-01 -v --trace --defect some-defect"; !strings.Contains(text, want) {
		t.Errorf("got no %q:\n%s", want, text)
	}
}

func TestAServerThatDoesNotBearSeveralAtOnceIsAskedAgain(t *testing.T) {
	for name, c := range map[string]struct {
		statuses []int
		parallel string
		want     bool
	}{
		"5xx and no answer":           {[]int{500, 500, 503, 0, 0}, "4", true},
		"few":                         {[]int{500, 500}, "4", false},
		"refusals":                    {[]int{400, 400, 401, 403, 404}, "4", false},
		"one at a time were too many": {[]int{500, 500, 503, 0, 0}, "1", false},
	} {
		t.Run(name, func(t *testing.T) {
			r := withOutcomes(conformance.Inconclusive)
			r.Settings = map[string]string{"target": "x.yaml", "parallel": c.parallel}
			r.Rules[0].Scenarios = nil
			for _, status := range c.statuses {
				e := oauth.Exchange{Status: status}
				if status == 0 {
					e.Failure = "no whole answer within 10s"
				}
				r.Rules[0].Scenarios = append(r.Rules[0].Scenarios, conformance.ScenarioResult{Outcome: conformance.Inconclusive, Exchanges: []oauth.Exchange{e}})
			}
			text := string(output(t, func(w io.Writer) error { return Text(w, r, TextOptions{}) }))
			if got := strings.Contains(text, "scopeproof test x.yaml --parallel 1"); got != c.want {
				t.Errorf("got %t, want %t:\n%s", got, c.want, text)
			}
		})
	}
}
