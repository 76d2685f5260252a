package actor

import (
	"regexp"
	"slices"
	"strings"
)

// suspicion is what a name says of its value.
type suspicion int

const (
	harmless suspicion = iota
	// doubtful values are hidden where they stand, and elsewhere unless they read
	// like words: "code": "not_found" is no secret.
	doubtful
	secret
)

// anywhere makes a name one of a secret when it is in it, words joined by "_".
var anywhere = []string{
	"password", "passwd", "passphrase", "secret", "token", "csrf", "xsrf", "assertion", "credential", "verifier", "apikey", "otp_code",
}

// exactly are names of secrets that are not recognised by a part of them.
var exactly = map[string]suspicion{
	"authorization": secret, "proxy_authorization": secret, "cookie": secret, "set_cookie": secret, "jwt": secret, "pwd": secret,
	"auth_code": secret, "authorization_code": secret, "device_code": secret, "user_code": secret, "verification_code": secret,
	"samlresponse": secret, "saml_response": secret, "pin": secret, "otp": secret,
	"auth_req_id": secret, "code": doubtful, "key": doubtful, "sid": doubtful, "tx": doubtful, "transaction": doubtful, "auth": doubtful,
	"challenge": doubtful, "request_uri": doubtful,

	"code_challenge": harmless, "token_type_hint": harmless, "client_credentials": harmless, "public_key": harmless,
	"primary_key": harmless, "foreign_key": harmless, "sort_key": harmless,
}

// about are last words of names that speak about a secret and hold none:
// token_type, client_secret_expires_at, accessTokenLifespan.
var about = []string{
	"type", "types", "supported", "endpoint", "endpoints", "method", "methods", "alg", "enc", "algorithm", "format", "in", "at", "lifespan",
	"lifetime", "ttl", "timeout", "expires", "expiry", "expiration", "strategy", "policy", "policies", "issuer", "enabled", "required",
	"binding", "use", "count", "length", "size", "uri", "url", "name", "version", "status", "scope", "scopes", "audience", "mode", "id",
}

// suspect says what a parameter, JSON member or field of that name holds.
func suspect(name string) suspicion {
	words := wordsOf(name)
	if len(words) == 0 {
		return harmless
	}
	joined, last := strings.Join(words, "_"), words[len(words)-1]
	if known, ok := exactly[joined]; ok {
		return known
	}
	if slices.Contains(words, "session") || strings.HasPrefix(joined, "sessionid") || strings.HasSuffix(joined, "sessid") {
		if last != "session" && last != "id" && slices.Contains(about, last) {
			return harmless
		}
		return doubtful
	}
	if slices.Contains(about, last) {
		return harmless
	}
	for _, part := range anywhere {
		if strings.Contains(joined, part) {
			return secret
		}
	}
	if last == "key" || last == "challenge" { // api_key, login_challenge
		return secret
	}
	return harmless
}

// wordsOf takes a name apart: "clientSecret", "client-secret" and
// "client[secret]" are "client" and "secret".
func wordsOf(name string) []string {
	var words []string
	start := -1
	end := func(i int) {
		if start >= 0 {
			words = append(words, strings.ToLower(name[start:i]))
		}
		start = -1
	}
	for i := range len(name) {
		c := name[i]
		switch {
		case !letterOrDigit(c):
			end(i)
			continue
		case start >= 0 && c >= 'A' && c <= 'Z' && name[i-1] >= 'a' && name[i-1] <= 'z':
			end(i)
		}
		if start < 0 {
			start = i
		}
	}
	end(len(name))
	return words
}

func letterOrDigit(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

// privateKey are the members of a JWK that are private (RFC 7518 section 6).
var privateKey = map[string]bool{"d": true, "p": true, "q": true, "dp": true, "dq": true, "qi": true, "k": true}

// keyPart is shorter than any part of a private key that is worth stealing.
const keyPart = 20

var secretHeader = regexp.MustCompile(`(?i)key|token|secret|auth|cookie|session|password`)

// hidesHeader reports whether a header field is hidden whole. A challenge is
// evidence, and names no secret.
func hidesHeader(name string) bool {
	switch name {
	case "Www-Authenticate", "Proxy-Authenticate":
		return false
	}
	return secretHeader.MatchString(name)
}

var (
	// wordlike is what reads like words, or like a scope.
	wordlike = regexp.MustCompile(`^[a-z]{1,12}(?:[ :._-][a-z]{1,12})*$`)
	// vocabulary are values that mean the same in everybody's messages.
	vocabulary = map[string]bool{
		"access_token": true, "refresh_token": true, "id_token": true, "bearer": true, "Bearer": true, "string": true, "required": true,
		"invalid": true, "missing": true, "client_credentials": true, "authorization_code": true, "password": true,
		"client_secret_basic": true, "client_secret_post": true, "invalid_token": true, "insufficient_scope": true,
	}
)
