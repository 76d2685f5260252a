package actor

import (
	"context"

	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

// RegistrationClass names which lawful answer a registration was given, for an
// open choice; about says that the choice is one about registrations.
func (c *Cast) RegistrationClass(name target.ChoiceName, r *Registration) (class string, about bool) {
	var doubtful oauth.ScopeSet
	switch name {
	case target.RegisteredUnknown:
		doubtful = oauth.NewScopeSet("x-unknown:scope")
	case target.RegisteredPrivilege:
		doubtful = oauth.FieldsScope(c.Stage.Target.Description.AuthorizationServer.PrivilegedScopes)
	case target.RegisteredOmission:
		switch {
		case r.Refused != nil:
			return "reject", true
		case r.Scope.Set.IsEmpty():
			return "none", true
		}
		return "default", true
	default:
		return "", false
	}
	switch {
	case r.Refused != nil:
		return "reject", true
	case r.Scope.Set.Intersect(doubtful).IsEmpty():
		return "drop", true
	}
	return "accept", true
}

// registrationTrial sends a registration of which the answer tells.
func registrationTrial(name target.ChoiceName, scope func(*target.Description) any) func(context.Context, *Cast) (string, error) {
	return func(ctx context.Context, c *Cast) (string, error) {
		r, err := c.Register(ctx, "Newcomer", map[string]any{"scope": scope(c.Stage.Target.Description)})
		if err != nil {
			return "", err
		}
		class, _ := c.RegistrationClass(name, r)
		return class, nil
	}
}

// registrationTrials are about the scope of clients that register themselves.
func registrationTrials() []trial {
	told := func(s *Stage) bool { return s.can("as.dcr.scope") }
	return []trial{
		{target.RegisteredUnknown, told, registrationTrial(target.RegisteredUnknown, func(*target.Description) any {
			return "read:appointments x-unknown:scope"
		})},
		{target.RegisteredPrivilege, func(s *Stage) bool { return told(s) && s.can("fx.scopes.privileged") },
			registrationTrial(target.RegisteredPrivilege, func(d *target.Description) any {
				return "read:appointments " + d.AuthorizationServer.PrivilegedScopes
			})},
		{target.RegisteredOmission, told, registrationTrial(target.RegisteredOmission, func(*target.Description) any { return nil })},
	}
}

// observeRegistration finds out whether the answer to a registration has the
// scope in it, and whether a client may register without a secret. A server that
// knows no such metadata leaves it out (RFC 7591 section 2).
func (s *Stage) observeRegistration(ctx context.Context) {
	cast := s.NewCast()
	asked := map[string]any{"scope": "read:appointments"}
	r, err := cast.Register(ctx, "Newcomer", asked)
	if err == nil && r.Refused != nil {
		s.eased.Store("Newcomer", true)
		if again, other := cast.Register(ctx, "Newcomer", asked); other == nil && again.Refused == nil {
			r = again
		} else {
			s.eased.Delete("Newcomer")
		}
	}
	switch {
	case err != nil:
		s.facts.set("as.dcr.scope", target.Unknown, "not observed: "+cast.Recorder.Redact(err.Error()))
	case r.Refused != nil:
		s.facts.yes("as.dcr.scope", false, "observed: a registration is refused with "+cast.Recorder.Redact(r.Refused.Error()))
	default:
		s.facts.yes("as.dcr.scope", r.Scope.Present, "observed")
		if r.Manageable() && s.Target.Capabilities["as.dcr.mgmt"].Source == notDeclared {
			s.facts.yes("as.dcr.mgmt", true, "observed: the answer to a registration says where it is managed")
		}
	}
	if how := s.Target.Description.Clients.Register; err == nil && how.HTTP == nil && registers(s.Target.Target) && !s.can("as.dcr.scope") {
		// Who is told of no scope is held to none.
		s.facts.yes("fx.clients.scope_limits", false, "observed: the answer to a registration names no scope")
	}
	if !s.can("as.dcr.public") || s.Target.Capabilities["as.dcr.public"].Source == "declared" {
		return
	}
	r, err = cast.Register(ctx, "Newcomer", map[string]any{"scope": "read:appointments", "token_endpoint_auth_method": string(oauth.AuthNone)})
	switch {
	case err != nil:
		s.facts.set("as.dcr.public", target.Unknown, "not observed: "+cast.Recorder.Redact(err.Error()))
	case r.Refused != nil:
		s.facts.yes("as.dcr.public", false, "observed: a registration without a secret is refused with "+cast.Recorder.Redact(r.Refused.Error()))
	}
}
