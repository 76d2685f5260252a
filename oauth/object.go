package oauth

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// ErrNotJSON says that a body is not one JSON object.
var ErrNotJSON = errors.New("not a JSON object")

// Object is a JSON object (RFC 8259 section 4). Its names are those that were
// sent, letter for letter: RFC 6749 section 5.1 knows "scope", and no "Scope".
type Object map[string]json.RawMessage

// ParseObject reads a body that is exactly one JSON object. One with a member
// that is there twice means different things to different readers, and is an
// error; anything else is [ErrNotJSON].
func ParseObject(body []byte) (Object, error) {
	if !json.Valid(body) || !bytes.HasPrefix(bytes.TrimLeft(body, jsonSpace), []byte("{")) {
		return nil, ErrNotJSON
	}
	object := Object{}
	for quoted, value := range members(bytes.Clone(body)) {
		name := unquoted(quoted)
		if _, twice := object[name]; twice {
			return nil, fmt.Errorf("a JSON object with the member %q twice", brief(name))
		}
		object[name] = value
	}
	return object, nil
}

const jsonSpace = " \t\r\n"

// members are the names, in their quotation marks, and the values of the object
// that a valid JSON text is.
func members(text []byte) iter.Seq2[[]byte, json.RawMessage] {
	return func(yield func([]byte, json.RawMessage) bool) {
		var name []byte
		depth, from := 0, 0
		for i := 0; i < len(text); i++ {
			switch c := text[i]; {
			case c == '"':
				for i++; text[i] != '"'; i++ {
					if text[i] == '\\' {
						i++
					}
				}
			case c == '{' || c == '[':
				if depth++; depth == 1 {
					from = i + 1
				}
			case depth == 1 && c == ':':
				name, from = bytes.Trim(text[from:i], jsonSpace), i+1
			case depth == 1 && (c == ',' || c == '}'):
				if name != nil && !yield(name, bytes.Trim(text[from:i:i], jsonSpace)) {
					return
				}
				name, from = nil, i+1
			}
			if c := text[i]; c == '}' || c == ']' {
				depth--
			}
		}
	}
}

// Text is the member of that name if it is a string, or "".
func (o Object) Text(name string) string {
	return unquoted(o[name])
}

// unquoted is a JSON value if it is a string, or "".
func unquoted(value []byte) string {
	if len(value) < 2 || value[0] != '"' {
		return ""
	}
	if plain := value[1 : len(value)-1]; bytes.IndexByte(plain, '\\') < 0 && utf8.Valid(plain) {
		return string(plain)
	}
	var text string
	if json.Unmarshal(value, &text) != nil {
		return ""
	}
	return text
}

// has reports whether there is a member of that name other than null.
func (o Object) has(name string) bool {
	return len(o[name]) > 0 && string(o[name]) != "null"
}

// seconds is a member that is a number of seconds, or such a number in a string.
// One that is not, or is below zero, is 0; one too large for a duration is the
// longest.
func (o Object) seconds(name string) time.Duration {
	number, err := strconv.ParseFloat(strings.Trim(string(o[name]), `"`), 64)
	switch {
	case err != nil && !errors.Is(err, strconv.ErrRange), math.IsNaN(number), number < 0:
		return 0
	case number >= math.MaxInt64/float64(time.Second):
		return math.MaxInt64
	}
	return time.Duration(number) * time.Second
}

// brief is the beginning of what a server said, for a message.
func brief(text string) string {
	const most = 200
	if text = strings.ToValidUTF8(text, "\uFFFD"); len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "…"
	}
	return text
}
