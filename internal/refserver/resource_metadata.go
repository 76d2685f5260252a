package refserver

import (
	"net/http"
	"slices"
)

const resourceMetadata = Feature("resource_metadata")

// protectedResources is RFC 9728: metadata of the APIs, at the place that their
// resource identifiers name.
func protectedResources() part {
	return part{
		feature: resourceMetadata,
		routes: func(s *Server, mux *http.ServeMux) {
			mux.HandleFunc("GET /.well-known/"+ResourceMetadata+"/{api}", s.resourceMetadata)
		},
		metadata: func(s *Server, m map[string]any) {
			m["protected_resources"] = []string{s.audience(CalendarAPI), s.audience(ContactsAPI)}
		},
	}
}

// metadataURL is where the metadata of an API is; empty if there is none.
func (s *Server) metadataURL(api string) string {
	if !s.has(resourceMetadata) {
		return ""
	}
	return s.at("/.well-known/" + ResourceMetadata + "/" + api)
}

func (s *Server) resourceMetadata(w http.ResponseWriter, r *http.Request) {
	api := r.PathValue("api")
	if s.apis[api] == nil {
		notFound(w)
		return
	}
	var needed ScopeSet
	for _, methods := range routes[api] {
		for _, need := range methods {
			needed = needed.Or(need.Scope)
		}
	}
	slices.Sort(needed)
	m := map[string]any{
		"resource": s.audience(api), "authorization_servers": []string{s.issuer},
		"bearer_methods_supported": []string{"header"}, "resource_name": "The " + api + " API",
	}
	scopes := s.policy.Metadata.ResourceScopes(api, needed.Minus(s.withdrawn()))
	if supported := s.policy.Metadata.ScopesSupported(ResourceMetadata, scopes); supported != nil {
		m["scopes_supported"] = supported
	}
	writeJSON(w, http.StatusOK, m)
}
