package steps

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/scopeproof/scopeproof/oauth"
)

// The nouns that sentences share. Each captures one value.
const (
	who     = `(\w+)`
	subject = `(each of them|\w+(?:'s first token)?)`
	some    = `"[^"]*"|the required scopes|the scopes for people only|the scopes for confidential clients|the privileged scopes|the default scope|the exotic scope|the unadvertised scope`
	what    = `((?:` + some + `)(?: and (?:` + some + `))?|no scope|an empty scope)`
)

// manner is a phrase that says how an act is done. It may hold quoted values,
// numbers and names.
type manner[T any] struct {
	expr  string
	apply func(act *T, values []string) error
}

// phrasing is the manners that one kind of act knows.
type phrasing[T any] struct {
	act     string // the act, for readers
	manners []manner[T]
	pattern string // see capture
}

// phrased is the phrasing of an act, made once for all scenarios.
func phrased[T any](act string, manners func() []manner[T]) func() phrasing[T] {
	return sync.OnceValue(func() phrasing[T] {
		p := phrasing[T]{act: act, manners: manners()}
		var all []string
		for _, m := range p.manners {
			all = append(all, m.expr)
		}
		p.pattern = `((?:(?:,| and|, and)? (?:` + strings.Join(all, "|") + `))*)`
		return p
	})
}

// capture is the part of a pattern that takes any of the manners, one after the
// other: ", 5 times", " silently and at the other API".
func (p phrasing[T]) capture() string { return p.pattern }

// apply reads the manners of a sentence into an act.
func (p phrasing[T]) apply(text string, act *T) error {
	for rest := text; strings.TrimSpace(rest) != ""; {
		rest = joint.ReplaceAllString(rest, "")
		n := slices.IndexFunc(p.manners, func(m manner[T]) bool { return m.starts(rest) })
		if n < 0 {
			return fmt.Errorf("%s: got %q, want one of the manners that the steps list", p.act, rest)
		}
		found := p.manners[n].compiled().FindStringSubmatch(rest)
		if err := p.manners[n].apply(act, found[1:]); err != nil {
			return err
		}
		rest = rest[len(found[0]):]
	}
	return nil
}

var joint = regexp.MustCompile(`^(?:,| and|, and)? `)

// starts reports whether a text begins with the manner, whole.
func (m manner[T]) starts(text string) bool {
	found := m.compiled().FindString(text)
	return found != "" && (len(found) == len(text) || strings.ContainsAny(text[len(found):len(found)+1], ", "))
}

func (m manner[T]) compiled() *regexp.Regexp {
	if e, ok := manners.Load(m.expr); ok {
		return e.(*regexp.Regexp)
	}
	values := strings.NewReplacer(`"[^"]*"`, `"([^"]*)"`, `\d+`, `(\d+)`, `\w+`, `(\w+)`)
	e := regexp.MustCompile(`^` + values.Replace(m.expr))
	manners.Store(m.expr, e)
	return e
}

// manners are the compiled expressions, by expression.
var manners sync.Map

// Manner is a phrase that features may put after an act.
type Manner struct {
	Act    string // such as "asks"
	Phrase string // a regular expression
}

// Manners is every phrase that features may put after an act.
func Manners() []Manner {
	return slices.Concat(
		asking().list(), presenting().list(), exchanging().list(), carrying().list(), calling().list(), registering().list(),
	)
}

func (p phrasing[T]) list() []Manner {
	var all []Manner
	for _, m := range p.manners {
		all = append(all, Manner{p.act, m.expr})
	}
	return all
}

// spoken reads a noun phrase for scopes: what is sent, or nil for none at all.
func (w *World) spoken(text string) (*oauth.RawScope, error) {
	as := w.target().Description.AuthorizationServer
	raw := oauth.RawScope("")
	switch text {
	case "no scope":
		return nil, nil
	case "an empty scope":
		return &raw, nil
	}
	var parts []string
	for part := range strings.SplitSeq(text, " and ") {
		switch part {
		case "the required scopes":
			parts = append(parts, as.RequiredScopes)
		case "the scopes for people only":
			parts = append(parts, as.UserOnlyScopes)
		case "the scopes for confidential clients":
			parts = append(parts, as.ConfidentialOnlyScopes)
		case "the privileged scopes":
			parts = append(parts, as.PrivilegedScopes)
		case "the exotic scope":
			parts = append(parts, as.ExoticScope)
		case "the unadvertised scope":
			parts = append(parts, w.unadvertised())
		case "the default scope":
			if set := w.target().DefaultScope; !set.IsEmpty() || part == text {
				parts = append(parts, set.String())
			}
		default:
			plain, err := unescape(strings.TrimSuffix(strings.TrimPrefix(part, `"`), `"`))
			if err != nil {
				return nil, err
			}
			parts = append(parts, plain)
		}
	}
	// Scopes that the target has none of leave nothing behind, and no space.
	parts = slices.DeleteFunc(parts, func(part string) bool { return part == "" })
	raw = oauth.RawScope(strings.Join(parts, " "))
	return &raw, nil
}

// unescape replaces \uXXXX, as JSON writes a character that a feature cannot.
func unescape(text string) (string, error) {
	var failed error
	plain := escapes.ReplaceAllStringFunc(text, func(e string) string {
		n, err := strconv.ParseUint(e[2:], 16, 32)
		if err != nil {
			failed = fmt.Errorf("%q: %w", text, err)
		}
		return string(rune(n))
	})
	return plain, failed
}

var escapes = regexp.MustCompile(`\\u[0-9a-fA-F]{4}`)

// cell reads a scope in a table: a noun phrase for none, or a scope as it is.
func (w *World) cell(text string) (*oauth.RawScope, error) {
	if text == "no scope" || text == "an empty scope" {
		return w.spoken(text)
	}
	return w.spoken(`"` + text + `"`)
}

// set reads a noun phrase for scopes as a set; every scope must be a lawful one.
func (w *World) set(text string) (oauth.ScopeSet, error) {
	raw, err := w.spoken(text)
	if err != nil || raw == nil {
		return oauth.ScopeSet{}, err
	}
	return scope(string(*raw))
}

// subjects are the outcomes that a sentence speaks of.
func (w *World) subjects(ctx context.Context, text string) ([]*outcome, error) {
	if text == "each of them" {
		if len(w.batch) == 0 {
			return nil, fmt.Errorf("nothing was asked for several times")
		}
		return w.batch, nil
	}
	if client, first := strings.CutSuffix(text, "'s first token"); first {
		i, err := w.first(ctx, client)
		if err != nil {
			return nil, err
		}
		return []*outcome{{client: i.Client, owner: i.Owner, issue: i, asked: i.Wanted()}}, nil
	}
	o, err := w.outcomeOf(text)
	return []*outcome{o}, err
}

// each judges every outcome that a sentence speaks of, and says which one is
// wrong.
func (w *World) each(ctx context.Context, subject string, judge func(*outcome) error) error {
	all, err := w.subjects(ctx, subject)
	if err != nil {
		return err
	}
	for n, o := range all {
		err := judge(o)
		if err != nil && subject == "each of them" {
			err = numbered(n, o, err)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// numbered says in which repetition something was seen, and by which way.
func numbered(n int, o *outcome, err error) error {
	which := fmt.Sprintf("request %d", n+1)
	if o.how != "" {
		which += " (" + o.how + ")"
	}
	if v, ok := err.(*Violation); ok {
		of := *v
		of.Message = which + ": " + v.Message
		return &of
	}
	return fmt.Errorf("%s: %w", which, err)
}

// jsonValue reads a JSON value of a feature; "absent" is no value at all.
func jsonValue(text string) (any, error) {
	if text == "absent" {
		return nil, nil
	}
	if text == "null" {
		return json.RawMessage("null"), nil
	}
	var v any
	err := json.Unmarshal([]byte(text), &v)
	return v, err
}

// quoted is the text between the first quotation marks, and whether there are
// any.
func quoted(text string) (string, bool) {
	_, rest, found := strings.Cut(text, `"`)
	inner, _, closed := strings.Cut(rest, `"`)
	return inner, found && closed
}
