package refserver

import (
	"crypto/rand"
	"net/url"
	"sync"
	"time"
)

const (
	// pendingLifetime is how long a user has to decide (RFC 8628 section 3.2).
	pendingLifetime = 10 * time.Minute
	// pendingInterval is the least time between two polls.
	pendingInterval = time.Second
	// slowDown is what slow_down adds to it (RFC 8628 section 3.5).
	slowDown = 5 * time.Second
	// pendingKept is how long an ended request is remembered to be told so.
	pendingKept = pendingLifetime + time.Hour
)

// decidedText answers a form that no longer counts.
const decidedText = "This form belongs to another session, or was sent before."

// pending is a request that is decided in another place than it was made. mu
// guards everything below it.
type pending struct {
	handle        string // device_code or auth_req_id
	grantType     string
	client        Client
	user          string // who is asked; empty: whoever brings the user code
	message       string // binding_message of CIBA
	resource, api string
	requested     ScopeSet // as sent
	asked         ScopeSet // after the limits that need no user
	expires       time.Time

	mu            sync.Mutex
	approved      bool
	denied        bool
	redeemed      bool
	authorization *authorization
	polled        time.Time
	interval      time.Duration
}

// grantType is how the client asks.
func (tx *transaction) grantType() string {
	if tx.pending != nil {
		return tx.pending.grantType
	}
	return AuthorizationCode
}

// pendingPolicy is the policy for requests of one grant type.
func (s *Server) pendingPolicy(grantType string) PendingPolicy {
	if grantType == CIBA {
		return s.policy.CIBA
	}
	return s.policy.Device
}

// begin makes a request of a client's form: scope, resource and what they come
// to.
func (s *Server) begin(grantType string, client Client, form url.Values) (*pending, error) {
	if !client.MayUse(grantType) {
		return nil, Refuse("unauthorized_client", "the client is not registered for this grant type")
	}
	p := &pending{
		handle: rand.Text(), grantType: grantType, client: client, expires: s.clock.now().Add(pendingLifetime),
		interval: pendingInterval,
	}
	var err error
	if p.resource, p.api, err = s.target(form); err != nil {
		return nil, err
	}
	if p.requested, err = s.policy.ParseScope(form.Get("scope")); err != nil {
		return nil, err
	}
	if p.requested.IsEmpty() {
		if err := s.policy.OmittedScope(grantType); err != nil {
			return nil, err
		}
	}
	asked, err := s.pendingPolicy(grantType).Requested(client, p.requested)
	if err != nil {
		return nil, err
	}
	if asked, err = s.screen(grantType, client, p.api, asked, true); err != nil {
		return nil, err
	}
	// The user is always asked: that is what prompt=consent says elsewhere.
	p.asked = s.policy.OfflineAccess(OfflineQuestion{Client: client, Prompt: []string{"consent"}, Asked: asked})
	return p, nil
}

// keep stores a request so that it can be polled for.
func (s *Server) keep(p *pending) {
	now := s.clock.now()
	s.pendings.put(p.handle, p, now.Add(pendingKept), now)
}

// decideOn takes a request to its user: the same way as an authorization
// request, from login on.
func (s *Server) decideOn(p *pending, current session, complete bool) *transaction {
	now := s.clock.now()
	tx := &transaction{
		id: rand.Text(), client: p.client, targets: []targeted{{p.resource, p.api, p.asked}}, prompt: []string{"consent"},
		responseType: ScopeSet{"code"}, requested: p.requested, pending: p, complete: complete, session: current.id,
	}
	s.transactions.put(tx.id, tx, now.Add(transactionLifetime), now)
	return tx
}

// claim refuses a decision on a request that was decided before in another
// page; from here on it counts as decided.
func (s *Server) claim(tx *transaction) error {
	p := tx.pending
	if p == nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := s.pendingPolicy(p.grantType).MayDecide(p.stateLocked(s.clock.now())); err != nil {
		return err
	}
	p.approved, p.denied = true, false // the token can be had once there is an authorization
	return nil
}

func (p *pending) stateLocked(now time.Time) PendingState {
	return PendingState{Approved: p.approved, Denied: p.denied, Redeemed: p.redeemed, Expires: p.expires, Now: now}
}

func (p *pending) approve(a *authorization) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.approved, p.denied, p.authorization = true, false, a
}

func (p *pending) deny() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.approved, p.denied, p.authorization = false, true, nil
}

// poll answers whoever asks for the token of a request.
func (s *Server) poll(q tokenRequest, grantType, handle string) (tokenResponse, error) {
	p, ok := s.pendings.get(handle, s.clock.now())
	if !ok || p.grantType != grantType {
		return tokenResponse{}, Refuse("invalid_grant", "the request is not known")
	}
	if err := s.policy.Presenter(grantType, p.client, q.client); err != nil {
		return tokenResponse{}, err
	}
	a, err := s.take(p)
	if err != nil {
		return tokenResponse{}, err
	}
	state := a.snapshot()
	user, _ := s.parties.user(a.User)
	named := state.Requested.Or(state.Granted).Or(state.Current).Or(q.asked).Or(q.client.Scope)
	scope, err := s.pendingPolicy(grantType).Scope(Redemption{
		Asked: q.asked, Client: q.client, Authorization: state,
		ClientMay: s.clientMay(grantType, q.client, named), UserMay: s.userMay(grantType, user, q.client, named),
	})
	if err != nil {
		return tokenResponse{}, err
	}
	issue := Issue{GrantType: grantType, Client: q.client, User: user, Authorization: state, Asked: q.asked, Scope: scope}
	return s.respond(issue, a, s.firstRefresh(issue, a))
}

// take ends a request that was approved and returns its authorization.
func (s *Server) take(p *pending) (*authorization, error) {
	now := s.clock.now()
	p.mu.Lock()
	defer p.mu.Unlock()
	state := p.stateLocked(now)
	state.Approved = p.authorization != nil
	state.TooSoon = now.Sub(p.polled) < p.interval
	p.polled = now
	s.policy.Race.between(TakeApproved, &p.mu)
	if err := s.pendingPolicy(p.grantType).Polled(state); err != nil {
		if state.TooSoon && !state.Approved && !state.Denied {
			p.interval += slowDown
		}
		return nil, err
	}
	if p.authorization == nil {
		return nil, Refuse("authorization_pending", "the resource owner has not decided yet")
	}
	p.redeemed = true
	return p.authorization, nil
}
