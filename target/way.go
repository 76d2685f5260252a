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
// for what was granted before, and the backchannel adds openid to it.
func Ways() []Way {
	return []Way{ByAuthorization, ByDevice, ByPassword, ByAssertion, ByBackchannel, ByCredentials}
}

// ChoicesByWay are the choices that are taken otherwise on one way than on the
// first.
type ChoicesByWay map[Way]map[ChoiceName]Finding

// Set records a choice of one way.
func (c ChoicesByWay) Set(way Way, name ChoiceName, f Finding) {
	if c[way] == nil {
		c[way] = map[ChoiceName]Finding{}
	}
	c[way][name] = f
}

// AnsweredByWay are the choices that every way to ask shows.
func AnsweredByWay() []ChoiceName {
	return []ChoiceName{UnknownScope, OmittedScope, ClientExcess, UserExcess, MalformedScope, Duplicates, SurplusSpaces}
}

// Shows reports whether what is answered on a way tells of a choice, and of
// nothing else: nobody's role limits a machine, an assertion is held to what was
// granted before (RFC 7521 section 4.1), which is within every limit, and a
// request over the backchannel is one of OpenID Connect, where an unknown scope
// should be ignored (OpenID Connect Core section 3.1.2.1).
func (w Way) Shows(name ChoiceName) bool {
	switch name {
	case UserExcess:
		return w != ByCredentials && w != ByAssertion
	case ClientExcess:
		return w != ByAssertion
	case UnknownScope:
		return w != ByBackchannel
	}
	return true
}

// CapabilityOf says that a target has a way.
func CapabilityOf(way Way) Capability {
	return map[Way]Capability{
		ByAuthorization: "as.code", ByDevice: "as.device", ByBackchannel: "as.ciba",
		ByPassword: "as.ropc", ByAssertion: "as.assertion", ByCredentials: "as.cc",
	}[way]
}
