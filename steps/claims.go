package steps

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/scopeproof/scopeproof/internal/actor"
	"github.com/scopeproof/scopeproof/oauth"
)

// registerClaims adds the judgements about what is said of a resource owner:
// UserInfo, ID tokens and what else carries claims.
func registerClaims(r registrar, w *World) {
	r.Then(`^UserInfo tells (\w+) (exactly the|no more than the|every|at least one|the custom) claims? of "([^"]*)"(?: and "([^"]*)")?$`, w.userInfoTells)
	r.Then(`^UserInfo tells (\w+) nothing$`, w.userInfoNothing)
	r.Then(`^UserInfo has no empty claim for (\w+)$`, w.userInfoNoEmpty)
	r.Then(`^UserInfo refuses (\w+|a request without a token)( with a challenge|, which shows its refresh token)?$`, w.userInfoRefusal)
	r.Then(`^(\w+)'s (ID token|ID token in the redirect|access token)(?:, if any,)? carries (no|no more than the|at least one) claims? of "([^"]*)"$`, w.tokenCarries)
	r.Then(`^(\w+)'s ID token, if any, names the same person as before$`, w.idTokenSamePerson)
	r.Then(`^the ID token and UserInfo name the same person to (\w+)$`, w.samePerson)
	r.Then(`^nothing that (\w+) receives holds a value of (\w+)'s "([^"]*)" claims$`, w.noValue)
}

func (w *World) tokenCarries(ctx context.Context, client, token, how, scopes string) error {
	switch {
	case token == "access token":
		return w.accessTokenNone(ctx, client, scopes)
	case how == "no":
		return w.idTokenNone(ctx, client, scopes)
	case how == "at least one":
		return w.idTokenSome(ctx, client, scopes)
	case strings.HasSuffix(token, "redirect"):
		return w.redirectIDToken(ctx, client, scopes)
	}
	claims, err := w.idToken(ctx, client)
	if err != nil {
		return err
	}
	return w.idTokenNoMore(client, claims, scopes)
}

// opened is the claims that scopes open at this target.
func (w *World) opened(scopes oauth.ScopeSet) map[string]bool {
	names := map[string]bool{}
	scopes = w.hierarchy().Closure(scopes)
	for _, s := range scopes.Tokens() {
		for _, c := range actor.Claims(s) {
			names[c] = true
		}
	}
	as := w.target().Description.AuthorizationServer
	if scopes.Has("openid") {
		for _, c := range as.ClaimsAlways {
			names[c] = true
		}
	}
	for c, s := range as.CustomClaims {
		if scopes.Has(oauth.ScopeToken(s)) {
			names[c] = true
		}
	}
	return names
}

// personal is the claims that say something of a person: the standard ones and
// those that the target declares.
func (w *World) personal() map[string]bool {
	names := map[string]bool{}
	for _, s := range []oauth.ScopeToken{"profile", "email", "address", "phone"} {
		for _, c := range actor.Claims(s) {
			names[c] = true
		}
	}
	for c := range w.target().Description.AuthorizationServer.CustomClaims {
		names[c] = true
	}
	return names
}

// tooMany are the personal claims that are there and not opened by scopes.
func (w *World) tooMany(claims map[string]any, scopes oauth.ScopeSet) []string {
	opened, personal := w.opened(scopes), w.personal()
	var extra []string
	for _, name := range slices.Sorted(maps.Keys(claims)) {
		if personal[name] && !opened[name] && claims[name] != nil {
			extra = append(extra, name)
		}
	}
	return extra
}

// missing are the claims of a scope that the owner has and that are not there.
func (w *World) missing(claims map[string]any, s oauth.ScopeToken, owner *actor.Owner) (all int, missing []string) {
	for _, name := range actor.Claims(s) {
		if name != "sub" && owner.Claims[name] == nil {
			continue
		}
		all++
		if claims[name] == nil {
			missing = append(missing, name)
		}
	}
	return all, missing
}

// supported are the scopes of a list that the metadata does not leave out: a
// server need not know address or phone (OpenID Connect Core section 5.4).
func (w *World) supported(scopes string) []oauth.ScopeToken {
	known, published := w.target().Metadata["scopes_supported"].([]any)
	var list []oauth.ScopeToken
	for _, s := range oauth.FieldsScope(scopes).Tokens() {
		if !published || slices.Contains(known, any(string(s))) {
			list = append(list, s)
		}
	}
	return list
}

func (w *World) idToken(ctx context.Context, client string) (map[string]any, error) {
	o, err := w.outcomeOf(client)
	if err != nil || o.refusal() != nil {
		return nil, err
	}
	return o.issue.IDToken(ctx)
}

func receivesIDToken(o *outcome, which string) error {
	client := o.client.Name
	has := o.refusal() == nil && o.issue.Response.IDToken != ""
	if which == "no" && has && o.auth != nil && strings.Contains(o.auth.ResponseType, "id_token") {
		return lenient("%s was given the ID token that it asked for by name, want none", client) // unspecified (OpenID Connect Core section 3.1.2.1)
	}
	if which == "no" && has {
		return excess("%s was given an ID token, want none", client)
	}
	if which == "an" && o.refusal() != nil {
		return violation("%s was refused with %s, want an ID token", client, o.refusal())
	}
	if which == "an" && !has {
		return violation("%s was given no ID token, want one", client)
	}
	return nil
}

func (w *World) idTokenNoMore(client string, claims map[string]any, scopes string) error {
	extra := w.tooMany(claims, oauth.FieldsScope(scopes))
	if len(extra) == 0 {
		return nil
	}
	o, err := w.outcomeOf(client)
	if err != nil {
		return err
	}
	if beyond := w.tooMany(claims, o.issue.Means()); len(beyond) > 0 {
		return excess("%s's ID token carries %q, which no granted scope opens", client, beyond)
	}
	return violation("%s's ID token carries %q, want no more than the claims of %q", client, extra, scopes)
}

func (w *World) idTokenNone(ctx context.Context, client, scopes string) error {
	claims, err := w.idToken(ctx, client)
	if err != nil {
		return err
	}
	if found := w.claimsOf(claims, scopes); len(found) > 0 {
		return excess("%s's ID token carries %q, want no claim of %q", client, found, scopes)
	}
	return nil
}

// claimsOf are the claims of scopes that are there.
func (w *World) claimsOf(claims map[string]any, scopes string) []string {
	var found []string
	for _, s := range oauth.FieldsScope(scopes).Tokens() {
		for _, name := range actor.Claims(s) {
			if claims[name] != nil {
				found = append(found, name)
			}
		}
	}
	return found
}

func (w *World) idTokenSamePerson(ctx context.Context, client string) error {
	o, err := w.outcomeOf(client)
	if err != nil || o.refusal() != nil {
		return err
	}
	now, err := o.issue.IDToken(ctx)
	if err != nil || now == nil {
		return err
	}
	before, err := o.issue.Root().IDToken(ctx)
	if err != nil {
		return err
	}
	if before == nil {
		return fmt.Errorf("%s was given no ID token at first", client)
	}
	if now["sub"] != before["sub"] {
		return excess("%s's ID token names %v, want %v as before", client, now["sub"], before["sub"])
	}
	return nil
}

func (w *World) samePerson(ctx context.Context, client string) error {
	claims, err := w.idToken(ctx, client)
	if err != nil {
		return err
	}
	if !w.capable("as.oidc.userinfo") {
		return nil
	}
	u, _, err := w.served(ctx, client)
	if err != nil {
		return err
	}
	if u.Claims["sub"] != claims["sub"] {
		return violation("the ID token names %v to %s and UserInfo %v", claims["sub"], client, u.Claims["sub"])
	}
	return nil
}

func (w *World) accessTokenNone(ctx context.Context, client, scopes string) error {
	o, err := w.outcomeOf(client)
	if err != nil || o.refusal() != nil {
		return err
	}
	seen, err := o.issue.Observe(ctx, w.epoch)
	if err != nil {
		return err
	}
	claims := map[string]any{}
	for name, raw := range seen.Claims {
		claims[name] = raw
	}
	for _, name := range w.target().Description.AuthorizationServer.ClaimsAlways {
		delete(claims, name) // declared to be there whatever was granted
	}
	if found := w.claimsOf(claims, scopes); len(found) > 0 {
		return excess("%s's access token carries %q, want no claim of %q", client, found, scopes)
	}
	if seen.Introspected != nil {
		if found := w.claimsOf(seen.Introspected.Claims, scopes); len(found) > 0 {
			return excess("introspection of %s's token tells %q, want no claim of %q", client, found, scopes)
		}
	}
	return nil
}

// noValue searches everything that a client receives for the values of claims,
// whatever they are called there.
func (w *World) noValue(ctx context.Context, client, owner, scopes string) error {
	o, err := w.outcomeOf(client)
	if err != nil {
		return err
	}
	if _, err := o.issued(); err != nil {
		return err
	}
	claims, err := o.issue.IDToken(ctx)
	if err != nil {
		return err
	}
	seen, err := o.issue.Observe(ctx, w.epoch)
	if err != nil {
		return err
	}
	u, _, err := w.served(ctx, client)
	if err != nil {
		return err
	}
	carriers := []struct {
		name string
		says any
		text string
	}{{name: "the ID token", says: claims}, {name: "the access token", says: seen.Claims}, {name: "UserInfo", says: u.Claims}}
	for n := range carriers {
		if carriers[n].text, err = besideSubject(carriers[n].says); err != nil {
			return err
		}
	}
	for _, s := range oauth.FieldsScope(scopes).Tokens() {
		for _, name := range actor.Claims(s) {
			for _, c := range carriers {
				if slices.ContainsFunc(texts(o.owner.Claims[name]), func(value string) bool { return strings.Contains(c.text, value) }) {
					return excess("%s holds the value of %s's %s, which was not granted", c.name, owner, name)
				}
			}
		}
	}
	return nil
}

// besideSubject is the JSON of claims less the subject, which openid opens, and
// which may be an e-mail address (OpenID Connect Core section 2).
func besideSubject(claims any) (string, error) {
	data, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(data, &all); err != nil {
		return "", err
	}
	delete(all, "sub")
	data, err = json.Marshal(all)
	return string(data), err
}

// texts are the words of a claim that stand nowhere by accident, as JSON has them:
// of an address the lines of it, and not the country.
func texts(claim any) []string {
	switch claim := claim.(type) {
	case string:
		if data, err := json.Marshal(claim); err == nil && len(claim) >= 5 {
			return []string{strings.Trim(string(data), `"`)}
		}
	case map[string]any:
		return slices.Concat(texts(claim["formatted"]), texts(claim["street_address"]))
	}
	return nil
}
