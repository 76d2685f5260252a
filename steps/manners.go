package steps

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/scopeproof/scopeproof/internal/actor"
	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

// request is one request for access as a scenario words it, or a credential that
// is presented.
type request struct {
	client, owner string          // owner: empty if the client asks on its own behalf
	scope         *oauth.RawScope // nil: none is sent
	prompt        string
	silent, other bool
	union         bool
	alone         bool
	via           target.Way      // empty: an authorization request, or on its own behalf
	claimed       string          // the scope that an assertion names
	unanswered    bool            // the page where the owner would decide is left as it is
	wavers        bool            // the owner says no, and then yes
	adds          oauth.ScopeSet  // what the way has in every request
	code          bool            // a code is sent along
	hint          bool            // the resource owner is named
	shows         bool            // the client's ID token is a hint at the resource owner
	redeem        *oauth.RawScope // what is asked for with the code
	level         bool            // the user is to be authenticated as stepping up needs
	foreign       bool            // with a redirect URI that is not registered
	every         string          // "way": on all of them; "request": those on which a resource owner is asked
	how           string          // which of them it is
	times         int
	atOnce        int               // so often, all at once
	turns         []*oauth.RawScope // what one of several after the other asks for
	params        url.Values
	decision      *oauth.ConsentDecision
	way           actor.Way
	parameter     string          // another parameter of the request, "name=value"
	beside        *oauth.RawScope // stands in the address, where what counts is somewhere else
	both          bool            // at both APIs
	lost          bool            // at an API that nobody knows
	target        api             // of the token request
	details       string          // which authorization details of the target are asked for
	grantOf       string          // whose managed grant is named: "its", a client, or "nobody"
}

func (r *request) set(name, value string) {
	if r.params == nil {
		r.params = url.Values{}
	}
	r.params.Set(name, value)
}

// plainly is a manner that stands for itself.
func plainly(expr string, apply func(*request)) manner[request] {
	return manner[request]{expr, func(r *request, _ []string) error { apply(r); return nil }}
}

// quoting is a manner with one quoted value.
func quoting(expr string, apply func(r *request, value string)) manner[request] {
	return manner[request]{expr, func(r *request, v []string) error { apply(r, v[0]); return nil }}
}

// scoped is a manner with a scope, which is sent as it stands there.
func scoped(expr string, apply func(r *request, scope *oauth.RawScope)) manner[request] {
	return quoting(expr, func(r *request, value string) {
		raw := oauth.RawScope(value)
		apply(r, &raw)
	})
}

// asking is how a client may ask for access.
var asking = phrased("asks", func() []manner[request] {
	return slices.Concat(pages(), ways(), places(), wordings(), managements(), channels(), []manner[request]{
		plainly(`in every way there is`, func(r *request) { r.every = "way" }),
		plainly(`by every kind of authorization request`, func(r *request) { r.every = "request" }),
		{`\d+ times`, times},
	})
})

// pages is what the resource owner meets.
func pages() []manner[request] {
	return []manner[request]{
		plainly(`silently`, func(r *request) { r.silent = true }),
		plainly(`insisting on consent`, func(r *request) { r.prompt = "consent" }),
		quoting(`with the prompt "[^"]*"`, func(r *request, value string) { r.prompt = value }),
		plainly(`hinting at the name`, func(r *request) { r.hint = true }),
		plainly(`showing its ID token`, func(r *request) { r.shows = true }),
		plainly(`leaving the page unanswered`, func(r *request) { r.unanswered = true }),
		plainly(`who says no and then yes`, func(r *request) { r.wavers = true }),
		plainly(`signing in for a high level`, func(r *request) { r.level = true }),
	}
}

// ways are the grants, and what is particular to some.
func ways() []manner[request] {
	return []manner[request]{
		plainly(`on its own behalf`, func(r *request) { r.alone = true }),
		plainly(`on a device`, func(r *request) { r.via = target.ByDevice }),
		plainly(`over the backchannel`, func(r *request) { r.via = target.ByBackchannel }),
		scoped(`polling for "[^"]*"`, func(r *request, scope *oauth.RawScope) { r.redeem = scope }),
		plainly(`with the password of the owner`, func(r *request) { r.via = target.ByPassword }),
		plainly(`by an assertion`, func(r *request) { r.via = target.ByAssertion }),
		quoting(`that claims "[^"]*"`, func(r *request, value string) { r.claimed = value }),
		plainly(`for a token in the redirect`, func(r *request) { r.way.ResponseType = "token" }),
		quoting(`with a response type of "[^"]*"`, func(r *request, value string) { r.way.ResponseType = value }),
		plainly(`with a foreign redirect URI`, func(r *request) { r.foreign = true }),
		scoped(`redeem(?:s|ing) the code for "[^"]*"`, func(r *request, scope *oauth.RawScope) { r.redeem = scope }),
	}
}

// places are the APIs that the access is for.
func places() []manner[request] {
	return []manner[request]{
		plainly(`at the other API`, func(r *request) { r.other = true }),
		plainly(`at both APIs`, func(r *request) { r.both = true }),
		plainly(`at an unknown API`, func(r *request) { r.lost = true }),
		plainly(`naming no API`, func(r *request) { r.way.Unaimed = true }),
		plainly(`redeem(?:s|ing) the code for the first API`, func(r *request) { r.target = firstAPI }),
		plainly(`redeem(?:s|ing) the code for the other API`, func(r *request) { r.target = otherAPI }),
	}
}

// wordings are what the request says besides its scope.
func wordings() []manner[request] {
	return []manner[request]{
		plainly(`on top of what it has`, func(r *request) { r.union = true }),
		{`with the claim "[^"]*"`, withClaim},
		{`repeating the parameter with "[^"]*"`, repeating},
		quoting(`with the parameter "[^"]*"`, func(r *request, value string) { r.parameter = value }),
		{`so that \d+ bytes end after "[^"]*"`, padding},
		scoped(`with "[^"]*" beside it`, func(r *request, scope *oauth.RawScope) { r.beside = scope }),
		detailed("plain"),
	}
}

// managements are what the request says of a grant that it manages.
func managements() []manner[request] {
	return []manner[request]{
		managing("creating a grant", "create", ""),
		managing("merging into its grant", "merge", "its"),
		managing("merging into Steward's grant", "merge", "Steward"),
		managing("merging into a grant that nobody has", "merge", "nobody"),
		managing("replacing its grant", "replace", "its"),
		managing("naming its grant", "", "its"),
		quoting(`with the grant management action "[^"]*"`, func(r *request, value string) { r.way.Action = value }),
	}
}

// channels are how the request comes to the server.
func channels() []manner[request] {
	return []manner[request]{
		plainly(`by post`, func(r *request) { r.way.Via = actor.ByPost }),
		plainly(`by a pushed request`, func(r *request) { r.way.Via = actor.Pushed }),
		plainly(`in a request object`, func(r *request) { r.way.Via = actor.ByObject }),
		plainly(`in a spoilt request object`, func(r *request) { r.way.Via, r.way.Object.Tampered = actor.ByObject, true }),
		plainly(`in an unsigned request object`, func(r *request) { r.way.Via, r.way.Object.Unsigned = actor.ByObject, true }),
		plainly(`pushed`, func(r *request) { r.way.Via = actor.PushedObject }),
	}
}

// times reads "5 times".
func times(r *request, values []string) (err error) {
	r.times, err = strconv.Atoi(values[0])
	return err
}

// presenting is how a client may present a code or a refresh token.
var presenting = phrased("redeems, refreshes", func() []manner[request] {
	return []manner[request]{
		{`asking for "[^"]*"`, func(r *request, v []string) error {
			plain, err := unescape(v[0])
			raw := oauth.RawScope(plain)
			r.scope = &raw
			return err
		}},
		{`repeating the parameter with "[^"]*"`, repeating},
		detailed("smaller"), detailed("larger"),
		plainly(`adding that code`, func(r *request) { r.code = true }),
		plainly(`for the first API`, func(r *request) { r.target = firstAPI }),
		plainly(`for the other API`, func(r *request) { r.target = otherAPI }),
		plainly(`for an unknown API`, func(r *request) { r.target = unknownAPI }),
		{`asking by turns for "[^"]*"(?: and "[^"]*")?`, byTurns},
		plainly(`or for nothing`, func(r *request) { r.turns = append(r.turns, nil) }),
		{`\d+ times at once`, timesAtOnce},
		{`\d+ times`, times},
	}
})

// repeating sends the scope parameter a second time, with another value.
func repeating(r *request, values []string) error {
	if r.params == nil {
		r.params = url.Values{}
	}
	r.params["scope"] = []string{"", values[0]} // the first is what is asked for
	return nil
}

// filler is a scope that nobody knows.
const filler = "x-unknown:padding-that-says-nothing"

// padding puts words that nobody knows in front of a scope, so that a value that
// is cut off after a number of bytes ends with another scope.
func padding(r *request, values []string) error {
	most, err := strconv.Atoi(values[0])
	if err != nil {
		return err
	}
	n := most - len(values[1])
	if n < len(filler)+1 {
		return fmt.Errorf("got %d bytes, want room for %q", most, values[1])
	}
	words := strings.Repeat(filler+" ", n/len(filler)+1)[:n-1]
	raw := oauth.RawScope(strings.TrimSuffix(words, " ")+strings.Repeat("x", len(words)-len(strings.TrimSuffix(words, " ")))) + " " + *r.scope
	r.scope = &raw
	return nil
}

func withClaim(r *request, values []string) error {
	wanted := map[string]any{values[0]: nil}
	text, err := json.Marshal(map[string]any{"userinfo": wanted, "id_token": wanted})
	r.set("claims", string(text))
	return err
}
