package report

import (
	"encoding/xml"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html"

	"github.com/scopeproof/scopeproof/conformance"
	"github.com/scopeproof/scopeproof/loadtest"
)

// withOutcomes is a report with one rule for each outcome.
func withOutcomes(outcomes ...conformance.Outcome) *conformance.Report {
	r := &conformance.Report{Target: conformance.TargetInfo{Name: "shop"}}
	for i, o := range outcomes {
		r.Rules = append(r.Rules, conformance.Verdict{ID: fmt.Sprintf("REF-%02d", i+1), Outcome: o})
	}
	return r
}

func TestHeadlines(t *testing.T) {
	strict := withOutcomes(conformance.Deviates, conformance.Conforms)
	strict.Settings = map[string]string{"strict": "true"}
	stale := withOutcomes(conformance.Conforms)
	stale.Problems = []conformance.Problem{{Exit: 1}}
	stopped := withOutcomes(conformance.Violates)
	stopped.Problems = []conformance.Problem{{Exit: 130}}
	for _, c := range []struct {
		r    *conformance.Report
		want string
	}{
		{withOutcomes(), "Inconclusive: no rule ran"},
		{withOutcomes(conformance.NotApplicable), "Inconclusive: none of 1 rule applies to shop"},
		{withOutcomes(conformance.Conforms, conformance.Conforms, conformance.NotApplicable), "shop conforms to 2 applicable rules"},
		{withOutcomes(conformance.Conforms, conformance.Known), "shop conforms: 2 applicable rules, of which 1 known and 0 deviating from a SHOULD"},
		{withOutcomes(conformance.Violates, conformance.Inconclusive), "shop violates 1 of 2 applicable rules"},
		{withOutcomes(conformance.Inconclusive, conformance.Conforms), "Inconclusive: 1 of 2 applicable rules could not be judged on shop"},
		{strict, "shop deviates from 1 of 2 applicable rules, and the run is strict"},
		{stale, "The run failed: 1 problem"},
		{stopped, "Interrupted: shop was judged on 1 rule"},
	} {
		if _, got := headline(c.r); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

func TestTextFitsAndIsSafe(t *testing.T) {
	for _, width := range []int{40, 60, 80, 120} {
		for name, write := range map[string]func(io.Writer) error{
			"report": func(w io.Writer) error { return Text(w, fixture(), TextOptions{Width: width, Verbose: true}) },
			"load":   func(w io.Writer) error { return LoadText(w, loadFixture(), TextOptions{Width: width}) },
		} {
			for _, line := range strings.Split(string(output(t, write)), "\n") {
				if n := utf8.RuneCountInString(line); n > width {
					t.Errorf("%s at %d columns: a line has %d: %s", name, width, n, line)
				}
				if strings.ContainsFunc(line, func(c rune) bool { return unicode.IsControl(c) || unicode.Is(unicode.Bidi_Control, c) }) {
					t.Errorf("%s: a line has a control character: %q", name, line)
				}
			}
		}
	}
}

func TestALineIsOneLine(t *testing.T) {
	v := conformance.Verdict{ID: "REF-03", Text: "A rule", Outcome: conformance.Violates, Reason: "got\n\x1b[2Jthis\r\nwant that"}
	if got, want := Line(v), `violates        REF-03  A rule (got \u001b[2Jthis want that)`; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestJUnitCountsAndIsXML(t *testing.T) {
	for _, strict := range []bool{false, true} {
		r := fixture()
		r.Settings["strict"] = strconv.FormatBool(strict)
		text := output(t, func(w io.Writer) error { return JUnit(w, r) })
		var got junitSuites
		if err := xml.Unmarshal(text, &got); err != nil {
			t.Fatal(err)
		}
		failures, deviating := 3, 0 // two rules and a problem
		if strict {
			failures++
			deviating = 1
		}
		if got.Tests != 13 || got.Failures != failures || got.Errors != 1 {
			t.Errorf("strict %t: got %d tests, %d failures, %d errors, want 13, %d, 1", strict, got.Tests, got.Failures, got.Errors, failures)
		}
		seconds := regexp.MustCompile(`^\d+\.\d{3}$`)
		tests, skipped := 0, 0
		for _, s := range got.Suites {
			cases := s.Tests
			s.Tests, s.Failures, s.Errors, s.Skipped = 0, 0, 0, 0
			s.count()
			if s.Tests != cases {
				t.Errorf("%s: got %d tests, want %d", s.Name, cases, s.Tests)
			}
			tests, skipped = tests+s.Tests, skipped+s.Skipped
			for _, c := range s.Cases {
				if !seconds.MatchString(c.Time) {
					t.Errorf("%s: the time is %q", c.Name, c.Time)
				}
				if c.Skipped != nil && c.Skipped.Message == "" {
					t.Errorf("%s is skipped without a reason", c.Name)
				}
				if strings.HasPrefix(c.Name, "RSC-02") && (c.Failure != nil) != (deviating == 1) {
					t.Errorf("strict %t: a deviation is a failure: %t", strict, c.Failure != nil)
				}
			}
		}
		if tests != 13 || skipped != 4 {
			t.Errorf("got %d test cases, %d skipped, want 13, 4", tests, skipped)
		}
		if strings.ContainsFunc(string(text), func(c rune) bool {
			return c != '\n' && (unicode.IsControl(c) || c == utf8.RuneError)
		}) {
			t.Error("there are characters that XML does not allow")
		}
	}
}

func TestJUnitOfNothingIsAnError(t *testing.T) {
	for name, r := range map[string]*conformance.Report{"no rules": withOutcomes(), "none applies": withOutcomes(conformance.NotApplicable)} {
		var got junitSuites
		if err := xml.Unmarshal(output(t, func(w io.Writer) error { return JUnit(w, r) }), &got); err != nil {
			t.Fatal(err)
		}
		if got.Errors != 1 {
			t.Errorf("%s: got %d errors, want 1", name, got.Errors)
		}
	}
}

func TestMarkdownStaysUnderTheLimit(t *testing.T) {
	r := fixture()
	for i := range 3000 {
		v := failedRules()[2]
		v.ID = fmt.Sprintf("RSV-%d", i)
		r.Rules = append(r.Rules, v)
	}
	got := string(output(t, func(w io.Writer) error { return Markdown(w, r) }))
	if len(got) > 1<<20-1<<16 {
		t.Errorf("got %d bytes, want well under 1 MiB", len(got))
	}
	if !strings.Contains(got, "Cut to fit") || !strings.Contains(got, "report.json has everything") {
		t.Errorf("nothing says what was left out; the end is %q", got[len(got)-200:])
	}
	if open, closed := strings.Count(got, "<details>"), strings.Count(got, "</details>"); open != closed {
		t.Errorf("got %d <details> and %d </details>", open, closed)
	}
	load := loadFixture()
	for range 5000 {
		load.Scenarios[1].Samples = append(load.Scenarios[1].Samples, loadtest.Sample{Message: strings.Repeat(hostile, 10)})
	}
	if got := output(t, func(w io.Writer) error { return LoadMarkdown(w, load) }); len(got) > 1<<20-1<<16 {
		t.Errorf("load: got %d bytes, want well under 1 MiB", len(got))
	}
}

func TestMarkdownEscapesWhatATargetSays(t *testing.T) {
	got := string(output(t, func(w io.Writer) error { return Markdown(w, fixture()) }))
	for _, bad := range []string{"<script", "<img", "@everyone", " **bold**", " `tick`", "\x00", "\x1b", "\u202e"} {
		if strings.Contains(got, bad) {
			t.Errorf("the summary contains %q", bad)
		}
	}
	unescaped := regexp.MustCompile(`\\.`)
	for _, line := range strings.Split(got, "\n") {
		if cells := strings.Count(unescaped.ReplaceAllString(line, ""), "|"); strings.HasPrefix(line, "|") && cells != 3 && cells != 4 {
			t.Errorf("a row has %d bars: %s", cells, line)
		}
	}
}

// TestPageHoldsNothingThatATargetMade parses the page as a browser would and
// looks at every element.
func TestPageHoldsNothingThatATargetMade(t *testing.T) {
	r := fixture()
	r.Target = conformance.TargetInfo{Name: hostile, Version: hostile, Issuer: hostile, Defect: hostile, Kind: "container"}
	r.Settings[hostile] = hostile
	r.Problems = append(r.Problems, conformance.Problem{Text: hostile, Hint: hostile})
	for i := range r.Rules {
		r.Rules[i].Sources = append(r.Rules[i].Sources, "javascript:alert(1)", hostile)
		r.Rules[i].Loss = hostile
	}
	load := loadFixture()
	load.Target, load.Issuer, load.Tool = hostile, hostile, hostile
	load.Scenarios[0].Name, load.Scenarios[0].Text, load.Scenarios[0].Reason = hostile, hostile, hostile
	holdsNothing(t, string(output(t, func(w io.Writer) error { return HTML(w, r) })), 1)
	holdsNothing(t, string(output(t, func(w io.Writer) error { return LoadHTML(w, load) })), 0)
}

// holdsNothing looks at every element of a page that has so many scripts of ours.
func holdsNothing(t *testing.T, text string, ours int) {
	t.Helper()
	doc, err := html.ParseWithOptions(strings.NewReader(text), html.ParseOptionEnableScripting(false)) // what is made later as well
	if err != nil {
		t.Fatal(err)
	}
	scripts, seen := 0, map[string]bool{}
	for n := range doc.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		switch n.Data {
		case "script":
			scripts++
		case "img", "iframe", "object", "embed", "base":
			t.Errorf("there is an element %s", n.Data)
		}
		for _, a := range n.Attr {
			if strings.HasPrefix(a.Key, "on") || a.Key == "style" || a.Key == "src" {
				t.Errorf("%s has the attribute %s=%q", n.Data, a.Key, a.Val)
			}
			if a.Key == "href" && !regexp.MustCompile(`^(#|data:,$|https://www\.rfc-editor\.org/rfc/rfc\d+|https://openid\.net/specs/)`).MatchString(a.Val) {
				t.Errorf("%s links to %q", n.Data, a.Val)
			}
			if a.Key == "id" {
				if seen[a.Val] {
					t.Errorf("the id %q is there twice", a.Val)
				}
				seen[a.Val] = true
			}
		}
	}
	if scripts != ours {
		t.Errorf("got %d scripts, want %d of ours alone", scripts, ours)
	}
	if strings.ContainsFunc(text, isHidden) {
		t.Error("the page holds control characters")
	}
}

func TestColoursCanBeRead(t *testing.T) {
	schemes := strings.SplitN(tokensStyle(t), "prefers-color-scheme: dark", 2)
	variable := regexp.MustCompile(`--(paper|sunk|surface|ink|quiet|link|violates|inconclusive|deviates|known|not_applicable|conforms): (#[0-9a-f]{3,6});`)
	for i, text := range []string{schemes[0], schemes[1][:strings.Index(schemes[1], "}")]} {
		colours := map[string]float64{}
		for _, m := range variable.FindAllStringSubmatch(text, -1) {
			colours[m[1]] = luminance(t, m[2])
		}
		if len(colours) != 12 {
			t.Fatalf("scheme %d: got %d colours, want 12", i, len(colours))
		}
		for name, l := range colours {
			for _, ground := range []string{"paper", "sunk", "surface"} {
				if name == "paper" || name == "sunk" || name == "surface" {
					continue
				}
				high, low := max(l, colours[ground]), min(l, colours[ground])
				if ratio := (high + 0.05) / (low + 0.05); ratio < 4.5 {
					t.Errorf("scheme %d: %s on %s has a contrast of %.1f, want 4.5 (WCAG AA)", i, name, ground, ratio)
				}
			}
		}
	}
}

func TestSourcesHaveAddresses(t *testing.T) {
	for source, want := range map[string]string{
		"RFC 6749":                            "https://www.rfc-editor.org/rfc/rfc6749",
		"RFC 6749 section 3.3":                "https://www.rfc-editor.org/rfc/rfc6749#section-3.3",
		"RFC 6749 appendix A.4":               "https://www.rfc-editor.org/rfc/rfc6749#appendix-A.4",
		"OpenID Connect Core section 5.4":     "https://openid.net/specs/openid-connect-core-1_0.html#rfc.section.5.4",
		"OpenID Connect Discovery section 3":  "https://openid.net/specs/openid-connect-discovery-1_0.html#rfc.section.3",
		"a vendor's documentation":            "",
		"OAuth 2.1 (draft) section 4.3.1":     "https://datatracker.ietf.org/doc/html/draft-ietf-oauth-v2-1#section-4.3.1",
		"Auth0: Role-Based Access Control":    "https://auth0.com/docs/manage-users/access-control/rbac",
		"Auth0: Role-Based Access Control x":  "",
		"javascript:alert(1)//RFC 6749":       "",
		"OpenID Connect Core section <script": "https://openid.net/specs/openid-connect-core-1_0.html",
	} {
		if got := sourceURL(source); got != want {
			t.Errorf("%s: got %q, want %q", source, got, want)
		}
	}
}

func TestFilesAreWrittenWhole(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	for range 2 { // the second time over the first
		if err := WriteDir(dir, fixture()); err != nil {
			t.Fatal(err)
		}
		if err := WriteLoadDir(dir, loadFixture()); err != nil {
			t.Fatal(err)
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
		info, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		if info.Size() == 0 || info.Mode().Perm() != 0o644 {
			t.Errorf("%s: got %d bytes, mode %o", e.Name(), info.Size(), info.Mode().Perm())
		}
	}
	want := []string{"junit.xml", "load.html", "load.json", "load.md", "report.html", "report.json", "summary.md"}
	if !slices.Equal(names, want) {
		t.Errorf("got %v, want %v", names, want)
	}
}

func TestAFileThatCannotBeWrittenLeavesTheOldOne(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	if err := os.WriteFile(path, []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	err := writeFile(path, func(w io.Writer) error {
		io.WriteString(w, "new")
		return io.ErrUnexpectedEOF
	})
	got, _ := os.ReadFile(path)
	entries, _ := os.ReadDir(filepath.Dir(path))
	if err == nil || string(got) != "old" || len(entries) != 1 {
		t.Errorf("got error %v, content %q, %d files", err, got, len(entries))
	}
	if err := WriteDir(filepath.Join(path, "below"), fixture()); err == nil {
		t.Error("a folder below a file: got no error")
	}
}

func TestDirGivesTheReportToTheFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "out")
	var o conformance.Options
	Dir(dir)(&o)
	for _, give := range o.Reports {
		if err := give(fixture()); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "report.json")); err != nil {
		t.Error(err)
	}
}

// tokensStyle is the style that holds the colours.
func tokensStyle(t *testing.T) string {
	t.Helper()
	text, err := together([]string{"tokens.css"})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestThePageLeadsToThePictureBesideIt(t *testing.T) {
	r := fixture()
	r.Rules[0].Scenarios = []conformance.ScenarioResult{{
		Name: "It is shown", Outcome: conformance.Inconclusive,
		Message: "page https://as.example/login: got no form\n    screenshot: out/report/stuck-12.png",
	}}
	r.Rules[0].Outcome = conformance.Inconclusive
	var b strings.Builder
	if err := HTML(&b, r); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), `<a href="stuck-12.png">`) {
		t.Error("got no link to the picture")
	}
	for _, elsewhere := range []string{"screenshot: ../x.png", "screenshot: javascript:alert(1)", "a screenshot: stuck-1.png of it"} {
		if got := screenshot(elsewhere); got != "" {
			t.Errorf("%q: got %q, want no picture of ours", elsewhere, got)
		}
	}
}
