package defect

import (
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/scopeproof/scopeproof/internal/refserver"
)

// roles are faults of the limits that a user's permissions set.
var roles = []Defect{
	{
		ID:     "role-filter-missing",
		Text:   "Consent alone is enough: the user's permissions are not looked at.",
		Breaks: []string{"ROLE-01", "ASRT-01", "CONC-10", "DEF-06", "DEV-01", "GRANT-02", "GRANT-04", "GRANT-05", "IMPL-01", "IMPL-03", "INTR-01", "JWT-02", "PAR-01", "ROLE-03", "ROLE-04", "ROLE-06", "ROLE-07", "ROLE-11", "ROPC-01", "TX-01"},
		Shows:  `Planner holds "read:appointments write:appointments"`,
		Apply: func(p *refserver.Policy) {
			p.UserMay = func(_ refserver.User, _ refserver.Client, asked refserver.ScopeSet) refserver.ScopeSet { return asked }
		},
	},
	{
		ID:     "role-substitutes-scope",
		Text:   "A request to read is answered with all that the user may do with appointments, instead of being limited to that.",
		Breaks: []string{"ROLE-02", "CLI-01", "CODE-01", "CODE-05", "CONC-02", "CONC-07", "CONC-13", "CONS-01", "CONS-07", "CONS-18", "DEF-01", "DEF-02", "DEF-04", "DEF-05", "DEV-01", "DEV-02", "DEV-06", "EDIT-06", "GM-03", "GM-09", "GRANT-01", "GRANT-03", "GRANT-06", "GRANT-08", "INTR-01", "PAR-01", "PAR-02", "ROLE-08", "ROPC-01", "RSM-02", "RSM-10", "RST-11", "RSV-01", "RSV-08", "STEP-02", "SYN-06", "SYN-08", "SYN-12", "UNK-01", "UNK-02", "UNK-04", "UNK-08"},
		Shows:  `Planner holds "read:appointments write:appointments"`,
		Apply: func(p *refserver.Policy) {
			may := p.UserMay
			p.UserMay = func(u refserver.User, c refserver.Client, asked refserver.ScopeSet) refserver.ScopeSet {
				if len(asked) != 1 || !asked.Has(refserver.ReadAppointments) {
					return may(u, c, asked)
				}
				return u.Permissions.And(refserver.ScopeSet{refserver.ReadAppointments, refserver.WriteAppointments})
			}
			p.UserExcess = func(_, may refserver.ScopeSet) (refserver.ScopeSet, error) { return may, nil }
		},
	},
	{
		ID:     "colonless-scopes-unfiltered",
		Text:   "A scope without a colon is taken for one of OpenID Connect, which no permission limits.",
		Breaks: []string{"ROLE-03", "ROLE-01"},
		Shows:  `Planner holds "appointments-admin read:appointments"`,
		Apply: func(p *refserver.Policy) {
			may := p.UserMay
			p.UserMay = func(u refserver.User, c refserver.Client, asked refserver.ScopeSet) refserver.ScopeSet {
				allowed := may(u, c, asked)
				return asked.Where(func(token string) bool { return !strings.Contains(token, ":") || allowed.Has(token) })
			}
		},
	},
	{
		ID:     "role-excess-by-turns",
		Text:   "A user who may not grant everything is served with less twice, and refused the third time, when the cached permissions have gone.",
		Breaks: []string{"ROLE-04", "DEV-06", "ROLE-10", "UNK-01", "UNK-04"},
		Shows:  `the choice of user_excess is mixed`,
		Apply: func(p *refserver.Policy) {
			var mu sync.Mutex
			turns := map[string]int{}
			may := p.UserMay
			p.UserMay = func(u refserver.User, c refserver.Client, asked refserver.ScopeSet) refserver.ScopeSet {
				left := may(u, c, asked)
				if left.Covers(asked) {
					return left
				}
				mu.Lock()
				defer mu.Unlock()
				if turns[u.Name+" "+c.ID]++; turns[u.Name+" "+c.ID]%3 == 0 {
					return nil
				}
				return left
			}
		},
	},
	{
		ID:     "refresh-recomputes-permissions",
		Text:   "A refresh computes its scope anew from the request and the user's permissions: what was dropped comes back once the user may do it.",
		Breaks: []string{"ROLE-05", "GRANT-03", "REF-03", "RES-01", "RES-02"},
		Shows:  `Planner holds "read:appointments write:appointments"`,
		Apply: func(p *refserver.Policy) {
			refresh := p.RefreshScope
			p.RefreshScope = func(r refserver.Refresh) (refserver.ScopeSet, error) {
				a := r.Authorization
				r.Authorization.Current = a.Current.Or(a.Requested.Minus(a.Asked).Without(refserver.OfflineAccess))
				return refresh(r)
			}
		},
	},
	{
		ID:     "permissions-read-once",
		Text:   "Permissions are looked at when the user authorizes, and never again: what was taken away lives on in every refresh.",
		Breaks: []string{"ROLE-06", "CONC-10"},
		Shows:  `Planner holds "read:appointments write:appointments"`,
		Apply: func(p *refserver.Policy) {
			live := p.LiveScope
			p.LiveScope = func(l refserver.Live) refserver.ScopeSet {
				l.UserMay = l.TokenScope
				return live(l)
			}
			refreshWithin(p, func(r refserver.Refresh) refserver.ScopeSet { return r.Authorization.Current.And(r.ClientMay) })
		},
	},
	{
		ID:     "admin-role-overrides-scope",
		Text:   "The API lets an administrator delete with any token, whatever its scope.",
		Breaks: []string{"ROLE-08", "GRANT-06", "RSM-02", "RST-11", "RSV-01", "RSV-04", "RSV-06", "RSV-07", "RSV-08"},
		Shows:  `Planner can delete an appointment of Ada without "write:appointments": delete got 204`,
		Apply: func(p *refserver.Policy) {
			admits := p.API.Admits
			p.API.Admits = func(by refserver.Principal, op refserver.Operation, need refserver.Requirement, covered bool) bool {
				if op.Method == http.MethodDelete && slices.Contains(by.Roles, "admin") {
					return true
				}
				return admits(by, op, need, covered)
			}
		},
	},
	{
		ID:     "objects-unprotected",
		Text:   "The API checks the scope and then serves the appointments of any user.",
		Breaks: []string{"ROLE-09"},
		Shows:  `the answer (200) shows an appointment of Ada`,
		Apply: func(p *refserver.Policy) {
			p.API.Visible = func(_ refserver.Principal, actsFor, owner string) bool {
				return actsFor == owner || strings.HasPrefix(actsFor, "user/") && strings.HasPrefix(owner, "user/")
			}
			p.API.ListsOthers = func(refserver.Principal) bool { return true }
		},
	},
	{
		ID:     "limiter-needs-scope-parameter",
		Text:   "The limiter reads the scope parameter of the request; a refresh without one fails for a user whom it limits.",
		Breaks: []string{"ROLE-10", "RES-03"},
		Shows:  `Planner was refused with 400 invalid_scope (the scope is undefined)`,
		Apply: func(p *refserver.Policy) {
			refresh := p.RefreshScope
			p.RefreshScope = func(r refserver.Refresh) (refserver.ScopeSet, error) {
				a := r.Authorization
				if r.Asked.IsEmpty() && !a.Asked.Covers(a.Requested.Without(refserver.OfflineAccess)) {
					return nil, refserver.Refuse("invalid_scope", "the scope is undefined")
				}
				return refresh(r)
			}
		},
	},
	{
		ID:     "permissions-cached-by-client",
		Text:   "Permissions are cached by client: the second user of a client gets the limits of the first.",
		Breaks: []string{"ROLE-11", "ROLE-01"},
		Shows:  `Planner holds "read:appointments write:appointments"`,
		Apply: func(p *refserver.Policy) {
			may := p.UserMay
			cache := &permissionCache{users: map[string]refserver.User{}}
			p.UserMay = func(u refserver.User, c refserver.Client, asked refserver.ScopeSet) refserver.ScopeSet {
				return may(cache.first(c.ID, u), c, asked)
			}
		},
	},
}

// permissionCache keeps the first user that each client was seen with.
type permissionCache struct {
	mu    sync.Mutex
	users map[string]refserver.User
}

// first returns the first user of a client; present values if that is u.
func (c *permissionCache) first(client string, u refserver.User) refserver.User {
	c.mu.Lock()
	defer c.mu.Unlock()
	if cached, ok := c.users[client]; ok && cached.Name != u.Name {
		return cached
	}
	c.users[client] = u
	return u
}
