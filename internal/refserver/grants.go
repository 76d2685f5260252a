package refserver

import (
	"slices"
	"strings"
	"sync"
	"time"
)

type grantKey struct{ user, client, resource string }

// authorization is an Authorization as the server keeps it. mu guards
// everything that changes: Current, Revoked, the refresh tokens and redeemed.
type authorization struct {
	mu sync.Mutex
	Authorization
	// last is the number of the latest refresh token, 0: none yet; live are the
	// numbers of those that are good, one at most.
	last     int
	live     map[int]bool
	redeemed bool
	nonce    string
	loggedIn time.Time
	// redirectURI and challenge bind the code (RFC 6749 section 4.1.3, RFC 7636).
	redirectURI string
	challenge   string
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
	// prune is the number of members at which ended ones are next looked for.
	prune int
}

// grantStore holds grants and authorizations. One lock covers both, so that an
// authorization that starts from a grant and an edit of that grant are never
// interleaved.
type grantStore struct {
	mu     sync.RWMutex
	rows   map[grantKey]*grantRow
	byID   map[string]*authorization
	clock  *clock
	policy *Policy
}

func (s *grantStore) of(key grantKey) Grant {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.ofLocked(key)
}

func (s *grantStore) ofLocked(key grantKey) Grant {
	if row := s.rows[key]; row != nil {
		return row.Grant
	}
	return Grant{User: key.user, Client: key.client, Resource: key.resource}
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

// settle records the outcome of an authorization request: what the grant now
// holds, what earlier authorizations keep, and the new authorization if there is
// one. held says that the remembered consent on which a silent approval rests
// still stands; if not, nothing is recorded and settle returns false.
func (s *grantStore) settle(o ConsentOutcome, a *authorization, held func(Grant) bool) bool {
	key := grantKey{o.Grant.User, o.Grant.Client, o.Grant.Resource}
	s.mu.Lock()
	defer s.mu.Unlock()
	o.Grant = s.ofLocked(key)
	if !held(o.Grant) {
		return false
	}
	s.policy.Race.Between(RecordConsent, &s.mu)
	row := s.rows[key]
	if row == nil {
		row = &grantRow{Grant: o.Grant}
		s.rows[key] = row
	}
	row.Scope, row.Remembered = s.policy.Remember(o)
	row.History = row.History.Or(row.Scope)
	row.Removed = row.Removed.Minus(row.Remembered)
	if o.Shown {
		for _, earlier := range row.members {
			earlier.mu.Lock()
			earlier.Current = s.policy.EarlierScope(o, earlier.Current)
			earlier.mu.Unlock()
		}
	}
	if a != nil {
		s.byID[a.ID] = a
		row.members = append(s.pruned(row), a)
	}
	return true
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
		for _, a := range row.members {
			a.mu.Lock()
			kept, revoked := s.policy.EditedAuthorization(e, a.Current)
			a.Current, a.Revoked = kept, a.Revoked || revoked
			a.mu.Unlock()
		}
	}
	return s.ofLocked(grantKey{e.User, e.Client, e.Resource}).Scope
}

// grantsOf returns the grants of a user that hold something, by client and
// resource.
func (s *grantStore) grantsOf(user string) []Grant {
	var grants []Grant
	s.all(func(g Grant) bool {
		if g.User == user && !g.Scope.IsEmpty() {
			grants = append(grants, g)
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
