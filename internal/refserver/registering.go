package refserver

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"net/http"
)

// registrationScope is what comes of the scope of a registration.
type registrationScope struct{ asked, registered ScopeSet }

// registrationScope decides what a registration, or an update, gives.
func (s *Server) registrationScope(m *clientMetadata, public, dynamic bool) (registrationScope, error) {
	policy := s.policy.Registration
	asked, err := policy.ReadScope(m.Scope, s.policy.ParseScope)
	if err == nil && dynamic {
		asked, err = s.stated(m, asked)
	}
	if err != nil {
		return registrationScope{}, err
	}
	registered := s.policy.RegisteredScope(asked, s.allScopes())
	if dynamic {
		if registered, err = policy.OpenScope(OpenRegistration{Public: public, Asked: asked, Permitted: registered}); err != nil {
			return registrationScope{}, err
		}
	}
	return registrationScope{asked, policy.PublicScope(Client{Public: public}, registered)}, nil
}

// stated is the scope that counts once the software statement is read (RFC 7591
// section 2.3).
func (s *Server) stated(m *clientMetadata, asked ScopeSet) (ScopeSet, error) {
	if m.SoftwareStatement == "" || !s.has(softwareStatements) {
		return asked, nil
	}
	read, err := readJWT(m.SoftwareStatement)
	if err != nil {
		return nil, Refuse("invalid_software_statement", "the software statement cannot be read")
	}
	_, verified := verifiedBy(m.SoftwareStatement, s.statements.trust())
	if err := s.policy.Registration.StatementTrusted(verified); err != nil {
		return nil, err
	}
	text, ok := read.claims["scope"].(string)
	if !ok {
		return asked, nil
	}
	stated, err := s.policy.ParseScope(text)
	if err != nil {
		return nil, Refuse("invalid_software_statement", "the scope of the software statement is malformed")
	}
	return s.policy.Registration.StatementScope(asked, stated), nil
}

const (
	managedRegistration = Feature("registration_management")
	softwareStatements  = Feature("software_statement")
)

// registrationManagement is RFC 7592.
func registrationManagement() part {
	return part{
		feature: managedRegistration,
		routes: func(s *Server, mux *http.ServeMux) {
			mux.HandleFunc("GET /register/{id}", s.managed(s.showRegistration))
			mux.HandleFunc("PUT /register/{id}", s.managed(s.updateRegistration))
			mux.HandleFunc("DELETE /register/{id}", s.managed(func(w http.ResponseWriter, _ *http.Request, c Client) {
				s.parties.dropClient(c.ID)
				w.WriteHeader(http.StatusNoContent)
			}))
		},
	}
}

func softwareStatement() part { return part{feature: softwareStatements} }

// managed lets through requests with the registration access token of the client
// that they are about (RFC 7592 section 2).
func (s *Server) managed(next func(http.ResponseWriter, *http.Request, Client)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		token, status := bearer(r)
		client, ok := s.parties.client(r.PathValue("id"))
		good := ok && status == 0 && client.registration != "" && subtle.ConstantTimeCompare([]byte(token), []byte(client.registration)) == 1
		if !good {
			challenge(w, http.StatusUnauthorized, "invalid_token", nil)
			return
		}
		next(w, r, client)
	}
}

func (s *Server) showRegistration(w http.ResponseWriter, _ *http.Request, c Client) {
	writeJSON(w, http.StatusOK, s.information(*c.metadata, c))
}

// updateRegistration replaces the metadata of a client (RFC 7592 section 2.2).
func (s *Server) updateRegistration(w http.ResponseWriter, r *http.Request, c Client) {
	var m clientMetadata
	if !readJSON(w, r, &m) {
		return
	}
	if m.ClientID != c.ID || m.ClientSecret != "" && m.ClientSecret != c.secret {
		writeError(w, Refuse("invalid_client_metadata", "client_id and client_secret are not those of the client"))
		return
	}
	m.ClientSecret, m.Audience = c.secret, ""
	changed, scope, err := s.newClient(&m, true)
	if err != nil {
		writeError(w, err)
		return
	}
	changed.registration = c.registration
	changed.Scope, err = s.policy.Registration.UpdatedScope(RegistrationUpdate{Before: c.Scope, Asked: scope.asked, Permitted: scope.registered})
	if err != nil {
		writeError(w, err)
		return
	}
	m.Scope = scopeMember(s.policy.Registration.ReportedScope(scope.asked, changed.Scope))
	changed.metadata = &m
	s.parties.changeClient(c.ID, func(old *Client) { *old = changed })
	writeJSON(w, http.StatusOK, s.information(m, changed))
}

// information is the client information response (RFC 7591 section 3.2.1).
func (s *Server) information(m clientMetadata, c Client) clientMetadata {
	m.ClientID, m.ClientSecret, m.ClientName, m.FirstParty = c.ID, c.secret, c.Name, c.FirstParty
	m.SoftwareStatement = ""
	if c.secret != "" {
		m.SecretExpires = new(int64)
	}
	if c.registration != "" {
		m.RegistrationToken, m.RegistrationURI = c.registration, s.at("/register/"+c.ID)
	}
	return m
}

// registrationToken is the registration access token of a new client; empty if
// clients are not managed.
func (s *Server) registrationToken(dynamic bool) string {
	if !dynamic || !s.has(managedRegistration) {
		return ""
	}
	return rand.Text()
}

// scopeMember is a scope as a member of JSON; nil if it is empty.
func scopeMember(scope ScopeSet) json.RawMessage {
	if scope.IsEmpty() {
		return nil
	}
	text, _ := json.Marshal(scope.String()) // a string can be marshalled
	return text
}
