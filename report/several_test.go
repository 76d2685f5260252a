package report

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/scopeproof/scopeproof/conformance"
	"github.com/scopeproof/scopeproof/loadtest"
	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

// read writes a report and reads it again.
func read(t *testing.T, name string, r *conformance.Report) File {
	t.Helper()
	f, err := Read(name, output(t, func(w io.Writer) error { return JSON(w, r) }))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// later is the fixture as it might be a week later.
func later() *conformance.Report {
	r := fixture()
	r.Started = r.Started.Add(7 * 24 * time.Hour)
	r.Seed = 7
	rule := func(id string) *conformance.Verdict {
		return &r.Rules[slices.IndexFunc(r.Rules, func(v conformance.Verdict) bool { return v.ID == id })]
	}
	rule("REF-03").Outcome, rule("REF-03").Reason = conformance.Conforms, ""
	rule("GRANT-01").Outcome, rule("GRANT-01").Reason = conformance.NotApplicable, "needs as.code; as.code is false (declared)"
	unk := rule("UNK-01")
	unk.Outcome, unk.Reason = conformance.Violates, `Planner holds "unknown"`
	unk.Scenarios[0].Outcome, unk.Scenarios[0].Message = conformance.Violates, unk.Reason
	r.Rules = append(r.Rules, conformance.Verdict{ID: "ZZ-01", Text: "A rule that is new", Level: conformance.Must, Outcome: conformance.Conforms},
		conformance.Verdict{ID: "ZZ-02", Text: "A rule that is new, and broken", Level: conformance.Must, Outcome: conformance.Violates, Reason: `Planner holds "more"`})
	r.Rules = slices.DeleteFunc(r.Rules, func(v conformance.Verdict) bool { return v.ID == "CC-03" })
	r.Choices[target.UnknownScope] = target.Finding{Value: "ignore", Source: "observed"}
	r.Capabilities["as.device"] = target.Finding{Value: "true", Source: "metadata"}
	r.Problems = append(r.Problems, conformance.Problem{Text: "11 rules were judged, want 12 as the target file pins", Exit: 1})
	return r
}

func TestFormatsOfSeveralReportsAreAsTheGoldenFiles(t *testing.T) {
	r := fixture()
	scenario := &r.Rules[1].Scenarios[1]
	scenario.Steps = []string{`Given Ada has granted Planner "read:appointments"`, "When Planner refreshes its token", "Then Planner holds no scope beyond \"read:appointments\"", "And Ada's calendar is unchanged"}
	scenario.StepsHeld = 2
	d, err := NewDiff(read(t, "old.json", fixture()), read(t, "new.json", later()), 0)
	if err != nil {
		t.Fatal(err)
	}
	load := loadFixture()
	load.Scenarios[0].Outcome, load.Scenarios[0].Leaks = loadtest.Broken, 3
	load.Thresholds[0].Held, load.Capacities[0].Rate, load.Capacities[0].Beyond = false, 1000, 1040
	load.Scenarios[2].OfferedRate = 500
	ld, err := NewDiff(File{Name: "old.json", Load: loadFixture()}, File{Name: "new.json", Load: load}, 0)
	if err != nil {
		t.Fatal(err)
	}
	merged, err := Merge([]File{read(t, "a.json", fixture()), read(t, "b.json", later())})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		file  string
		write func(io.Writer) error
	}{
		{"report.80x24.txt", func(w io.Writer) error { return Text(w, r, TextOptions{Width: 80, Height: 24}) }},
		{"report.trace.txt", func(w io.Writer) error { return Text(w, r, TextOptions{Width: 100, Verbose: true, Trace: true}) }},
		{"played.txt", func(w io.Writer) error {
			_, err := io.WriteString(w, Played(r.Rules[1], TextOptions{})+"\n")
			return err
		}},
		{"report.sarif", func(w io.Writer) error { return SARIF(w, r) }},
		{"annotations.txt", func(w io.Writer) error { return GitHub(w, r) }},
		{"badge.svg", func(w io.Writer) error { return Badge(w, r) }},
		{"merged.txt", func(w io.Writer) error { return Text(w, merged, TextOptions{}) }},
		{"diff.txt", func(w io.Writer) error { return DiffText(w, d, TextOptions{}) }},
		{"diff.md", func(w io.Writer) error { return DiffMarkdown(w, d) }},
		{"diff.json", func(w io.Writer) error { return DiffJSON(w, d) }},
		{"diff.load.txt", func(w io.Writer) error { return DiffText(w, ld, TextOptions{}) }},
		{"diff.load.md", func(w io.Writer) error { return DiffMarkdown(w, ld) }},
	} {
		t.Run(c.file, func(t *testing.T) {
			golden(t, filepath.Join("testdata", c.file), output(t, c.write))
		})
	}
}

func TestWhatIsConvertedLaterIsWhatTheRunWrote(t *testing.T) {
	dir := t.TempDir()
	if err := WriteDir(dir, fixture()); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(dir, "report.json"))
	if err != nil {
		t.Fatal(err)
	}
	again, err := Read("report.json", data)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{"json": "report.json", "html": "report.html", "junit": "junit.xml", "markdown": "summary.md"}
	for _, f := range Formats() {
		name := files[f.Name]
		if name == "" {
			continue
		}
		delete(files, f.Name)
		want, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if got := output(t, func(w io.Writer) error { return f.Rules(w, again.Rules) }); !bytes.Equal(got, want) {
			t.Errorf("%s: %s", name, cmp.Diff(string(want), string(got)))
		}
	}
	if len(files) > 0 {
		t.Errorf("there is no format for %v", files)
	}
}

func TestReadRefuses(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"no JSON", "{", "a.json: got what is not JSON"},
		{"a list", "[]", `a.json: got the schema ""`},
		{"another version", `{"schema": "scopeproof/report/v2"}`, `got the schema "scopeproof/report/v2", want a report.json with "scopeproof/report/v1" or a load.json with "scopeproof/load/v1"`},
		{"a number for a text", `{"schema": "scopeproof/report/v1", "rules": [{"id": 3}]}`, "a.json: rules.id: got number"},
		{"an outcome that there is not", `{"schema": "scopeproof/report/v1", "rules": [{"id": "A", "outcome": "green"}]}`, `a.json: rules[0].outcome: got "green"`},
		{"a rule twice", `{"schema": "scopeproof/report/v1", "rules": [{"id": "A", "outcome": "conforms"}, {"id": "A", "outcome": "conforms"}]}`, `a.json: rules[1].id: got "A"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := Read("a.json", []byte(c.text)); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

// shard is a report with the given outcome of each rule.
func shard(name string, rules map[string]conformance.Outcome) File {
	r := &conformance.Report{
		Schema: conformance.Schema, Target: conformance.TargetInfo{Name: "shop", Version: "1", Kind: target.KindExternal, Issuer: issuer},
		Started: moment(1), DurationMS: 10, Seed: 3, Settings: map[string]string{"rules": name},
	}
	for id, o := range rules {
		r.Rules = append(r.Rules, conformance.Verdict{ID: id, Outcome: o, Reason: name})
	}
	return File{Name: name, Rules: r}
}

func TestMergeTakesTheWorstAndSaysSo(t *testing.T) {
	a := shard("a", map[string]conformance.Outcome{"REF-01": conformance.Conforms, "REF-02": conformance.Violates, "REF-03": conformance.NotApplicable, "REF-04": conformance.Known})
	b := shard("b", map[string]conformance.Outcome{"REF-02": conformance.Conforms, "REF-03": conformance.Conforms, "REF-05": conformance.Deviates, "REF-01": conformance.Inconclusive})
	b.Rules.Seed, b.Rules.Started = 4, moment(0)
	a.Rules.Settings["out"], b.Rules.Settings["strict"] = "reports", "true"
	a.Rules.Choices = map[target.ChoiceName]target.Finding{target.UnknownScope: {Value: "reject"}, target.OmittedScope: {Value: target.Unknown}}
	b.Rules.Choices = map[target.ChoiceName]target.Finding{target.UnknownScope: {Value: "ignore"}, target.OmittedScope: {Value: "default"}}
	for _, files := range [][]File{{a, b}, {b, a}} {
		m, err := Merge(files)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, v := range m.Rules {
			got = append(got, v.ID+" "+string(v.Outcome)+" "+v.Reason)
		}
		if want := []string{"REF-01 inconclusive b", "REF-02 violates a", "REF-03 conforms b", "REF-04 known a", "REF-05 deviates b"}; !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
		var conflicts []string
		for _, c := range m.Merged.Conflicts {
			conflicts = append(conflicts, c.What+": "+c.Taken)
		}
		first := files[0].Rules.Choices[target.UnknownScope].Value
		if want := []string{"rule REF-01: inconclusive", "rule REF-02: violates", "rule REF-03: conforms", "choice unknown_scope: " + first}; !slices.Equal(conflicts, want) {
			t.Errorf("got %q, want %q", conflicts, want)
		}
		if m.Summary != (conformance.Summary{Conforms: 1, Deviates: 1, Violates: 1, Known: 1, Inconclusive: 1}) || !m.Started.Equal(moment(0)) || m.DurationMS != 20 || m.Seed != 0 {
			t.Errorf("got %+v, %v, %d ms, seed %d", m.Summary, m.Started, m.DurationMS, m.Seed)
		}
		if s := m.Settings; len(s) != 2 || s["strict"] != "true" || s["rules"] != files[0].Name+", "+files[1].Name {
			t.Errorf("got the settings %v, want the rules of both, strict, and not where one was written", s)
		}
		if m.Choices[target.OmittedScope].Value != "default" {
			t.Errorf("got omitted_scope %v, want what one of them knows", m.Choices[target.OmittedScope])
		}
		for _, wrong := range validate(t, JSONSchema(), output(t, func(w io.Writer) error { return JSON(w, m) })) {
			if !strings.Contains(wrong, "level") { // the shards of this test have none
				t.Error(wrong)
			}
		}
	}
}

func TestMergeRefuses(t *testing.T) {
	one := shard("one", nil)
	change := func(f func(*conformance.TargetInfo)) File {
		other := shard("other", nil)
		f(&other.Rules.Target)
		return other
	}
	load := File{Name: "load", Load: loadFixture()}
	for _, c := range []struct {
		name  string
		files []File
		want  string
	}{
		{"one report", []File{one}, "got 1 report, want two at least"},
		{"another target", []File{one, change(func(i *conformance.TargetInfo) { i.Name = "bank" })}, "one is about shop 1 (external) at " + issuer + ", and other about bank 1"},
		{"another version", []File{one, change(func(i *conformance.TargetInfo) { i.Version = "2" })}, "shop 2"},
		{"another issuer", []File{one, change(func(i *conformance.TargetInfo) { i.Issuer = "https://b.example" })}, "at https://b.example"},
		{"a defect", []File{one, change(func(i *conformance.TargetInfo) { i.Defect = "It is broken." })}, `with the defect "It is broken."`},
		{"a load run", []File{one, load}, "load is a load.json, want a report.json"},
	} {
		if _, err := Merge(c.files); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", c.name, err, c.want)
		}
	}
	if _, err := MergeLoad([]File{load, load}); err == nil || !strings.Contains(err.Error(), "both have the load scenario api-reads") {
		t.Errorf("got %v, want that the same scenario is there twice", err)
	}
	if _, err := MergeLoad([]File{load, one}); err == nil || !strings.Contains(err.Error(), "one is a report.json") {
		t.Errorf("got %v, want that one is no load run", err)
	}
}

func TestMergeLoadAddsScenarios(t *testing.T) {
	a, b := loadFixture(), loadFixture()
	a.Scenarios, b.Scenarios, b.Seed = a.Scenarios[:1], b.Scenarios[1:], 8
	a.Sweeps, b.Capacities = nil, nil
	m, err := MergeLoad([]File{{Name: "a", Load: a}, {Name: "b", Load: b}})
	if err != nil || len(m.Scenarios) != 4 || m.DurationMS != a.DurationMS+b.DurationMS || m.Seed != 0 || len(m.Sweeps) != 1 || len(m.Capacities) != 1 {
		t.Errorf("got %+v, %v, want four scenarios, a sweep and a capacity", m, err)
	}
}

func TestWhatBecomesOfARule(t *testing.T) {
	verdict := func(o conformance.Outcome, failed ...string) conformance.Verdict {
		v := conformance.Verdict{ID: "REF-01", Outcome: o}
		for _, name := range failed {
			v.Scenarios = append(v.Scenarios, conformance.ScenarioResult{Name: name, Outcome: o})
		}
		return v
	}
	const (
		conforms, known, deviates      = conformance.Conforms, conformance.Known, conformance.Deviates
		absent, inconclusive, violates = conformance.NotApplicable, conformance.Inconclusive, conformance.Violates
	)
	for _, c := range []struct {
		before, after conformance.Verdict
		want          Change
	}{
		{verdict(conforms), verdict(conforms), ""},
		{verdict(conforms), verdict(violates, "A"), Regression},
		{verdict(conforms), verdict(deviates, "A"), Regression},
		{verdict(conforms), verdict(inconclusive, "A"), Regression},
		{verdict(conforms), verdict(absent), Regression},
		{verdict(absent), verdict(violates, "A"), Regression},
		{verdict(known, "A"), verdict(violates, "A"), Regression},
		{verdict(violates, "A"), verdict(violates, "A", "B"), Regression},
		{verdict(violates, "A", "B"), verdict(violates, "A"), ""},
		{verdict(violates, "A"), verdict(conforms), Improvement},
		{verdict(absent), verdict(conforms), Improvement},
		{verdict(known, "A"), verdict(conforms), Improvement},
		{verdict(violates, "A"), verdict(known, "A"), Changed},
		{verdict(conforms), verdict(known, "A"), Changed},
		{verdict(violates, "A"), verdict(absent), Changed},
		{conformance.Verdict{}, verdict(violates, "A"), Regression},
		{conformance.Verdict{}, verdict(inconclusive, "A"), Regression},
		{conformance.Verdict{}, verdict(deviates, "A"), Added},
		{conformance.Verdict{}, verdict(absent), Added},
		{verdict(conforms), conformance.Verdict{}, Removed},
	} {
		if got := ruleChange("REF-01", c.before, c.after); got.Change != c.want {
			t.Errorf("%s (%d failed) to %s (%d failed): got %q, want %q", c.before.Outcome, len(failing(c.before)), c.after.Outcome, len(failing(c.after)), got.Change, c.want)
		}
	}
}

// timed is a report of scenarios and requests that take about so long.
func timed(seed uint64, ms float64, n int) *conformance.Report {
	random := rand.New(rand.NewPCG(seed, 0))
	r := withOutcomes(conformance.Conforms)
	for i := range n {
		took := time.Duration(ms * (0.5 + random.Float64()) * float64(time.Millisecond))
		r.Rules[0].Scenarios = append(r.Rules[0].Scenarios, conformance.ScenarioResult{
			Name: string(rune('a' + i)), Outcome: conformance.Conforms, DurationMS: 7,
			Exchanges: []oauth.Exchange{{Method: "GET", URL: issuer + "/things/4711", Duration: took}},
		})
	}
	return r
}

func TestLatencyThatChangedBeyondNoise(t *testing.T) {
	diff := func(before, after *conformance.Report, slower float64) *Diff {
		d, err := NewDiff(File{Name: "old", Rules: before}, File{Name: "new", Rules: after}, slower)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	if d := diff(timed(1, 100, 20), timed(2, 100, 20), 0); len(d.Latency) != 0 || d.Tested != 2 {
		t.Errorf("noise: got %+v of %d samples, want none of 2", d.Latency, d.Tested)
	}
	if d := diff(timed(1, 100, 2), timed(2, 900, 2), 0); len(d.Latency) != 0 {
		t.Errorf("two samples: got %+v, want nothing said of so few", d.Latency)
	}
	d := diff(timed(1, 100, 20), timed(2, 200, 20), 0)
	if len(d.Latency) != 1 || d.Latency[0].What != "GET /realms/clinic/things/…" || d.Latency[0].OldSize != 20 || d.Latency[0].NewSize != 20 || d.Latency[0].Percent < 50 || d.Regressions != 0 {
		t.Errorf("twice as long: got %+v and %d regressions", d.Latency, d.Regressions)
	}
	if d := diff(timed(1, 100, 20), timed(2, 200, 20), 20); d.Regressions != 1 {
		t.Errorf("slower than 20 %%: got %d regressions, want 1", d.Regressions)
	}
	if d := diff(timed(1, 200, 20), timed(2, 100, 20), 20); d.Regressions != 0 || len(d.Latency) != 1 {
		t.Errorf("faster: got %d regressions, want none", d.Regressions)
	}
}

func TestLatencyIsComparedOfLikeWithLike(t *testing.T) {
	diff := func(change func(r *conformance.Report)) *Diff {
		after := timed(1, 100, 20)
		change(after)
		d, err := NewDiff(File{Name: "old", Rules: timed(1, 100, 20)}, File{Name: "new", Rules: after}, 1)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	d := diff(func(r *conformance.Report) {
		// Ten slow scenarios of a rule that the old run did not play, and one that failed.
		other := timed(2, 90_000, 10).Rules[0]
		other.ID = "ZZ-01"
		r.Rules[0].Scenarios[0].Outcome = conformance.Violates
		r.Rules = append(r.Rules, other)
	})
	const want = "latency is that of the 19 scenarios which both runs played, with the same outcome; left out: 10 scenarios that one of them alone played, 1 with another outcome"
	if len(d.Latency) != 0 || d.Tested != 2 || !slices.Equal(d.Notes, []string{want}) {
		t.Errorf("got %+v of %d and %q, want nothing and %q", d.Latency, d.Tested, d.Notes, want)
	}
	if d := diff(func(r *conformance.Report) { r.Rules[0].Scenarios = r.Rules[0].Scenarios[:5] }); len(d.Notes) != 1 || d.Tested != 2 {
		t.Errorf("fewer scenarios: got %q, want one note", d.Notes)
	}
	if d := diff(func(*conformance.Report) {}); len(d.Notes) != 0 {
		t.Errorf("the same: got %q, want no note", d.Notes)
	}
}

func TestADiffOfRulesAndLoad(t *testing.T) {
	both := func(name string) File { return File{Name: name, Rules: fixture(), Load: loadFixture()} }
	after := both("new")
	after.Rules, after.Load.Scenarios[0].Leaks = later(), 1
	d, err := NewDiff(both("old"), after, 0)
	if err != nil || len(d.Load) == 0 || len(d.Rules) == 0 || d.New.Rules == 0 {
		t.Errorf("got %+v, %v, want the rules and the load", d, err)
	}
	after.Load = nil
	if d, err := NewDiff(both("old"), after, 0); err != nil || len(d.Load) > 0 || !slices.ContainsFunc(d.Notes, func(n string) bool { return strings.Contains(n, "only what both have is compared") }) {
		t.Errorf("got %+v, %v, want a note that the load is not compared", d, err)
	}
}

func TestADiffOfTheSameRunIsEmpty(t *testing.T) {
	f := read(t, "a", fixture())
	d, err := NewDiff(f, f, 1)
	if err != nil || d.Regressions != 0 || len(d.Rules)+len(d.Choices)+len(d.Capabilities)+len(d.Latency)+len(d.Problems) != 0 {
		t.Errorf("got %+v, %v, want nothing", d, err)
	}
	if _, err := NewDiff(f, File{Name: "load", Load: loadFixture()}, 0); err == nil {
		t.Error("a report.json and a load.json: got no error")
	}
}

// spoil calls f with every copy of a JSON value in which one value is another.
func spoil(v any, f func(any)) {
	for _, other := range []any{nil, "", "\x1b[2J", -1.0, []any{}, map[string]any{}} {
		f(other)
	}
	switch v := v.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			old := v[key]
			spoil(old, func(other any) {
				v[key] = other
				f(v)
			})
			v[key] = old
		}
	case []any:
		for i, old := range v {
			spoil(old, func(other any) {
				v[i] = other
				f(v)
			})
			v[i] = old
		}
	}
}

// A report may come from another version, or have been edited: what is read is
// written in every format, or refused with its place.
func TestWhatIsReadCanBeWritten(t *testing.T) {
	small := fixture()
	small.Rules = small.Rules[1:3]
	for i := range small.Rules {
		small.Rules[i].Scenarios = small.Rules[i].Scenarios[:1]
	}
	var value any
	if err := json.Unmarshal(output(t, func(w io.Writer) error { return JSON(w, small) }), &value); err != nil {
		t.Fatal(err)
	}
	n, accepted := 0, 0
	spoil(value, func(spoiled any) {
		if n++; n%5 != 0 {
			return
		}
		data, err := json.Marshal(spoiled)
		if err != nil {
			t.Fatal(err)
		}
		f, err := Read("a.json", data)
		if err != nil || f.Rules == nil {
			return
		}
		accepted++
		for _, format := range Formats() {
			if err := format.Rules(io.Discard, f.Rules); err != nil {
				t.Errorf("%s: %v: %s", format.Name, err, data)
			}
		}
		if err := Text(io.Discard, f.Rules, TextOptions{Height: 24}); err != nil {
			t.Error(err)
		}
		if _, err := NewDiff(f, File{Name: "b", Rules: small}, 1); err != nil {
			t.Error(err)
		}
	})
	if accepted < 50 {
		t.Errorf("got %d of %d accepted, want some", accepted, n)
	}
	t.Logf("%d of %d are read", accepted, n/5)
}
