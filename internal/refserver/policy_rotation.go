package refserver

// RotationPolicy is every decision about what becomes of refresh tokens (RFC 6749
// section 6, RFC 9700 section 4.14.2).
type RotationPolicy struct {
	// Used is what becomes of the refresh token that a client refreshes with.
	Used func(c Client) Rotation
	// Again answers a refresh token that has ended, and says whether that ends its
	// grant.
	Again func() (ends bool, err error)
}

// Rotation is what becomes of a refresh token that was used.
type Rotation struct {
	// Anew says that the response has another refresh token, Retire that the one
	// that was used has ended then.
	Anew, Retire bool
	// Repeat says that the response has the same refresh token, if it has no other.
	Repeat bool
}

func conformantRotation() RotationPolicy {
	return RotationPolicy{
		// Choice: each refresh yields another refresh token, and the used one has ended.
		Used: func(Client) Rotation { return Rotation{Anew: true, Retire: true} },
		// Choice: whoever uses one twice has lost the grant, the client or a thief.
		Again: func() (bool, error) { return true, Refuse("invalid_grant", "the refresh token was used before") },
	}
}
