package actor

import (
	"context"

	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

// observeGranting takes what a resource owner grants out of what can be judged where
// not even Ada, who may do everything, is seen to grant what she was asked for: then a
// refusal does not tell what a server is like, but that it was not understood.
func (s *Stage) observeGranting(ctx context.Context) {
	if s.isReference() || !s.can("as.code") || s.Target.Description.Users["Ada"].Username == "" {
		return
	}
	ctx, cancel := s.within(ctx)
	defer cancel()
	source := ""
	for _, scope := range []oauth.RawScope{"read:appointments", "read:appointments write:appointments"} {
		cast := s.NewCast()
		a, _, err := cast.obtain(ctx, "Planner", "Ada", Request{Scope: &scope})
		if err == nil {
			s.observeAfterwards(a)
		}
		if err != nil || a.Refused == nil {
			return
		}
		source = "not observed: Ada, who may do everything, does not come to grant " + string(scope) + ": " + cast.Recorder.Redact(a.Refused.Error()) + refusedBecause(a)
	}
	for _, name := range append(ofPages(), "as.oidc") {
		if s.can(name) {
			s.facts.found[name] = target.Finding{Value: target.Unknown, Source: source}
		}
	}
}

// refusedBecause is what the target file may have to say of the page that was shown.
func refusedBecause(a *Authorization) string {
	if a.WasAsked() && a.Arrival.ConsentPages[0].Boxes {
		return "; login.form.consent.withholds says that a box that is ticked withholds its scope"
	}
	return ""
}
