package conformance

import (
	"fmt"
	"strings"
	"time"

	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

// Schema is the value of Report.Schema.
const Schema = "scopeproof/report/v1"

// Outcome is what came of a rule or of a scenario.
type Outcome string

// The outcomes.
const (
	Conforms      Outcome = "conforms"       // every scenario held
	Deviates      Outcome = "deviates"       // a SHOULD was not followed
	Violates      Outcome = "violates"       // a MUST was broken, or access beyond the grant was given
	Known         Outcome = "known"          // listed as a known deviation, and still so
	NotApplicable Outcome = "not_applicable" // the target lacks what the rule needs
	Inconclusive  Outcome = "inconclusive"   // it could not be judged
)

// Report is what a run found, in the form of report.json.
type Report struct {
	Schema     string     `json:"schema"`
	Tool       Tool       `json:"tool"`
	Target     TargetInfo `json:"target"`
	Started    time.Time  `json:"started"`
	DurationMS int64      `json:"duration_ms"`
	Phases     Phases     `json:"phases,omitzero"`
	Seed       int64      `json:"seed"`
	// Settings are the resolved settings of the run: every flag, environment
	// variable and default that had a say, secrets removed.
	Settings     map[string]string                    `json:"settings,omitempty"`
	Capabilities map[target.Capability]target.Finding `json:"capabilities"`
	Choices      map[target.ChoiceName]target.Finding `json:"choices"`
	// ChoicesByWay are the choices that are taken otherwise on one way to ask for a
	// scope.
	ChoicesByWay target.ChoicesByWay `json:"choices_by_way,omitempty"`
	// Hierarchy are the scopes that include others, with all that each includes.
	Hierarchy map[oauth.ScopeToken]target.Finding `json:"hierarchy,omitempty"`
	Summary   Summary                             `json:"summary"`
	Rules     []Verdict                           `json:"rules"`
	// Privilege is which scope opened what in this run; none where no token was used
	// at an API.
	Privilege *Privilege `json:"privilege,omitempty"`
	// Warnings are what was observed and took rules away.
	Warnings []Warning `json:"warnings,omitempty"`
	// Problems are what went wrong with the run as a whole: stale entries of an
	// expectation file, a pinned count that is not met, an interruption.
	Problems []Problem `json:"problems,omitempty"`
	// Limited is how the server limited the rate of requests; none where it did not.
	Limited *Limited `json:"limited,omitempty"`
	// Merged says which runs a report was put together from; absent: from one.
	Merged *Merged `json:"merged,omitempty"`
}

// Limited is how a server limited the rate of requests, and what that came to.
type Limited struct {
	Answers  int   `json:"answers"`   // of 429, or 503 with Retry-After; the requests were sent again
	WaitedMS int64 `json:"waited_ms"` // while at least one request waited to be sent
}

// Merged says what a report was put together from.
type Merged struct {
	Runs []MergedRun `json:"runs"`
	// Conflicts are what the runs do not agree on, by name.
	Conflicts []Conflict `json:"conflicts"`
}

// MergedRun is one run of several.
type MergedRun struct {
	Name       string    `json:"name"` // as the report was called
	Version    string    `json:"version"`
	Started    time.Time `json:"started"`
	DurationMS int64     `json:"duration_ms"`
	Seed       int64     `json:"seed"`
	Rules      int       `json:"rules"` // how many it has
}

// Conflict is what runs of one target say differently.
type Conflict struct {
	What string `json:"what"` // "rule REF-03", "choice unknown_scope", "capability as.refresh"
	// Said is what each run says, in the order of the runs; empty: nothing.
	Said  []string `json:"said"`
	Taken string   `json:"taken"` // what the report says
}

// Tool says what made the report.
type Tool struct {
	Version string `json:"version"`
}

// TargetInfo says what was under test.
type TargetInfo struct {
	Name    string      `json:"name"`
	Version string      `json:"version"`
	Kind    target.Kind `json:"kind"`
	Issuer  string      `json:"issuer"`
	// Defect is the text of the seeded fault that was switched on, or empty.
	Defect string `json:"defect,omitempty"`
}

// Summary counts rules by outcome.
type Summary struct {
	Conforms      int `json:"conforms"`
	Deviates      int `json:"deviates"`
	Violates      int `json:"violates"`
	Known         int `json:"known"`
	NotApplicable int `json:"not_applicable"`
	Inconclusive  int `json:"inconclusive"`
}

// Verdict is what came of one rule.
type Verdict struct {
	ID    string `json:"id"`    // "REF-03"
	Level Level  `json:"level"` // the keyword of the source
	Text  string `json:"text"`  // the requirement
	// Sources are where it stands: "RFC 6749 section 6".
	Sources []string `json:"sources"`
	// Derived says that no sentence of a source says exactly this.
	Derived bool `json:"derived"`
	// Needs are what it needs of a target, all of them: "as.refresh",
	// "consent.ui=granular|policy.user_limits".
	Needs   []string `json:"needs,omitempty"`
	Loss    string   `json:"loss,omitempty"` // what is lost if it is broken
	Area    string   `json:"area"`           // "REF"
	Feature string   `json:"feature"`        // "Refreshing an access token"
	File    string   `json:"file"`           // "token/refresh.feature"; "./own/mine.feature" is a user's own
	Line    int      `json:"line"`           // of the rule, from 1
	Outcome Outcome  `json:"outcome"`
	// Reason is one sentence: why it is not applicable or inconclusive, what was
	// violated, which choice was observed.
	Reason string `json:"reason"`
	// Note says how far the outcome goes: "not refuted in 30 rounds x 20 workers".
	Note      string           `json:"note,omitempty"`
	Scenarios []ScenarioResult `json:"scenarios"`
}

// ScenarioResult is what came of one scenario.
type ScenarioResult struct {
	Name    string  `json:"name"`
	Line    int     `json:"line"`
	Outcome Outcome `json:"outcome"`
	// Message says what was expected and what was seen.
	Message string `json:"message"`
	Step    string `json:"step,omitempty"` // the step that did not hold
	// Steps are its sentences, where it has exchanges, which say for which of them
	// they were made; StepsHeld is how many of them held before one did not.
	Steps      []string         `json:"steps,omitempty"`
	StepsHeld  int              `json:"steps_held,omitempty"`
	Note       string           `json:"note,omitempty"` // how far the outcome goes
	DurationMS int64            `json:"duration_ms"`
	Exchanges  []oauth.Exchange `json:"exchanges"`
	// ChargedFrom is the rule in whose scenario the breach was seen, when it is
	// not this one.
	ChargedFrom string `json:"charged_from,omitempty"`

	played int // which case of its scenario it is, from 0
}

// Problem is something wrong with the run as a whole.
type Problem struct {
	Text string `json:"text"`
	Hint string `json:"hint,omitempty"`
	// Exit is the exit code that it asks for: 1, 2, 3 or 130.
	Exit int `json:"exit"`
}

// Describe is one message about a scenario that did not hold: the rule, what was
// expected and seen, where it stands, and where the scenario is.
func (v *Verdict) Describe(s ScenarioResult) string {
	text := fmt.Sprintf("%s %s: %s\n    %q (%s; %s:%d)", v.ID, s.Outcome, s.Message, v.Text, strings.Join(v.Sources, ", "), Place(v.File), s.Line)
	if s.Step != "" {
		text += "\n    at: " + s.Step
	}
	if s.ChargedFrom != "" {
		text += "\n    seen in a scenario of " + s.ChargedFrom + ": " + s.Name
	}
	return text
}
