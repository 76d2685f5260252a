package actor

import (
	"context"
	"errors"
	"strings"

	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

// observeOwnership finds out whether objects of an API that is not ours belong to
// people: what Ada put there is on her list, and not on Bo's. That it is on both is so
// where a calendar is shared, and where nobody looks whose it is.
func (s *Stage) observeOwnership(ctx context.Context) {
	const bound = "rs.user_bound"
	_, bo := s.Target.Description.Users["Bo"]
	if s.isReference() || s.Target.API == nil || s.Target.API.Ours || s.Target.Capabilities[bound].Source == "declared" || !s.can("as.code") || !bo {
		return
	}
	ctx, cancel := s.within(ctx)
	defer cancel()
	cast := s.NewCast()
	switch shared, err := cast.shared(ctx); {
	case passing(err):
		s.facts.set(bound, target.Unknown, "not observed: "+cast.Recorder.Redact(err.Error()))
	case err != nil:
	case shared:
		s.facts.yes(bound, false, "observed: Bo is shown an appointment of Ada's")
	default:
		s.facts.yes(bound, true, "observed: Bo is not shown an appointment of Ada's")
	}
}

// shared reports whether Bo is shown what Ada put on her list.
func (c *Cast) shared(ctx context.Context) (bool, error) {
	ada, err := c.Owner(ctx, "Ada")
	if err != nil {
		return false, err
	}
	there, err := c.Seed(ctx, ada)
	if err != nil {
		return false, err
	}
	own, err := c.lists(ctx, "Ada")
	if err != nil {
		return false, err
	}
	if !strings.Contains(own, there.Marker) {
		return false, errors.New("the list does not show what is on it")
	}
	others, err := c.lists(ctx, "Bo")
	return strings.Contains(others, there.Marker), err
}

// lists is what a resource owner is shown of what is there to read.
func (c *Cast) lists(ctx context.Context, owner string) (string, error) {
	scope := oauth.RawScope("read:appointments")
	_, i, err := c.obtain(ctx, "Planner", owner, Request{Scope: &scope})
	if err != nil {
		return "", err
	}
	if i == nil || i.Response == nil {
		return "", errRefused
	}
	a, err := c.Call(ctx, "Planner", c.Stage.Target.API, "list", i.Response.AccessToken, nil, nil)
	if err == nil && !a.Served() {
		err = errRefused
	}
	if err != nil {
		return "", err
	}
	return string(a.Body), nil
}
