package target

// Way is a way on which a client can ask for a scope.
type Way string

// The ways that the rules of this release know.
const (
	ByAuthorization Way = "authorization_request" // RFC 6749 section 4.1.1
	ByDevice        Way = "device"                // RFC 8628 section 3.1
	ByBackchannel   Way = "backchannel"           // OpenID Connect CIBA Core section 7.1
	ByPassword      Way = "password"              // RFC 6749 section 4.3.2
	ByAssertion     Way = "assertion"             // RFC 7523 section 2.1
	ByCredentials   Way = "client_credentials"    // RFC 6749 section 4.4.2
)

// Ways is every way, in the order in which they are gone: an assertion counts
// for what was granted before.
func Ways() []Way {
	return []Way{ByAuthorization, ByDevice, ByBackchannel, ByPassword, ByAssertion, ByCredentials}
}

// CapabilityOf says that a target has a way.
func CapabilityOf(way Way) Capability {
	return map[Way]Capability{
		ByAuthorization: "as.code", ByDevice: "as.device", ByBackchannel: "as.ciba",
		ByPassword: "as.ropc", ByAssertion: "as.assertion", ByCredentials: "as.cc",
	}[way]
}
