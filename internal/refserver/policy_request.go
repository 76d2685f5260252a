package refserver

// RequestPolicy is how the parameters of a request are read.
type RequestPolicy struct {
	// Repeated answers a parameter that is there more than once, resource excepted (RFC 6749 sections 3.1 and 3.2).
	Repeated func(name string, values []string) (string, error)
	// Omitted says whether a scope parameter that names nothing counts as none (RFC 6749 sections 3.1 and 3.2).
	Omitted func(sent bool, raw string) bool
}

func conformantRequest() RequestPolicy {
	return RequestPolicy{
		Repeated: func(string, []string) (string, error) {
			return "", Refuse("invalid_request", "a parameter is repeated")
		},
		// Choice: a scope of nothing but spaces is none either.
		Omitted: func(bool, string) bool { return true },
	}
}
