package refserver

import "strings"

const stepUp = Feature("step_up")

// steppingUp is RFC 9470: a client asks for a fresh sign-in with acr_values.
func steppingUp() part {
	return part{
		feature:  stepUp,
		metadata: func(_ *Server, m map[string]any) { m["acr_values_supported"] = []string{"low", HighACR} },
	}
}

// wantsHigh says whether acr_values ask for the high class before any other that
// is known (OpenID Connect Core section 3.1.2.1).
func (s *Server) wantsHigh(values string) bool {
	for value := range strings.FieldsSeq(values) {
		if value == HighACR || value == "low" {
			return value == HighACR && s.has(stepUp)
		}
	}
	return false
}
