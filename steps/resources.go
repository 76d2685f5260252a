package steps

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/scopeproof/scopeproof/internal/actor"
	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

// registerResources adds the judgements about which API a token is for.
func registerResources(r registrar, w *World) {
	r.Then(`^`+subject+` holds (a token for the first API|a token for the other API|no token for both APIs|no ambiguous token)$`, w.holdsAt)
	r.Then(`^(\w+) is refused a token for (the other|an unknown) API$`, w.isRefusedAPI)
}

// api is an API that a token request names; empty: none.
type api string

const (
	firstAPI   api = "the first"
	otherAPI   api = "the other"
	unknownAPI api = "an unknown"
)

// resource is the resource indicator of an API.
func (w *World) resource(a api) string {
	switch t := w.target(); a {
	case firstAPI:
		return t.API.Resource
	case otherAPI:
		return t.OtherAPI.Resource
	}
	return actor.UnknownResource
}

// aim names an API in a token request (RFC 8707 section 2.2).
func (w *World) aim(params url.Values, a api) {
	if a != "" {
		params.Set(w.target().Description.AuthorizationServer.ResourceParameter, w.resource(a))
	}
}

func (w *World) holdsAt(ctx context.Context, subject, what string) error {
	return w.each(ctx, subject, func(o *outcome) error {
		switch what {
		case "a token for the first API":
			return w.judgeAudience(ctx, o, firstAPI)
		case "a token for the other API":
			return w.judgeAudience(ctx, o, otherAPI)
		}
		if o.refusal() != nil {
			return nil
		}
		seen, err := w.look(ctx, o)
		if err != nil {
			return err
		}
		if what == "no ambiguous token" {
			return w.judgeAmbiguity(o, seen)
		}
		if profiled(seen) && w.names(seen, firstAPI) && w.names(seen, otherAPI) {
			return excess("%s holds a token for %s, want one API at most", o.client.Name, w.spelled(seen))
		}
		return nil
	})
}

func (w *World) names(seen *actor.Observation, a api) bool {
	return slices.Contains(seen.Audience(), w.resource(a))
}

// spelled is whom a token is for, in words.
func (w *World) spelled(seen *actor.Observation) string {
	var words []string
	for _, audience := range seen.Audience() {
		switch audience {
		case w.resource(firstAPI):
			words = append(words, "the first API")
		case w.resource(otherAPI):
			words = append(words, "the other API")
		default:
			words = append(words, strconv.Quote(audience))
		}
	}
	if words == nil {
		return "nobody that it names"
	}
	return strings.Join(words, " and ")
}

// judgeAudience wants a token for one API. Who else may be named besides is the
// server itself.
func (w *World) judgeAudience(ctx context.Context, o *outcome, want api) error {
	if r := o.refusal(); r != nil {
		return violation("%s was refused with %s, want a token for %s API", o.client.Name, r, want)
	}
	seen, err := w.look(ctx, o)
	if err != nil {
		return err
	}
	if !w.names(seen, want) {
		return violation("%s holds a token for %s, want %s API", o.client.Name, w.spelled(seen), want)
	}
	t := w.target()
	userinfo, _ := t.Metadata["userinfo_endpoint"].(string)
	for _, audience := range seen.Audience() {
		switch audience {
		case w.resource(want), t.Issuer, userinfo:
		case w.resource(firstAPI), w.resource(otherAPI):
			return violation("%s holds a token for %s, want %s API alone", o.client.Name, w.spelled(seen), want)
		default:
			return lenient("%s holds a token for %s, want %s API alone", o.client.Name, w.spelled(seen), want)
		}
	}
	return nil
}

// profiled says that a token is bound by the profile for JWTs, as its type says
// (RFC 9068 section 2.1).
func profiled(seen *actor.Observation) bool { return seen.Type == "at+jwt" }

// judgeAmbiguity wants each scope of a token to have one meaning at the APIs that
// it is for. Nothing is known of audiences that are not ours.
func (w *World) judgeAmbiguity(o *outcome, seen *actor.Observation) error {
	if seen.JWT == nil || !profiled(seen) {
		return nil
	}
	t := w.target()
	first, other := w.names(seen, firstAPI), w.names(seen, otherAPI)
	for _, token := range seen.JWT.Tokens() {
		atFirst, atOther := means(t.API, token), means(t.OtherAPI, token)
		switch {
		case first && other && atFirst && atOther:
			return excess("%s holds %q for both APIs, which both know it: at which of them was it granted?", o.client.Name, token)
		case first && !other && !atFirst && atOther, other && !first && atFirst && !atOther:
			return violation("%s holds %q in a token for %s, where it means nothing", o.client.Name, token, w.spelled(seen))
		}
	}
	return nil
}

// means reports whether an operation of an API needs a scope.
func means(api *target.ResourceServer, token oauth.ScopeToken) bool {
	return slices.ContainsFunc(api.Operations, func(op target.Operation) bool {
		needs, _ := op.Needs()
		return needs.Has(token)
	})
}

// isRefusedAPI wants an API refused that was not granted. To issue a token for
// something else in its place is a deviation: the client is not what it thinks.
func (w *World) isRefusedAPI(ctx context.Context, client, which string) error {
	o, err := w.outcomeOf(client)
	if err != nil {
		return err
	}
	switch r := o.refusal(); {
	case r != nil && r.Code == "invalid_target":
		return nil
	case r != nil && r.Code == "" && o.issue == nil:
		return nil // on a page, which has no code
	case r != nil:
		return lenient("%s was refused with %s, want invalid_target", client, r)
	}
	seen, err := w.look(ctx, o)
	if err != nil {
		return err
	}
	if w.names(seen, api(which)) {
		return excess("%s holds a token for %s, which nobody granted it", client, w.spelled(seen))
	}
	if which == string(otherAPI) && seen.Audience() == nil {
		if err := w.goodAtOther(ctx, client, "no good"); err != nil {
			return err
		}
	}
	return lenient("%s asked for %s API and was issued a token for %s, want a refusal with invalid_target", client, which, w.spelled(seen))
}
