package actor

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

// Findings is a digest of all that is known of the target before the rules:
// what describes it, what it publishes and what [Stage.Learn] saw. Where a target
// listens is left out, so that two servers of which the same is known have the same.
func (s *Stage) Findings() (string, error) {
	t := s.Target
	values := func(f target.Finding) string { return f.Value }
	described := *t.Description
	described.Embedded = nil // how the reference was started, which it does not tell
	known := struct {
		Description  target.Description
		Metadata     map[string]any
		APIs         []apiFindings
		Capabilities map[target.Capability]string
		Choices      map[target.ChoiceName]string
		ByWay        target.ChoicesByWay
		Closed       map[target.Way]string
		Mixed        map[target.ChoiceName]string
		Unlearned    map[target.ChoiceName]string
		DefaultScope string
		Filters      bool
		Untold       map[oauth.GrantType]bool
		Failing      string
	}{
		Description: described, Metadata: t.Metadata,
		APIs:         []apiFindings{findingsOf(t.API), findingsOf(t.OtherAPI)},
		Capabilities: mapped(t.Capabilities, values), Choices: mapped(t.Choices, values),
		ByWay: t.ByWay, Closed: t.Closed, Mixed: t.Mixed, Unlearned: t.Unlearned,
		DefaultScope: t.DefaultScope.String(), Filters: s.filters, Untold: s.untold, Failing: fmt.Sprint(s.failing, s.denied),
	}
	text, err := json.Marshal(known)
	if err != nil {
		return "", err
	}
	digest := sha256.Sum256([]byte(strings.ReplaceAll(string(text), t.Issuer, "")))
	return hex.EncodeToString(digest[:]), nil
}

// apiFindings is what is known of an API.
type apiFindings struct {
	BaseURL, Resource, Audience, MetadataURL string
	Operations                               []target.Operation
	Batch, StepUp                            *target.Operation
	Ours, Trusts, Introspects, Reachable     bool
}

func findingsOf(api *target.ResourceServer) apiFindings {
	if api == nil {
		return apiFindings{}
	}
	return apiFindings{
		BaseURL: api.BaseURL, Resource: api.Resource, Audience: api.Audience, MetadataURL: api.MetadataURL,
		Operations: api.Operations, Batch: api.Batch, StepUp: api.StepUp,
		Ours: api.Ours, Trusts: api.TrustKey != nil, Introspects: api.Introspection != nil, Reachable: api.SetReachable != nil,
	}
}

func mapped[K comparable, A, B any](from map[K]A, as func(A) B) map[K]B {
	to := make(map[K]B, len(from))
	for key, value := range from {
		to[key] = as(value)
	}
	return to
}
