package refserver

import (
	"net/url"
	"time"
)

// JARPolicy is every decision about request objects (RFC 9101, OpenID Connect
// Core section 6.1).
type JARPolicy struct {
	// Counts says whether a request object that comes with these parameters is looked at (RFC 9101 section 5: always;
	// OpenID Connect Core section 6.1: where the scope beside it has openid).
	Counts func(sent url.Values) bool
	// Registered is how a client's objects are signed that registers alg; empty: it does not say (RFC 9101 section 10.5).
	Registered func(alg string) string
	// Accept checks a request object (RFC 9101 section 6.2).
	Accept func(o RequestObject) error
	// Refused is what counts in place of an object that was not accepted (RFC 9101 section 6.2: nothing).
	Refused func(refusal error, sent url.Values) (url.Values, error)
	// Parameters are the parameters that count (RFC 9101 section 6.3).
	Parameters func(object, sent url.Values) url.Values
}

// RequestObject is a request object as it was sent.
type RequestObject struct {
	Client Client
	// Issuer is the server that it was sent to.
	Issuer string
	// Algorithm is the alg of its header.
	Algorithm string
	// Verified is true if one of the client's keys signed it.
	Verified bool
	Claims   map[string]any
	Now      time.Time
}

func conformantJAR() JARPolicy {
	return JARPolicy{
		Counts:     func(url.Values) bool { return true },
		Registered: func(alg string) string { return alg },
		// Choice: unsigned objects are accepted from clients that registered no algorithm.
		Accept: func(o RequestObject) error {
			signed := o.Verified && (o.Client.RequestObjectAlg == "" || o.Client.RequestObjectAlg == o.Algorithm)
			plain := o.Algorithm == "none" && (o.Client.RequestObjectAlg == "" || o.Client.RequestObjectAlg == "none")
			if !signed && !plain {
				return Refuse("invalid_request_object", "the request object is not signed as the client registered")
			}
			return objectClaims(o)
		},
		Refused: func(refusal error, _ url.Values) (url.Values, error) { return nil, refusal },
		// Choice: the strict reading; a scope inside the object alone is enough.
		Parameters: func(object, _ url.Values) url.Values { return object },
	}
}

// objectClaims checks what a request object says of itself (RFC 9101 sections 4
// and 5, RFC 7519 section 4.1).
func objectClaims(o RequestObject) error {
	seconds := func(name string) (time.Time, bool) {
		value, ok := o.Claims[name].(float64)
		return time.Unix(int64(value), 0), ok
	}
	if id, ok := o.Claims["client_id"]; ok && id != o.Client.ID {
		return Refuse("invalid_request_object", "the request object is of another client")
	}
	if issuer, ok := o.Claims["iss"]; ok && issuer != o.Client.ID {
		return Refuse("invalid_request_object", "the request object has another issuer")
	}
	if _, ok := o.Claims["aud"]; ok && !ScopeSet(textsOf(o.Claims["aud"])).Has(o.Issuer) {
		return Refuse("invalid_request_object", "the request object is for another server")
	}
	if expires, ok := seconds("exp"); ok && !o.Now.Before(expires) {
		return Refuse("invalid_request_object", "the request object has expired")
	}
	if begins, ok := seconds("nbf"); ok && o.Now.Before(begins) {
		return Refuse("invalid_request_object", "the request object is not good yet")
	}
	return nil
}
