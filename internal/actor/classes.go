package actor

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/scopeproof/scopeproof/target"
)

// Class names which lawful answer was given, for an open choice, from what came
// of one request. Issue is nil where it never came to the token endpoint.
func Class(ctx context.Context, name target.ChoiceName, a *Authorization, i *Issue, epoch int) (string, error) {
	refused := i == nil || i.Response == nil
	either := func(yes bool, then, otherwise string) (string, error) {
		if yes {
			return then, nil
		}
		return otherwise, nil
	}
	if words, ok := byRefusal()[name]; ok {
		return either(refused, words[0], words[1])
	}
	switch name {
	case target.TokenExchangeBound:
		return exchangeClass(ctx, i, epoch)
	case target.OnlyUnknown:
		if refused {
			return "error", nil
		}
		seen, err := i.Observe(ctx, epoch)
		if err != nil {
			return "", err
		}
		return either(seen.Effective.Intersect(i.cast.APIScopes()).IsEmpty(), "empty", "default")
	case target.MixedAPIs:
		if refused {
			return "reject", nil
		}
		return mixedClass(ctx, i, epoch)
	case target.RefreshNarrowing, target.RefreshWidening, target.CodeScope:
		if refused {
			return "rejects", nil
		}
		return refreshClass(ctx, i, epoch)
	}
	if refused {
		return "", fmt.Errorf("the choice of %s cannot be seen: %w", name, errRefused)
	}
	switch name {
	case target.ScopeInResponse:
		return either(i.Told.Present, "always", "when_different")
	case target.ScopeInRedirect:
		return either(a.Scope.Present, "present", "absent")
	case target.DeselectedMemory:
		return either(a.WasAsked(), "reprompt", "sticky")
	case target.RefreshIssued:
		return either(i.Response.RefreshToken != "", "issued", "not_issued")
	case target.IDTokenClaims:
		claims, err := i.IDToken(ctx)
		return map[bool]string{true: "also", false: "userinfo_only"}[claims["email"] != nil], err
	}
	return "", fmt.Errorf("no way is known to see the choice of %s", name)
}

// byRefusal are the choices that show in whether the request is refused: what it
// is called if it is, and if it is not.
func byRefusal() map[target.ChoiceName][2]string {
	return map[target.ChoiceName][2]string{
		target.UserExcess:             {"reject", "drop"},
		target.ClientExcess:           {"reject", "drop"},
		target.UnknownScope:           {"reject", "ignore"},
		target.OmittedScope:           {"reject", "default"},
		target.WithoutOpenID:          {"reject", "oauth"},
		target.EmptyGrant:             {"error", "token"},
		target.ClaimsParameter:        {"refused", "ignored"},
		target.MalformedScope:         {"rejects", "drops"},
		target.Duplicates:             {"rejects", "normalises"},
		target.SurplusSpaces:          {"rejects", "normalises"},
		target.SilentExcess:           {"error", "subset"},
		target.OmittedResource:        {"reject", "default"},
		target.TokenRevocation:        {"drops", "keeps"},    // of the refresh afterwards
		target.ConsentAfterRevocation: {"forgotten", "kept"}, // of a silent request afterwards
		target.UsedTokenRevocation:    {"ends", "ignored"},   // of the refresh afterwards
	}
}

// mixedClass tells how many of the APIs a token is for, of which scopes were
// asked for together.
func mixedClass(ctx context.Context, i *Issue, epoch int) (string, error) {
	seen, err := i.Observe(ctx, epoch)
	if err != nil {
		return "", err
	}
	for _, resource := range i.cast.Resources() {
		if !slices.Contains(seen.Audience(), resource) {
			return "one_api", nil
		}
	}
	return "both_apis", nil
}

// errRefused says that a choice cannot be seen, because the target lawfully
// refused what would have shown it.
var errRefused = errors.New("the request was refused")

// refreshClass tells whether a refresh followed the scope that it asked for.
func refreshClass(ctx context.Context, i *Issue, epoch int) (string, error) {
	seen, err := i.Observe(ctx, epoch)
	if err != nil {
		return "", err
	}
	held := seen.Effective
	if in := seen.Introspected; in != nil && !in.Active && i.Told.Present {
		held = i.Told.Set // it has ended, as with the next refresh: what was said of it stands
	}
	granted := i.Root().Means()
	if i.Authorization != nil && i.From == nil { // it was asked for with the code
		granted = i.Authorization.Asked
	}
	if h := i.hierarchy(); h.Alike(granted, i.Asked) && !granted.Equal(i.Asked) {
		return "", ErrIncluded
	}
	if i.hierarchy().Alike(held, i.Asked) {
		return "honours", nil
	}
	return "ignores", nil
}

// ErrIncluded says that nothing can be seen of what is granted beside what is asked
// for, because the one includes the other.
var ErrIncluded = &Lacking{"two scopes of which neither includes the other (declared: hierarchy)"}

// IncrementalClass compares the token of a request for more with the one from
// before, which held other scopes. It is "first" where nothing of what is asked for
// now has come to what there was, and that is all that the token is good for.
func IncrementalClass(ctx context.Context, before, now *Issue, epoch int) (string, error) {
	held, err := now.Observe(ctx, epoch)
	if err != nil {
		return "", err
	}
	old := now.hierarchy().Beyond(before.Means(), now.Authorization.Asked)
	if old.IsEmpty() {
		return "", ErrIncluded
	}
	if old.SubsetOf(held.Effective) {
		if more := now.hierarchy().Beyond(now.Authorization.Asked, before.Means()); !more.IsEmpty() && more.Intersect(held.Effective).IsEmpty() {
			return "first", nil
		}
		return "union", nil
	}
	was, err := before.Observe(ctx, epoch)
	if err != nil {
		return "", err
	}
	if old.SubsetOf(was.Effective) {
		return "separate", nil
	}
	return "replace", nil
}
