package loadtest

import (
	"bytes"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
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
	silent         bool // a response without scope is right
	silentTooMuch  bool // … means more than is granted
	mustText, most string
}

func (s *Stage) grantJudge(g Grant) *grantJudge {
	j := &grantJudge{Grant: g, bounds: s.bounds(g.Must, g.May)}
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

// own judges the scope that a token states of itself.
func (j *grantJudge) own(token []byte, room *room) Verdict {
	own, present, err := jwtScope(token, room)
	if err != nil {
		return fault("the claims of the access token are %v", err)
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

// Serves expects an API to do what was asked (2xx). A refusal breaks rule. The
// operation and the token are for messages; the token may be nil.
func (s *Stage) Serves(rule string, op target.Operation, t *Token) Expectation {
	what := act(op, t)
	return func(a Answer) Verdict {
		switch {
		case a.Status >= 200 && a.Status < 300:
			return Verdict{}
		case a.Status == 401 || a.Status == 403 || a.Status == 404:
			return falseRefusal(rule, "%s, was refused with %d, want 2xx", what, a.Status)
		}
		return fault("%s, was answered with %d, want 2xx", what, a.Status)
	}
}

// Refuses expects an API to refuse, for lack of scope or for lack of a token
// (RFC 6750 section 3.1). Being served breaks rule, and so does a refusal that
// shows the marker, a text of what is protected; empty: there is none. The
// operation and the token are for messages; the token may be nil.
func (s *Stage) Refuses(rule string, op target.Operation, t *Token, marker string) Expectation {
	what, secret := act(op, t), []byte(marker)
	return func(a Answer) Verdict {
		switch {
		case a.Status >= 200 && a.Status < 300:
			return leak(rule, "%s, was served with %d, want 401 or 403", what, a.Status)
		case !refusing(a.Status) || a.Status == http.StatusBadRequest:
			return fault("%s, was answered with %d, want 401 or 403", what, a.Status)
		case len(secret) > 0 && bytes.Contains(a.Body, secret):
			return leak(rule, "%s, was refused with %d, but what is protected is in the answer", what, a.Status)
		}
		return challenged(a)
	}
}

// act says what is tried with which token.
func act(op target.Operation, t *Token) string {
	needs, all := op.Needs()
	text := fmt.Sprintf("%s, which needs %q", op.Name, needs)
	if !all {
		text = fmt.Sprintf("%s, which needs one of %q", op.Name, needs)
	}
	if t == nil {
		return text + ", without a token"
	}
	return fmt.Sprintf("%s, with a token of %s for %q", text, t.Client.Name, t.Scope)
}

// challenged looks at why the API says that it refused.
func challenged(a Answer) Verdict {
	if a.Status != http.StatusForbidden {
		return Verdict{}
	}
	for _, value := range a.values("WWW-Authenticate") {
		if strings.Contains(value, "error=") && !strings.Contains(value, "insufficient_scope") {
			return fault("refused with 403 for another reason than insufficient_scope")
		}
	}
	return Verdict{}
}

// Introspects expects an introspection response (RFC 7662 section 2.2) that
// says that a token is active with exactly that scope. Where silent is true the
// response may have no scope.
func (s *Stage) Introspects(rule string, scope oauth.ScopeSet, silent bool) Expectation {
	exact := s.wire(scope)
	b := s.bounds(scope, scope)
	return func(a Answer) Verdict {
		active, value, present, v := introspected(a)
		if !v.kept() {
			return v
		}
		if !active {
			return falseRefusal(rule, "introspection says that the token is not active, want active with %q", exact)
		}
		if !present {
			if silent {
				return Verdict{}
			}
			return falseRefusal(rule, "introspection names no scope, want %q", exact)
		}
		switch beyond, missing := b.measure(value); {
		case beyond:
			return leak(rule, "introspection says %q, want %q", clip(string(value)), exact)
		case missing:
			return falseRefusal(rule, "introspection says %q, want %q", clip(string(value)), exact)
		}
		return Verdict{}
	}
}

// IntrospectsInactive expects an introspection response that says that a token
// is not active.
func (s *Stage) IntrospectsInactive(rule string) Expectation {
	return func(a Answer) Verdict {
		active, value, _, v := introspected(a)
		switch {
		case !v.kept():
			return v
		case active:
			return leak(rule, "introspection says that a token is active that was never issued, with %q", clip(string(value)))
		case len(value) > 0:
			return leak(rule, "introspection says %q of a token that is not active", clip(string(value)))
		}
		return Verdict{}
	}
}

// Active reads whether an introspection response says that a token is active; ok
// is false where it says nothing (RFC 7662 section 2.2).
func Active(a Answer) (active, ok bool) {
	active, _, _, v := introspected(a)
	return active, v.kept()
}

// introspected reads an introspection response.
func introspected(a Answer) (active bool, scope []byte, present bool, v Verdict) {
	if a.Status != http.StatusOK {
		return false, nil, false, fault("got %d from the introspection endpoint, want 200", a.Status)
	}
	m := [2]member{{name: "active"}, {name: "scope"}}
	if err := readObject(a.Body, m[:]); err != nil {
		return false, nil, false, fault("got an introspection response that is %v", err)
	}
	if m[0].kind != 't' {
		return false, nil, false, fault("got an introspection response without active")
	}
	scope, present = scopeOf(&m[1])
	return string(m[0].raw) == "true", scope, present, Verdict{}
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
