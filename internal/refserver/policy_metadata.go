package refserver

// The metadata documents.
const (
	ServerMetadata   = "oauth-authorization-server"
	ProviderMetadata = "openid-configuration"
	ResourceMetadata = "oauth-protected-resource"
)

// MetadataPolicy is every decision about what metadata says of scopes.
type MetadataPolicy struct {
	// ScopesSupported is the member of that name, encoded as JSON; nil: none (RFC
	// 8414 section 2, OpenID Connect Discovery section 3, RFC 9728 section 2).
	ScopesSupported func(document string, scopes ScopeSet) any
	// ResourceScopes are the scopes of an API; needed are those that its operations
	// need (RFC 9728 section 2).
	ResourceScopes func(api string, needed ScopeSet) ScopeSet
}

// conformantMetadata are the lawful decisions about metadata.
func conformantMetadata() MetadataPolicy {
	return MetadataPolicy{
		// Choice: what open registration does not give is not advertised.
		ScopesSupported: func(_ string, scopes ScopeSet) any {
			return scopes.Where(func(token string) bool { return !described(token).Privileged })
		},
		// Choice: an API advertises what opens one of its operations.
		ResourceScopes: func(_ string, needed ScopeSet) ScopeSet { return needed },
	}
}
