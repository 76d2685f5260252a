package refserver

import (
	"crypto/hmac"
	"encoding/json"
	"net/http"
)

// grantView is a grant as the account API shows it.
type grantView struct {
	ClientID   string `json:"client_id"`
	ClientName string `json:"client_name"`
	Resource   string `json:"resource"`
	Scope      string `json:"scope"`
	// Items are for the page.
	Items []ConsentItem `json:"-"`
}

func (s *Server) viewGrants(user string) []grantView {
	views := []grantView{}
	for _, g := range s.grants.grantsOf(user) {
		client, _ := s.parties.client(g.Client)
		api, _ := s.apiOf(g.Resource)
		view := grantView{ClientID: g.Client, ClientName: client.Name, Resource: g.Resource, Scope: g.Scope.String()}
		for _, token := range g.Scope {
			view.Items = append(view.Items, ConsentItem{Scope: token, Text: ScopeAt(api, token).Text})
		}
		views = append(views, view)
	}
	return views
}

// change narrows or revokes a grant. Without resource it is the calendar's
// grant, or the only other one. It returns what is left, and whether there was
// such a grant.
func (s *Server) change(user, client, resource string, wanted func(held ScopeSet) ScopeSet) (ScopeSet, bool) {
	var found []Grant
	for _, g := range s.grants.grantsOf(user) {
		if g.Client == client && (resource == "" || g.Resource == resource) {
			found = append(found, g)
		}
	}
	if len(found) == 0 {
		return nil, false
	}
	grant := found[0]
	for _, g := range found {
		if g.Resource == s.audience(CalendarAPI) {
			grant = g
		}
	}
	left := wanted(grant.Scope)
	return s.grants.edit(Edit{
		User: user, Client: client, Resource: grant.Resource, Before: grant.Scope, Wanted: left,
		Revoke: left.And(grant.Scope).IsEmpty(),
	}), true
}

func (s *Server) showGrants(w http.ResponseWriter, r *http.Request) {
	current := s.session(w, r)
	if current.user == "" {
		http.Redirect(w, r, "/login", http.StatusSeeOther)
		return
	}
	s.page(w, http.StatusOK, grantsPage, struct {
		User, Secret string
		Grants       []grantView
	}{current.user, s.formSecret(current), s.viewGrants(current.user)})
}

func (s *Server) editGrants(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
	current := s.session(w, r)
	if err := r.ParseForm(); err != nil || current.user == "" ||
		!hmac.Equal([]byte(r.PostForm.Get("csrf")), []byte(s.formSecret(current))) {
		s.page(w, http.StatusForbidden, errorPage, "This form belongs to another session.")
		return
	}
	ticked := NewScopeSet(r.PostForm["scope"]...)
	if r.PostForm.Get("action") == "revoke" {
		ticked = nil
	}
	s.change(current.user, r.PostForm.Get("client_id"), r.PostForm.Get("resource"), func(ScopeSet) ScopeSet { return ticked })
	http.Redirect(w, r, "/account/grants", http.StatusSeeOther)
}

// owner authenticates a resource owner by HTTP Basic.
func (s *Server) owner(next func(w http.ResponseWriter, r *http.Request, user string)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		name, password, _ := r.BasicAuth()
		user, ok := s.password(name, password)
		if !ok {
			w.Header().Set("WWW-Authenticate", `Basic realm="scopeproof account"`)
			writeJSON(w, http.StatusUnauthorized, map[string]string{"error": "unauthorized"})
			return
		}
		next(w, r, user.Name)
	}
}

func (s *Server) listGrants(w http.ResponseWriter, _ *http.Request, user string) {
	writeJSON(w, http.StatusOK, s.viewGrants(user))
}

// grantChange is the body of a change. Resource is needed only where the client
// was granted something at several APIs.
type grantChange struct {
	Scope    string `json:"scope"`
	Resource string `json:"resource"`
}

func (s *Server) putGrant(w http.ResponseWriter, r *http.Request, user string) {
	s.applyChange(w, r, user, func(_, scope ScopeSet) ScopeSet { return scope })
}

func (s *Server) removeFromGrant(w http.ResponseWriter, r *http.Request, user string) {
	s.applyChange(w, r, user, ScopeSet.Minus)
}

func (s *Server) applyChange(w http.ResponseWriter, r *http.Request, user string, wanted func(held, scope ScopeSet) ScopeSet) {
	var body grantChange
	if !readJSON(w, r, &body) {
		return
	}
	scope, err := s.policy.ParseScope(body.Scope)
	if err != nil {
		writeError(w, err)
		return
	}
	left, ok := s.change(user, r.PathValue("client"), body.Resource, func(held ScopeSet) ScopeSet { return wanted(held, scope) })
	if !ok {
		writeJSON(w, http.StatusNotFound, map[string]string{"error": "not_found"})
		return
	}
	writeJSON(w, http.StatusOK, map[string]string{"client_id": r.PathValue("client"), "scope": left.String()})
}

func (s *Server) deleteGrant(w http.ResponseWriter, r *http.Request, user string) {
	_, ok := s.change(user, r.PathValue("client"), r.URL.Query().Get("resource"), func(ScopeSet) ScopeSet { return nil })
	if !ok {
		writeJSON(w, http.StatusNotFound, map[string]string{"error": "not_found"})
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// readJSON reads a JSON body of at most 64 KiB; it answers 400 itself.
func readJSON(w http.ResponseWriter, r *http.Request, into any) bool {
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 64<<10)).Decode(into); err != nil {
		writeJSON(w, http.StatusBadRequest, map[string]string{"error": "invalid_request", "error_description": "the body is not the JSON expected"})
		return false
	}
	return true
}
