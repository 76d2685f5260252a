package refserver

import (
	"net/url"
	"time"
)

// PARPolicy is every decision about pushed authorization requests (RFC 9126).
type PARPolicy struct {
	// Registered says whether a client that registers to push its requests has to (RFC 9126 section 6, RFC 7591 section 3.2.1).
	Registered func() bool
	// Required refuses what a client sends in the front channel although it has to push (RFC 9126 sections 5 and 6).
	Required func(c Client, pushed bool) error
	// ClientExcess answers a pushed request for more than the client may have, at both endpoints (RFC 9126 sections 2.1 and 4).
	ClientExcess func(grantType string, asked, may ScopeSet) (ScopeSet, error)
	// Deferred is what is left of a refusal of a pushed request when it is pushed; the request is looked at again when it
	// is brought (RFC 9126 section 2.1).
	Deferred func(refusal error) error
	// OnPage says whether a request_uri that cannot be used is answered on a page, and not in a redirect (RFC 6749
	// section 4.1.2.1).
	OnPage func(refusal error) bool
	// Usable says whether a request_uri is good for whoever brings it (RFC 9126 sections 2.2 and 4).
	Usable func(u PushedUse) error
	// Parameters are the parameters that count (RFC 9126 section 4, RFC 9101 section 6.3).
	Parameters func(pushed, sent url.Values) url.Values
}

// PushedUse is a request_uri that is brought to the authorization endpoint.
type PushedUse struct {
	// Owner is the client that pushed, Presenter the one in the request.
	Owner, Presenter string
	// Used is true if it was brought before.
	Used         bool
	Expires, Now time.Time
}

func conformantPAR() PARPolicy {
	return PARPolicy{
		Registered: func() bool { return true },
		Required: func(c Client, pushed bool) error {
			if c.RequiresPAR && !pushed {
				return Refuse("invalid_request", "this client has to push its authorization requests")
			}
			return nil
		},
		// Choice: it is refused when it is pushed.
		ClientExcess: func(_ string, asked, may ScopeSet) (ScopeSet, error) {
			if !may.Covers(asked) {
				return nil, Refuse("invalid_scope", "the client is not allowed every scope that it pushed")
			}
			return asked, nil
		},
		// Choice: what can be refused is refused when it is pushed.
		Deferred: func(refusal error) error { return refusal },
		// Choice: on a page.
		OnPage: func(error) bool { return true },
		// Choice: one visit uses it up.
		Usable: func(u PushedUse) error {
			if u.Owner != u.Presenter || u.Used || !u.Now.Before(u.Expires) {
				return Refuse("invalid_request_uri", "the request_uri is another client's, has been used or has expired")
			}
			return nil
		},
		Parameters: func(pushed, _ url.Values) url.Values { return pushed },
	}
}
