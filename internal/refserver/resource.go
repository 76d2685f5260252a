package refserver

import (
	"net/url"
	"slices"
	"strings"
)

const multiResource Feature = "multi_resource"

func severalResources() part { return part{feature: multiResource} }

// served are the APIs by their resource indicators, the default first.
func (s *Server) served() []string {
	return []string{s.audience(CalendarAPI), s.audience(ContactsAPI)}
}

// named are the resource parameters of a form; one without a value is none (RFC
// 6749 section 3.1).
func named(form url.Values) []string {
	return slices.DeleteFunc(slices.Clone(form["resource"]), func(value string) bool { return value == "" })
}

// target returns the resource of a request for one token and its API.
func (s *Server) target(form url.Values) (resource, api string, err error) {
	if len(form["resource"]) > 1 {
		return "", "", Refuse("invalid_target", "a token is for one resource")
	}
	found, err := s.policy.Resources.Requested(named(form), s.served())
	if err != nil {
		return "", "", err
	}
	name, _ := s.apiOf(found[0])
	return found[0], name, nil
}

// targeted is an API that an authorization request is about.
type targeted struct {
	resource, api string
	asked         ScopeSet // after the limits that need no user
}

// targets returns the APIs of an authorization request.
func (s *Server) targets(form url.Values) ([]targeted, error) {
	sent := named(form)
	if len(sent) > 1 && !s.has(multiResource) {
		return nil, Refuse("invalid_target", "more than one resource is not supported")
	}
	if len(sent) == 0 {
		asked := NewScopeSet(strings.Fields(form.Get("scope"))...)
		var err error
		if sent, err = s.policy.Resources.Unnamed(asked, s.served(), func(resource, token string) bool {
			api, _ := s.apiOf(resource)
			return !IsOIDC(token) && s.scopesAt(api).Has(token)
		}); err != nil {
			return nil, err
		}
	}
	found, err := s.policy.Resources.Requested(sent, s.served())
	if err != nil {
		return nil, err
	}
	targets := make([]targeted, len(found))
	for i, resource := range found {
		targets[i].resource = resource
		targets[i].api, _ = s.apiOf(resource)
	}
	return targets, nil
}

// known are the scopes that mean something at any of the APIs.
func (s *Server) known(targets []targeted) ScopeSet {
	var all ScopeSet
	for _, t := range targets {
		all = all.Or(s.scopesAt(t.api))
	}
	return all
}

// share gives each API its part of what is asked.
func (s *Server) share(targets []targeted, asked ScopeSet) {
	for i := range targets {
		targets[i].asked = asked
		if len(targets) > 1 {
			targets[i].asked = s.policy.Resources.Share(asked, s.scopesAt(targets[i].api))
		}
	}
}

// chosen returns the API that a token request is about, and the authorization
// for it.
func (s *Server) chosen(a *authorization, form url.Values) (string, *authorization, error) {
	resource, err := s.policy.Resources.Chosen(a.snapshot().Resources, named(form))
	if err != nil {
		return "", a, err
	}
	return resource, a.memberFor(resource), nil
}

// refreshTarget is chosen for a refresh token.
func (s *Server) refreshTarget(a *authorization, form url.Values) (string, *authorization, error) {
	state := a.snapshot()
	if asked := named(form); len(state.Resources) < 2 && len(asked) < 2 {
		resource, err := s.policy.RefreshTarget(state.Resource, form.Get("resource"))
		return resource, a, err
	}
	return s.chosen(a, form)
}

// memberFor is the authorization of the same request for an API.
func (a *authorization) memberFor(resource string) *authorization {
	for _, m := range a.members {
		if m.Resource == resource {
			return m
		}
	}
	return a
}
