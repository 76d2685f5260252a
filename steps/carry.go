package steps

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/scopeproof/scopeproof/internal/actor"
	"github.com/scopeproof/scopeproof/oauth"
)

// minting is a token that we sign, as a scenario words it.
type minting struct {
	claims   map[string]any // besides the scope; nil takes a claim away
	identity bool           // it is an ID token
	level    bool           // its user was authenticated as stepping up needs
	others   bool           // it is for another API
	called   string         // the name of another API, {ours} for that of ours; empty: none
	forged   actor.Forgery  // in place of our signature
}

// carrying is how a token that we sign may differ from a good one.
var carrying = phrased("carries", func() []manner[minting] {
	all := []manner[minting]{
		{`of another issuer`, func(m *minting, _ []string) error { m.claims["iss"] = "https://issuer.invalid"; return nil }},
		{`for another API`, func(m *minting, _ []string) error { m.others = true; return nil }},
		{`for an API called "[^"]*"`, func(m *minting, v []string) error { m.called = v[0]; return nil }},
		{`that has expired`, func(m *minting, _ []string) error {
			m.claims["iat"], m.claims["exp"] = 1600000000, 1600000300
			return nil
		}},
		// RFC 9068 section 4 allows a few minutes for clocks that differ.
		{`that expired a quarter of an hour ago`, func(m *minting, _ []string) error {
			now := time.Now()
			m.claims["iat"], m.claims["exp"] = now.Add(-time.Hour).Unix(), now.Add(-15*time.Minute).Unix()
			return nil
		}},
		{`made out as an ID token`, func(m *minting, _ []string) error { m.identity = true; return nil }},
		{`of a user at a high level`, func(m *minting, _ []string) error { m.level = true; return nil }},
		{`under "[^"]*"`, func(m *minting, v []string) (err error) {
			m.forged, err = forgery(v[0])
			return err
		}},
	}
	for _, claim := range []string{"permissions", "roles", "groups", "authorities"} {
		all = append(all, manner[minting]{`the ` + claim + ` "[^"]*"`, func(m *minting, v []string) error {
			m.claims[claim] = strings.Fields(v[0])
			return nil
		}})
	}
	return all
})

// forgery is the way to forge a token that a feature names.
func forgery(name string) (actor.Forgery, error) {
	if how := actor.Forgery(name); slices.Contains(actor.Forgeries(), how) {
		return how, nil
	}
	return "", fmt.Errorf("got %q, want one of the ways to forge a token: %q", name, actor.Forgeries())
}

func (w *World) carriesScope(ctx context.Context, client, owner, text, how string) error {
	m := minting{claims: map[string]any{}}
	if err := carrying().apply(how, &m); err != nil {
		return err
	}
	m.claims["scope"] = w.cast.Spell(text)
	return w.carry(ctx, client, owner, m)
}

func (w *World) carriesClaim(ctx context.Context, client, owner, value string) error {
	claim, err := jsonValue(w.cast.Spell(value))
	if err != nil {
		return fmt.Errorf("the scope claim %s: %w", value, err)
	}
	return w.carry(ctx, client, owner, minting{claims: map[string]any{"scope": w.wireClaim(claim)}})
}

// wireClaim is a claim with the target's own names in it.
func (w *World) wireClaim(claim any) any {
	switch v := claim.(type) {
	case string:
		return w.cast.Wire(oauth.RawScope(v))
	case []any:
		made := make([]any, len(v))
		for i, member := range v {
			made[i] = w.wireClaim(member)
		}
		return made
	case map[string]any:
		made := map[string]any{}
		for name, member := range v {
			made[w.cast.Wire(oauth.RawScope(name))] = member
		}
		return made
	}
	return claim
}

func (w *World) carry(ctx context.Context, client, owner string, m minting) error {
	o, err := w.owner(ctx, owner)
	if err != nil {
		return err
	}
	token, err := w.mint(ctx, client, o, m)
	if err != nil {
		return err
	}
	w.act()
	text, _ := m.claims["scope"].(string)
	w.carried[client] = carried{token, o, w.cast.Canonical(text)}
	return nil
}

// mint signs a token, or forges one.
func (w *World) mint(ctx context.Context, client string, o *actor.Owner, m minting) (oauth.AccessToken, error) {
	subject, err := o.LearnSubject(ctx)
	if err != nil {
		return "", err
	}
	id, typ := strings.ToLower(client), "at+jwt"
	if m.identity {
		typ, m.claims["aud"], m.claims["nonce"] = "JWT", id, "n-0S6_WzA2Mj"
	}
	if m.others {
		m.claims["aud"] = "https://another-api.invalid"
		if other := w.target().OtherAPI; other != nil && other.Audience != "" {
			m.claims["aud"] = other.Audience
		}
	}
	if m.called != "" {
		m.claims["aud"] = strings.ReplaceAll(m.called, "{ours}", w.target().API.Audience)
	}
	if m.level {
		op, err := w.stepUp()
		if err != nil {
			return "", err
		}
		m.claims["acr"] = op.ACR
	}
	token, err := w.cast.MintAs(typ, subject, id, m.claims)
	if err != nil || m.forged == "" {
		return token, err
	}
	if !actor.IsJWT(token) { // what is a handle to one issuer is nothing to any other
		return w.cast.UnknownToken(), nil
	}
	forged, err := w.cast.Forge(ctx, token, m.forged, nil)
	if err != nil {
		return "", err
	}
	if len(forged) != 1 {
		return "", fmt.Errorf("a token under %q: got %d of them, want one", m.forged, len(forged))
	}
	return forged[0], nil
}
