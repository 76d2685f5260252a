package steps

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/scopeproof/scopeproof/internal/actor"
	"github.com/scopeproof/scopeproof/oauth"
)

// registerChallenges adds the judgements of how an API refuses, and what changes
// that beside the scope.
func registerChallenges(r registrar, w *World) {
	r.Given(`^(\w+) has a key that its tokens are bound to$`, w.hasKey)
	r.Given(`^the API is cut off from the authorization server$`, w.isCutOff)
	r.Then(`^every answer carries a (Bearer|DPoP) challenge$`, w.everyAnswerChallenges)
	r.Then(`^every challenge (is well formed|says each thing once|keeps to the characters allowed|names the scope that is needed, if any|has no error|has (?:the|no other) error(?: than)? "[^"]*")$`, w.judgeChallenges)
	r.Then(`^every answer has the status (\d+)$`, w.everyStatus)
	r.Then(`^both answers are alike$`, w.bothAlike)
}

func (w *World) hasKey(ctx context.Context, client string) error {
	c, err := w.client(ctx, client)
	if err != nil {
		return err
	}
	key, err := actor.NewProofKey()
	if err != nil {
		return err
	}
	w.proofs[client] = key
	c.Bind(key)
	return nil
}

func (w *World) isCutOff(ctx context.Context) error {
	w.cut = true
	return w.cast.CutOff(ctx)
}

// refusals are the answers that refuse and do not hide. One that was served is
// excess.
func (w *World) refusals() ([]*actor.Attempt, error) {
	all, err := w.challenging()
	for _, a := range w.answers {
		if a.Served() {
			return nil, excess("%q was served: got %d, want 401 or 403", a.Operation, a.Status)
		}
	}
	return all, err
}

// challenging are the answers that may have a challenge. That one was served is
// judged by itself: there is none in it.
func (w *World) challenging() ([]*actor.Attempt, error) {
	if len(w.answers) == 0 {
		return nil, fmt.Errorf("nothing was asked of the API")
	}
	return slices.DeleteFunc(slices.Clone(w.answers), func(a *actor.Attempt) bool { return a.Served() || a.Hides() }), nil
}

// everyAnswerChallenges wants a challenge of a scheme, with a parameter at least
// (RFC 6750 section 3), unless there is another beside it that has one (RFC 9449
// section 7.2).
func (w *World) everyAnswerChallenges(_ context.Context, scheme string) error {
	all, err := w.refusals()
	if err != nil {
		return err
	}
	for _, a := range all {
		c, ok := a.ChallengeOf(scheme)
		switch {
		case !ok:
			return violation("the answer (%d) to %q carries no %s challenge: got %q", a.Status, a.Operation, scheme, a.Header.Values("WWW-Authenticate"))
		case len(c.Params) == 0 && !says(a):
			return violation("the challenge to %q is a bare %q, want a parameter with it", a.Operation, c.Scheme)
		}
	}
	return nil
}

// says reports whether any challenge of an answer has a parameter.
func says(a *actor.Attempt) bool {
	for _, scheme := range []string{"Bearer", "DPoP"} {
		if c, _ := a.ChallengeOf(scheme); len(c.Params) > 0 {
			return true
		}
	}
	return false
}

// challenges calls judge with each challenge for a token that can be read.
func (w *World) challenges(judge func(*actor.Attempt, oauth.Challenge) error) error {
	all, err := w.challenging()
	if err != nil {
		return err
	}
	for _, a := range all {
		for _, value := range a.Header.Values("WWW-Authenticate") {
			challenges, _ := oauth.ParseChallenges(value) // what cannot be read is judged by itself
			for _, c := range challenges {
				if !strings.EqualFold(c.Scheme, "Bearer") && !strings.EqualFold(c.Scheme, "DPoP") {
					continue
				}
				if err := judge(a, c); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (w *World) judgeChallenges(_ context.Context, how string) error {
	switch how {
	case "is well formed":
		return w.wellFormed()
	case "says each thing once":
		return w.challenges(saysOnce)
	case "keeps to the characters allowed":
		return w.keepToCharacters()
	case "names the scope that is needed, if any":
		return w.challenges(w.namesNeed)
	}
	return w.judgeErrors(strings.TrimPrefix(how, "has "))
}

// namesNeed wants the scope that a challenge names, if it does, to be the one
// that the operation needs (RFC 6750 section 3.1). What the token has already may
// stand there too: it is the scope of a token that would do.
func (w *World) namesNeed(a *actor.Attempt, c oauth.Challenge) error {
	text, named := c.Get("scope")
	need := w.needOf(a.Operation)
	wire := func(set oauth.ScopeSet) oauth.ScopeSet { return oauth.FieldsScope(w.cast.Wire(set.Raw())) }
	told := oauth.FieldsScope(text)
	most := need.Union(w.hierarchy().Closure(w.presents))
	for _, token := range need.Tokens() { // what includes it would do as well
		most = most.Union(w.hierarchy().Above(token))
	}
	if named && (!wire(need).SubsetOf(told) || !told.SubsetOf(wire(most))) {
		return violation("the challenge to %q names the scope %q, want %q or none", a.Operation, text, need)
	}
	return nil
}

// needOf is the scope that an operation needs.
func (w *World) needOf(operation string) oauth.ScopeSet {
	api := w.target().API
	if api.StepUp != nil && api.StepUp.Name == operation {
		need, _ := api.StepUp.Needs()
		return need
	}
	return needs(api, operation)
}

// wellFormed wants every field to be a list of challenges, one of them of a
// scheme for tokens and with parameters (RFC 6750 section 3, RFC 9110 section
// 11.6.1).
func (w *World) wellFormed() error {
	all, err := w.challenging()
	if err != nil {
		return err
	}
	for _, a := range all {
		fields := a.Header.Values("WWW-Authenticate")
		for _, value := range fields {
			if _, err := oauth.ParseChallenges(value); err != nil {
				return violation("the challenge to %q cannot be read: got %q", a.Operation, value)
			}
		}
		if len(fields) > 0 && !says(a) {
			return violation("the challenge to %q is not %q and parameters: got %q", a.Operation, "Bearer", fields)
		}
	}
	return nil
}

func saysOnce(a *actor.Attempt, c oauth.Challenge) error {
	seen := map[string]bool{}
	for _, p := range c.Params {
		name := strings.ToLower(p.Name)
		if seen[name] {
			return violation("the challenge to %q says %q more than once", a.Operation, name)
		}
		seen[name] = true
	}
	return nil
}

// keepToCharacters also holds a challenge that a character of its own breaks off.
func (w *World) keepToCharacters() error {
	all, err := w.challenging()
	if err != nil {
		return err
	}
	for _, a := range all {
		for _, value := range a.Header.Values("WWW-Authenticate") {
			if _, err := oauth.ParseChallenges("Bearer " + value); err != nil {
				return violation("the challenge to %q cannot be read: got %q", a.Operation, value)
			}
		}
	}
	return w.challenges(keepsToCharacters)
}

// keepsToCharacters is RFC 6750 section 3: what may stand in each attribute.
func keepsToCharacters(a *actor.Attempt, c oauth.Challenge) error {
	for _, p := range c.Params {
		name := strings.ToLower(p.Name)
		if !slices.Contains([]string{"scope", "error", "error_description", "error_uri"}, name) {
			continue
		}
		for _, b := range []byte(p.Value) {
			if b < 0x20 || b > 0x7e || b == '"' || b == '\\' || b == ' ' && name == "error_uri" {
				return violation("the challenge to %q has the byte %#x in %s, which may not stand there", a.Operation, b, name)
			}
		}
	}
	return nil
}

// judgeErrors looks at the error that the challenges of an answer name together:
// where there are several, one of them says it (RFC 9449 section 7.2).
func (w *World) judgeErrors(want string) error {
	_, code, _ := strings.Cut(strings.TrimSuffix(want, `"`), `"`)
	needed := strings.HasPrefix(want, "the error")
	seen := map[*actor.Attempt]bool{} // whether a challenge says what is wanted
	err := w.challenges(func(a *actor.Attempt, c oauth.Challenge) error {
		got, given := c.Get("error")
		switch {
		case given && code == "":
			return violation("the challenge to %q has the error %q, want none", a.Operation, got)
		case given && got != code:
			return violation("the challenge to %q has the error %q, want %q", a.Operation, got, code)
		}
		seen[a] = seen[a] || given
		return nil
	})
	for a, says := range seen {
		if err == nil && needed && !says {
			return violation("the challenge to %q has the error %q, want %q", a.Operation, "", code)
		}
	}
	return err
}

func (w *World) everyStatus(_ context.Context, want int) error {
	all, err := w.refusals()
	if err != nil {
		return err
	}
	for _, a := range all {
		if a.Status != want {
			return violation("%q was refused with %d%s, want %d", a.Operation, a.Status, reason(a), want)
		}
	}
	return nil
}

// bothAlike compares what tells whether something exists: status, error, and the
// names of the members of the body.
func (w *World) bothAlike(context.Context) error {
	if len(w.answers) != 2 {
		return fmt.Errorf("got %d answers, want two", len(w.answers))
	}
	one, other := w.answers[0], w.answers[1]
	if one.Status != other.Status || reason(one) != reason(other) {
		return violation("what is there and what is not are told apart: got %d%s and %d%s", one.Status, reason(one), other.Status, reason(other))
	}
	if a, b := members(one.Body), members(other.Body); !slices.Equal(a, b) {
		return violation("what is there and what is not are told apart: got bodies with %q and %q", a, b)
	}
	return nil
}

// members are the names in a JSON object, sorted.
func members(body []byte) []string {
	var object map[string]json.RawMessage
	_ = json.Unmarshal(body, &object) // what is no object has none
	return slices.Sorted(maps.Keys(object))
}
