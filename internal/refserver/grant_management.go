package refserver

import (
	"crypto/rand"
	"net/http"
	"net/url"
)

const managing Feature = "grant_management"

func management() part {
	return part{
		feature: managing,
		routes: func(s *Server, mux *http.ServeMux) {
			mux.HandleFunc("GET /grants/{id}", s.managedGrant)
			mux.HandleFunc("DELETE /grants/{id}", s.managedGrant)
		},
		metadata: func(s *Server, m map[string]any) {
			m["grant_management_endpoint"] = s.at("/grants")
			m["grant_management_actions_supported"] = []string{"query", "revoke", MergeGrant, ReplaceGrant, CreateGrant}
			m["grant_management_action_required"] = false
		},
	}
}

// managementScopes are for clients alone: no user hands them out.
func managementScopes() ScopeSet { return ScopeSet{QueryGrants, RevokeGrants} }

// managed is what an authorization request says about a grant of its own. fresh
// is for the name of a new one.
type managed struct{ action, id, fresh string }

// grantID is the grant that the request of a user is about; empty: the ordinary
// one.
func (s *Server) grantID(tx *transaction, user string) string {
	if tx.managed.action == CreateGrant {
		return s.policy.Manage.NewID(user, tx.client.ID, tx.managed.fresh)
	}
	return tx.managed.id
}

// readManaged checks the parameters of a request. A server that does not know
// them ignores them (RFC 6749 section 3.1).
func (s *Server) readManaged(form url.Values) (managed, error) {
	if !s.has(managing) {
		return managed{}, nil
	}
	action, err := s.policy.Manage.Asked(form.Get("grant_management_action"), form.Get("grant_id"))
	return managed{action, form.Get("grant_id"), rand.Text()}, err
}

// rowOf is the grant that a request is about, at an API.
func (s *Server) rowOf(tx *transaction, user, resource string) Grant {
	return s.grants.row(rowKey{grantKey{user, tx.client.ID, resource}, s.grantID(tx, user)})
}

// reach checks that the grant that a request wants to change may be changed by it.
func (s *Server) reach(tx *transaction, user User) error {
	if tx.managed.action == "" || tx.managed.action == CreateGrant {
		return nil
	}
	rows := s.grants.named(tx.managed.id)
	grant := Grant{}
	if len(rows) > 0 {
		grant = rows[0]
	}
	return s.policy.Manage.Reaches(len(rows) > 0, grant, user.Name, tx.client.ID)
}

// named are the rows of a managed grant, one for each API.
func (s *grantStore) named(id string) []Grant {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var found []Grant
	for key, row := range s.rows {
		if id != "" && key.id == id && !row.ended {
			found = append(found, row.Grant)
		}
	}
	return found
}

// recordManaged is the part of record for a grant of its own.
func (s *grantStore) recordManaged(row *grantRow, o ConsentOutcome, a *authorization) {
	outcome := ManagedOutcome{Action: o.Action, Allowed: o.Allowed, Accepted: o.Accepted}
	for _, earlier := range row.members {
		earlier.mu.Lock()
		kept, refreshable, revoked := s.policy.Manage.Earlier(outcome, earlier.Current)
		earlier.Current, earlier.RefreshEnded = kept, earlier.RefreshEnded || !refreshable
		earlier.Revoked = earlier.Revoked || revoked
		earlier.mu.Unlock()
	}
	if a == nil {
		return
	}
	held := s.policy.Manage.Held(o.Action, row.Scope, a.Granted)
	row.Scope, a.Granted, a.Current = held, held, held
	if o.Action == MergeGrant {
		a.Details = append(row.Details[:len(row.Details):len(row.Details)], a.Details...)
	}
	row.Details = a.Details
}

// managedGrant is the grant management API.
func (s *Server) managedGrant(w http.ResponseWriter, r *http.Request) {
	token, status := bearer(r)
	if status != 0 {
		challenge(w, status, "", nil)
		return
	}
	t, ok := s.readAccessToken(token)
	live := Live{}
	if ok {
		live = s.live(t)
	}
	if !ok || !s.policy.TokenActive(live) {
		challenge(w, http.StatusUnauthorized, "invalid_token", nil)
		return
	}
	rows := s.grants.named(r.PathValue("id"))
	grant := Grant{Client: t.clientID} // of a grant that is not there nothing is said beyond that
	if len(rows) > 0 {
		grant = rows[0]
	}
	if s.policy.Manage.Allowed(r.Method, s.policy.LiveScope(live), t.clientID, grant) != nil {
		challenge(w, http.StatusForbidden, "insufficient_scope", nil)
		return
	}
	if len(rows) == 0 {
		notFound(w)
		return
	}
	if r.Method == http.MethodDelete {
		s.grants.endNamed(r.PathValue("id"))
		w.WriteHeader(http.StatusNoContent)
		return
	}
	s.showManaged(w, rows)
}

// showManaged answers a query (draft, Query Status of a Grant).
func (s *Server) showManaged(w http.ResponseWriter, rows []Grant) {
	type scopes struct {
		Scope     string   `json:"scope"`
		Resources []string `json:"resources"`
	}
	view := struct {
		Scopes  []scopes `json:"scopes"`
		Claims  []string `json:"claims"`
		Details Details  `json:"authorization_details,omitempty"`
	}{Scopes: []scopes{}, Claims: []string{}}
	for _, g := range rows {
		shown := s.policy.Manage.Shown(g)
		if !shown.IsEmpty() {
			view.Scopes = append(view.Scopes, scopes{shown.String(), []string{g.Resource}})
		}
		view.Details = append(view.Details, g.Details...)
		for _, token := range shown {
			view.Claims = ScopeSet(view.Claims).Or(ClaimsOf(token))
		}
	}
	writeJSON(w, http.StatusOK, view)
}

// endNamed ends a managed grant and what was issued under it.
func (s *grantStore) endNamed(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, row := range s.rows {
		if key.id != id {
			continue
		}
		row.Scope, row.ended = nil, true
		for i, a := range row.members {
			if s.policy.Manage.Ends(i == len(row.members)-1) {
				a.mu.Lock()
				a.Current, a.Revoked = nil, true
				a.mu.Unlock()
			}
		}
	}
}

// reportedGrant is the grant_id of a token response.
func (s *Server) reportedGrant(a Authorization) string {
	if a.GrantID == "" {
		return ""
	}
	return s.policy.Manage.GrantID(a.Action, a.GrantID, rand.Text())
}
