package refserver

import (
	"slices"
	"strings"
	"sync"
	"time"
)

type grantKey struct{ user, client, resource string }

// rowKey adds the id of a managed grant; the ordinary grant has none.
type rowKey struct {
	grantKey
	id string
}

// authorization is an Authorization as the server keeps it. mu guards
// everything that changes: Current, Revoked, the refresh tokens and redeemed.
type authorization struct {
	mu sync.Mutex
	Authorization
	// last is the number of the latest refresh token, 0: none yet; live are the
	// numbers of those that are good.
	last     int
	live     map[int]bool
	redeemed bool
	latest   string // jti of the latest access token
	nonce    string
	loggedIn time.Time
	// redirectURI and challenge bind the code (RFC 6749 section 4.1.3, RFC 7636).
	redirectURI string
	challenge   string
	// parent is what an exchanged token goes back to; nil for every other.
	parent *authorization
	// members are the authorizations of one request for several APIs, this one
	// first and its refresh token for all; nil: this one alone. Where two are
	// locked, this one is first.
	members []*authorization
	// expires is when code and access tokens have ended; kept only for those
	// without refresh token.
	expires time.Time
}

// nextToken is the number of a new refresh token. The lock is held.
func (a *authorization) nextToken() int {
	if a.live == nil {
		a.live = map[int]bool{}
	}
	a.last++
	a.live[a.last] = true
	return a.last
}

// rotated is the number of the refresh token that goes with a refresh; 0: none.
// The lock is held.
func (a *authorization) rotated(r Rotation, used int) int {
	if r.Retire {
		delete(a.live, used)
	}
	switch {
	case r.Anew:
		return a.nextToken()
	case r.Repeat:
		return used
	}
	return 0
}

// end revokes the authorization and those that go with it. The lock of a and of
// held, which may be the same, is held.
func (a *authorization) end(held *authorization) {
	a.Revoked, held.Revoked = true, true
	for _, m := range a.members {
		if m != a && m != held {
			m.mu.Lock()
			m.Revoked = true
			m.mu.Unlock()
		}
	}
}

// pair is the lock of an authorization and of a member, which may be the same.
type pair struct{ first, member *authorization }

func (p pair) Lock() {
	p.first.mu.Lock()
	if p.member != p.first {
		p.member.mu.Lock()
	}
}

func (p pair) Unlock() {
	if p.member != p.first {
		p.member.mu.Unlock()
	}
	p.first.mu.Unlock()
}

// snapshot returns the authorization as it is now.
func (a *authorization) snapshot() Authorization {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.Authorization
}

// grantRow is a grant with the authorizations it led to.
type grantRow struct {
	Grant
	members []*authorization
	// ended is set when a managed grant was revoked.
	ended bool
	// prune is the number of members at which ended ones are next looked for.
	prune int
}

// grantStore holds grants and authorizations. One lock covers both, so that an
// authorization that starts from a grant and an edit of that grant are never
// interleaved.
type grantStore struct {
	mu     sync.RWMutex
	rows   map[rowKey]*grantRow
	byID   map[string]*authorization
	clock  *clock
	policy *Policy
}

func (s *grantStore) of(key grantKey) Grant { return s.row(rowKey{key, ""}) }

func (s *grantStore) row(key rowKey) Grant {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.rowLocked(key)
}

func (s *grantStore) rowLocked(key rowKey) Grant {
	if row := s.rows[key]; row != nil {
		return row.Grant
	}
	return Grant{User: key.user, Client: key.client, Resource: key.resource, ID: key.id}
}

// all yields a copy of every grant.
func (s *grantStore) all(yield func(Grant) bool) {
	s.mu.RLock()
	grants := make([]Grant, 0, len(s.rows))
	for _, row := range s.rows {
		grants = append(grants, row.Grant)
	}
	s.mu.RUnlock()
	for _, g := range grants {
		if !yield(g) {
			return
		}
	}
}

// authorization returns the authorization with the given id, or nil.
func (s *grantStore) authorization(id string) *authorization {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.byID[id]
}

// settlement is an outcome, and the authorization that it leads to if any.
type settlement struct {
	outcome       ConsentOutcome
	authorization *authorization
}

// settleAll records the outcome of an authorization request, API by API: what
// the grant now holds, what earlier authorizations keep, and the new
// authorization. held says that the remembered consent on which a silent
// approval rests still stands; if not, nothing is recorded and settleAll returns
// false.
func (s *grantStore) settleAll(list []settlement, held func(now, seen Grant) bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	list = slices.Clone(list)
	for i := range list {
		seen := list[i].outcome.Grant
		now := s.rowLocked(keyOf(seen))
		if !held(now, seen) {
			return false
		}
		list[i].outcome.Grant = now
	}
	s.policy.Race.between(RecordConsent, &s.mu)
	for _, each := range list {
		s.record(each)
	}
	return true
}

func keyOf(g Grant) rowKey { return rowKey{grantKey{g.User, g.Client, g.Resource}, g.ID} }

func (s *grantStore) record(each settlement) {
	o, a := each.outcome, each.authorization
	key := keyOf(o.Grant)
	row := s.rows[key]
	if row == nil {
		row = &grantRow{Grant: o.Grant}
		s.rows[key] = row
	}
	if o.Grant.ID != "" {
		s.recordManaged(row, o, a)
	} else {
		row.Scope, row.Remembered = s.policy.Remember(o)
		if o.Shown {
			for _, earlier := range row.members {
				earlier.mu.Lock()
				earlier.Current = s.policy.EarlierScope(o, earlier.Current)
				earlier.mu.Unlock()
			}
		}
	}
	row.History = row.History.Or(row.Scope)
	row.Removed = row.Removed.Minus(row.Remembered)
	if a != nil {
		s.byID[a.ID] = a
		row.members = append(s.pruned(row), a)
	}
}

// join adds an authorization that no consent page led to, and the scope that the
// grant then holds.
func (s *grantStore) join(a *authorization, holds func(Grant) ScopeSet) {
	key := rowKey{grantKey{a.User, a.Client, a.Resource}, ""}
	s.mu.Lock()
	defer s.mu.Unlock()
	row := s.rows[key]
	if row == nil {
		row = &grantRow{Grant: s.rowLocked(key)}
		s.rows[key] = row
	}
	row.Scope = holds(row.Grant)
	row.History = row.History.Or(row.Scope)
	s.byID[a.ID] = a
	row.members = append(s.pruned(row), a)
}

// pruned returns the row's members less those that can lead to nothing more. It
// looks only when the row has doubled, so that many authorizations stay cheap.
func (s *grantStore) pruned(row *grantRow) []*authorization {
	if len(row.members) < max(row.prune, 64) {
		return row.members
	}
	now := s.clock.now()
	row.members = slices.DeleteFunc(row.members, func(a *authorization) bool {
		a.mu.Lock()
		defer a.mu.Unlock()
		ended := a.last == 0 && now.After(a.expires)
		if ended {
			delete(s.byID, a.ID)
		}
		return ended
	})
	row.prune = 2 * len(row.members)
	return row.members
}

// edit changes grants and everything issued under them; when it returns, the
// change counts everywhere. It returns what the edited grant holds.
func (s *grantStore) edit(e Edit) ScopeSet {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, row := range s.rows {
		if !s.policy.EditReaches(e, key.user, key.client, key.resource) {
			continue
		}
		before := row.Scope
		row.Scope = s.policy.EditedGrant(e, row.Scope)
		row.Remembered = s.policy.EditedMemory(e, row.Remembered)
		row.Removed = row.Removed.Or(before.Minus(row.Scope))
		for i, a := range row.members {
			if !s.policy.EditCovers(i == len(row.members)-1) {
				continue
			}
			a.mu.Lock()
			kept, revoked := s.policy.EditedAuthorization(e, a.Current)
			a.Current, a.Revoked = kept, a.Revoked || revoked
			a.mu.Unlock()
		}
	}
	return s.ofLocked(e).Scope
}

// ofLocked is what a client holds at an API now, managed grants and all.
func (s *grantStore) ofLocked(e Edit) Grant {
	g := s.rowLocked(rowKey{grantKey{e.User, e.Client, e.Resource}, ""})
	for key, row := range s.rows {
		if key.grantKey == (grantKey{e.User, e.Client, e.Resource}) {
			g.Scope = g.Scope.Or(row.Scope)
		}
	}
	return g
}

// grantsOf returns the grants of a user that hold something, by client and
// resource.
func (s *grantStore) grantsOf(user string) []Grant {
	var grants []Grant
	s.all(func(g Grant) bool {
		if g.User != user || g.Scope.IsEmpty() {
			return true
		}
		same := slices.IndexFunc(grants, func(o Grant) bool { return o.Client == g.Client && o.Resource == g.Resource })
		if same < 0 {
			grants = append(grants, g)
		} else { // managed grants are shown, and edited, as one
			grants[same].Scope = grants[same].Scope.Or(g.Scope)
		}
		return true
	})
	slices.SortFunc(grants, func(a, b Grant) int {
		if a.Client != b.Client {
			return strings.Compare(a.Client, b.Client)
		}
		return strings.Compare(a.Resource, b.Resource)
	})
	return grants
}
