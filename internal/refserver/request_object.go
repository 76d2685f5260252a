package refserver

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"

	"github.com/go-jose/go-jose/v4"
)

const requestObjects Feature = "request_object"

func objects() part {
	return part{
		feature: requestObjects,
		metadata: func(s *Server, m map[string]any) {
			m["request_parameter_supported"] = true
			if s.policy.JAR.Counts(url.Values{}) {
				m["require_signed_request_object"] = false // RFC 9101 section 10.5
			}
			m["request_object_signing_alg_values_supported"] = []string{string(jose.ES256), "none"}
		},
	}
}

// unwrap returns the parameters of a request: those of its request object, if it
// has one (RFC 9101 section 6).
func (s *Server) unwrap(client Client, sent url.Values) (url.Values, error) {
	raw := sent.Get("request")
	switch {
	case raw == "", !s.policy.JAR.Counts(sent):
		return sent, nil
	case !s.has(requestObjects):
		return nil, Refuse("request_not_supported", "request objects are not supported")
	}
	object, ok := readObject(raw, client)
	object.Client, object.Issuer, object.Now = client, s.issuer, s.clock.now()
	err := Refuse("invalid_request_object", "the request object cannot be read")
	if ok {
		err = s.policy.JAR.Accept(object)
	}
	if err != nil {
		return s.policy.JAR.Refused(err, sent)
	}
	params := parametersOf(object.Claims)
	params.Set("client_id", client.ID)
	return s.policy.JAR.Parameters(params, sent), nil
}

// readObject reads a request object and tries the client's keys on it; false if
// it is no JWT.
func readObject(raw string, client Client) (RequestObject, bool) {
	parts := strings.Split(raw, ".")
	if len(parts) != 3 {
		return RequestObject{}, false
	}
	var header struct {
		Algorithm string `json:"alg"`
	}
	o := RequestObject{}
	if !decodePart(parts[0], &header) || !decodePart(parts[1], &o.Claims) {
		return o, false
	}
	o.Algorithm = header.Algorithm
	if o.Algorithm == "none" {
		return o, parts[2] == ""
	}
	signed, err := jose.ParseSignedCompact(raw, []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		return o, true
	}
	for _, key := range client.keys.Keys {
		if _, err := signed.Verify(key.Public()); err == nil {
			o.Verified = true
		}
	}
	return o, true
}

func decodePart(part string, into any) bool {
	text, err := base64.RawURLEncoding.DecodeString(part)
	return err == nil && json.Unmarshal(text, into) == nil
}

// parametersOf returns the claims that are parameters of an authorization
// request (RFC 9101 section 4).
func parametersOf(claims map[string]any) url.Values {
	params := url.Values{}
	for name, value := range claims {
		switch name {
		case "iss", "aud", "exp", "nbf", "iat", "jti", "sub", "request", "request_uri":
			continue
		}
		switch value := value.(type) {
		case string:
			params.Set(name, value)
		case []any:
			if name == "resource" {
				params[name] = textsOf(value)
				continue
			}
			setJSON(params, name, value)
		default:
			setJSON(params, name, value)
		}
	}
	return params
}

func setJSON(params url.Values, name string, value any) {
	text, _ := json.Marshal(value) // it was JSON before
	params.Set(name, string(text))
}
