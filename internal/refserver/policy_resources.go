package refserver

import "slices"

// ResourcePolicy is every decision about resource indicators and audiences (RFC
// 8707).
type ResourcePolicy struct {
	// Requested is the APIs that a request is about, of those served, the default first (RFC 8707 sections 2 and 2.1).
	Requested func(sent, served []string) ([]string, error)
	// Unnamed is the APIs of an authorization request that names none, by what it asks for; nil: the default
	// (RFC 9068 section 3). knows says whether an API knows a scope.
	Unnamed func(asked ScopeSet, served []string, knows func(resource, token string) bool) ([]string, error)
	// Share is the part of a scope that is asked of one of several APIs; known is what that API knows (RFC 8707 section 2.2).
	Share func(asked, known ScopeSet) ScopeSet
	// Chosen is the API that a token is for, of those granted (RFC 8707 section 2.2).
	Chosen func(granted, asked []string) (string, error)
	// Bound is the APIs that the refresh token is good for after a token for one of them (RFC 8707 section 2.2).
	Bound func(granted []string, used string) []string
	// Audience is the aud of an access token (RFC 9068 sections 2.2 and 3).
	Audience func(i Issue, resource string, served []string) []string
	// IntrospectedAudience is the aud in the answer of introspection (RFC 7662 section 2.2).
	IntrospectedAudience func(audience []string) []string
}

func conformantResources() ResourcePolicy {
	return ResourcePolicy{
		// Choice: a request that names no API is about the default one.
		Requested: func(sent, served []string) ([]string, error) {
			if len(sent) == 0 {
				return served[:1], nil
			}
			var found []string
			for _, resource := range sent {
				if !slices.Contains(served, resource) {
					return nil, Refuse("invalid_target", "the resource is not known")
				}
				if !slices.Contains(found, resource) {
					found = append(found, resource)
				}
			}
			return found, nil
		},
		Unnamed: func(ScopeSet, []string, func(string, string) bool) ([]string, error) { return nil, nil },
		Share:   func(asked, known ScopeSet) ScopeSet { return asked.And(known) },
		// Choice: one API to a token; without the parameter it is the first.
		Chosen: func(granted, asked []string) (string, error) {
			switch {
			case len(asked) == 0:
				return granted[0], nil
			case len(asked) > 1:
				return "", Refuse("invalid_target", "a token is for one resource")
			case !slices.Contains(granted, asked[0]):
				return "", Refuse("invalid_target", "this was granted for another resource")
			}
			return asked[0], nil
		},
		Bound:                func(granted []string, _ string) []string { return granted },
		Audience:             func(_ Issue, resource string, _ []string) []string { return []string{resource} },
		IntrospectedAudience: func(audience []string) []string { return audience },
	}
}
