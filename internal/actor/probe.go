package actor

import (
	"context"
	"errors"

	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

// observe finds, by one authorization, what neither the description nor the
// metadata tells: what the consent page lets a resource owner choose, and whether
// clients may introspect their tokens. What could not be seen is recorded as
// unknown. The error is that of ctx.
func (s *Stage) observe(ctx context.Context) error {
	ui := s.Target.Capabilities["consent.ui"].Value == target.Unknown
	introspects := s.can("as.introspection") && s.Target.Capabilities["as.introspection"].Source != "declared"
	if !ui && !introspects {
		return nil
	}
	cast := s.NewCast()
	a, i, err := cast.sample(ctx)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if ui {
		s.observeConsent(cast, a, err)
	}
	if err == nil && introspects && i != nil && i.Response != nil {
		s.observeIntrospection(ctx, i)
	}
	return ctx.Err()
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

func (s *Stage) observeConsent(cast *Cast, a *Authorization, err error) {
	const observed = "observed"
	switch {
	case err != nil:
		s.facts.consentUI(target.Unknown, "not observed: "+cast.Recorder.Redact(err.Error()))
	case a.WasAsked() && a.Arrival.ConsentPages[0].Boxes:
		s.facts.consentUI("granular", observed)
	case a.WasAsked():
		s.facts.consentUI("all_or_nothing", observed)
	case a.Code != "":
		s.facts.consentUI("none", observed)
	default:
		s.facts.consentUI(target.Unknown, "not observed: neither a consent page nor a code was seen")
	}
}

// observeIntrospection takes introspection out of what the target can do where a
// client is not told of its own token.
func (s *Stage) observeIntrospection(ctx context.Context, i *Issue) {
	in, err := i.Introspect(ctx)
	if !errors.Is(err, errMayNotIntrospect) && (in == nil || in.Active) {
		return
	}
	const source = "observed: the client may not introspect its token"
	s.facts.yes("as.introspection", false, source)
	if claims, _ := decodeJWT(i.Response.AccessToken); s.Target.API == nil && claims["scope"] == nil && claims["scp"] == nil {
		s.facts.yes("token.observable", false, source)
	}
}
