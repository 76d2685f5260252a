package refserver

import (
	"net/http"
	"sync"
)

// withdrawals are the scopes that an administrator took out of the catalogue.
type withdrawals struct {
	mu     sync.RWMutex
	scopes ScopeSet
}

// withdrawn returns the scopes that are no longer known.
func (s *Server) withdrawn() ScopeSet {
	s.gone.mu.RLock()
	defer s.gone.mu.RUnlock()
	return s.gone.scopes
}

// scopesAt is ScopesAt less what was withdrawn.
func (s *Server) scopesAt(api string) ScopeSet {
	known := ScopesAt(api)
	if s.has(managing) {
		known = known.Or(managementScopes())
	}
	return known.Minus(s.withdrawn())
}

// allScopes is AllScopes less what was withdrawn.
func (s *Server) allScopes() ScopeSet {
	known := AllScopes()
	if s.has(managing) {
		known = known.Or(managementScopes())
	}
	return known.Minus(s.withdrawn())
}

// limitClients makes what holds for all clients part of what one may have.
func (s *Server) limitClients() {
	may := s.policy.ClientMay
	s.policy.ClientMay = func(c Client, asked ScopeSet) ScopeSet {
		return s.policy.Registration.PublicScope(c, s.policy.StillKnown(may(c, asked), s.withdrawn()))
	}
}

// postScope withdraws a scope or brings it back.
func (s *Server) postScope(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Scope string `json:"scope"`
		Known bool   `json:"known"`
	}
	if !readJSON(w, r, &body) {
		return
	}
	scope, err := s.policy.ParseScope(body.Scope)
	if err != nil {
		writeError(w, err)
		return
	}
	s.gone.mu.Lock()
	defer s.gone.mu.Unlock()
	if body.Known {
		s.gone.scopes = s.gone.scopes.Minus(scope)
	} else {
		s.gone.scopes = s.gone.scopes.Or(scope)
	}
	w.WriteHeader(http.StatusNoContent)
}

// addNetworkAdmin lets the administrator cut an API off from whom it asks about
// tokens.
func addNetworkAdmin(mux *http.ServeMux, reach func(reachable bool)) {
	mux.HandleFunc("POST /admin/network", func(w http.ResponseWriter, r *http.Request) {
		var body struct {
			Reachable bool `json:"reachable"`
		}
		if !readJSON(w, r, &body) {
			return
		}
		reach(body.Reachable)
		w.WriteHeader(http.StatusNoContent)
	})
}
