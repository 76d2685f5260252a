package report

import (
	"bytes"
	"encoding/xml"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/scopeproof/scopeproof/conformance"
	"github.com/scopeproof/scopeproof/loadtest"
)

// reports are those that every format has to cope with.
func reports() map[string]*conformance.Report {
	strict := fixture()
	strict.Settings["strict"] = "true"
	return map[string]*conformance.Report{
		"all that can happen": fixture(), "strict": strict, "nothing": {}, "conforms": withOutcomes(conformance.Conforms, conformance.NotApplicable),
	}
}

func TestEveryFormatCopesWithEveryReport(t *testing.T) {
	for name, r := range reports() {
		for _, f := range Formats() {
			var out bytes.Buffer
			if err := f.Rules(&out, r); err != nil || out.Len() == 0 && f.Name != "github" {
				t.Errorf("%s as %s: got %d bytes, %v", name, f.Name, out.Len(), err)
			}
			out.Reset()
			if f.Load == nil {
				continue
			}
			for _, l := range []*loadtest.Report{loadFixture(), {}} {
				if err := f.Load(&out, l); err != nil || out.Len() == 0 {
					t.Errorf("a load run as %s: got %d bytes, %v", f.Name, out.Len(), err)
				}
			}
		}
	}
}

func TestSARIFIsAsItsSchema(t *testing.T) {
	schema, err := jsonschema.NewCompiler().Compile(filepath.Join("testdata", "sarif-2.1.0.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	for name, r := range reports() {
		text := output(t, func(w io.Writer) error { return SARIF(w, r) })
		value, err := jsonschema.UnmarshalJSON(strings.NewReader(string(text)))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(value); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		broken := strings.Replace(string(text), `"version": "2.1.0"`, `"version": "3"`, 1)
		if value, err = jsonschema.UnmarshalJSON(strings.NewReader(broken)); err != nil || schema.Validate(value) == nil {
			t.Errorf("%s: another version is accepted (%v)", name, err)
		}
	}
}

// xmllint validates a file with Debian's libxml2-utils.
func xmllint(t *testing.T, schema string, document []byte) error {
	t.Helper()
	path := filepath.Join(t.TempDir(), "document.xml")
	if err := os.WriteFile(path, document, 0o600); err != nil {
		t.Fatal(err)
	}
	text, err := exec.Command("xmllint", "--noout", "--nonet", "--schema", filepath.Join("testdata", schema), path).CombinedOutput()
	if err != nil {
		t.Logf("%s", text)
	}
	return err
}

func TestJUnitIsAsTheSchemasOfItsReaders(t *testing.T) {
	if _, err := exec.LookPath("xmllint"); err != nil {
		if os.Getenv("SCOPEPROOF_REQUIRE_XMLLINT") != "" {
			t.Fatal(err)
		}
		t.Skip("there is no xmllint; Debian has it in libxml2-utils")
	}
	for name, r := range reports() {
		text := output(t, func(w io.Writer) error { return JUnit(w, r) })
		if err := xmllint(t, "jenkins-junit-10.xsd", text); err != nil {
			t.Errorf("%s: Jenkins: %v", name, err)
		}
		if err := xmllint(t, "jenkins-junit-10.xsd", []byte(strings.ReplaceAll(string(text), "classname=", "class="))); err == nil {
			t.Errorf("%s: Jenkins accepts test cases without a class", name)
		}
		// Surefire writes a file for each suite.
		var all struct {
			Suites []struct {
				Text []byte     `xml:",innerxml"`
				Attr []xml.Attr `xml:",any,attr"`
			} `xml:"testsuite"`
		}
		if err := xml.Unmarshal(text, &all); err != nil {
			t.Fatal(err)
		}
		for _, s := range all.Suites {
			var attributes strings.Builder
			for _, a := range s.Attr {
				attributes.WriteString(" " + a.Name.Local + `="`)
				_ = xml.EscapeText(&attributes, []byte(a.Value))
				attributes.WriteString(`"`)
			}
			suite := "<testsuite" + attributes.String() + ">" + string(s.Text) + "</testsuite>"
			if err := xmllint(t, "surefire-test-report.xsd", []byte(suite)); err != nil {
				t.Errorf("%s: Surefire: %v", name, err)
			}
		}
	}
}

func TestAnnotationsAreOneCommandALine(t *testing.T) {
	r := fixture()
	r.Rules[2].File = "./our/rules/own, or not: 100%.feature"
	text := string(output(t, func(w io.Writer) error { return GitHub(w, r) }))
	command := regexp.MustCompile(`^::(error|warning) (file=[^,:]+,line=[0-9]+,)?title=[^,:]+::.`)
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	for _, line := range lines {
		if !command.MatchString(line) {
			t.Errorf("this is no annotation: %s", line)
		}
	}
	if len(lines) != 5 { // a problem, two violated, one inconclusive, one not followed
		t.Errorf("got %d annotations, want 5:\n%s", len(lines), text)
	}
	for _, want := range []string{
		"::error file=features/token/refresh.feature,line=17,title=REF-03 violated::",
		"::error file=our/rules/own%2C or not%3A 100%25.feature,line=40,title=RSV-07 violated::",
		"::warning file=features/api/refusals.feature,line=15,title=RSC-02 not followed::",
		"::error title=scopeproof::expect.yaml:12: ",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("got no %q in\n%s", want, text)
		}
	}
}

func TestABadgeIsXMLAndSaysTheOutcome(t *testing.T) {
	stopped := withOutcomes(conformance.Violates)
	stopped.Problems = []conformance.Problem{{Exit: 130}}
	stale := withOutcomes(conformance.Conforms)
	stale.Problems = []conformance.Problem{{Exit: 1}}
	hostileName := withOutcomes(conformance.Conforms, conformance.Known)
	hostileName.Target.Name = hostile
	for want, r := range map[string]*conformance.Report{
		"2 violated": withOutcomes(conformance.Violates, conformance.Violates, conformance.Inconclusive), "inconclusive": withOutcomes(conformance.Inconclusive),
		"interrupted": stopped, "failed": stale, "2 rules kept": hostileName,
	} {
		text := output(t, func(w io.Writer) error { return Badge(w, r) })
		var svg struct {
			Words []string `xml:"g>text"`
		}
		if err := xml.Unmarshal(text, &svg); err != nil {
			t.Errorf("%s: %v", want, err)
		}
		if len(svg.Words) != 2 || svg.Words[1] != want {
			t.Errorf("got %q, want %q", svg.Words, want)
		}
	}
}
