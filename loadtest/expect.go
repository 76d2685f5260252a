package loadtest

import (
	"bytes"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/scopeproof/scopeproof/oauth"
)

// Refusal says what refusing a token request would be.
type Refusal int

// What a refusal can be.
const (
	RefusalIsFalse  Refusal = iota // the request is to be granted
	RefusalIsLawful                // the standards allow both answers
	RefusalIsDue                   // the target refuses such requests
)

// Grant is what a token response has to say of scope.
type Grant struct {
	// Rule is broken by a scope beyond May, Denied by a refusal that is false.
	Rule, Denied string
	// Asked is what a response without scope means (RFC 6749 section 5.1).
	Asked oauth.ScopeSet
	// Must is granted at least, Must and May at most.
	Must, May oauth.ScopeSet
	Refusal   Refusal
	// Holder is whom the token is for. One that says of itself that it is of another
	// breaks Rule.
	Holder Holder
}

// Issues expects a token response of that grant (RFC 6749 section 5.1), from
// the response's scope and from what the token says of itself where it is a JWT.
func (s *Stage) Issues(g Grant) Expectation {
	judge := s.grantJudge(g)
	var known knowledge
	return func(a Answer) Verdict {
		if token, like := known.token(&a); like != nil {
			if like.states(token) {
				a.room.issue(token)
				return Verdict{}
			}
			if v := judge.own(token, a.room); v.kept() {
				return v
			}
		}
		var t tokenAnswer
		v := judge.judge(a, &t)
		if v.kept() && t.access().kind == '"' {
			known.learn(a, t.access())
		}
		return v
	}
}

// tokenAnswer is what an answer of the token endpoint says. The members alias
// the body.
type tokenAnswer struct{ members [5]member }

func (t *tokenAnswer) access() *member    { return &t.members[0] }
func (t *tokenAnswer) tokenType() *member { return &t.members[1] }
func (t *tokenAnswer) scope() *member     { return &t.members[2] }
func (t *tokenAnswer) refresh() *member   { return &t.members[3] }
func (t *tokenAnswer) problem() *member   { return &t.members[4] }

func (t *tokenAnswer) read(body []byte) error {
	t.members = [5]member{{name: "access_token"}, {name: "token_type"}, {name: "scope"}, {name: "refresh_token"}, {name: "error"}}
	return readObject(body, t.members[:])
}

// grantJudge is a grant made ready for comparing.
type grantJudge struct {
	Grant
	bounds
	holders        *holders
	silent         bool // a response without scope is right
	silentTooMuch  bool // … means more than is granted
	mustText, most string
}

func (s *Stage) grantJudge(g Grant) *grantJudge {
	j := &grantJudge{Grant: g, bounds: s.bounds(g.Must, g.May), holders: s.holders}
	j.mustText, j.most = strings.Join(j.must, " "), strings.Join(j.may, " ")
	beyond, missing := j.set(s.wire(g.Asked))
	j.silent, j.silentTooMuch = !beyond && !missing, beyond
	return j
}

// judge judges an answer, of which it leaves the members in t.
func (j *grantJudge) judge(a Answer, t *tokenAnswer) Verdict {
	if unjudgeable(a.Status) {
		return fault("got %d from the token endpoint", a.Status)
	}
	if err := t.read(a.Body); err != nil {
		*t = tokenAnswer{}
		if err == errObject && refusing(a.Status) {
			return j.refused(a.Status, "") // some servers refuse with an empty body
		}
		return fault("got %d with %d bytes that are %v, want a token response", a.Status, len(a.Body), err)
	}
	if t.access().kind != '"' || len(t.access().raw) == 0 {
		if t.problem().kind == '"' || refusing(a.Status) {
			return j.refused(a.Status, t.problem().text())
		}
		return fault("got %d with neither access_token nor error", a.Status)
	}
	if v := j.issued(t, a.room); !v.kept() {
		return v
	}
	switch {
	case a.Status != http.StatusOK:
		return fault("got a token with status %d, want 200", a.Status)
	case !bytes.EqualFold(t.tokenType().bytes(), []byte("Bearer")):
		return fault("got token_type %q, want Bearer", clip(t.tokenType().text()))
	case j.Refusal == RefusalIsDue:
		return fault("got a token with %q, want a refusal: the target file says that it refuses such requests", j.said(t))
	}
	return Verdict{}
}

// issued judges the scope of a token that was issued.
func (j *grantJudge) issued(t *tokenAnswer, room *room) Verdict {
	value, present := scopeOf(t.scope())
	beyond, missing := j.silentTooMuch, !j.silent
	if present {
		beyond, missing = j.measure(value)
	}
	switch {
	case beyond:
		return leak(j.Rule, "issued %q, want at most %q", j.said(t), j.most)
	case missing:
		return falseRefusal(j.Denied, "issued %q, want %q", j.said(t), j.mustText)
	}
	return j.own(t.access().bytes(), room)
}

// own judges the scope that a token states of itself, and whose it says that it is.
func (j *grantJudge) own(token []byte, room *room) Verdict {
	claims := jwtClaims(token, room)
	if claims == nil {
		return Verdict{}
	}
	own, present, err := claimedScope(claims)
	if err != nil {
		return fault("the claims of the access token are %v", err)
	}
	if stranger := j.holders.stranger(j.Holder, claims); stranger != "" {
		return leak(j.Rule, "the token has a %s", stranger)
	}
	if !present {
		return Verdict{}
	}
	switch beyond, missing := j.measure(own); {
	case beyond:
		return leak(j.Rule, "the token says %q of itself, want at most %q", clip(string(own)), j.most)
	case missing:
		return falseRefusal(j.Denied, "the token says %q of itself, want %q", clip(string(own)), j.mustText)
	}
	room.issue(token)
	return Verdict{}
}

// said is the scope that a response states, for messages.
func (j *grantJudge) said(t *tokenAnswer) string {
	if value, present := scopeOf(t.scope()); present {
		return clip(string(value))
	}
	return j.Asked.String() + " (no scope in the response)"
}

func (j *grantJudge) refused(status int, code string) Verdict {
	switch oauth.ErrorCode(code) {
	case "temporarily_unavailable", "server_error", "slow_down":
		return fault("got %d %s", status, code)
	case oauth.InvalidClient, "unsupported_grant_type":
		// It says nothing of scope: who was started anew may have forgotten its clients.
		want := "a refusal of the scope"
		if j.Refusal == RefusalIsFalse {
			want = strconv.Quote(j.mustText)
		}
		return fault("got %d %s, want %s", status, code, want)
	}
	if j.Refusal == RefusalIsFalse {
		return falseRefusal(j.Denied, "refused with %d %s, want %q", status, clip(code), j.mustText)
	}
	return Verdict{}
}

// Introspects expects an introspection response (RFC 7662 section 2.2) that
// says that a token is active with exactly that scope. Seen is the answer while
// nobody else asks: where it names no scope the response may have none, and whose
// the token is, as it says, is said among others as well.
func (s *Stage) Introspects(rule string, scope oauth.ScopeSet, seen Answer) Expectation {
	exact := s.wire(scope)
	b := s.bounds(scope, scope)
	alone := introspected(seen)
	names := identityOf(seen.Body)
	return func(a Answer) Verdict {
		t := introspected(a)
		if !t.v.kept() {
			return t.v
		}
		if !t.active {
			return falseRefusal(rule, "introspection says that the token is not active, want active with %q", exact)
		}
		beyond, missing := b.measure(t.scope)
		switch {
		case !t.present && !alone.present:
		case !t.present:
			return falseRefusal(rule, "introspection names no scope, want %q", exact)
		case beyond:
			return leak(rule, "introspection says %q, want %q", clip(string(t.scope)), exact)
		case missing:
			return falseRefusal(rule, "introspection says %q, want %q", clip(string(t.scope)), exact)
		}
		if name := names.differs(a.Body); name != "" {
			return leak(rule, "introspection tells another %s than while nobody else asks", name)
		}
		return Verdict{}
	}
}

// IntrospectsInactive expects an introspection response that says that a token
// is not active.
func (s *Stage) IntrospectsInactive(rule string) Expectation {
	return func(a Answer) Verdict {
		t := introspected(a)
		switch {
		case !t.v.kept():
			return t.v
		case t.active:
			return leak(rule, "introspection says that a token is active that was never issued, with %q", clip(string(t.scope)))
		case len(t.scope) > 0:
			return leak(rule, "introspection says %q of a token that is not active", clip(string(t.scope)))
		}
		return Verdict{}
	}
}

// TellsNothing expects the introspection endpoint to refuse, or to say nothing of a
// token that is good, as who asks has not proved who they are (RFC 7662 sections 2.1
// and 4).
func (s *Stage) TellsNothing(rule string) Expectation {
	return func(a Answer) Verdict {
		switch active, ok := Active(a); {
		case active && ok:
			return leak(rule, "introspection tells somebody without credentials that a token is active")
		case unjudgeable(a.Status):
			return fault("got %d from the introspection endpoint, want a refusal", a.Status)
		}
		return Verdict{}
	}
}

// Active reads whether an introspection response says that a token is active; ok
// is false where it says nothing (RFC 7662 section 2.2).
func Active(a Answer) (active, ok bool) {
	t := introspected(a)
	return t.active, t.v.kept()
}

// told is what an introspection response says; v is why it says nothing.
type told struct {
	active  bool
	scope   []byte
	present bool // it names a scope
	v       Verdict
}

// introspected reads an introspection response.
func introspected(a Answer) told {
	if a.Status != http.StatusOK {
		return told{v: fault("got %d from the introspection endpoint, want 200", a.Status)}
	}
	m := [2]member{{name: "active"}, {name: "scope"}}
	if err := readObject(a.Body, m[:]); err != nil {
		return told{v: fault("got an introspection response that is %v", err)}
	}
	if m[0].kind != 't' {
		return told{v: fault("got an introspection response without active")}
	}
	t := told{active: string(m[0].raw) == "true"}
	t.scope, t.present = scopeOf(&m[1])
	return t
}

// unjudgeable statuses say nothing about scope: the server is at fault, or it
// asks for fewer requests.
func unjudgeable(status int) bool {
	return status >= 500 || status == http.StatusTooManyRequests || status >= 300 && status < 400 || status < 200
}

// refusing statuses are refusals; 404 and 405 hide that there is something.
func refusing(status int) bool {
	switch status {
	case 400, 401, 403, 404, 405:
		return true
	}
	return false
}

// clip shortens what a server said, for messages.
func clip(text string) string {
	const most = 200
	if len(text) > most {
		return fmt.Sprintf("%s… (%d bytes)", strings.ToValidUTF8(text[:most], ""), len(text))
	}
	return text
}
