package loadtest

import (
	"net/url"

	"github.com/scopeproof/scopeproof/oauth"
)

// DeviceRequest asks for access from a device (RFC 8628 section 3.1).
func (s *Stage) DeviceRequest(c *Client, scope oauth.ScopeSet) Request {
	form := url.Values{"scope": {s.wire(scope).String()}}
	s.name(form)
	if c.AuthMethod == oauth.AuthNone {
		form.Set("client_id", c.ID)
	}
	r := s.post(c.Client, s.Endpoint("device_authorization_endpoint"), form)
	r.Purpose = "asks for access from a device for " + scope.String()
	return r
}

// StartsDevice expects a device authorization response (RFC 8628 section 3.2).
// Denied is broken by a refusal, rule by an answer that has a token in it.
func (s *Stage) StartsDevice(rule, denied string) Expectation {
	return func(a Answer) Verdict {
		m := [3]member{{name: "device_code"}, {name: "user_code"}, {name: "access_token"}}
		switch err := readObject(a.Body, m[:]); {
		case unjudgeable(a.Status):
			return fault("got %d from the device authorization endpoint", a.Status)
		case err == nil && m[2].kind != 0:
			return leak(rule, "got a token from the device authorization endpoint")
		case refusing(a.Status):
			return falseRefusal(denied, "refused with %d, want a device_code", a.Status)
		case err != nil:
			return fault("got a device authorization response that is %v", err)
		case m[0].kind != '"' || m[1].kind != '"':
			return fault("got a device authorization response without device_code or user_code")
		}
		return Verdict{}
	}
}

// Pends expects a device to be told that nobody has decided yet, that it polls too
// often, or that its time is over (RFC 8628 section 3.5). A token breaks rule, another refusal denied.
func (s *Stage) Pends(rule, denied string) Expectation {
	return func(a Answer) Verdict {
		var t tokenAnswer
		err := t.read(a.Body)
		switch code := oauth.ErrorCode(t.problem().text()); {
		case unjudgeable(a.Status):
			return fault("got %d from the token endpoint", a.Status)
		case err != nil:
			return fault("got %d with %d bytes that are %v, want an error", a.Status, len(a.Body), err)
		case t.access().kind != 0:
			return leak(rule, "issued a token that nobody has approved")
		case code == oauth.AuthorizationPending, code == oauth.SlowDown, code == oauth.ExpiredToken:
			return Verdict{}
		default:
			return falseRefusal(denied, "refused with %d %s, want authorization_pending or slow_down", a.Status, clip(string(code)))
		}
	}
}
