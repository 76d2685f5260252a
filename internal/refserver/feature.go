package refserver

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
)

// Feature is an optional part of the server. Options.Without leaves it out: then
// its endpoints do not exist, and the metadata does not speak of it.
type Feature string

// part is what a feature adds. Any of its fields may be nil.
type part struct {
	feature  Feature
	extra    bool // served only if Options.With names it
	routes   func(s *Server, mux *http.ServeMux)
	metadata func(s *Server, m map[string]any)
	grants   map[string]grant // by grant type
}

// grant answers the token endpoint for one grant type.
type grant func(s *Server, q tokenRequest) (tokenResponse, error)

// parts is every feature, in the order of the metadata.
func parts() []part {
	return []part{
		refreshing(), serving(),
		introspection(), revocation(), registration(), registrationManagement(), softwareStatement(),
		protectedResources(), steppingUp(), senderConstrained(),
		devices(), exchanging(), passwords(), assertions(), backchannel(),
		pushedRequests(), objects(), severalResources(), frontChannel(), richRequests(), management(), claimsByName(),
	}
}

// Features is every optional part of the server.
func Features() []Feature {
	var all []Feature
	for _, p := range parts() {
		all = append(all, p.feature)
	}
	return all
}

// IsExtra reports whether a feature is served only where it is asked for.
func IsExtra(f Feature) bool {
	return slices.ContainsFunc(parts(), func(p part) bool { return p.extra && p.feature == f })
}

// choose keeps the parts that are not left out, and of the extra ones those that
// are asked for.
func (s *Server) choose(without, with []Feature) error {
	for _, f := range slices.Concat(without, with) {
		if !slices.Contains(Features(), f) {
			return fmt.Errorf("got feature %q, want one of %q", f, Features())
		}
	}
	s.grantTypes = map[string]grant{AuthorizationCode: (*Server).redeem}
	for _, p := range parts() {
		if !slices.Contains(without, p.feature) && (!p.extra || slices.Contains(with, p.feature)) {
			s.parts = append(s.parts, p)
			maps.Copy(s.grantTypes, p.grants)
		}
	}
	return nil
}

// has says whether a feature was not left out.
func (s *Server) has(f Feature) bool {
	return slices.ContainsFunc(s.parts, func(p part) bool { return p.feature == f })
}

func refreshing() part {
	return part{feature: "refresh", grants: map[string]grant{RefreshToken: (*Server).refresh}}
}

func serving() part {
	return part{feature: "client_credentials", grants: map[string]grant{ClientCredentials: (*Server).serve}}
}

func introspection() part {
	return part{
		feature: "introspection",
		routes:  func(s *Server, mux *http.ServeMux) { mux.HandleFunc("POST /introspect", s.unlessSilent(s.introspect)) },
		metadata: func(s *Server, m map[string]any) {
			m["introspection_endpoint"] = s.at("/introspect")
			m["introspection_endpoint_auth_methods_supported"] = confidentialMethods()
		},
	}
}

func revocation() part {
	return part{
		feature: "revocation",
		routes:  func(s *Server, mux *http.ServeMux) { mux.HandleFunc("POST /revoke", s.revoke) },
		metadata: func(s *Server, m map[string]any) {
			m["revocation_endpoint"] = s.at("/revoke")
			m["revocation_endpoint_auth_methods_supported"] = append([]string{"none"}, confidentialMethods()...)
		},
	}
}

func registration() part {
	return part{
		feature:  "registration",
		routes:   func(s *Server, mux *http.ServeMux) { mux.HandleFunc("POST /register", s.register) },
		metadata: func(s *Server, m map[string]any) { m["registration_endpoint"] = s.at("/register") },
	}
}

func confidentialMethods() []string { return []string{"client_secret_basic", "client_secret_post"} }
