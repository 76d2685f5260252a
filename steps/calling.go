package steps

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/scopeproof/scopeproof/internal/actor"
	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

// call is a request to the API as a scenario words it.
type call struct {
	times int
	wire  actor.Wire
	// credential is what stands in place of the token: "refresh token", "code" or
	// "ID token".
	credential string
	altered    *oauth.RawScope // the scope that the token is made to say
	forgery    actor.Forgery   // how
	place      string          // "form" or "query": where the token stands; empty: in the header
	also, spot string          // whose token stands in the request as well, and where
	cookies    string          // whose cookies are sent along
	turns      string          // whose call goes before each; empty: nobody's
	broader    string          // the scope of a token of ours that does, for the same client
	before     oauth.AccessToken
	proven     bool // the token is bound to a key, and that is proven
	absent     bool // the same is asked of an object that is not there
	batch      bool
	level      bool // the operation needs a high level of authentication
}

// calling is how a request to the API may be sent.
var calling = phrased("lists, reads, creates, deletes", func() []manner[call] {
	all := []manner[call]{
		{`\d+ times`, func(c *call, v []string) (err error) { c.times, err = strconv.Atoi(v[0]); return err }},
		{`by "[^"]*"`, func(c *call, v []string) error { c.wire.Method = v[0]; return nil }},
		{`as "[^"]*"`, func(c *call, v []string) error { c.wire.Path = v[0]; return nil }},
		{`with "[^"]*" set to "[^"]*"`, setting},
		{`naming "[^"]*" in "[^"]*"`, naming},
		{`with its token in the "[^"]*"`, func(c *call, v []string) error { c.place = v[0]; return nil }},
		{`adding the token of "[^"]*" in the "[^"]*"`, func(c *call, v []string) error { c.also, c.spot = v[0], v[1]; return nil }},
		{`with the cookies of "[^"]*"`, func(c *call, v []string) error { c.cookies = v[0]; return nil }},
		{`in turn with "[^"]*"`, func(c *call, v []string) error { c.turns = v[0]; return nil }},
		{`in turn with one for "[^"]*"`, func(c *call, v []string) error { c.broader = v[0]; return nil }},
		{`with its token altered to "[^"]*" by "[^"]*"`, altering},
		{`with a proof of its key`, func(c *call, _ []string) error { c.proven = true; return nil }},
		{`one that is not there`, func(c *call, _ []string) error { c.absent = true; return nil }},
		{`in one batch with its deletion`, func(c *call, _ []string) error { c.batch = true; return nil }},
		{`where a high level is needed`, func(c *call, _ []string) error { c.level = true; return nil }},
	}
	for _, what := range []string{"refresh token", "code", "ID token"} {
		all = append(all, manner[call]{`with its ` + what, func(c *call, _ []string) error { c.credential = what; return nil }})
	}
	return all
})

func setting(c *call, v []string) error {
	value, err := unescape(v[1])
	c.wire.Header = http.Header{v[0]: {value}}
	return err
}

func altering(c *call, v []string) (err error) {
	raw := oauth.RawScope(v[0])
	c.altered = &raw
	c.forgery, err = forgery(v[1])
	return err
}

// naming puts a word into a header, into the query where the place begins with a
// question mark, or into the form after "form ".
func naming(c *call, v []string) error {
	word, place := v[0], v[1]
	c.wire.Header = http.Header{}
	if field, ok := strings.CutPrefix(place, "?"); ok {
		c.wire.Query = field + "=" + word
	} else if field, ok := strings.CutPrefix(place, "form "); ok {
		c.wire.Body = field + "=" + word
		c.wire.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	} else {
		c.wire.Header.Set(place, word)
	}
	return nil
}

// calls sends an operation, in whatever shape, and keeps the answers.
func (w *World) calls(ctx context.Context, client, operation, owner, how string) error {
	c := call{times: 1}
	if err := calling().apply(how, &c); err != nil {
		return err
	}
	o, err := w.owner(ctx, owner)
	if err != nil {
		return err
	}
	op, err := w.meant(operation, c)
	if err != nil {
		return err
	}
	c.wire.Path = spelled(c.wire.Path, op.Path)
	for _, values := range c.wire.Header {
		for i, value := range values {
			values[i] = w.cast.Wire(oauth.RawScope(w.spelledWhole(value, op.Path)))
		}
	}
	tokens, err := w.presented(ctx, client, c)
	if err != nil {
		return err
	}
	if err := w.equip(ctx, &c, o, tokens[0]); err != nil {
		return err
	}
	if err := w.prepareTurns(ctx, client, &c, o); err != nil {
		return err
	}
	w.answers = nil
	for range c.times {
		for _, token := range tokens {
			if c.before != "" {
				if err := w.takeTurn(ctx, client, op, o, c.before); err != nil {
					return err
				}
			}
			if err := w.send(ctx, client, op, o, token, c); err != nil {
				return err
			}
			w.answers = append(w.answers, w.last)
		}
	}
	return nil
}

// spelled puts a path in its place: {path} is it as it is, {PATH} in capitals, and
// {p%61th} with its first letter percent-encoded.
func spelled(text, path string) string {
	encoded := path
	if len(path) > 1 {
		encoded = fmt.Sprintf("/%%%02x%s", path[1], path[2:])
	}
	return strings.NewReplacer("{path}", path, "{PATH}", strings.ToUpper(path), "{p%61th}", encoded).Replace(text)
}

// spelledWhole is spelled with the path of the API in front.
func (w *World) spelledWhole(text, path string) string {
	base, err := url.Parse(w.target().API.BaseURL)
	if err != nil {
		return text // it is the address of every call
	}
	return strings.ReplaceAll(text, "{path}", strings.TrimSuffix(base.Path, "/")+path)
}

// meant is the operation that a sentence speaks of.
func (w *World) meant(name string, c call) (target.Operation, error) {
	switch {
	case c.level:
		return w.stepUp()
	case c.batch && w.target().API.Batch == nil:
		return target.Operation{}, fmt.Errorf("the API has no batch")
	case c.batch:
		return *w.target().API.Batch, nil
	}
	return w.operation(name)
}

func (w *World) stepUp() (target.Operation, error) {
	if w.target().API == nil || w.target().API.StepUp == nil {
		return target.Operation{}, fmt.Errorf("no operation of the API needs a level of authentication")
	}
	return *w.target().API.StepUp, nil
}

// presented is what stands in for a token, one for each request: there are
// several ways to write a key that forges one. It is empty where a client has
// none.
func (w *World) presented(ctx context.Context, client string, c call) ([]oauth.AccessToken, error) {
	token, issue := w.bearer(client)
	w.presents = w.carried[client].scope
	if issue != nil {
		w.presents = issue.Means()
	}
	if w.proofs[client] != nil && (issue == nil || !issue.Bound()) {
		return nil, fmt.Errorf("%s's token is not bound to its key", client)
	}
	switch c.credential {
	case "code":
		a, err := w.code(client, false)
		if err != nil {
			return nil, err
		}
		token = a.Code
	case "refresh token", "ID token":
		if issue == nil {
			return nil, fmt.Errorf("%s has no token", client)
		}
		if token = issue.Response.RefreshToken; c.credential == "ID token" {
			token = issue.Response.IDToken
		}
		if token == "" {
			return nil, fmt.Errorf("%s has no %s", client, c.credential)
		}
	}
	if c.altered == nil {
		return []oauth.AccessToken{token}, nil
	}
	forged, err := w.cast.ForgeScope(ctx, token, c.forgery, *c.altered)
	if err == nil && len(forged) == 0 {
		err = fmt.Errorf("%s's token is not signed with a key that could be taken for a secret", client)
	}
	return forged, err
}

// equip puts into a request what belongs to others, and moves the token.
func (w *World) equip(ctx context.Context, c *call, owner *actor.Owner, token oauth.AccessToken) error {
	if c.place != "" {
		moved, err := actor.Present(c.place, token)
		if err != nil {
			return err
		}
		c.wire.Query, c.wire.Body, c.wire.Header = moved.Query, moved.Body, moved.Header
	}
	if c.also != "" {
		more, _ := w.bearer(c.also)
		if more == "" {
			return fmt.Errorf("%s has no token", c.also)
		}
		if c.spot == "header" {
			c.wire.Header = http.Header{"Authorization": {"Bearer " + token.Reveal(), "Bearer " + more.Reveal()}}
			return nil
		}
		added, err := actor.Present(c.spot, more)
		if err != nil {
			return err
		}
		c.wire.Query, c.wire.Body, c.wire.Header = added.Query, added.Body, added.Header
	}
	if c.cookies != "" {
		return w.takeCookies(ctx, c, owner)
	}
	return nil
}

// takeCookies reads the list with somebody's token, which must be served, and
// sends along what cookies came with the answer, if any.
func (w *World) takeCookies(ctx context.Context, c *call, owner *actor.Owner) error {
	op, err := w.operation("list")
	if err != nil {
		return err
	}
	token, _ := w.bearer(c.cookies)
	a, err := w.cast.CallWire(ctx, c.cookies, w.target().API, op, token, nil, owner, actor.Wire{})
	if err != nil {
		return err
	}
	if !a.Served() {
		return fmt.Errorf("%s lists the appointments of %s: got %d, want 2xx", c.cookies, owner.Name, a.Status)
	}
	var pairs []string
	for _, cookie := range (&http.Response{Header: a.Header}).Cookies() {
		pairs = append(pairs, cookie.Name+"="+cookie.Value)
	}
	if len(pairs) > 0 {
		c.wire.Header = http.Header{"Cookie": {strings.Join(pairs, "; ")}}
	}
	return nil
}

// prepareTurns finds the token that is to be served before each call.
func (w *World) prepareTurns(ctx context.Context, client string, c *call, owner *actor.Owner) (err error) {
	switch {
	case c.turns != "":
		if c.before, _ = w.bearer(c.turns); c.before == "" {
			err = fmt.Errorf("%s has no token", c.turns)
		}
	case c.broader != "":
		m := minting{claims: map[string]any{"scope": w.cast.Wire(oauth.RawScope(c.broader))}}
		c.before, err = w.mint(ctx, client, owner, m)
	}
	return err
}

// takeTurn calls with another token, which must be served.
func (w *World) takeTurn(ctx context.Context, client string, op target.Operation, owner *actor.Owner, token oauth.AccessToken) error {
	a, err := w.cast.CallWire(ctx, client, w.target().API, op, token, nil, owner, actor.Wire{})
	if err == nil && !a.Served() {
		err = fmt.Errorf("the token that is good for %q: got %d, want 2xx", op.Name, a.Status)
	}
	return err
}

// send makes one request in an unusual shape, for an appointment of an owner
// that is there. Whatever the answer, it should have changed nothing.
func (w *World) send(ctx context.Context, client string, op target.Operation, owner *actor.Owner, token oauth.AccessToken, c call) error {
	var on *actor.Object
	if !w.cut { // nothing can be put there
		var err error
		if on, err = w.object(ctx, owner); err != nil {
			return err
		}
	}
	w.act()
	a, err := w.attempt(ctx, client, op, owner, on, token, c)
	if err != nil || !c.absent {
		return err
	}
	w.answers = append(w.answers, a)
	gone := &actor.Object{ID: unlike(on.ID), Owner: owner}
	_, err = w.attempt(ctx, client, op, owner, gone, token, c)
	return err
}

// unlike is an id that nothing has, and that looks like one that something has.
func unlike(id string) string {
	const tail = "000000"
	if len(id) < 16 {
		return id + tail
	}
	return id[:len(id)-len(tail)] + tail
}

func (w *World) attempt(ctx context.Context, client string, op target.Operation, owner *actor.Owner, on *actor.Object, token oauth.AccessToken, c call) (*actor.Attempt, error) {
	a, err := w.transmit(ctx, client, op, owner, on, token, c)
	if err != nil {
		return nil, err
	}
	// 501 is the answer to an unknown method (RFC 9110 section 15.6.2); whoever is cut off may have no other than 5xx.
	if oauth.Unready(a.Status) && a.Status != http.StatusNotImplemented && !w.cut {
		return nil, fmt.Errorf("%s %s: got %d", op.Method, op.Path, a.Status)
	}
	w.last = a
	if !a.Served() {
		w.attempts = append(w.attempts, a)
	}
	return a, nil
}

func (w *World) transmit(ctx context.Context, client string, op target.Operation, owner *actor.Owner, on *actor.Object, token oauth.AccessToken, c call) (*actor.Attempt, error) {
	api := w.target().API
	if c.proven {
		key := w.proofs[client]
		if key == nil {
			return nil, fmt.Errorf("%s has no key", client)
		}
		return w.cast.CallBound(ctx, client, api, op, token, key, on, owner)
	}
	if c.place != "" {
		token = ""
	}
	return w.cast.CallWire(ctx, client, api, op, token, on, owner, c.wire)
}
