package refserver

import (
	"crypto/rand"
	"slices"
	"sync"
)

// parties are the clients and the users. Values are replaced, never changed.
type parties struct {
	mu      sync.RWMutex
	clients map[string]Client
	users   map[string]User
}

func (p *parties) client(id string) (Client, bool) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	c, ok := p.clients[id]
	return c, ok
}

func (p *parties) user(name string) (User, bool) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	u, ok := p.users[name]
	return u, ok
}

// addClient stores c, under a new id if it has none, unless the id is taken.
func (p *parties) addClient(c Client) (Client, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if c.ID == "" {
		c.ID = "client-" + rand.Text()[:12]
	}
	if _, taken := p.clients[c.ID]; taken {
		return Client{}, false
	}
	p.clients[c.ID] = c
	return c, true
}

// changeClient replaces a client by what change makes of it.
func (p *parties) changeClient(id string, change func(*Client)) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	c, ok := p.clients[id]
	if !ok {
		return false
	}
	change(&c)
	p.clients[id] = c
	return true
}

func (p *parties) dropClient(id string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, ok := p.clients[id]
	delete(p.clients, id)
	return ok
}

func (p *parties) addUser(u User) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, taken := p.users[u.Name]; taken {
		return false
	}
	p.users[u.Name] = u
	return true
}

func (p *parties) changeUser(name string, change func(*User)) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	u, ok := p.users[name]
	if !ok {
		return false
	}
	change(&u)
	p.users[name] = u
	return true
}

// fixture returns the users and clients that are there from the start.
func fixture(calendar, contacts string) *parties {
	all := AllScopes()
	code := []string{AuthorizationCode, RefreshToken, DeviceCode}
	user := append(slices.Clone(code), PasswordGrant, TokenExchange, JWTBearer, CIBA)
	callback := []string{"http://127.0.0.1:9/cb"}
	clients := []Client{
		{ID: "planner", Name: "Planner", Scope: all, GrantTypes: append(slices.Clone(user), ClientCredentials)},
		{ID: "viewer", Name: "Viewer", Scope: ScopeSet{OpenID, ReadAppointments}, GrantTypes: user},
		{ID: "pocket", Name: "Pocket", Public: true, Scope: all, GrantTypes: code},
		{ID: "house", Name: "House", FirstParty: true, Scope: all, GrantTypes: user},
		{ID: "robot", Name: "Robot", Scope: ScopeSet{ReadAppointments}, GrantTypes: []string{ClientCredentials}},
		{ID: "calendar-api", Name: "Calendar API", Audience: calendar},
		{ID: "contacts-api", Name: "Contacts API", Audience: contacts},
	}
	p := &parties{clients: map[string]Client{}, users: map[string]User{}}
	for _, c := range clients {
		if !c.Public {
			c.secret = c.ID + "-secret"
		}
		if c.MayUse(AuthorizationCode) {
			c.RedirectURIs = callback
		}
		p.clients[c.ID] = c
	}
	for _, u := range []User{
		{Name: "ada", Permissions: all.Where(func(token string) bool { return !IsOIDC(token) }), Roles: []string{"admin"}},
		{Name: "bo", Permissions: ScopeSet{ReadAppointments}},
		{Name: "cy"},
	} {
		u.password = u.Name + "-password"
		u.Claims = claimsOfAda()
		if u.Name != "ada" {
			u.Claims = map[string]any{"name": u.Name, "email": u.Name + "@scopeproof.example", "email_verified": true}
		}
		p.users[u.Name] = u
	}
	return p
}

// claimsOfAda are every standard claim (OpenID Connect Core section 5.1) and
// our own one.
func claimsOfAda() map[string]any {
	return map[string]any{
		"name": "Ada Margaret Example", "given_name": "Ada", "family_name": "Example", "middle_name": "Margaret",
		"nickname": "Countess", "preferred_username": "ada.example", "profile": "https://people.scopeproof.example/ada",
		"picture": "https://people.scopeproof.example/ada.png", "website": "https://ada.scopeproof.example/",
		"gender": "female", "birthdate": "1985-12-10", "zoneinfo": "Europe/London", "locale": "en-GB",
		"updated_at": 1700000000, DepartmentClaim: "Analytical Engines",
		"email": "ada@scopeproof.example", "email_verified": true,
		"address": map[string]any{
			"formatted": "12 Engine Row\nLondon", "street_address": "12 Engine Row", "locality": "London",
			"region": "Greater London", "postal_code": "W1A 1AA", "country": "United Kingdom",
		},
		"phone_number": "+44 20 7946 0123", "phone_number_verified": true,
	}
}
