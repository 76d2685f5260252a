package refserver

import "time"

// PendingPolicy is every decision about requests that are decided in another
// place than they were made: by a device (RFC 8628) or over the backchannel
// (OpenID Connect CIBA Core).
type PendingPolicy struct {
	// Requested is what a request for asked comes to; asked is empty if the client
	// omits scope (RFC 8628 section 3.1 and RFC 6749 section 3.3, CIBA Core section 7.1).
	Requested func(c Client, asked ScopeSet) (ScopeSet, error)
	// PageNeeded says whether the user must be asked. complete is true if the page
	// was opened with the code in its address (RFC 8628 sections 3.3 and 3.3.1).
	PageNeeded func(q ConsentQuestion, complete bool) bool
	// MayDecide says whether a request may still be decided (RFC 8628 sections 3.3 and 3.5).
	MayDecide func(p PendingState) error
	// Polled refuses who asks for the token as long as there is none to be had (RFC
	// 8628 section 3.5, CIBA Core section 11).
	Polled func(p PendingState) error
	// Scope is the scope of the token (RFC 8628 sections 3.1 and 3.4, CIBA Core section 7.1).
	Scope func(r Redemption) (ScopeSet, error)
}

// PendingState is what has become of a request so far.
type PendingState struct {
	// Approved and Denied are the user's decision. Both are false until it is made;
	// the last one counts.
	Approved, Denied bool
	// Redeemed is true once its token was issued.
	Redeemed bool
	// TooSoon is true if the client polls faster than the interval.
	TooSoon      bool
	Expires, Now time.Time
}

func conformantDevice() PendingPolicy {
	p := conformantPending()
	p.Requested = func(_ Client, asked ScopeSet) (ScopeSet, error) {
		if asked.IsEmpty() {
			return ScopeSet{ReadAppointments}, nil
		}
		return asked, nil
	}
	return p
}

func conformantCIBA() PendingPolicy {
	p := conformantPending()
	p.Requested = func(_ Client, asked ScopeSet) (ScopeSet, error) {
		if !asked.Has(OpenID) {
			return nil, Refuse("invalid_scope", "the scope must have openid")
		}
		return asked, nil
	}
	return p
}

func conformantPending() PendingPolicy {
	p := PendingPolicy{}
	// Choice: remembered consent does not count: whoever began the request need
	// not be whom the user sees (RFC 8628 section 5.4).
	p.PageNeeded = func(ConsentQuestion, bool) bool { return true }
	p.MayDecide = func(p PendingState) error {
		if p.Approved || p.Denied || p.Redeemed || !p.Now.Before(p.Expires) {
			return Refuse("access_denied", "this request was decided before, or has expired")
		}
		return nil
	}
	p.Polled = func(p PendingState) error {
		switch {
		case p.Redeemed:
			return Refuse("invalid_grant", "the token was issued before")
		case !p.Now.Before(p.Expires):
			return Refuse("expired_token", "the request has expired")
		case p.Denied:
			return Refuse("access_denied", "the resource owner denied the request")
		case p.Approved:
			return nil
		case p.TooSoon:
			return Refuse("slow_down", "the interval is five seconds longer from now on")
		}
		return Refuse("authorization_pending", "the resource owner has not decided yet")
	}
	// Choice: a scope parameter is ignored; the request stands for one decision.
	p.Scope = func(r Redemption) (ScopeSet, error) {
		if r.Authorization.Revoked {
			return nil, Refuse("invalid_grant", "the grant was revoked")
		}
		return r.Authorization.Current.And(r.ClientMay).And(r.UserMay), nil
	}
	return p
}
