package report

import (
	"fmt"
	"strings"
	"time"

	"github.com/scopeproof/scopeproof/conformance"
	"github.com/scopeproof/scopeproof/loadtest"
	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

// hostile is what a server might send to break a report.
const hostile = "</script><script>alert(1)</script> \"quoted\" 'single' `tick` | **bold** @everyone <img src=x onerror=alert(2)> \x00\x1b[31mred\x1b[0m \u202Egnp.exe ]]> &amp; \xff"

const issuer = "http://127.0.0.1:8080/realms/clinic"

func moment(second int) time.Time { return time.Date(2026, 3, 14, 9, 26, second, 0, time.UTC) }

// tokenExchange is a refresh that asks for more.
func tokenExchange(number int) oauth.Exchange {
	return oauth.Exchange{
		Number: number, Actor: "Planner", To: "authorization server", Purpose: "refreshes its token asking for more",
		Started: moment(number), Duration: 12 * time.Millisecond, Method: "POST", URL: issuer + "/protocol/openid-connect/token",
		Request: oauth.Message{
			Header: []oauth.Param{
				{Name: "Authorization", Value: "Basic ‹sha256:2c26b46b›"},
				{Name: "Content-Length", Value: "120"},
				{Name: "Content-Type", Value: "application/x-www-form-urlencoded"},
			},
			Body: "grant_type=refresh_token&refresh_token=‹sha256:9f86d081›&scope=read%3Aappointments+write%3Aappointments",
		},
		Status: 200,
		Response: oauth.Message{
			Header: []oauth.Param{{Name: "Cache-Control", Value: "no-store"}, {Name: "Content-Type", Value: "application/json"}},
			Body:   `{"access_token":"‹sha256:1b4f0e98›","token_type":"Bearer","expires_in":300,"scope":"read:appointments write:appointments"}`,
		},
	}
}

// apiExchange is a call of the API.
func apiExchange(number, status int, body string) oauth.Exchange {
	return oauth.Exchange{
		Number: number, Actor: "Planner", To: "API", Purpose: "creates an appointment for Ada",
		Started: moment(number), Duration: 3 * time.Millisecond, Method: "POST", URL: "http://127.0.0.1:9090/appointments?owner=ada&note=it's",
		Request: oauth.Message{
			Header: []oauth.Param{{Name: "Authorization", Value: "Bearer ‹sha256:1b4f0e98›"}, {Name: "Content-Type", Value: "application/json"}},
			Body:   `{"title":"Ada's check-up"}`,
		},
		Status:   status,
		Response: oauth.Message{Header: []oauth.Param{{Name: "Content-Type", Value: "application/json"}}, Body: body},
	}
}

// fixture is a run in which everything happened that can.
func fixture() *conformance.Report {
	r := &conformance.Report{
		Schema:     conformance.Schema,
		Tool:       conformance.Tool{Version: "v0.3.0"},
		Target:     conformance.TargetInfo{Name: "keycloak", Version: "26.5.1", Kind: target.KindContainer, Issuer: issuer},
		Started:    moment(53),
		DurationMS: 48213,
		Phases: conformance.Phases{
			UpMS: 1204, LearnMS: 3310, RulesMS: 43320, DownMS: 379,
			Register: conformance.Work{Count: 148, TotalMS: 2110}, LogIn: conformance.Work{Count: 1, TotalMS: 6240},
		},
		Seed: 20260314,
		Settings: map[string]string{
			"rules": "*", "parallel": "4", "timeout": "30s", "strict": "false", "target": "servers/keycloak/target.yaml",
		},
		Capabilities: map[target.Capability]target.Finding{
			"as.code":            {Value: "true", Source: "metadata: response_types_supported"},
			"as.refresh":         {Value: "true", Source: "metadata: grant_types_supported"},
			"as.cc":              {Value: "true", Source: "metadata: grant_types_supported"},
			"as.device":          {Value: "false", Source: "metadata: device_authorization_endpoint"},
			"as.tx":              {Value: "false", Source: "declared"},
			"as.oidc":            {Value: "true", Source: "metadata: userinfo_endpoint"},
			"token.format":       {Value: "jwt", Source: "observed"},
			"consent.ui":         {Value: "all_or_nothing", Source: "declared"},
			"fx.users":           {Value: "3", Source: "declared"},
			"consent.edit":       {Value: "none", Source: "declared"},
			"vendor.new|feature": {Value: "true", Source: hostile},
		},
		Choices: map[target.ChoiceName]target.Finding{
			target.UnknownScope:    {Value: "reject", Source: "observed"},
			target.OmittedScope:    {Value: "default", Source: "declared"},
			target.RefreshWidening: {Value: "ignores", Source: "observed"},
			target.ScopeInResponse: {Value: "always", Source: "observed"},
		},
		ChoicesByWay: target.ChoicesByWay{target.ByDevice: {target.UnknownScope: {Value: "ignore", Source: "declared"}}},
		Summary:      conformance.Summary{Conforms: 4, Deviates: 1, Violates: 2, Known: 1, NotApplicable: 3, Inconclusive: 1},
		Privilege:    privilegeFixture(),
		Problems: []conformance.Problem{
			{Text: `expect.yaml:12: CC-04 is listed as a known deviation, but it conforms`, Hint: "remove the entry", Exit: 1},
		},
	}
	r.Rules = append(failedRules(), settledRules()...)
	return r
}

// privilegeFixture is an API that serves more than is declared, and scopes that
// open nothing.
func privilegeFixture() *conformance.Privilege {
	return &conformance.Privilege{
		Operations: []conformance.OperationUse{
			{API: "API", Name: "create", Method: "POST", Path: "/appointments", Declared: []string{"write:appointments"}, Served: 61, Refused: 44,
				Sufficient: []string{"write:appointments"}, Insufficient: []string{"", "read:appointments"}},
			{API: "API", Name: "list", Method: "GET", Path: "/appointments", Declared: []string{"read:appointments"}, Served: 120, Refused: 8,
				Sufficient: []string{"read:appointments", "write:appointments"}, Insufficient: []string{""}, Undeclared: []string{"write:appointments"}},
			{API: "API", Name: "move", Method: "POST", Path: "/appointments/${id}/move?" + hostile, Declared: []string{"read:appointments", "admin"}, Refused: 2,
				Insufficient: []string{hostile}},
		},
		Scopes: []conformance.ScopeUse{
			{Scope: "admin", Tokens: 2, NeededBy: []string{"API move"}},
			{Scope: "openid", Protocol: true, Tokens: 12},
			{Scope: "read:appointments", Tokens: 90, Exercised: 71, NeededBy: []string{"API list"}},
			{Scope: "share:appointments", Tokens: 3},
			{Scope: "write:appointments", Tokens: 55, Exercised: 40, NeededBy: []string{"API create", "API list"}},
		},
	}
}

func failedRules() []conformance.Verdict {
	return []conformance.Verdict{
		{
			ID: "GRANT-01", Level: conformance.Must, Text: "A token carries no scope that was not asked for", Sources: []string{"RFC 6749 section 3.3"},
			Area: "GRANT", Feature: "Requested and granted scope", File: "grant/requested.feature", Line: 8, Outcome: conformance.Conforms,
			Scenarios: []conformance.ScenarioResult{{Name: "One scope of several is asked for", Line: 11, Outcome: conformance.Conforms, DurationMS: 41, Exchanges: []oauth.Exchange{tokenExchange(1)}}},
		},
		{
			ID: "REF-03", Level: conformance.Must, Text: "Refreshing never yields a scope the resource owner did not grant",
			Sources: []string{"RFC 6749 section 6", "RFC 9700 section 4.14.2"}, Loss: "A stolen refresh token buys more than the resource owner agreed to.",
			Area: "REF", Feature: "Refreshing an access token", File: "token/refresh.feature", Line: 6, Outcome: conformance.Violates,
			Reason: `Planner holds "read:appointments write:appointments", want at most "read:appointments": "write:appointments" is too much`,
			Needs:  []string{"as.refresh", "consent.ui=granular|vendor.new"},
			Scenarios: []conformance.ScenarioResult{
				{Name: "What was granted keeps working", Line: 9, Outcome: conformance.Conforms, DurationMS: 96, Exchanges: []oauth.Exchange{tokenExchange(1), apiExchange(2, 201, `{"id":"a1"}`)}},
				{
					Name: "Planner asks for read:appointments write:appointments", Line: 17, Outcome: conformance.Violates,
					Message: `Planner holds "read:appointments write:appointments", want at most "read:appointments": "write:appointments" is too much`,
					Step:    `Planner holds no scope beyond "read:appointments"`, DurationMS: 118,
					Steps: flowSteps(), Exchanges: flowExchanges(),
				},
			},
		},
		{
			ID: "RSV-07", Level: conformance.Must, Text: "A batch is served only where every part of it is allowed; " + hostile, Derived: true,
			Sources: []string{"RFC 6749 section 7", "RFC 9700 section 2.3"}, Loss: "Whoever may read can write, by asking for both at once.",
			Area: "RSV", Feature: "Operations of the API", File: "api/verbs.feature", Line: 40, Outcome: conformance.Violates,
			Reason: "1 of 2 scenarios did not hold",
			Scenarios: []conformance.ScenarioResult{{
				Name: "A batch of a read and a write " + hostile, Line: 44, Outcome: conformance.Violates, DurationMS: 60, ChargedFrom: "RSM-02",
				Message:   "POST /batch: got 200 with body " + hostile + ", want a refusal",
				Step:      "And Ada's calendar is unchanged",
				Note:      "seen in round 3 of 30, with 20 workers",
				Exchanges: []oauth.Exchange{apiExchange(1, 200, strings.Repeat("0123456789abcdef", 9*64)), hostileExchange(2)},
			}},
		},
		{
			ID: "RSC-02", Level: conformance.Should, Text: "A refusal for want of scope names the scope that is needed", Sources: []string{"RFC 6750 section 3.1"},
			Loss: "A client cannot find out what to ask for.", Area: "RSC", Feature: "Refusals of the API", File: "api/refusals.feature", Line: 12, Outcome: conformance.Deviates,
			Scenarios: []conformance.ScenarioResult{{
				Name: "Viewer tries to write", Line: 15, Outcome: conformance.Deviates, Message: `the challenge has no scope, want scope="write:appointments"`,
				Step: "Then the refusal names the scope that is needed", DurationMS: 22, Exchanges: []oauth.Exchange{apiExchange(1, 403, "")},
			}},
		},
		{
			ID: "CONS-05", Level: conformance.Must, Text: "What the resource owner deselects is not granted", Sources: []string{"OpenID Connect Core section 3.1.2.4"},
			Loss: "Consent means nothing.", Area: "CONS", Feature: "Consent", File: "consent/narrowing.feature", Line: 5, Outcome: conformance.Inconclusive,
			Reason: "Ada grants Planner \"read:appointments\": POST " + issuer + "/login-actions/consent: no response, 3 attempts in 6s",
			Scenarios: []conformance.ScenarioResult{{
				Name: "Ada deselects writing", Line: 9, Outcome: conformance.Inconclusive, Message: "3 attempts in 6s: connection refused",
				Step: `Given Ada grants only "read:appointments"`, DurationMS: 6012,
				Exchanges: []oauth.Exchange{{Number: 1, Actor: "Ada", To: "authorization server", Purpose: "consents", Started: moment(9), Duration: 2 * time.Second,
					Method: "GET", URL: issuer + "/auth?code=‹sha256:aaaaaaaa›", Failure: "dial tcp 127.0.0.1:8080: connection refused"}},
			}},
		},
	}
}

func hostileExchange(number int) oauth.Exchange {
	e := apiExchange(number, 500, hostile)
	e.Method = "PATCH"
	e.URL = "http://evil.example/'$(reboot)`reboot`\"\x1b]0;x\x07?HOME=‹sha256:aaaaaaaa›&[x]"
	e.Request.Header = append(e.Request.Header, oauth.Param{Name: "X-Odd", Value: hostile}, oauth.Param{Name: "@/etc/passwd", Value: "x"}, oauth.Param{Name: "X-Empty"})
	return e
}

func settledRules() []conformance.Verdict {
	none := func(id, text, reason string) conformance.Verdict {
		area, _, _ := strings.Cut(id, "-")
		return conformance.Verdict{ID: id, Level: conformance.Must, Text: text, Sources: []string{"RFC 8628 section 3.1"}, Area: area,
			Feature: "Other grants", File: "other/" + strings.ToLower(area) + ".feature", Line: 3, Outcome: conformance.NotApplicable, Reason: reason}
	}
	fine := func(id, text, feature string, level conformance.Level, reason string, sources ...string) conformance.Verdict {
		area, _, _ := strings.Cut(id, "-")
		return conformance.Verdict{ID: id, Level: level, Text: text, Sources: sources, Area: area, Feature: feature, File: "x/" + strings.ToLower(area) + ".feature",
			Line: 21, Outcome: conformance.Conforms, Reason: reason, Scenarios: []conformance.ScenarioResult{{Name: "It holds", Line: 24, Outcome: conformance.Conforms, DurationMS: 15}}}
	}
	device := "as.device is false (metadata: device_authorization_endpoint)"
	return []conformance.Verdict{
		{
			ID: "CC-03", Level: conformance.Must, Text: "A machine client is not given a scope of resource owners", Sources: []string{"RFC 6749 section 4.4"},
			Area: "CC", Feature: "Machine clients", File: "grant/machine.feature", Line: 30, Outcome: conformance.Known,
			Reason: "default scopes are added to every client; see the vendor's documentation",
			Scenarios: []conformance.ScenarioResult{{Name: "Robot asks for nothing", Line: 33, Outcome: conformance.Violates, DurationMS: 9,
				Message: `Robot holds "email profile", want none`, Exchanges: []oauth.Exchange{tokenExchange(1)}}},
		},
		none("DEV-01", "The device grant gives what was consented to", device),
		none("DEV-02", "A user code is bound to its scope", device),
		none("TX-01", "An exchanged token has no more scope than its subject", "as.tx is false (declared)"),
		noted(fine("GRANT-08", "A response says which scope was granted", "Requested and granted scope", conformance.Must, "scope_in_response: always", "RFC 6749 section 5.1"), "not refuted in 30 rounds x 20 workers"),
		fine("UNK-01", "An unknown scope is ignored or refused, always the same way", "Unknown scopes", conformance.May, "unknown_scope: reject", "RFC 6749 section 3.3"),
		fine("OIDC-01", "Without openid there is no ID token", "OpenID scopes", conformance.Must, "", "OpenID Connect Core section 3.1.2.1", "the vendor's guide"),
	}
}

func noted(v conformance.Verdict, note string) conformance.Verdict {
	v.Note, v.Scenarios[0].Note = note, note
	return v
}

// bigFixture is a run of rules with so many exchanges in all.
func bigFixture(rules, exchanges int) *conformance.Report {
	r := fixture()
	r.Rules = nil
	for i := range rules {
		v := failedRules()[1]
		v.ID = fmt.Sprintf("%s-%02d", string([]byte{'A' + byte(i/10/26), 'A' + byte(i/10%26)}), i%10+1)
		v.Area, _, _ = strings.Cut(v.ID, "-")
		if i%7 != 0 {
			v.Outcome, v.Reason = conformance.Conforms, ""
		}
		s := &v.Scenarios[1]
		s.Exchanges = nil
		for n := range exchanges / rules {
			s.Exchanges = append(s.Exchanges, tokenExchange(n+1))
		}
		v.Scenarios, s.Steps = v.Scenarios[1:], nil
		if v.Outcome == conformance.Conforms {
			s.Outcome, s.Message, s.Step = conformance.Conforms, "", ""
		}
		r.Rules = append(r.Rules, v)
	}
	return r
}

// loadFixture is a load run with every outcome.
func loadFixture() *loadtest.Report {
	value := func(f float64) *float64 { return &f }
	latency := loadtest.Latency{Min: 0.3, Mean: 1.9, P50: 1.42, P90: 3.8, P95: 5.25, P99: 14.96, P999: 41.2, P9999: 800, Max: 1204.5}
	window := func(second int64) loadtest.Window {
		return loadtest.Window{Second: second, Seconds: 1, Due: 200, Sent: 200, Kept: 199 - second, Leaks: second / 4, FalseRefusals: second / 5, Faults: 1, Latency: latency}
	}
	return &loadtest.Report{
		Schema: loadtest.Schema, Tool: "v0.3.0", Target: "keycloak 26.5.1", Issuer: issuer, Started: moment(1), DurationMS: 95_400, Seed: 7,
		Scenarios: []loadtest.ScenarioReport{
			{Name: "api-reads", Text: "Tokens that may read, and tokens that may not, at the API", Rules: []string{"RSM-01", "RSM-02"}, OfferedRate: 5000, AchievedRate: 4998.7,
				DurationMS: 30_000, Requests: 149_961, Kept: 149_961, Latency: latency, Outcome: loadtest.Kept},
			{Name: "token-mix", Text: "Many clients with different scopes ask for tokens at once", Rules: []string{"CC-01"}, OfferedRate: 200, AchievedRate: 199.9,
				DurationMS: 30_000, Requests: 5997, Kept: 5993, Leaks: 2, FalseRefusals: 1, Faults: 1, Latency: latency, Outcome: loadtest.Broken,
				Reason: "2 leaks, 1 false refusal", LeaksByRule: map[string]int64{"CC-01": 2}, Lag: loadtest.Latency{P99: 1.1, Max: 3}, CPU: 0.4, HostCPU: 1.2,
				Windows:    []loadtest.Window{window(0), window(1), window(2), window(3), window(4), window(5)},
				Spectrum:   []loadtest.Percentile{{Percentile: 0, MS: 0.3}, {Percentile: 50, MS: 1.42}, {Percentile: 75, MS: 2.2}, {Percentile: 99.9, MS: 41.2}, {Percentile: 100, MS: 1204.5}},
				Measures:   []loadtest.Measured{{Name: "stale", Unit: "ms", Text: "for how long a revoked token was good " + hostile, Count: 3, P50: 12, P99: 40, Max: 41}},
				Signatures: &loadtest.Signatures{Checked: 5000, Unchecked: 993, Bad: 1},
				Groups: []loadtest.Group{
					{Class: "leak", Rule: "CC-01", Message: `Robot holds "read:appointments write:appointments", want at most "read:appointments"`, Count: 2, First: moment(2), Last: moment(9), Exchanges: []int{1}},
					{Class: "fault", Message: "connection reset " + hostile, Count: 1, First: moment(3), Last: moment(3), Exchanges: []int{2}},
				},
				Samples: []loadtest.Sample{
					{Class: "leak", Rule: "CC-01", Message: `Robot holds "read:appointments write:appointments", want at most "read:appointments"`, Exchange: tokenExchange(1)},
					{Class: "fault", Message: "connection reset " + hostile, Exchange: oauth.Exchange{Number: 2, Method: "GET", URL: issuer + "/x", Failure: "read: connection reset by peer"}},
				}},
			{Name: "refresh-storm", Text: "Refresh tokens are used side by side", OfferedRate: 1000, AchievedRate: 612.4, DurationMS: 30_000, Requests: 18_372, Kept: 18_372,
				Latency: latency, Outcome: loadtest.Inconclusive, Reason: "61 % of the offered rate: the target was saturated"},
			{Name: "device", Text: "Device codes are polled", Outcome: loadtest.NotApplicable, Reason: "as.device is false (metadata)"},
		},
		Thresholds: []loadtest.ThresholdResult{
			{Expression: "p99<50ms", Scenario: "api-reads", Value: value(14.96), Held: true},
			{Expression: "p99<10ms", Scenario: "token-mix", Value: value(14.96)},
			{Expression: "p99<10ms", Scenario: "device", Reason: "nothing was sent"},
			{Expression: "capacity>=500", Scenario: "api-reads", Value: value(1420), Held: true},
		},
		Offered: "30s:5000/s", WarmUpMS: 2000, Shards: &loadtest.Shards{Wanted: 3, Counted: 2, Problems: []string{"shard 2 wrote nothing " + hostile}},
		Capacities: []loadtest.Capacity{loadCapacityFixture(latency)}, Sweeps: []loadtest.SweepReport{loadSweepFixture(latency)},
	}
}

func loadCapacityFixture(latency loadtest.Latency) loadtest.Capacity {
	slow := latency
	slow.P99 = 640
	step := func(phase string, rate float64, held bool) loadtest.CapacityStep {
		s := loadtest.CapacityStep{Phase: phase, OfferedRate: rate, AchievedRate: rate, DurationMS: 3000, Requests: int64(3 * rate), Latency: latency, Held: held, CPU: 0.31, Host: 1.1}
		if !held {
			s.Reason, s.Limit, s.Latency = "missed p99<50ms: got 640", loadtest.SideTarget, slow
		}
		return s
	}
	return loadtest.Capacity{
		Scenarios: []string{"api-reads"}, Rate: 1420, Beyond: 1480, Precision: 0.05, Confirmed: true, Limit: loadtest.SideTarget, Reason: "missed p99<50ms: got 640",
		Curve: []loadtest.CapacityStep{
			step("grow", 800, true), step("grow", 1600, false), step("bisect", 1130, true), step("bisect", 1420, true),
			step("bisect", 1480, false), step("repeat", 1420, true), step("repeat", 1480, false),
		},
	}
}

func loadSweepFixture(latency loadtest.Latency) loadtest.SweepReport {
	s := loadtest.SweepReport{
		Name: "scopes", Text: "A client asks for more and more scopes", Unit: "scope tokens", Rules: []string{"CC-01"}, Requests: 180, Leaks: 1, Faults: 2,
		Growth:  loadtest.Growth{Model: loadtest.GrowsWorse, Exponent: 1.9, Low: 1.8, High: 2, Base: 0.3, Each: 0.01, Confidence: 1, Times: 12, Points: 5, Samples: 30},
		Outcome: loadtest.Broken, Reason: "1 of 180 answers leaked; from 32 scope tokens on it answers 413", Warning: "latency grows worse than linearly " + hostile,
		Groups:  []loadtest.Group{{Class: "leak", Rule: "CC-01", Message: "issued " + hostile, Count: 1, First: moment(2), Last: moment(2), Exchanges: []int{1}}},
		Samples: []loadtest.Sample{{Class: "leak", Rule: "CC-01", Message: "issued " + hostile, Exchange: tokenExchange(1)}},
	}
	for size := 1; size <= 32; size *= 2 {
		p := loadtest.SweepPoint{Size: size, Low: 0.31 + 0.01*float64(size*size), Bytes: 90 + 12*size, Status: 400, Samples: 30, Latency: latency, Fitted: size < 32}
		if size == 32 {
			p.Status = 413
		}
		s.Points = append(s.Points, p)
	}
	return s
}
