package actor

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

// Some APIs do not say that they refuse: they answer that there is nothing (RFC 9110
// section 15.5.4), or list what a token may read and leave out the rest.

// observeFiltering finds out whether the list leaves out what a token may not
// read, in place of refusing it: a token to write, or for something else where that
// may read as well, is shown nothing of what is there. Our own API refuses. Where
// that cannot be seen, answers are taken as they are; where nobody answers now, each
// list is looked through later.
func (s *Stage) observeFiltering(ctx context.Context) {
	api := s.Target.API
	list, offered := api.Operation("list")
	if !offered || api.Ours {
		return
	}
	cast := s.NewCast()
	others := append([]oauth.ScopeToken{"write:appointments"}, cast.APIScopes().Tokens()...)
	at := slices.IndexFunc(others, func(t oauth.ScopeToken) bool { return !list.Allows(s.Target.Hierarchy.Closure(oauth.NewScopeSet(t))) })
	if at < 0 {
		return
	}
	ctx, cancel := s.within(ctx)
	defer cancel()
	filters, err := cast.filters(ctx, list, oauth.NewScopeSet(others[at]))
	s.filters = filters || passing(err)
}

// filters reports whether a token for a scope is shown a list without what is there.
func (c *Cast) filters(ctx context.Context, list target.Operation, scope oauth.ScopeSet) (bool, error) {
	owner, token, err := c.holder(ctx, scope)
	if err != nil {
		return false, err
	}
	there, err := c.Seed(ctx, owner)
	if err != nil {
		return false, err
	}
	a, err := c.sendOnce(as(ctx, "Planner", "lists"), c.Stage.Target.API, list, token, nil, owner, Wire{})
	if err != nil {
		return false, err
	}
	return a.Status/100 == 2 && !strings.Contains(string(a.Body), there.Marker), nil
}

// holder is Ada with a token for exactly a scope.
func (c *Cast) holder(ctx context.Context, scope oauth.ScopeSet) (*Owner, oauth.AccessToken, error) {
	owner, err := c.Owner(ctx, "Ada")
	if err != nil {
		return nil, "", err
	}
	asked := scope.Raw()
	if c.Stage.mints() {
		subject, err := owner.LearnSubject(ctx)
		if err != nil {
			return nil, "", err
		}
		token, err := c.Mint(subject, "planner", map[string]any{"scope": c.Wire(asked)})
		return owner, token, err
	}
	if !c.Stage.can("as.code") {
		return nil, "", errRefused
	}
	_, i, err := c.obtain(ctx, "Planner", "Ada", Request{Scope: &asked})
	if err != nil {
		return nil, "", err
	}
	if i == nil || i.Response == nil || !i.Means().Equal(scope) {
		return nil, "", fmt.Errorf("Ada grants nothing like %q: %w", asked, errRefused)
	}
	return owner, i.Response.AccessToken, nil
}

// lookThrough finds out whether an answered list shows what is there: what was put
// there just now.
func (c *Cast) lookThrough(ctx context.Context, a *Attempt, token oauth.AccessToken, w Wire) error {
	there, err := c.Seed(ctx, a.Owner)
	if err != nil {
		return err
	}
	list, _ := c.Stage.Target.API.Operation("list")
	if w.Method == http.MethodHead {
		w.Method = http.MethodGet
	}
	again, err := c.sendOnce(ctx, c.Stage.Target.API, list, token, nil, a.Owner, w)
	if err != nil {
		return err
	}
	a.Filtered = !strings.Contains(string(again.Body), there.Marker)
	if again.Status/100 != 2 {
		return fmt.Errorf("the list is asked for again: got %d, and %d before", again.Status, a.Status)
	}
	return nil
}

// reaches reports whether an operation is there: it was served to somebody, or is
// to the auditor. Of another API only the former can be known.
func (c *Cast) reaches(ctx context.Context, api *target.ResourceServer, op target.Operation, owner *Owner) (bool, error) {
	if _, served := c.Stage.served.Load(api.BaseURL + " " + op.Name); served {
		return true, nil
	}
	if api != c.Stage.Target.API {
		return false, nil
	}
	if owner == nil {
		var err error
		if owner, err = c.Owner(ctx, "Ada"); err != nil {
			return false, err
		}
	}
	token, err := c.auditorToken(ctx, owner)
	if err != nil {
		return false, err
	}
	a, err := c.sendOnce(as(ctx, "auditor", "tries "+op.Name), api, op, token, nil, owner, Wire{})
	if err != nil || !a.Served() {
		return false, err
	}
	c.Stage.served.Store(api.BaseURL+" "+op.Name, true)
	return true, nil
}

// maybeFiltered reports whether an answered list tells nothing: it is empty, and
// nothing can be put there to see whether it is shown.
func (c *Cast) maybeFiltered(a *Attempt, api *target.ResourceServer, op target.Operation) bool {
	if !c.Stage.filters || op.Name != "list" || api == c.Stage.Target.API && a.Owner != nil {
		return false
	}
	var body any
	return json.Unmarshal(a.Body, &body) == nil && !holds(body)
}

// holds reports whether there is a list with something in it.
func holds(value any) bool {
	switch value := value.(type) {
	case []any:
		return len(value) > 0
	case map[string]any:
		return slices.ContainsFunc(slices.Collect(maps.Values(value)), holds)
	}
	return false
}
