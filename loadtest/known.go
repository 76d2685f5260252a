package loadtest

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"slices"
	"sync/atomic"
)

// knowledge is a token response that was as expected. One that differs from it in
// nothing but the token says the same of it, and need not be read again: only the
// token is judged. Of a JWT, one whose claims differ in nothing but values that are
// not judged states the same.
type knowledge struct {
	last   atomic.Pointer[known]
	learnt atomic.Int32
}

// mostLearnt bounds how often an answer is learnt: those of a server whose answers
// differ in more than the token are read whole.
const mostLearnt = 16

// known is an answer taken apart. It does not change.
type known struct {
	status               int
	before, token, after []byte
	// Of a JWT of which the scope was judged: its claims, what may stand in place of
	// each of their bytes, and where they and the signature begin in the token; else
	// signature is 0.
	claims             []byte
	may                []place
	payload, signature int
}

// place is what may stand in place of a byte of the claims.
type place byte

const (
	placeFixed place = iota // nothing else
	placeDigit              // another digit
	placeText               // another byte of a string
)

// learn keeps an answer that was as expected.
func (n *knowledge) learn(a Answer, token *member) {
	if token.escaped || n.learnt.Load() >= mostLearnt || n.learnt.Add(1) > mostLearnt {
		return
	}
	body, end := bytes.Clone(a.Body), token.at+len(token.raw)
	k := &known{status: a.Status, before: body[:token.at], token: body[token.at:end], after: body[end:]}
	if _, present, err := claimedScope(jwtClaims(k.token, nil)); present && err == nil {
		k.payload, k.signature = bytes.IndexByte(k.token, '.')+1, bytes.LastIndexByte(k.token, '.')+1
		if k.claims, err = base64.RawURLEncoding.DecodeString(string(k.token[k.payload : k.signature-1])); err != nil {
			k.signature = 0 // it is padded
		}
		k.may = places(k.claims)
	}
	n.last.Store(k)
}

// places are those of an object that has been read without error: the value of a
// member that is not about scope, nor about whose the token is, may be another, of
// the same length.
func places(object []byte) []place {
	judged := []string{"scope", "scp"}
	for _, m := range whose() {
		judged = append(judged, m.name)
	}
	list := make([]place, len(object))
	s := scanner{data: object}
	for s.space(); s.take('{') || s.take(','); s.space() {
		s.space()
		name, escaped, _ := s.str()
		s.space()
		s.take(':')
		s.space()
		start := s.pos
		kind, quoted, err := s.value(1)
		if err != nil {
			break
		}
		if escaped || quoted || slices.Contains(judged, string(name)) {
			continue
		}
		switch kind {
		case '"':
			for i := start + 1; i < s.pos-1; i++ {
				list[i] = placeText
			}
		case '0': // the first stays, so that it is no zero
			for i := start + 1; i < s.pos; i++ {
				if c := object[i]; '0' <= c && c <= '9' && '0' <= object[i-1] && object[i-1] <= '9' {
					list[i] = placeDigit
				}
			}
		}
	}
	return list
}

// takes reports whether a byte may stand there.
func (p place) takes(c byte) bool {
	switch p {
	case placeDigit:
		return '0' <= c && c <= '9'
	case placeText:
		return c >= 0x20 && c != '"' && c != '\\'
	}
	return false
}

// token is that of an answer that is otherwise like the one that was learnt; k is
// nil where it is not.
func (n *knowledge) token(a *Answer) (token []byte, k *known) {
	k = n.last.Load()
	if k == nil || a.Status != k.status || len(a.Body) <= len(k.before)+len(k.after) ||
		!bytes.HasPrefix(a.Body, k.before) || !bytes.HasSuffix(a.Body, k.after) {
		return nil, nil
	}
	token = a.Body[len(k.before) : len(a.Body)-len(k.after)]
	if plain(token) < len(token) {
		return nil, nil // it is more than a string
	}
	return token, k
}

// states reports whether a token is a JWT that states what the one that was learnt
// does.
func (k *known) states(token []byte) bool {
	if k.signature == 0 || len(token) < k.signature || token[k.signature-1] != '.' ||
		!bytes.Equal(token[:k.payload], k.token[:k.payload]) || bytes.IndexByte(token[k.signature:], '.') >= 0 {
		return false
	}
	got, want := token[k.payload:k.signature-1], k.token[k.payload:k.signature-1]
	i := 0
	for ; i+8 <= len(want); i += 8 {
		if binary.LittleEndian.Uint64(got[i:]) == binary.LittleEndian.Uint64(want[i:]) {
			continue
		}
		if !k.group(got[i:], i/4*3) || !k.group(got[i+4:], i/4*3+3) {
			return false
		}
	}
	return bytes.Equal(got[i:], want[i:])
}

// group reports whether four characters are three bytes that may stand there in the
// claims.
func (k *known) group(text []byte, at int) bool {
	a, b, c, d := sextets[text[0]], sextets[text[1]], sextets[text[2]], sextets[text[3]]
	if (a|b|c|d)&0xc0 != 0 {
		return false
	}
	for i, now := range [3]byte{a<<2 | b>>4, b<<4 | c>>2, c<<6 | d} {
		if now != k.claims[at+i] && !k.may[at+i].takes(now) {
			return false
		}
	}
	return true
}

// sextets are what the characters of base64url stand for (RFC 4648 section 5), and
// more than that can be for all others.
var sextets = func() (t [256]byte) {
	for i := range t {
		t[i] = 0xff
	}
	for i, c := range "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_" {
		t[c] = byte(i)
	}
	return t
}()
