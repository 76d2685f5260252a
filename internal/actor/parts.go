package actor

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

// errNotTaken says that a server registered a client otherwise than it has to be
// for its part (RFC 7591 section 3.2.1).
var errNotTaken = errors.New("the server did not take")

// observeParts finds out whether Strict can have to push its requests, whether
// Legacy can have tokens in the redirect, and whether UserInfo is for tokens such
// as ours: a server may know each of them, and let no client have it that is
// registered, and asks, as ours do. The error is that of ctx.
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
	for _, part := range []struct {
		name  target.Capability
		types []string
	}{
		{"as.implicit", []string{"token"}},
		{"as.implicit.id_token", []string{"id_token", "id_token token"}},
		{"as.hybrid", []string{"code id_token"}},
		{"as.hybrid.token", []string{"code token"}},
	} {
		if !open(part.name) || !driven {
			continue
		}
		for _, kind := range part.types {
			if why := cast.closed(limited, kind); why != "" {
				s.facts.yes(part.name, false, "observed: "+cast.Recorder.Redact(why))
				break
			}
		}
	}
	return ctx.Err()
}

// unanswered is why UserInfo answers no token of ours; empty: it does, or nobody
// can tell. A token that is for an API need not be good at UserInfo, and ours name
// one where the server knows a parameter for it (RFC 9068 section 4).
func (c *Cast) unanswered(ctx context.Context) string {
	scope := oauth.RawScope("openid")
	_, i, err := c.obtain(ctx, "Planner", "Ada", Request{Scope: &scope})
	if err != nil || i == nil || i.Response == nil || c.Resources() == nil {
		return ""
	}
	u, err := c.UserInfo(ctx, "Planner", http.MethodGet, i.Response.AccessToken)
	if err != nil || u.Served() {
		return ""
	}
	return fmt.Sprintf("UserInfo refuses a token with openid that names an API, with %d", u.Status)
}

// closed is why Legacy is not let have a response type, whatever it asks for;
// empty: it is, or nobody can tell.
func (c *Cast) closed(ctx context.Context, responseType string) string {
	legacy, err := c.Client(ctx, "Legacy")
	if errors.Is(err, errNotTaken) {
		return err.Error()
	}
	if err != nil {
		return ""
	}
	owner, err := c.Owner(ctx, "Ada")
	if err != nil {
		return ""
	}
	scope := oauth.RawScope("read:appointments")
	if c.Stage.can("as.oidc") {
		scope = "openid " + scope
	}
	a, err := legacy.Authorize(ctx, Request{Owner: owner, Scope: &scope, Way: Way{ResponseType: responseType}})
	if err != nil || a.Refused == nil {
		return ""
	}
	switch a.Refused.Code {
	case "unauthorized_client", "unsupported_response_type", "":
		return "Legacy asks for the response type " + responseType + ": " + a.Refused.Error()
	}
	return ""
}
