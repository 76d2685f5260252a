package actor

import (
	"net/http"
	"strings"

	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

// use is one request to an API in its ordinary shape.
type use struct {
	api     *target.ResourceServer
	op      target.Operation
	token   string
	attempt *Attempt
}

// used notes a request for an operation, unless its shape is unusual: what comes
// of that says nothing of what the scope is enough for.
func (c *Cast) used(api *target.ResourceServer, op target.Operation, req *http.Request, w Wire, a *Attempt) {
	if w.Method != "" || w.Path != "" || w.Query != "" || w.Body != "" {
		return
	}
	if _, offered := api.Operation(op.Name); !offered {
		return // a batch, which is answered part by part
	}
	for name := range w.Header {
		if name != "Authorization" && name != "Dpop" {
			return
		}
	}
	_, token, _ := strings.Cut(req.Header.Get("Authorization"), " ")
	c.uses = append(c.uses, use{api, op, token, a})
}

// Token is an access token that was issued in a scenario, and which operations it
// was used for.
type Token struct {
	Scope oauth.ScopeSet // all that the response, its claims and introspection ever named
	Uses  []Use
}

// Use is what came of one operation.
type Use struct {
	API       *target.ResourceServer
	Operation target.Operation
	Served    bool
	// Refused says that it was refused for want of scope; neither: for another
	// reason, which says nothing of scope.
	Refused bool
}

// Tokens are those that clients were issued; what was done without a token is
// that of a token without scope. The tokens of the auditor are none of them.
func (c *Cast) Tokens() []Token {
	var tokens []Token
	at, known := map[string]int{}, c.KnownScopes()
	add := func(i *Issue) {
		if i == nil || i.Response == nil || i.Response.AccessToken == "" {
			return
		}
		token := i.Response.AccessToken.Reveal()
		if _, listed := at[token]; !listed {
			at[token] = len(tokens)
			tokens = append(tokens, Token{Scope: c.shown(i.Means().Union(i.named), known)})
		}
	}
	for _, client := range c.clients {
		for _, i := range client.Issues {
			add(i)
		}
		for _, a := range client.Authorizations {
			add(a.Front)
		}
	}
	var without Token
	for _, u := range c.uses {
		used := Use{API: u.api, Operation: u.op, Served: u.attempt.Served(), Refused: u.attempt.Filtered || u.attempt.Status == http.StatusForbidden || lacksScope(u.attempt)}
		if n, listed := at[u.token]; listed {
			tokens[n].Uses = append(tokens[n].Uses, used)
		} else if u.token == "" {
			without.Uses = append(without.Uses, used)
		}
	}
	if len(without.Uses) > 0 {
		tokens = append(tokens, without)
	}
	return tokens
}

// shown is a scope as it may be shown: a server may say anything in it, also a
// secret. What is known beforehand is none.
func (c *Cast) shown(scope, known oauth.ScopeSet) oauth.ScopeSet {
	odd := scope.Minus(known)
	if odd.IsEmpty() {
		return scope
	}
	return scope.Minus(odd).Union(oauth.FieldsScope(c.Recorder.Redact(odd.String())))
}
