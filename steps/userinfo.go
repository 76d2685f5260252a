package steps

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/scopeproof/scopeproof/internal/actor"
	"github.com/scopeproof/scopeproof/oauth"
)

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

func (w *World) userInfoRefusal(ctx context.Context, client, how string) error {
	switch {
	case strings.Contains(client, " "):
		return w.userInfoRefusesNobody(ctx)
	case strings.Contains(how, "refresh token"):
		return w.userInfoRefusesRefresh(ctx, client)
	case how != "":
		return w.userInfoRefusesProperly(ctx, client)
	}
	return w.userInfoRefuses(ctx, client)
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
	if !w.capable("as.oidc.userinfo") {
		return nil, nil, &actor.Lacking{What: "as.oidc.userinfo"}
	}
	u, err := w.cast.UserInfo(ctx, client, usually, o.issue.Response.AccessToken)
	return u, o, err
}

// usually is the way that UserInfo is asked for.
var usually = actor.UserInfoForm{Method: http.MethodGet}

// userInfoForms are all the ways to ask for UserInfo.
func userInfoForms() []actor.UserInfoForm {
	return []actor.UserInfoForm{usually, {Method: http.MethodPost}, {Method: http.MethodGet, Accept: "application/jwt"}}
}

// told is what UserInfo tells a client that asks in a form; nil: nothing. Where it
// is not to be had in another form than the usual one, or fails, nothing is told.
func (w *World) told(ctx context.Context, client string, form actor.UserInfoForm) (*actor.UserInfo, error) {
	if !w.capable("as.oidc.userinfo") { // it tells nobody anything
		return nil, nil
	}
	if form == usually {
		u, _, err := w.userInfo(ctx, client)
		if err != nil || u == nil || !u.Served() {
			return nil, err
		}
		return u, nil
	}
	o, err := w.outcomeOf(client)
	if err != nil || o.refusal() != nil {
		return nil, err
	}
	u, err := w.cast.UserInfo(ctx, client, form, o.issue.Response.AccessToken)
	if err != nil || !u.Served() {
		return nil, ctx.Err()
	}
	return u, nil
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

func (w *World) userInfoNoMore(ctx context.Context, client, scopes, named string) error {
	if err := w.toldBefore(ctx, client); err != nil {
		return err
	}
	limit := oauth.FieldsScope(scopes)
	if o, err := w.outcomeOf(client); err == nil && o.issue != nil {
		limit = w.united(o.issue, limit)
	}
	for _, form := range userInfoForms() {
		u, err := w.told(ctx, client, form)
		if err != nil {
			return err
		}
		if u == nil {
			continue
		}
		extra := w.tooMany(u.Claims, limit)
		extra = slices.DeleteFunc(extra, func(name string) bool { return name == named })
		if len(extra) == 0 {
			continue
		}
		how := excess
		if w.target().Capabilities["consent.ui"].Value == "none" {
			// Nobody declined them: UserInfo may return further claims (OpenID Connect Core section 5.3.2).
			how = lenient
		}
		return how("UserInfo tells %s %q%s, want no more than the claims of %q", client, extra, by(form), scopes)
	}
	return nil
}

// toldBefore asks with the token that a client was issued first, if it is another
// than its latest: what it opens is not to be told again to who holds less.
func (w *World) toldBefore(ctx context.Context, client string) error {
	o, err := w.outcomeOf(client)
	if err != nil || o.refusal() != nil {
		return err
	}
	first, err := w.first(ctx, client)
	if err != nil || first.Response.AccessToken == o.issue.Response.AccessToken {
		return ctx.Err()
	}
	_, _ = w.cast.UserInfo(ctx, client, usually, first.Response.AccessToken) // it may have ended
	return ctx.Err()
}

// by is how UserInfo was asked, where that is not the usual way.
func by(form actor.UserInfoForm) string {
	switch {
	case form.Accept != "":
		return " as a JWT"
	case form.Method == http.MethodPost:
		return " by POST"
	}
	return ""
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
	for _, form := range userInfoForms() {
		u, err := w.told(ctx, client, form)
		if err != nil {
			return err
		}
		if u == nil {
			continue
		}
		told := slices.Sorted(maps.Keys(u.Claims))
		if w.namesPerson(client, u.Claims["sub"]) || len(w.tooMany(u.Claims, oauth.ScopeSet{})) > 0 {
			return excess("UserInfo tells %s %q%s, want a refusal", client, told, by(form))
		}
		return lenient("UserInfo accepts the token of %s%s and tells %q, which names nobody, want a refusal", client, by(form), told)
	}
	return nil
}

// namesPerson reports whether a sub may be somebody's: with a token that nobody
// granted, the client's own identifier is nobody's (RFC 9068 section 2.2).
func (w *World) namesPerson(client string, sub any) bool {
	o, err := w.outcomeOf(client)
	return sub != nil && (err != nil || o.owner != nil || sub != o.client.ID)
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

// userInfoRefusesRefresh asks with what is for the token endpoint alone (RFC 6749
// section 1.5).
func (w *World) userInfoRefusesRefresh(ctx context.Context, client string) error {
	o, err := w.outcomeOf(client)
	switch {
	case err != nil:
		return err
	case o.refusal() != nil || o.issue.Response.RefreshToken == "":
		return fmt.Errorf("%s has no refresh token to show", client)
	}
	u, err := w.cast.UserInfo(ctx, client, usually, oauth.AccessToken(o.issue.Response.RefreshToken))
	if err != nil {
		return err
	}
	if u.Served() {
		return excess("UserInfo tells %s %q for its refresh token, want a refusal", client, slices.Sorted(maps.Keys(u.Claims)))
	}
	return nil
}

func (w *World) userInfoRefusesNobody(ctx context.Context) error {
	u, err := w.cast.UserInfo(ctx, "Stranger", usually, "")
	if err != nil {
		return err
	}
	if u.Served() {
		return excess("UserInfo tells somebody without a token %q, want a refusal", slices.Sorted(maps.Keys(u.Claims)))
	}
	return nil
}
