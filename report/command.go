package report

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"
)

// Command is a command for a shell in which variables stand for secrets.
type Command struct {
	Text      string
	Variables []Variable // but for ISSUER
}

// Variable stands for a secret in a command.
type Variable struct {
	Name   string // "TOKEN"
	Digest string // as [oauth.Digest] writes it
	as     form
}

// form is how a command wants a secret to be written.
type form int

const (
	asItIs form = iota
	inURL
	inJSON
	basicName     // the part of HTTP Basic before the colon
	basicPassword // the part after it
)

// Value is what the variable has to be for the command, from its secret; false:
// the secret is none for this command.
func (v Variable) Value(secret string) (string, bool) {
	switch v.as {
	case inURL:
		return strings.ReplaceAll(url.QueryEscape(secret), "+", "%20"), true
	case inJSON:
		text, err := json.Marshal(secret)
		return strings.TrimSuffix(strings.TrimPrefix(string(text), `"`), `"`), err == nil
	case basicName, basicPassword:
		decoded, err := base64.StdEncoding.DecodeString(secret)
		name, password, found := strings.Cut(string(decoded), ":")
		if v.as == basicName {
			return name, err == nil && found
		}
		return password, err == nil && found
	}
	return secret, true
}

// Assignments are words for a shell's "export", from the secrets by their digest,
// and the names of the variables that there is no secret for.
func (c Command) Assignments(secrets map[string]string) (words, missing []string) {
	for _, v := range c.Variables {
		value, ok := v.Value(secrets[v.Digest])
		if secrets[v.Digest] == "" || !ok {
			missing = append(missing, v.Name)
			continue
		}
		words = append(words, v.Name+"="+singleQuoted(value))
	}
	return words, missing
}

// asWritten is a digest as [oauth.Digest] writes it, from any way it is escaped.
func asWritten(found string) string {
	if strings.HasPrefix(found, "%") {
		found = unescape(found)
	}
	return strings.ToLower(found)
}
