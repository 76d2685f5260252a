package conformance

import (
	"strings"
	"testing"

	"github.com/scopeproof/scopeproof/target"
)

func TestParseNeedRefuses(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"", `no capability or choice is called ""`},
		{"as.magic", `"as.magic"`},
		{"as.code|", `no capability or choice is called ""`},
		{"consent.ui=tiny", "want one of [none all_or_nothing granular]"},
		{"consent.ui=granular|as.magic", `"as.magic"`},
		{"policy.unknown_scope=sometimes", "want one of [ignore reject]"},
		{"policy.magic", `"policy.magic"`},
		{"unknown_scope=ignore", `"unknown_scope"`},
	} {
		if _, err := ParseNeed(c.text); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: got %v, want an error that has %q", c.text, err, c.want)
		}
	}
}

func TestNeedsAreMet(t *testing.T) {
	has := &target.Resolved{
		Capabilities: map[target.Capability]target.Finding{
			"as.code":    {Value: "true", Source: "declared"},
			"as.refresh": {Value: "false", Source: "metadata: grant_types_supported"},
			"consent.ui": {Value: "granular", Source: "declared"},
			"fx.users":   {Value: "2", Source: "declared"},
		},
		Choices: map[target.ChoiceName]target.Finding{"unknown_scope": {Value: "reject", Source: "observed"}},
	}
	for _, c := range []struct{ text, why string }{
		{"as.code", ""},
		{"as.refresh|as.code", ""},
		{"consent.ui", ""},
		{"consent.ui=granular", ""},
		{"consent.ui!=none", ""},
		{"fx.users>=2", ""},
		{"policy.unknown_scope", ""},
		{"policy.unknown_scope=reject", ""},
		{"policy.unknown_scope!=ignore", ""},
		{"as.refresh", "needs as.refresh; as.refresh is false (metadata: grant_types_supported)"},
		{"consent.ui=none", "needs consent.ui=none; consent.ui is granular (declared)"},
		{"consent.ui!=granular", "needs consent.ui!=granular; consent.ui is granular (declared)"},
		{"fx.users>=3", "needs fx.users>=3; fx.users is 2 (declared)"},
		{"policy.unknown_scope=ignore", "needs policy.unknown_scope=ignore; policy.unknown_scope is reject (observed)"},
		{"policy.empty_grant=error", "needs policy.empty_grant=error, which is neither declared nor could be observed"},
		{"as.refresh|fx.users>=3", "needs as.refresh; as.refresh is false (metadata: grant_types_supported); needs fx.users>=3; fx.users is 2 (declared)"},
	} {
		n, err := ParseNeed(c.text)
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		if ok, why := n.Met(has); ok != (c.why == "") || why != c.why {
			t.Errorf("%s: got %t, %q, want %q", c.text, ok, why, c.why)
		}
	}
}
