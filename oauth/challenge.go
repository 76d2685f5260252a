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
// values of a WWW-Authenticate header. A value that breaks off is read as far as
// it goes.
func BearerChallenge(headers []string) (Challenge, bool) {
	for _, h := range headers {
		challenges, _ := ParseChallenges(h)
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
// in place of parameters is kept as one parameter without a name. Commas that are
// missing or too many do not matter, and a parameter that is there twice, which
// section 11.2 forbids, is kept twice. With an error come the challenges before
// it.
func ParseChallenges(header string) ([]Challenge, error) {
	p := challengeParser{in: header}
	var all []Challenge
	for {
		p.skip(" \t,")
		if p.end() {
			return all, nil
		}
		start := p.at
		word := p.token()
		if word == "" {
			return all, p.wrong("want a scheme or a parameter")
		}
		if p.assigned() {
			if len(all) == 0 {
				return all, p.wrong("want a scheme before the first parameter")
			}
			last := &all[len(all)-1]
			if len(last.Params) == 1 && last.Params[0].Name == "" {
				return all, p.wrong("want a comma and a scheme after a token68")
			}
			value, err := p.value()
			if err != nil {
				return all[:len(all)-1], err
			}
			last.Params = append(last.Params, Param{word, value})
			continue
		}
		if start > 0 && p.in[start-1] != ',' && strings.IndexByte(" \t", p.in[start-1]) < 0 {
			return all, p.wrong("want a comma before a scheme")
		}
		all = append(all, Challenge{Scheme: word})
		if value := p.token68(); value != "" {
			all[len(all)-1].Params = []Param{{Value: value}}
		}
	}
}

type challengeParser struct {
	in string
	at int
}

func (p *challengeParser) wrong(want string) error {
	return fmt.Errorf("challenge: byte %d of %q: %s", p.at, brief(p.in), want)
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

// assigned takes the sign between the name of a parameter and its value.
func (p *challengeParser) assigned() bool {
	from := p.at
	if p.skip(" \t"); p.take('=') {
		return true
	}
	p.at = from
	return false
}

// token68 takes what stands in place of parameters after a scheme, and what it
// takes is all there is of the challenge: "abc==", but not the name of "a=b".
func (p *challengeParser) token68() string {
	from := p.at
	if p.skip(" \t"); p.at == from {
		return ""
	}
	start := p.at
	for !p.end() && token68(p.in[p.at]) {
		p.at++
	}
	if p.at > start {
		p.skip("=")
	}
	value := p.in[start:p.at]
	if p.skip(" \t"); !p.end() && p.in[p.at] != ',' {
		p.at = from
		return ""
	}
	return value
}

// token68 reports whether a byte may stand in one, before its "=".
func token68(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-._~+/", c) >= 0
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
				return "", p.wrong("it ends inside a quoted string")
			}
			b.WriteByte(p.in[p.at])
			p.at++
		default:
			b.WriteByte(c)
		}
	}
	return "", p.wrong("it ends inside a quoted string")
}
