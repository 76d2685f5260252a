package oauth

import (
	"fmt"
	"strings"
)

// Challenge is one challenge of a WWW-Authenticate header (RFC 9110 section
// 11.6.1); for a bearer token RFC 6750 section 3 says what may stand in it.
type Challenge struct {
	Scheme string  // as sent: "Bearer"
	Params []Param // in the order sent
}

// Param is one auth-param of a challenge, its value unquoted.
type Param struct{ Name, Value string }

// Get returns the first parameter of that name (case-insensitive), and whether
// there is one.
func (c Challenge) Get(name string) (string, bool) {
	for _, p := range c.Params {
		if strings.EqualFold(p.Name, name) {
			return p.Value, true
		}
	}
	return "", false
}

// BearerChallenge returns the first challenge of the scheme Bearer among the
// values of a WWW-Authenticate header.
func BearerChallenge(headers []string) (Challenge, bool) {
	for _, h := range headers {
		challenges, err := ParseChallenges(h)
		if err != nil {
			continue
		}
		for _, c := range challenges {
			if strings.EqualFold(c.Scheme, "Bearer") {
				return c, true
			}
		}
	}
	return Challenge{}, false
}

// ParseChallenges reads one value of a WWW-Authenticate header, which may hold
// several challenges separated by commas (RFC 9110 section 11.6.1). A token68
// in place of parameters is kept as one parameter without a name.
func ParseChallenges(header string) ([]Challenge, error) {
	p := challengeParser{in: header}
	var all []Challenge
	for {
		p.skip(" \t,")
		if p.end() {
			return all, nil
		}
		word := p.token()
		if word == "" {
			return all, fmt.Errorf("challenge: byte %d of %q: want a scheme or a parameter", p.at, header)
		}
		p.skip(" \t")
		if p.take('=') && len(all) > 0 {
			value, err := p.value()
			if err != nil {
				return all, err
			}
			last := &all[len(all)-1]
			last.Params = append(last.Params, Param{word, value})
			continue
		}
		all = append(all, Challenge{Scheme: word})
	}
}

type challengeParser struct {
	in string
	at int
}

func (p *challengeParser) end() bool { return p.at >= len(p.in) }

func (p *challengeParser) skip(set string) {
	for !p.end() && strings.IndexByte(set, p.in[p.at]) >= 0 {
		p.at++
	}
}

func (p *challengeParser) take(c byte) bool {
	if !p.end() && p.in[p.at] == c {
		p.at++
		return true
	}
	return false
}

// token reads an RFC 9110 token, section 5.6.2.
func (p *challengeParser) token() string {
	start := p.at
	for !p.end() {
		c := p.in[p.at]
		if c <= ' ' || c >= 0x7f || strings.IndexByte(`"(),/:;<=>?@[\]{}`, c) >= 0 {
			break
		}
		p.at++
	}
	return p.in[start:p.at]
}

func (p *challengeParser) value() (string, error) {
	p.skip(" \t")
	if !p.take('"') {
		return p.token(), nil
	}
	var b strings.Builder
	for !p.end() {
		c := p.in[p.at]
		p.at++
		switch c {
		case '"':
			return b.String(), nil
		case '\\':
			if p.end() {
				return "", fmt.Errorf("challenge: %q ends inside a quoted string", p.in)
			}
			b.WriteByte(p.in[p.at])
			p.at++
		default:
			b.WriteByte(c)
		}
	}
	return "", fmt.Errorf("challenge: %q ends inside a quoted string", p.in)
}
