package actor

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

// errNotTaken says that a server registered a client otherwise than it has to be
// for its part (RFC 7591 section 3.2.1).
var errNotTaken = errors.New("the server did not take")

// observeParts finds out whether Strict can have to push its requests, whether
// Legacy can have tokens in the redirect, whether UserInfo is for tokens such as
// ours, whether the API knows tokens that are bound to a key, and whether Planner may push requests and send request objects: a server
// may know each of them, and let no client have it that is registered, and asks, as
// ours do. The error is that of ctx.
func (s *Stage) observeParts(ctx context.Context) error {
	limited, cancel := s.within(ctx)
	defer cancel()
	cast := s.NewCast()
	open := func(name target.Capability) bool {
		found := s.Target.Capabilities[name]
		return found.Yes() && found.Source != "declared"
	}
	driven := s.Target.Capabilities["consent.driver"].Value != "none"
	if open("as.par.required") {
		if _, err := cast.Client(limited, "Strict"); errors.Is(err, errNotTaken) {
			s.facts.yes("as.par.required", false, "observed: "+cast.Recorder.Redact(err.Error()))
		}
	}
	if open("as.oidc.userinfo") && s.can("as.code") && driven {
		if why := cast.unanswered(limited); why != "" {
			s.facts.yes("as.oidc.userinfo", false, "observed: "+why)
		}
	}
	if open("rs.dpop") && s.can("as.code") && s.can("rs.api") && driven {
		if why := s.NewCast().unbound(limited); why != "" {
			s.facts.yes("rs.dpop", false, "observed: "+why)
		}
	}
	if open("as.post") && driven {
		s.observePost(limited)
	}
	if driven {
		s.observeChannels(limited, cast, open)
		s.observeFront(limited, cast, open)
	}
	return ctx.Err()
}

// observeChannels asks by a pushed request and in a request object.
func (s *Stage) observeChannels(ctx context.Context, cast *Cast, open func(target.Capability) bool) {
	for _, part := range []struct {
		name target.Capability
		way  Way
	}{
		{"as.par", Way{Via: Pushed}},
		{"as.jar", Way{Via: ByObject}},
	} {
		if !open(part.name) {
			continue
		}
		if why := cast.closed(ctx, "Planner", part.way); why != nil {
			s.facts.yes(part.name, false, "observed: "+cast.Recorder.Redact(why.Error()))
		}
	}
	if open("as.jar.alg") && cast.objectAlg["Planner"] == "" && cast.clients["Planner"] != nil {
		s.facts.yes("as.jar.alg", false, "observed: the registration of Planner does not say how it signs")
	}
	if par := s.Target.Capabilities["as.par"]; !par.Yes() {
		s.facts.yes("as.par.required", false, par.Source)
	}
	if jar := s.Target.Capabilities["as.jar"]; !jar.Yes() {
		s.facts.yes("as.jar.alone", false, jar.Source)
		s.facts.yes("as.jar.alg", false, jar.Source)
	}
	s.facts.set("fx.request_kinds", strconv.Itoa(s.facts.kinds()), kindsFrom)
}

// observeFront asks for every kind of token in the redirect.
func (s *Stage) observeFront(ctx context.Context, cast *Cast, open func(target.Capability) bool) {
	for _, part := range []struct {
		name  target.Capability
		types []string
	}{
		{"as.implicit", []string{"token"}},
		{"as.implicit.id_token", []string{"id_token", "id_token token"}},
		{"as.hybrid", []string{"code id_token"}},
		{"as.hybrid.token", []string{"code token"}},
	} {
		if !open(part.name) {
			continue
		}
		for _, kind := range part.types {
			why := cast.closed(ctx, "Legacy", Way{ResponseType: kind})
			if closes(why) {
				s.facts.yes(part.name, false, "observed: "+cast.Recorder.Redact(why.Error()))
				break
			}
		}
	}
}

// closes reports whether an error says that a client may not use a response type,
// or that the server does not know it, which may be said on a page alone.
func closes(err error) bool {
	var refused *oauth.ErrorResponse
	if !errors.As(err, &refused) {
		return err != nil // it could not be registered for it
	}
	return refused.Code == "unauthorized_client" || refused.Code == "unsupported_response_type" || refused.Code == ""
}

// unanswered is why UserInfo answers no token of ours; empty: it does, or nobody
// can tell. A token that is for an API need not be good at UserInfo, and ours name
// one where the server knows a parameter for it (RFC 9068 section 4).
func (c *Cast) unanswered(ctx context.Context) string {
	scope := oauth.RawScope("openid profile email")
	_, i, err := c.obtain(ctx, "Planner", "Ada", Request{Scope: &scope})
	if err != nil || i == nil || i.Response == nil || c.Resources() == nil {
		return ""
	}
	u, err := c.UserInfo(ctx, "Planner", UserInfoForm{Method: http.MethodGet}, i.Response.AccessToken)
	if err != nil || u.Served() {
		return ""
	}
	return fmt.Sprintf("UserInfo refuses a token with openid that names an API, with %d", u.Status)
}

// closed is why a client is not let ask in a way, whatever it asks for; nil: it
// is, or nobody can tell. Who finds fault with the scope alone lets it ask.
func (c *Cast) closed(ctx context.Context, client string, way Way) error {
	cl, err := c.Client(ctx, client)
	if errors.Is(err, errNotTaken) {
		return err
	}
	if err != nil {
		return nil
	}
	owner, err := c.Owner(ctx, "Ada")
	if err != nil {
		return nil
	}
	scope := oauth.RawScope("read:appointments")
	if c.Stage.can("as.oidc") {
		scope = "openid " + scope
		if way.Via == ByObject {
			way.Beside = "scope=openid"
		}
	}
	a, err := cl.Authorize(ctx, Request{Owner: owner, Scope: &scope, Way: way})
	switch {
	case err != nil || a.Refused != nil && a.Refused.Code == oauth.InvalidScope:
		return nil
	case a.Refused == nil && a.Arrival.Redirect != nil:
		return nil
	case a.Refused == nil:
		return fmt.Errorf("%s is refused, by a page in place of a redirect", client)
	}
	return fmt.Errorf("%s is refused: %w", client, a.Refused)
}
