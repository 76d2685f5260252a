package refserver

// RevocationPolicy is every decision about what ends when a client revokes a
// token (RFC 7009).
type RevocationPolicy struct {
	// MayRevoke says whether a caller may revoke a token of owner (RFC 7009 section 2.1).
	MayRevoke func(owner, caller Client) bool
	// UsedCounts says whether to revoke a refresh token that was used before ends anything (RFC 7009 section 2.2).
	UsedCounts func() bool
	// NotOwn answers who presents a token of another client (RFC 7009 section 2.1).
	NotOwn func() error
	// Revocable answers who presents a token of a kind: KindAccessToken or KindRefreshToken (RFC 7009 section 2.2.1).
	Revocable func(kind string) error
	// EndsGrant says whether an authorization ends with an access token of it (RFC 7009 section 2.1).
	EndsGrant func(a Authorization) bool
	// AlsoEnds says whether another authorization of the same user, client and API
	// ends with the revoked one (RFC 7009 section 2.1).
	AlsoEnds func(revoked, other Authorization) bool
	// Left is what an authorization keeps when an access token of it is revoked (RFC 7009 section 2.1).
	Left func(a Authorization, token ScopeSet) ScopeSet
	// Remembered is what need not be asked again afterwards (RFC 7009 section 2.1).
	Remembered func(remembered, known ScopeSet) ScopeSet
}

// conformantRevocation are the lawful decisions about revocation.
func conformantRevocation() RevocationPolicy {
	return RevocationPolicy{
		MayRevoke: func(owner, caller Client) bool { return owner.ID == caller.ID },
		// Choice: it ends what came of it.
		UsedCounts: func() bool { return true },
		// Choice: it is told nothing.
		NotOwn:    func() error { return nil },
		Revocable: func(string) error { return nil },
		// Choice: the grant goes on.
		EndsGrant: func(Authorization) bool { return false },
		// Choice: what was combined ends together, what is separate does not.
		AlsoEnds: func(revoked, other Authorization) bool { return revoked.Union || other.Union },
		// Choice: an access token ends alone.
		Left: func(a Authorization, _ ScopeSet) ScopeSet { return a.Current },
		// Choice: consent is remembered as it was.
		Remembered: func(remembered, _ ScopeSet) ScopeSet { return remembered },
	}
}
