package report

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/scopeproof/scopeproof/conformance"
)

// The objects of SARIF 2.1.0 (OASIS, section 3) that a report has.
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool        sarifTool         `json:"tool"`
		Automation  sarifAutomation   `json:"automationDetails"`
		Invocations []sarifInvocation `json:"invocations"`
		Results     []sarifResult     `json:"results"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name    string      `json:"name"`
		Version string      `json:"version,omitempty"`
		URI     string      `json:"informationUri"`
		Rules   []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID      string       `json:"id"`
		Short   sarifText    `json:"shortDescription"`
		Full    *sarifText   `json:"fullDescription,omitempty"`
		HelpURI string       `json:"helpUri,omitempty"`
		Default sarifDefault `json:"defaultConfiguration"`
		Extra   sarifSources `json:"properties"`
	}
	sarifText struct {
		Text string `json:"text"`
	}
	sarifDefault struct {
		Level string `json:"level"`
	}
	sarifSources struct {
		Level   conformance.Level `json:"level"`
		Sources []string          `json:"sources"`
		Tags    []string          `json:"tags"`
	}
	sarifAutomation struct {
		ID string `json:"id"`
	}
	sarifInvocation struct {
		Successful    bool                `json:"executionSuccessful"`
		Start         string              `json:"startTimeUtc,omitempty"`
		End           string              `json:"endTimeUtc,omitempty"`
		Notifications []sarifNotification `json:"toolExecutionNotifications,omitempty"`
	}
	sarifNotification struct {
		Level   string         `json:"level"`
		Message sarifText      `json:"message"`
		Rule    *sarifRuleName `json:"associatedRule,omitempty"`
	}
	sarifRuleName struct {
		ID string `json:"id"`
	}
	sarifResult struct {
		RuleID       string             `json:"ruleId"`
		RuleIndex    int                `json:"ruleIndex"`
		Level        string             `json:"level"`
		Message      sarifText          `json:"message"`
		Locations    []sarifLocation    `json:"locations,omitempty"`
		Fingerprints map[string]string  `json:"partialFingerprints"`
		Suppressions []sarifSuppression `json:"suppressions,omitempty"`
	}
	sarifLocation struct {
		Physical sarifPhysical `json:"physicalLocation"`
	}
	sarifPhysical struct {
		Artifact sarifArtifact `json:"artifactLocation"`
		Region   sarifRegion   `json:"region"`
	}
	sarifArtifact struct {
		URI string `json:"uri"`
	}
	sarifRegion struct {
		StartLine int `json:"startLine"`
	}
	sarifSuppression struct {
		Kind          string `json:"kind"`
		Justification string `json:"justification,omitempty"`
	}
)

const home = "https://github.com/scopeproof/scopeproof"

// SARIF writes the report as SARIF 2.1.0, for code scanning: a result for each
// scenario that does not hold, at its place in the features. What is known is
// suppressed, with its reason; what could not be judged is a notification, and
// the run then no success.
func SARIF(w io.Writer, r *conformance.Report) error {
	run := sarifRun{
		Tool:        sarifTool{sarifDriver{Name: "scopeproof", Version: visible(r.Tool.Version), URI: home, Rules: []sarifRule{}}},
		Automation:  sarifAutomation{"scopeproof/" + oneLine(targetName(r)) + "/"},
		Invocations: []sarifInvocation{sarifInvoked(r)},
		Results:     []sarifResult{},
	}
	for _, v := range r.Rules {
		level := sarifLevel(r, v.Outcome)
		if level == "" {
			continue
		}
		index := len(run.Tool.Driver.Rules)
		run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, sarifRuleOf(v))
		run.Results = append(run.Results, sarifResults(r, v, index, level)...)
	}
	return encode(w, sarifLog{"https://json.schemastore.org/sarif-2.1.0.json", "2.1.0", []sarifRun{run}})
}

// sarifLevel is how bad an outcome is; "": it is no result.
func sarifLevel(r *conformance.Report, o conformance.Outcome) string {
	switch {
	case o == conformance.Violates, o == conformance.Deviates && isStrict(r):
		return "error"
	case o == conformance.Deviates:
		return "warning"
	case o == conformance.Known:
		return "note"
	}
	return ""
}

func sarifRuleOf(v conformance.Verdict) sarifRule {
	rule := sarifRule{
		ID: visible(v.ID), Short: sarifText{visible(v.Text)}, Default: sarifDefault{"error"},
		Extra: sarifSources{Level: v.Level, Sources: []string{}, Tags: []string{"security", visible(areaOf(v))}},
	}
	if v.Level == conformance.Should {
		rule.Default.Level = "warning"
	}
	if v.Loss != "" {
		rule.Full = &sarifText{visible(v.Loss)}
	}
	for _, source := range v.Sources {
		rule.Extra.Sources = append(rule.Extra.Sources, visible(source))
		rule.HelpURI = cmp.Or(rule.HelpURI, sourceURL(source))
	}
	return rule
}

// sarifResults are the scenarios of a rule that did not hold.
func sarifResults(r *conformance.Report, v conformance.Verdict, index int, level string) []sarifResult {
	scenarios := slices.DeleteFunc(failing(v), func(s conformance.ScenarioResult) bool { return s.Outcome == conformance.Inconclusive })
	if len(scenarios) == 0 {
		scenarios = []conformance.ScenarioResult{{Line: v.Line, Message: v.Reason}}
	}
	var all []sarifResult
	for _, s := range scenarios {
		id := sha256.Sum256([]byte(v.ID + "\x00" + s.Name + "\x00" + s.ChargedFrom))
		result := sarifResult{
			RuleID: visible(v.ID), RuleIndex: index, Level: level,
			Message:      sarifText{visible(strings.TrimPrefix(s.Name+": ", ": ") + cmp.Or(s.Message, junitMessage(v)))},
			Fingerprints: map[string]string{"scopeproof/v1": hex.EncodeToString(id[:16])},
		}
		if file, line := featureFile(v, s.Line); file != "" {
			result.Locations = []sarifLocation{{sarifPhysical{sarifArtifact{(&url.URL{Path: file}).String()}, sarifRegion{line}}}}
		}
		if v.Outcome == conformance.Known {
			result.Suppressions = []sarifSuppression{{"external", visible(v.Reason)}}
		}
		all = append(all, result)
	}
	return all
}

// sarifInvoked says how the run went.
func sarifInvoked(r *conformance.Report) sarifInvocation {
	run := sarifInvocation{Successful: true}
	if !r.Started.IsZero() {
		run.Start = r.Started.UTC().Format(time.RFC3339)
		run.End = r.Started.Add(time.Duration(r.DurationMS) * time.Millisecond).UTC().Format(time.RFC3339)
	}
	for _, p := range r.Problems {
		run.Notifications = append(run.Notifications, sarifNotification{Level: "error", Message: sarifText{visible(strings.TrimSpace(p.Text + "\n" + p.Hint))}})
	}
	for _, v := range rulesWith(r, conformance.Inconclusive) {
		run.Notifications = append(run.Notifications, sarifNotification{
			Level: "warning", Message: sarifText{visible(junitMessage(v))}, Rule: &sarifRuleName{visible(v.ID)},
		})
	}
	run.Successful = len(run.Notifications) == 0
	for _, w := range r.Warnings {
		run.Notifications = append(run.Notifications, sarifNotification{Level: "warning", Message: sarifText{visible(w.Text + "\n" + w.Hint)}})
	}
	return run
}

// featureFile is where a scenario of a rule stands, seen from the folder of the
// run; line 0 is that of the rule.
func featureFile(v conformance.Verdict, line int) (string, int) {
	if v.File == "" {
		return "", 0
	}
	return strings.TrimPrefix(conformance.Place(v.File), "./"), max(cmp.Or(line, v.Line), 1)
}
