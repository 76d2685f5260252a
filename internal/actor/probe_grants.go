package actor

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

// observeRefresh finds what a client has to ask for to be given a refresh token,
// where the target file does not say: nothing, offline_access (OpenID Connect
// Core section 11), or what the server calls that. Where none of them brings one, the
// grant is not to be had.
func (s *Stage) observeRefresh(ctx context.Context) {
	const refresh = "as.refresh"
	declared := s.Target.Description.AuthorizationServer.Refresh
	if s.isReference() || !s.can("as.code") || !s.can(refresh) || s.Target.Capabilities[refresh].Source == "declared" {
		return
	}
	tries := []target.RefreshTokens{declared}
	if declared.Scope == "" {
		for _, scope := range OfflineScopes(s.Target.Metadata) {
			tries = append(tries, target.RefreshTokens{Scope: scope})
			if s.can("as.oidc.prompt") {
				tries = append(tries, target.RefreshTokens{Scope: scope, Prompt: "consent"})
			}
		}
	}
	ctx, cancel := s.within(ctx)
	defer cancel()
	scope := oauth.RawScope("read:appointments")
	for _, try := range tries {
		try.Grace = declared.Grace
		s.refreshBy(try)
		cast := s.NewCast()
		cast.Refreshing = true
		a, i, err := cast.obtain(ctx, "Planner", "Ada", Request{Scope: &scope})
		if err == nil && a.Refused != nil && try == declared {
			s.shut(target.ByAuthorization, a.Refused)
		}
		switch {
		case passing(err): // rules that want a refresh token say what came of it
			s.refreshBy(declared)
			return
		case err != nil || i == nil || i.Response == nil:
			if try == declared { // then it is not the refresh token that is in the way
				return
			}
		case i.Response.RefreshToken != "":
			s.facts.yes(refresh, true, "observed: a refresh token comes with a code")
			s.facts.yes("as.oidc.offline.prompt", try.Prompt == "consent", "observed")
			return
		}
	}
	s.refreshBy(declared)
	if ctx.Err() != nil {
		return
	}
	const source = "observed: no refresh token comes with a code; what it takes to be given one can be declared as authorization_server.refresh"
	s.facts.yes(refresh, false, source)
	s.facts.yes("as.refresh.keeps", false, source)
}

// OfflineScopes are the scopes of a metadata document that ask for a refresh token, by
// their names: the one of OpenID Connect first, and three at most.
func OfflineScopes(metadata map[string]any) []string {
	const standard, most = "offline_access", 3
	var found []string
	list, _ := metadata["scopes_supported"].([]any)
	for _, one := range list {
		name, _ := one.(string)
		lower := strings.ToLower(name)
		switch {
		case name == standard:
			found = slices.Insert(found, 0, name)
		case strings.Contains(lower, "offline") || strings.Contains(lower, "refresh"):
			if set, err := oauth.ParseScope(name); err == nil && set.Len() == 1 {
				found = append(found, name)
			}
		}
	}
	return found[:min(len(found), most)]
}

// observeCredentials finds out whether a machine is given a token, where neither
// metadata nor the target file say so. What could not be asked stays open: the
// rules say why.
func (s *Stage) observeCredentials(ctx context.Context) {
	const credentials = "as.cc"
	if s.isReference() || !s.can(credentials) || s.Target.Capabilities[credentials].Source == "declared" || !s.facts.silent() {
		return
	}
	ctx, cancel := s.within(ctx)
	defer cancel()
	name := "Worker"
	if !s.HasClient(name) {
		name = "Robot"
	}
	machine, err := s.NewCast().Client(ctx, name)
	if err != nil {
		return
	}
	scope := oauth.RawScope("read:appointments")
	switch i, err := machine.ClientCredentials(ctx, &scope, nil); {
	case err != nil:
	case i.Response != nil:
		s.facts.yes(credentials, true, "observed: "+name+" is given a token")
	case i.Refused != nil && i.Refused.Code != oauth.InvalidScope:
		s.facts.yes(credentials, false, "observed: "+name+" is refused with "+string(i.Refused.Code))
	}
}

// refreshBy has clients ask for refresh tokens in a way.
func (s *Stage) refreshBy(way target.RefreshTokens) {
	d := *s.Target.Description
	d.AuthorizationServer.Refresh = way
	s.Target.Description = &d
}

// observeWay finds out whether a refresh token is to be had on a way, and is good
// for anything, and on which page a device's request is decided. What could not be looked at stays as
// it is: the rules say why.
func (s *Stage) observeWay(ctx context.Context, way target.Way) {
	refresh := target.CapabilityOf(way) + ".refresh"
	if !s.can(refresh) || s.Target.Closed[way] != "" {
		return
	}
	ctx, cancel := s.within(ctx)
	defer cancel()
	cast := s.NewCast()
	cast.Refreshing = true
	scope := oauth.RawScope("read:appointments write:appointments")
	a, err := cast.askOn(ctx, way, "Planner", "Ada", &scope)
	if err != nil || a.Issue == nil || a.Issue.Response == nil {
		return
	}
	switch token := a.Issue.Response.RefreshToken; {
	case token == "":
		s.facts.yes(refresh, false, "observed: no refresh token is to be had by "+string(way))
	case !s.isReference() && s.Target.Capabilities[refresh].Source != "declared":
		again, err := a.Issue.Client.Refresh(ctx, a.Issue, nil, nil)
		if err == nil && again.Refused != nil {
			s.facts.yes(refresh, false, "observed: a refresh token that is to be had by "+string(way)+" is refused with "+again.Refused.Error())
		}
	}
	// Who asks on a page elsewhere and not on a device is not to be taken at their word.
	ui := s.Target.Capabilities["consent.ui"].Value
	if decided := a.Authorization; decided != nil && ui != target.Unknown && (ui == "none" || decided.WasAsked()) {
		s.facts.set("consent.ui.device", pageOf(decided), "observed")
	}
}

// pageOf is what the page that was shown, if one was, lets a resource owner
// choose.
func pageOf(a *Authorization) string {
	switch {
	case !a.WasAsked():
		return "none"
	case a.Arrival.ConsentPages[0].Boxes:
		return "granular"
	}
	return "all_or_nothing"
}

// observeMachines finds out whether a machine is told of its own token. That a
// token is inactive is also what somebody is told who may not ask about it (RFC
// 7662 section 2.2).
func (s *Stage) observeMachines(ctx context.Context) {
	const told = "as.introspection.machine"
	if s.isReference() || !s.can(told) || s.Target.Capabilities[told].Source == "declared" || !s.HasClient("Worker") {
		return
	}
	ctx, cancel := s.within(ctx)
	defer cancel()
	worker, err := s.NewCast().Client(ctx, "Worker")
	if err != nil {
		return
	}
	scope := oauth.RawScope("read:appointments")
	i, err := worker.ClientCredentials(ctx, &scope, nil)
	if err == nil && i.Response != nil && !s.told(ctx, i) {
		s.facts.yes(told, false, "observed: a machine that asks about its own token is told that it is inactive")
	}
}

// told reports whether introspection tells a client of a token that it has just
// been issued, and notes it where it does not.
func (s *Stage) told(ctx context.Context, i *Issue) bool {
	in, err := i.Introspect(ctx)
	if err != nil && !errors.Is(err, ErrMayNotIntrospect) || in != nil && in.Active {
		return true
	}
	if s.untold == nil {
		s.untold = map[oauth.GrantType]bool{}
	}
	s.untold[i.Grant] = true
	return false
}

// observeExchange takes token exchange out of what the target can do where a
// client cannot even exchange its own token for an equal one: whom a server lets
// exchange which token is up to its policy (RFC 8693 section 2.2.2). It also
// finds out whether the client is told of what it was given.
func (s *Stage) observeExchange(ctx context.Context) {
	if !s.can("as.tx") || !s.can("as.code") || s.Target.Capabilities["as.tx"].Source == "declared" {
		return
	}
	ctx, cancel := s.within(ctx)
	defer cancel()
	cast := s.NewCast()
	scope := oauth.RawScope("read:appointments")
	_, subject, err := cast.obtain(ctx, "Planner", "Ada", Request{Scope: &scope})
	if err != nil || subject == nil || subject.Response == nil {
		return
	}
	same, err := subject.Client.Exchange(ctx, Exchange{Subject: subject, Scope: &scope})
	if err == nil && same.Response != nil {
		s.told(ctx, same)
	}
	if err != nil || same.Response != nil {
		return
	}
	const source = "observed: a client cannot exchange its own token"
	s.facts.yes("as.tx", false, source)
	s.facts.yes("as.tx.actor", false, source)
}
