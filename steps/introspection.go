package steps

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/scopeproof/scopeproof/internal/actor"
	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

// registerIntrospection adds the judgement about what introspection tells, and
// to whom. Without an asker it is whoever the target lets ask.
func registerIntrospection(r registrar, w *World) {
	const asker = `the API|the other API|a stranger|the bearer of \w+'s token|\w+(?:, if it may ask,)?`
	const says = `active|inactive(?: and nothing else)?|with (?:exactly|at least|no scope beyond) "[^"]*"`
	r.Then(`^introspection shows (?:(`+asker+`) )?(nothing of )?(\w+'s (?:token|refresh token, if at all,))(?: (`+says+`))?$`, w.introspectionShows)
	r.Then(`^what introspection tells the API is what (\w+)'s token opens$`, w.introspectionAgrees)
}

// introspectionAgrees compares what the API is told with what it serves, scope by
// scope, where an operation tells. A scope may be left out of the answer (RFC 7662
// section 2.2): then there is nothing to compare.
func (w *World) introspectionAgrees(ctx context.Context, client string) error {
	issue, err := w.issued(client)
	if err != nil {
		return err
	}
	seen, err := issue.Observe(ctx, w.epoch)
	if err != nil {
		return err
	}
	told, err := w.introspected(ctx, "the API", "token", issue)
	if err != nil {
		return err
	}
	if told.Active && !told.Scope.Present {
		return nil
	}
	says := told.Scope.Set.Intersect(seen.Tried)
	if !told.Active {
		says = oauth.ScopeSet{}
	}
	covered := oauth.ScopeSet{}
	if told.Active {
		covered = told.Scope.Set
	}
	if more := w.beyond(seen.Opened, covered); !more.IsEmpty() {
		return excess("%s's token opens %q, and introspection tells the API %q, active %v", client, seen.Opened, says, told.Active)
	}
	if !says.SubsetOf(seen.Opened) {
		return violation("introspection tells the API that %s's token is good for %q, and it opens %q", client, says, seen.Opened)
	}
	return nil
}

func (w *World) introspectionShows(ctx context.Context, asker, nothing, what, says string) error {
	client, thing, _ := strings.Cut(what, "'s ")
	issue, err := w.issued(client)
	if err != nil {
		return err
	}
	switch {
	case nothing != "" && asker != "":
		return w.showsNothing(ctx, asker, issue)
	case says == "" || nothing != "":
		return fmt.Errorf("introspection shows %s's token: want who asks, or what is shown", client)
	}
	thing, maybe := strings.CutSuffix(thing, ", if at all,")
	if who, may := strings.CutSuffix(asker, ", if it may ask,"); may {
		got, err := w.introspectAs(ctx, who, issue)
		if err != nil || got.Told == nil {
			return err
		}
		return w.judgeIntrospected(fmt.Sprintf("%s's %s", client, thing), who, got.Told, says)
	}
	seen, err := w.introspected(ctx, asker, thing, issue)
	if maybe && errors.Is(err, actor.ErrMayNotIntrospect) {
		return nil // it is told of access tokens alone
	}
	if err != nil {
		return err
	}
	if thing == "refresh token" && (!seen.Active || !seen.Scope.Present) && !strings.HasPrefix(says, "inactive") {
		return nil // it need not be known here, nor its scope be named
	}
	return w.judgeIntrospected(fmt.Sprintf("%s's %s", client, thing), asker, seen, says)
}

// introspected is the answer about a token of an issue.
func (w *World) introspected(ctx context.Context, asker, thing string, issue *actor.Issue) (*actor.Introspected, error) {
	if asker != "" {
		got, err := w.introspectAs(ctx, asker, issue)
		if err == nil && got.Told == nil {
			err = fmt.Errorf("%s may not introspect: got %d", asker, got.Status)
		}
		if err != nil {
			return nil, err
		}
		return got.Told, nil
	}
	ask := issue.Introspect
	if thing == "refresh token" {
		ask = issue.IntrospectRefreshToken
	}
	seen, err := ask(ctx)
	if err == nil && seen == nil {
		err = fmt.Errorf("nobody may introspect %s's %s", issue.Client.Name, thing)
	}
	return seen, err
}

// judgeIntrospected compares an answer with what it should say. A scope may be
// left out, and names that mean nothing at an API as well (RFC 7662 section 2.2).
func (w *World) judgeIntrospected(what, asker string, seen *actor.Introspected, says string) error {
	how, named, _ := strings.Cut(strings.TrimPrefix(says, "with "), ` "`)
	set, err := scope(strings.TrimSuffix(named, `"`))
	if err != nil {
		return err
	}
	if asker != "" {
		what += " to " + asker
	}
	got := w.plain(seen.Scope.Set, set)
	missing := w.beyond(set.Minus(w.cast.ProtocolScopes()), got)
	switch {
	case how == "active" && !seen.Active:
		return violation("introspection shows %s inactive, want active", what)
	case strings.HasPrefix(how, "inactive"):
		return judgeInactive(what, seen, how)
	case how == "at least" && !(seen.Active && w.within(set, got)):
		return violation("introspection shows %s with %q, active %v, want at least %q", what, got, seen.Active, set)
	case how == "exactly" && !seen.Active:
		return violation("introspection shows %s inactive, want active with %q", what, set)
	case (how == "exactly" || how == "no scope beyond") && seen.Active && !w.within(got, set):
		return violation("introspection shows %s active with %q, want at most %q", what, got, set)
	case how == "exactly" && seen.Scope.Present && !missing.IsEmpty() && asker == "":
		return lenient("introspection shows %s with %q, want %q as well", what, got, missing)
	case how == "exactly" && seen.Scope.Present && !missing.IsEmpty():
		return violation("introspection shows %s with %q, want %q as well", what, got, missing)
	}
	return nil
}

func judgeInactive(what string, seen *actor.Introspected, how string) error {
	if seen.Active {
		return violation("introspection shows %s active with %q, want inactive", what, seen.Scope.Set)
	}
	more := slices.DeleteFunc(slices.Sorted(maps.Keys(seen.Claims)), func(name string) bool { return name == "active" })
	if how == "inactive and nothing else" && len(more) > 0 {
		return violation("introspection shows %s inactive and tells %q, want nothing else", what, more)
	}
	return nil
}

// introspectAs asks about the access token of an issue in somebody's name.
func (w *World) introspectAs(ctx context.Context, asker string, issue *actor.Issue) (*actor.Introspection, error) {
	who := actor.Asker{Name: asker}
	switch bearer, bears := strings.CutPrefix(asker, "the bearer of "); {
	case asker == "a stranger":
	case asker == "the API" || asker == "the other API":
		var err error
		if who, err = w.cast.AnAPI(asker == "the other API"); err != nil {
			return nil, err
		}
	case bears:
		own, err := w.held(ctx, strings.TrimSuffix(bearer, "'s token"))
		if err != nil {
			return nil, err
		}
		who.Bearer = own.Response.AccessToken
	default:
		c, err := w.client(ctx, asker)
		if err != nil {
			return nil, err
		}
		who.Client = &c.Client
	}
	return w.cast.IntrospectAs(ctx, who, issue.Response.AccessToken, "")
}

// showsNothing wants whoever asks to be refused, or told that the token is not
// active. An API that is told of a token for another one may still see from its
// audience that it is not meant.
func (w *World) showsNothing(ctx context.Context, asker string, issue *actor.Issue) error {
	got, err := w.introspectAs(ctx, asker, issue)
	if err != nil || got.Told == nil {
		return err
	}
	what := fmt.Sprintf("introspection shows %s %s's token", asker, issue.Client.Name)
	told := got.Told
	api := map[string]*target.ResourceServer{"the API": w.target().API, "the other API": w.target().OtherAPI}[asker]
	audience := audiences(told.Claims["aud"])
	switch {
	case !told.Active && api == nil && told.Claims["scope"] != nil:
		return violation("%s inactive and tells its scope, want nothing", what)
	case !told.Active:
		return nil
	case api != nil && len(audience) > 0 && !slices.Contains(audience, api.Resource):
		return lenient("%s active, for %q, want it inactive", what, audience)
	}
	return violation("%s active with %q, want it inactive, or a refusal", what, told.Scope.Set)
}

// audiences are the members of an aud claim, which is one string or several (RFC
// 7519 section 4.1.3).
func audiences(claim any) []string {
	switch claim := claim.(type) {
	case string:
		return []string{claim}
	case []any:
		var all []string
		for _, one := range claim {
			if text, ok := one.(string); ok {
				all = append(all, text)
			}
		}
		return all
	}
	return nil
}
