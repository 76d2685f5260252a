package report

import (
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/scopeproof/scopeproof/conformance"
)

// Elements of JUnit XML, in the order and with the attributes that both the
// schema of Maven Surefire (3.0) and that of the Jenkins xUnit plugin (junit-10)
// accept: no timestamp, no hostname, times of at most three decimals.
type (
	junitSuites struct {
		XMLName  xml.Name     `xml:"testsuites"`
		Name     string       `xml:"name,attr"`
		Time     string       `xml:"time,attr"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Errors   int          `xml:"errors,attr"`
		Suites   []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name       string           `xml:"name,attr"`
		Time       string           `xml:"time,attr"`
		Tests      int              `xml:"tests,attr"`
		Errors     int              `xml:"errors,attr"`
		Skipped    int              `xml:"skipped,attr"`
		Failures   int              `xml:"failures,attr"`
		Properties *junitProperties `xml:"properties"`
		Cases      []junitCase      `xml:"testcase"`
	}
	junitProperties struct {
		Properties []junitProperty `xml:"property"`
	}
	junitProperty struct {
		Name  string `xml:"name,attr"`
		Value string `xml:"value,attr"`
	}
	junitCase struct {
		Name      string      `xml:"name,attr"`
		ClassName string      `xml:"classname,attr"`
		Time      string      `xml:"time,attr"`
		Failure   *junitFault `xml:"failure"`
		Skipped   *junitSkip  `xml:"skipped"`
		Error     *junitFault `xml:"error"`
		SystemOut *junitText  `xml:"system-out"`
	}
	junitFault struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr"`
		Text    string `xml:",cdata"`
	}
	junitText struct {
		Text string `xml:",cdata"`
	}
	junitSkip struct {
		Message string `xml:"message,attr"`
	}
)

// runSuite is the test suite about the run as a whole: its properties, and a
// test case for whatever is wrong with it.
const runSuite = "run"

// JUnit writes junit.xml: a test suite for each area and a test case for each
// rule. A rule that is violated is a failure, and so is one that deviates in a
// strict run; inconclusive is an error; not applicable and known are skipped,
// with the reason. Problems of the run, and a run in which nothing was judged,
// are test cases of the suite "run".
func JUnit(w io.Writer, r *conformance.Report) error {
	suites := []junitSuite{junitRun(r)}
	for _, v := range r.Rules {
		name := xmlText(areaOf(v))
		i := slices.IndexFunc(suites, func(s junitSuite) bool { return s.Name == name })
		if i < 0 {
			suites = append(suites, junitSuite{Name: name})
			i = len(suites) - 1
		}
		suites[i].Cases = append(suites[i].Cases, junitRule(v, isStrict(r)))
	}
	all := junitSuites{Name: xmlText("scopeproof: " + targetName(r)), Time: seconds(r.DurationMS)}
	times := make(map[string]int64)
	for _, v := range r.Rules {
		times[xmlText(areaOf(v))] += ruleTime(v)
	}
	for i := range suites {
		s := &suites[i]
		s.Time = seconds(times[s.Name])
		s.count()
		all.Tests += s.Tests
		all.Failures += s.Failures
		all.Errors += s.Errors
	}
	all.Suites = suites
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(all); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func (s *junitSuite) count() {
	s.Tests = len(s.Cases)
	for _, c := range s.Cases {
		switch {
		case c.Failure != nil:
			s.Failures++
		case c.Error != nil:
			s.Errors++
		case c.Skipped != nil:
			s.Skipped++
		}
	}
}

// areaOf is the area of a rule: what stands before the dash of its id.
func areaOf(v conformance.Verdict) string {
	if v.Area != "" {
		return v.Area
	}
	area, _, _ := strings.Cut(v.ID, "-")
	return area
}

func ruleTime(v conformance.Verdict) int64 {
	var ms int64
	for _, s := range v.Scenarios {
		ms += s.DurationMS
	}
	return ms
}

func junitRule(v conformance.Verdict, strict bool) junitCase {
	c := junitCase{
		Name:      xmlText(v.ID + " " + v.Text),
		ClassName: xmlText(areaOf(v) + "/" + v.Feature),
		Time:      seconds(ruleTime(v)),
	}
	fault := func() *junitFault {
		return &junitFault{Message: xmlText(junitMessage(v)), Type: string(v.Outcome), Text: xmlText(junitDetails(v))}
	}
	switch v.Outcome {
	case conformance.Conforms:
		if text := remark(v); text != "" {
			c.SystemOut = &junitText{xmlText(text)}
		}
	case conformance.Violates:
		c.Failure = fault()
	case conformance.Deviates:
		if strict {
			c.Failure = fault()
			break
		}
		c.SystemOut = &junitText{xmlText("deviates: " + junitDetails(v))}
	case conformance.Known:
		c.Skipped = &junitSkip{Message: xmlText("known: " + summary(v))}
	case conformance.NotApplicable:
		c.Skipped = &junitSkip{Message: xmlText(summary(v))}
	default:
		c.Error = fault()
	}
	return c
}

func junitMessage(v conformance.Verdict) string {
	if s := summary(v); s != "" {
		return s
	}
	return v.ID + " " + happened(v.Outcome)
}

// junitDetails is the text of a failure: each scenario that failed, the step, the
// exchanges in short, and where the rule stands.
func junitDetails(v conformance.Verdict) string {
	var b strings.Builder
	for _, s := range failing(v) {
		fmt.Fprintf(&b, "%s: %s\n", s.Name, s.Message)
		if s.Step != "" {
			fmt.Fprintf(&b, "  at: %s\n", s.Step)
		}
		if s.Note != "" {
			fmt.Fprintf(&b, "  %s\n", s.Note)
		}
		for _, e := range s.Exchanges {
			fmt.Fprintf(&b, "  %d. %s to %s: %s %s: %s\n", e.Number, e.Actor, e.To, e.Method, e.URL, statusOf(e.Status, e.Failure))
		}
	}
	if b.Len() == 0 && v.Reason != "" {
		b.WriteString(v.Reason + "\n")
	}
	if v.Loss != "" {
		b.WriteString(v.Loss + "\n")
	}
	b.WriteString(v.ID + " " + citation(v, 0) + "\n")
	return b.String()
}

// junitRun is the suite about the run itself.
func junitRun(r *conformance.Report) junitSuite {
	s := junitSuite{Name: runSuite, Properties: &junitProperties{}}
	property := func(name, value string) {
		s.Properties.Properties = append(s.Properties.Properties, junitProperty{xmlText(name), xmlText(value)})
	}
	property("scopeproof.version", r.Tool.Version)
	property("target.name", r.Target.Name)
	property("target.version", r.Target.Version)
	property("target.kind", string(r.Target.Kind))
	property("target.issuer", r.Target.Issuer)
	if r.Target.Defect != "" {
		property("target.defect", r.Target.Defect)
	}
	property("started", timestamp(r.Started))
	property("seed", strconv.FormatInt(r.Seed, 10))
	if r.Merged != nil {
		property("merged.runs", strconv.Itoa(len(r.Merged.Runs)))
		for _, c := range r.Merged.Conflicts {
			property("merged.conflict", c.What+": "+conflictWords(r.Merged, c))
		}
	}
	problem := func(name string, exit int, hint string) {
		c := junitCase{Name: xmlText(name), ClassName: runSuite, Time: seconds(0)}
		fault := &junitFault{Message: xmlText(name), Type: "problem", Text: xmlText(hint)}
		if exit == exitViolates {
			c.Failure = fault
		} else {
			c.Error = fault
		}
		s.Cases = append(s.Cases, c)
	}
	for _, p := range r.Problems {
		problem(p.Text, problemExit(p), p.Hint)
	}
	switch {
	case len(r.Rules) == 0:
		problem("no rule ran", exitInconclusive, "")
	case len(rulesWith(r, conformance.NotApplicable)) == len(r.Rules):
		problem("no selected rule applies to this target", exitInconclusive, "")
	}
	return s
}

// statusOf is the status of a response, or why there was none.
func statusOf(status int, failure string) string {
	switch {
	case failure != "":
		return "no response: " + failure
	case status == 0:
		return "no response"
	}
	return strconv.Itoa(status)
}

// seconds writes milliseconds as seconds with three decimals.
func seconds(ms int64) string { return fmt.Sprintf("%d.%03d", ms/1000, ms%1000) }

// xmlText removes what XML 1.0 (section 2.2) does not allow in a document, and
// with it every other character that acts rather than shows.
func xmlText(s string) string {
	return strings.Map(func(c rune) rune {
		if isHidden(c) || c == utf8.RuneError || c == 0xFFFE || c == 0xFFFF {
			return -1
		}
		return c
	}, s)
}
