package actor

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

// observe finds, by asking, what neither the description nor the metadata tells:
// what the consent page lets a resource owner choose and whether an answer is
// remembered, which grants and channels are open to clients such as ours, and
// whether they may introspect their tokens. What could not be seen is recorded as
// unknown. The error is that of ctx.
func (s *Stage) observe(ctx context.Context) error {
	if dcr := s.Target.Capabilities["as.dcr.scope"]; dcr.Yes() && dcr.Source != "declared" && !s.isReference() {
		s.observeRegistration(ctx)
	}
	// First of all, so that a page is not left out for what was agreed to elsewhere.
	granted, err := s.observeSample(ctx)
	if err != nil {
		return err
	}
	if !granted {
		s.observeGranting(ctx)
	}
	s.observeFiltering(ctx)
	s.observeOwnership(ctx)
	if !s.isReference() && s.Target.Capabilities["fx.channels"].Source != "declared" {
		s.observeWays(ctx)
	}
	s.observeRefresh(ctx)
	s.observeCredentials(ctx)
	s.observeMachines(ctx)
	for _, way := range []target.Way{target.ByDevice, target.ByPassword} {
		s.observeWay(ctx, way)
	}
	s.observeBoxes(ctx)
	s.observeExchange(ctx)
	s.observeFailing(ctx)
	if err := s.observeParts(ctx); err != nil {
		return err
	}
	return s.observeMemory(ctx)
}

// observeSample finds what one whole authorization shows, and whether it was granted.
func (s *Stage) observeSample(ctx context.Context) (granted bool, err error) {
	ui := s.Target.Capabilities["consent.ui"].Value == target.Unknown
	introspects := s.can("as.introspection") && s.Target.Capabilities["as.introspection"].Source != "declared"
	api := s.Target.API != nil && s.Target.API.Ours && !s.isReference()
	format := s.Target.Capabilities["token.format"].Source == notDeclared
	profile := s.Target.Capabilities["token.jwt_profile_9068"].Source == notDeclared && !s.isReference()
	whole := ctx
	ctx, cancel := s.within(ctx)
	defer cancel()
	cast := s.NewCast()
	if !ui && !introspects && !api && !format && !profile {
		return false, whole.Err()
	}
	a, i, err := cast.sample(ctx)
	if whole.Err() != nil {
		return false, whole.Err()
	}
	if a != nil && a.Refused != nil {
		s.shut(target.ByAuthorization, a.Refused)
	}
	if ui && (a != nil || err != nil) {
		s.observeConsent(ctx, cast, a, err)
	}
	s.observeAfterwards(a)
	if passing(err) {
		unseen := "not observed: " + cast.Recorder.Redact(err.Error())
		if format {
			s.facts.set("token.format", target.Unknown, unseen)
		}
		if profile {
			s.facts.set("token.jwt_profile_9068", target.Unknown, unseen)
		}
	}
	if err == nil && i != nil && i.Response != nil {
		if format {
			s.observeFormat(ctx, cast, i)
		}
		if profile && jwtType(i.Response.AccessToken) == "at+jwt" { // with which a token says that it follows it (RFC 9068 section 2.1)
			s.facts.yes("token.jwt_profile_9068", true, "observed: tokens are of the type at+jwt")
		}
		if introspects {
			s.observeIntrospection(ctx, i)
		}
		if api {
			s.observeAPI(ctx, cast, i)
			s.observeNames(ctx, i)
		}
	}
	return a != nil && a.Code != "", whole.Err()
}

// isReference reports whether the target is the reference as it is described: its
// description says all there is to see.
func (s *Stage) isReference() bool {
	own := s.Target.Description.Embedded
	return s.Target.Kind == target.KindEmbedded && (own == nil || len(own.Lawful) == 0)
}

// within is ctx with the time that one thing to learn may take.
func (s *Stage) within(ctx context.Context) (context.Context, context.CancelFunc) {
	return s.Within(ctx, s.Timeout, fmt.Errorf("it took longer than %v", s.Timeout))
}

// sample is one whole authorization, or a machine client's token where there is
// no resource owner to ask. What is granted may be less: only the pages and the
// token's form count.
func (c *Cast) sample(ctx context.Context) (*Authorization, *Issue, error) {
	if !c.Stage.can("as.code") {
		robot, err := c.Client(ctx, "Robot")
		if err != nil {
			return nil, nil, err
		}
		scope := oauth.RawScope("read:appointments")
		i, err := robot.ClientCredentials(ctx, &scope, nil)
		return nil, i, err
	}
	scope := oauth.RawScope("read:appointments write:appointments")
	a, i, err := c.obtain(ctx, "Planner", "Ada", Request{Scope: &scope})
	if err == nil && !a.WasAsked() && !c.Stage.can("fx.clients.fresh") && c.Stage.can("as.oidc.prompt") {
		// She may have been asked in an earlier run.
		a, i, err = c.obtain(ctx, "Planner", "Ada", Request{Scope: &scope, Prompt: "consent"})
	}
	return a, i, err
}

// observeAPI takes our API away where it cannot check the server's tokens, or learn
// their scope: they are opaque and nobody may introspect them, or they are JWTs
// that name none. What it refuses then says nothing.
func (s *Stage) observeAPI(ctx context.Context, cast *Cast, i *Issue) {
	a, err := cast.Call(ctx, i.Client.Name, s.Target.API, "list", i.Response.AccessToken, nil, i.Owner)
	if err != nil {
		return
	}
	claims, _ := decodeJWT(i.Response.AccessToken)
	source := "observed: our API cannot check the tokens of this server, which it may not introspect"
	switch {
	case a.Status == http.StatusUnauthorized:
	case a.Status == http.StatusForbidden && claims != nil && claims["scope"] == nil && claims["scp"] == nil && !s.can("as.introspection"):
		source = "observed: the tokens of this server do not tell our API their scope"
	case claims == nil && s.anonymous(ctx, i):
		source = "observed: introspection does not tell our API whose a token is (sub, RFC 7662 section 2.2)"
	default:
		s.observeAsking(ctx, cast, i)
		return
	}
	s.Target.API, s.key = nil, nil
	for _, name := range []target.Capability{"rs.api", "rs.mint", "rs.all_of", "rs.user_bound", "fx.scopes.dotted"} {
		s.facts.set(name, "false", source)
	}
	if claims["scope"] == nil && claims["scp"] == nil && !s.can("as.introspection") {
		s.facts.yes("token.observable", false, source)
	}
}

// anonymous reports whether introspection shows an opaque token as good, and nothing
// that is known says whose it is: then our API finds nobody's things.
func (s *Stage) anonymous(ctx context.Context, i *Issue) bool {
	if i.Owner == nil || i.Owner.Subject != "" || s.can("as.oidc") {
		return false
	}
	in, err := i.Introspect(ctx)
	if err != nil || in == nil || !in.Active {
		return false
	}
	sub, _ := in.Claims["sub"].(string)
	return sub == ""
}

// observeAsking finds out whether our API, which reads JWTs itself, is told anything
// by introspection under the name that it was given: a server may say of a token
// that it is inactive to whoever it is not for (RFC 7662 section 2.2). Credentials
// that the target file names are those of an API, which is told.
func (s *Stage) observeAsking(ctx context.Context, cast *Cast, i *Issue) {
	const asks = "rs.introspects"
	if !s.can(asks) || s.Target.Description.AuthorizationServer.Introspection.ClientID != "" {
		return
	}
	api, err := cast.AnAPI(false)
	if err != nil {
		return
	}
	told, err := cast.IntrospectAs(ctx, api, i.Response.AccessToken, "")
	if err == nil && !told.Active() {
		s.facts.yes(asks, false, "observed: introspection tells our API nothing of tokens of other clients")
	}
}

// observeNames finds out whether our API can know whose token it is: sub is
// optional in introspection (RFC 7662 section 2.2). Where nobody is named, objects
// belong to nobody.
func (s *Stage) observeNames(ctx context.Context, i *Issue) {
	if s.Target.API == nil || !s.Target.API.Ours || i.Owner == nil {
		return
	}
	if claims, ok := decodeJWT(i.Response.AccessToken); ok && claims["sub"] != nil {
		return
	}
	in, err := i.Introspect(ctx)
	if err != nil || (in != nil && in.Claims["sub"] != nil) {
		return
	}
	s.facts.set("rs.user_bound", "false", "observed: tokens do not tell the API whose they are")
}

// observeIntrospection takes introspection out of what the target can do where a
// client is not told of its own token.
func (s *Stage) observeIntrospection(ctx context.Context, i *Issue) {
	in, err := i.Introspect(ctx)
	if !errors.Is(err, ErrMayNotIntrospect) && (in == nil || in.Active) {
		if in != nil && !in.Scope.Present {
			s.facts.yes("as.introspection.scope", false, "observed: introspection names no scope")
		}
		return
	}
	const source = "observed: the client may not introspect its token"
	s.facts.yes("as.introspection", false, source)
	s.facts.yes("as.introspection.scope", false, source)
	if claims, _ := decodeJWT(i.Response.AccessToken); s.Target.API == nil && claims["scope"] == nil && claims["scp"] == nil {
		s.facts.yes("token.observable", false, source)
	}
}
