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
	r.Then(`^UserInfo refuses (\w+|a request without a token)( with a challenge)?$`, w.userInfoRefusal)
	r.Then(`^(\w+)'s (ID token|ID token in the redirect|access token)(?:, if any,)? carries (no|no more than the|at least one) claims? of "([^"]*)"$`, w.tokenCarries)
	r.Then(`^(\w+)'s ID token, if any, names the same person as before$`, w.idTokenSamePerson)
	r.Then(`^the ID token and UserInfo name the same person to (\w+)$`, w.samePerson)
	r.Then(`^nothing that (\w+) receives holds a value of (\w+)'s "([^"]*)" claims$`, w.noValue)
}

func (w *World) userInfoTells(ctx context.Context, client, how, scopes, named string) error {
	switch how {
	case "exactly the":
		return w.userInfoExactly(ctx, client, scopes)
	case "every":
		return w.userInfoEvery(ctx, client, scopes)
	case "at least one":
		return w.userInfoSome(ctx, client, scopes)
	case "the custom":
		return w.userInfoCustom(ctx, client, scopes)
	}
	return w.userInfoNoMore(ctx, client, scopes, named)
}

func (w *World) userInfoRefusal(ctx context.Context, client, challenged string) error {
	switch {
	case strings.Contains(client, " "):
		return w.userInfoRefusesNobody(ctx)
	case challenged != "":
		return w.userInfoRefusesProperly(ctx, client)
	}
	return w.userInfoRefuses(ctx, client)
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

// userInfo asks with a client's latest token; nil when it has none.
func (w *World) userInfo(ctx context.Context, client string) (*actor.UserInfo, *outcome, error) {
	o, err := w.outcomeOf(client)
	if err != nil {
		return nil, nil, err
	}
	if o.refusal() != nil {
		return nil, o, nil
	}
	u, err := w.cast.UserInfo(ctx, client, o.issue.Response.AccessToken)
	return u, o, err
}

// served is userInfo for judgements that need claims to look at.
func (w *World) served(ctx context.Context, client string) (*actor.UserInfo, *outcome, error) {
	u, o, err := w.userInfo(ctx, client)
	if err != nil {
		return nil, nil, err
	}
	if u == nil {
		return nil, nil, violation("%s was refused with %s, want a token for UserInfo", client, o.refusal())
	}
	if !u.Served() {
		return nil, nil, violation("UserInfo refuses %s: got %d, want claims", client, u.Status)
	}
	return u, o, nil
}

// opened is the claims that scopes open at this target.
func (w *World) opened(scopes oauth.ScopeSet) map[string]bool {
	names := map[string]bool{}
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

func (w *World) userInfoNoMore(ctx context.Context, client, scopes, named string) error {
	u, _, err := w.userInfo(ctx, client)
	if err != nil || u == nil || !u.Served() {
		return err
	}
	extra := w.tooMany(u.Claims, oauth.FieldsScope(scopes))
	extra = slices.DeleteFunc(extra, func(name string) bool { return name == named })
	if len(extra) > 0 && w.target().Capabilities["consent.ui"].Value == "none" {
		// Nobody declined them: UserInfo may return further claims (OpenID Connect Core section 5.3.2).
		return lenient("UserInfo tells %s %q, want no more than the claims of %q", client, extra, scopes)
	}
	if len(extra) > 0 {
		return excess("UserInfo tells %s %q, want no more than the claims of %q", client, extra, scopes)
	}
	return nil
}

func (w *World) userInfoExactly(ctx context.Context, client, scopes string) error {
	if _, _, err := w.served(ctx, client); err != nil {
		return err
	}
	if err := w.userInfoNoMore(ctx, client, scopes, ""); err != nil {
		return err
	}
	return w.userInfoSome(ctx, client, scopes)
}

// userInfoSome wants one claim at least of each of the scopes.
func (w *World) userInfoSome(ctx context.Context, client, scopes string) error {
	u, o, err := w.served(ctx, client)
	if err != nil {
		return err
	}
	for _, s := range w.supported(scopes) {
		if all, missing := w.missing(u.Claims, s, o.owner); all > 0 && len(missing) == all {
			return violation("UserInfo tells %s no claim of %q, want at least one of %q", client, s, missing)
		}
	}
	return nil
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

func (w *World) userInfoEvery(ctx context.Context, client, scopes string) error {
	u, o, err := w.served(ctx, client)
	if err != nil {
		return err
	}
	for _, s := range w.supported(scopes) {
		if _, missing := w.missing(u.Claims, s, o.owner); len(missing) > 0 {
			return violation("UserInfo does not tell %s %q of %q, which %s has", client, missing, s, o.owner.Name)
		}
	}
	return nil
}

func (w *World) userInfoCustom(ctx context.Context, client, scopes string) error {
	u, _, err := w.served(ctx, client)
	if err != nil {
		return err
	}
	set := oauth.FieldsScope(scopes)
	for name, s := range w.target().Description.AuthorizationServer.CustomClaims {
		if set.Has(oauth.ScopeToken(s)) && u.Claims[name] == nil {
			return violation("UserInfo does not tell %s %q of %q", client, name, s)
		}
	}
	return nil
}

func (w *World) userInfoNothing(ctx context.Context, client string) error {
	if !w.capable("as.oidc.userinfo") {
		return nil
	}
	return w.userInfoNoMore(ctx, client, "", "")
}

func (w *World) userInfoNoEmpty(ctx context.Context, client string) error {
	u, _, err := w.served(ctx, client)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(u.Claims)) {
		if v := u.Claims[name]; v == nil || v == "" {
			return violation("UserInfo has an empty %q for %s, want it left out", name, client)
		}
	}
	return nil
}

func (w *World) userInfoRefuses(ctx context.Context, client string) error {
	u, _, err := w.userInfo(ctx, client)
	if err != nil || u == nil {
		return err
	}
	if !u.Served() {
		return nil
	}
	told := slices.Sorted(maps.Keys(u.Claims))
	if u.Claims["sub"] != nil || len(w.tooMany(u.Claims, oauth.ScopeSet{})) > 0 {
		return excess("UserInfo tells %s %q, want a refusal", client, told)
	}
	return violation("UserInfo accepts the token of %s and tells %q, which names nobody, want a refusal", client, told)
}

func (w *World) userInfoRefusesProperly(ctx context.Context, client string) error {
	if err := w.userInfoRefuses(ctx, client); err != nil {
		return err
	}
	u, _, err := w.userInfo(ctx, client)
	if err != nil || u == nil {
		return err
	}
	if !u.Challenged {
		return violation("UserInfo refuses %s with %d and no Bearer challenge", client, u.Status)
	}
	return nil
}

func (w *World) userInfoRefusesNobody(ctx context.Context) error {
	u, err := w.cast.UserInfo(ctx, "Stranger", "")
	if err != nil {
		return err
	}
	if u.Served() {
		return excess("UserInfo tells somebody without a token %q, want a refusal", slices.Sorted(maps.Keys(u.Claims)))
	}
	return nil
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
			value, ok := o.owner.Claims[name].(string)
			if !ok || len(value) < 5 {
				continue
			}
			for _, c := range carriers {
				if strings.Contains(c.text, value) {
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
