package scenarios

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/scopeproof/scopeproof/loadtest"
	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

// APIScopeCheck reads and writes with tokens of several clients and people, with
// narrow and broad scope and without a token, in bursts in which all of them
// overlap. What a token covers is served (RSM-01); what it does not cover is
// refused, each time, and has no effect (RSM-02); no method of any route is open to
// somebody without a token (RSV-01), with one for another API (RST-01), with one that
// was altered (RST-03), or with one that has expired (RST-06); and nobody is shown
// what is another's (CONC-11).
func APIScopeCheck() loadtest.Scenario {
	return loadtest.Scenario{
		Name:    "api-scope-check",
		Text:    "Clients read and write with narrow and broad tokens, with such for another API, altered ones or of yesterday, and with none; each token opens what it covers and nothing else, and what is refused has no effect.",
		Rules:   []string{"CONC-11", "RSM-01", "RSM-02", "RST-01", "RST-03", "RST-06", "RSV-01"},
		Needs:   []target.Capability{"rs.api"},
		Prepare: prepareAPI,
	}
}

func prepareAPI(ctx context.Context, s *loadtest.Stage) (loadtest.Plan, error) {
	tokens, err := apiTokens(ctx, s)
	if err != nil {
		return loadtest.Plan{}, err
	}
	mix := newAPIMix(s, tokens)
	// Tokens that may write come first: they make the objects for the others.
	for _, t := range tokens {
		if err := mix.object(ctx, t); err != nil {
			return loadtest.Plan{}, err
		}
	}
	for _, t := range append(tokens, nil) {
		if err := mix.hits(ctx, t); err != nil {
			return loadtest.Plan{}, err
		}
	}
	if err := mix.strange(ctx, tokens); err != nil {
		return loadtest.Plan{}, err
	}
	if err := mix.reads(ctx); err != nil {
		return loadtest.Plan{}, err
	}
	if mix.allowed == 0 {
		return loadtest.Plan{}, &loadtest.Inapplicable{Reason: "the API serves no token of the target, also while nobody else calls it"}
	}
	if mix.refused == 0 {
		return loadtest.Plan{}, fmt.Errorf("the mix has %d requests that are allowed and %d that are to be refused, want both", mix.allowed, mix.refused)
	}
	return mix.plan, nil
}

// bearer is a client, alone or for a resource owner, and the scopes of its tokens.
type bearer struct {
	client *loadtest.Client
	owner  string
	scopes []oauth.ScopeSet
}

// bearers are those that the target has the clients and the people for.
func bearers(ctx context.Context, s *loadtest.Stage) ([]bearer, error) {
	var list []bearer
	for _, k := range []struct {
		client, owner string
		scopes        []oauth.ScopeSet
	}{
		{"Planner", "Ada", []oauth.ScopeSet{both, writing, reading}},
		{"Worker", "", []oauth.ScopeSet{both, writing, reading}},
		{"Viewer", "Ada", []oauth.ScopeSet{reading}},
		{"Planner", "Bo", []oauth.ScopeSet{reading}},
		{"Robot", "", []oauth.ScopeSet{reading}},
	} {
		grant := target.Capability("as.code")
		if k.owner == "" {
			grant = "as.cc"
		}
		if !s.Can(grant) || !s.HasClient(k.client) || k.owner != "" && !s.HasOwner(k.owner) {
			continue
		}
		c, err := s.Client(ctx, k.client)
		if err == nil && k.owner != "" {
			err = s.Owner(ctx, k.owner)
		}
		if err != nil {
			return nil, err
		}
		list = append(list, bearer{c, k.owner, k.scopes})
	}
	if len(list) == 0 {
		return nil, errors.New("the target has no client that could obtain a token")
	}
	return list, nil
}

// obtain obtains the tokens of a bearer, one after the other.
func (b bearer) obtain(ctx context.Context, s *loadtest.Stage) ([]*loadtest.Token, error) {
	var tokens []*loadtest.Token
	for _, scope := range b.scopes {
		p := s.Player() // at a browser of its own: what one consents to anew may end what one had there
		var t *loadtest.Token
		var err error
		if b.owner == "" {
			t, err = p.Machine(ctx, b.client, scope)
		} else {
			t, err = p.Token(ctx, b.client, b.owner, loadtest.Consent{Scope: scope})
		}
		if err == nil && t == nil {
			err = fmt.Errorf("%s asks for %q: it was refused", b.client.Name, scope)
		}
		if err != nil {
			return nil, err
		}
		s.Keep(t)
		tokens = append(tokens, t)
	}
	return tokens, nil
}

// apiTokens are tokens of several clients and people with pairwise different
// scopes, broad ones first.
func apiTokens(ctx context.Context, s *loadtest.Stage) ([]*loadtest.Token, error) {
	list, err := bearers(ctx, s)
	if err != nil {
		return nil, err
	}
	each := make([][]*loadtest.Token, len(list))
	err = s.Each(ctx, "clients with tokens", len(list), func(ctx context.Context, _ *loadtest.Player, i int) (err error) {
		each[i], err = list[i].obtain(ctx, s)
		return err
	})
	return slices.Concat(each...), err
}
