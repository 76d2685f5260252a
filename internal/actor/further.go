package actor

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

// filling puts values in the places of an operation's variables.
type filling struct {
	cast *Cast
	own  *strings.Replacer // of ${id} and ${marker}, which nearly all have
	more map[string]string
}

// path is a path with the values in it, escaped but for the object's id.
func (f filling) path(text string) (string, error) {
	if !strings.Contains(text, "{") {
		return text, nil
	}
	if text = f.own.Replace(text); !strings.Contains(text, "${") {
		return text, nil
	}
	escaped := map[string]string{}
	for name, value := range f.more {
		escaped[name] = url.PathEscape(value)
	}
	return f.cast.Stage.Target.Expand(text, escaped)
}

// json is a document with the values in its texts.
func (f filling) json(document map[string]any) ([]byte, error) {
	data, err := json.Marshal(document)
	if err != nil {
		return nil, err
	}
	if text := f.own.Replace(string(data)); !strings.Contains(text, "${") {
		return []byte(text), nil
	}
	all := maps.Clone(f.more)
	if all == nil {
		all = map[string]string{}
	}
	all["id"], all["marker"] = "${id}", "${marker}"
	expanded, err := f.cast.expandedJSON(document, all)
	if err != nil {
		return nil, err
	}
	data, err = json.Marshal(expanded)
	return []byte(f.own.Replace(string(data))), err
}

// expandedJSON is a copy of a document with variables in the places of its texts.
func (c *Cast) expandedJSON(document any, variables map[string]string) (any, error) {
	switch v := document.(type) {
	case string:
		if !strings.Contains(v, "${") {
			return v, nil
		}
		return c.Stage.Target.Expand(v, variables)
	case []any:
		made := slices.Clone(v)
		for i := range made {
			var err error
			if made[i], err = c.expandedJSON(v[i], variables); err != nil {
				return nil, err
			}
		}
		return made, nil
	case map[string]any:
		made := map[string]any{}
		for name := range v {
			var err error
			if made[name], err = c.expandedJSON(v[name], variables); err != nil {
				return nil, err
			}
		}
		return made, nil
	}
	return document, nil
}

// Trial is an attempt at an operation that rules do not speak of by name.
type Trial struct {
	cast      *Cast
	of        target.FurtherOperation
	owner     *Owner
	calls     *target.Session
	variables map[string]string
}

// Prepare makes what a further operation is about, which may be an object besides.
func (c *Cast) Prepare(ctx context.Context, f target.FurtherOperation, owner *Owner, on *Object) (*Trial, error) {
	token, err := c.auditorToken(ctx, owner)
	if err != nil {
		return nil, err
	}
	base := map[string]string{"token": token.Reveal(), "api": c.Stage.Target.API.BaseURL, "marker": marker()}
	if on != nil {
		base["id"] = on.ID
	}
	t := &Trial{cast: c, of: f, owner: owner, calls: c.session(base)}
	if err := t.perform(ctx, "prepares "+f.Name, f.First); err != nil {
		return nil, err
	}
	t.variables = maps.Clone(t.calls.Variables)
	return t, nil
}

func (t *Trial) perform(ctx context.Context, purpose string, calls []target.Call) error {
	for _, call := range calls {
		if _, err := t.calls.Succeed(as(ctx, "auditor", purpose), call); err != nil {
			return t.cast.refused(err)
		}
	}
	return nil
}

// Attempt makes the attempt with a token.
func (t *Trial) Attempt(ctx context.Context, who string, token oauth.AccessToken, on *Object) (*Attempt, error) {
	api, op := t.cast.Stage.Target.API, t.of.Operation()
	return t.cast.sendOperation(as(ctx, who, "calls "+op.Name), api, op, token, on, t.owner, Wire{Variables: t.variables})
}

// Effect is the answer that a refused attempt does not change; empty: none is known.
func (t *Trial) Effect(ctx context.Context) (string, error) {
	if t.of.Effect == nil {
		return "", nil
	}
	reply, err := t.calls.Succeed(as(ctx, "auditor", "looks for an effect of "+t.of.Name), *t.of.Effect)
	if err != nil {
		return "", t.cast.refused(err)
	}
	return string(reply.Body), nil
}

// Undo takes away what the attempt was about.
func (t *Trial) Undo(ctx context.Context) error {
	return t.perform(ctx, "undoes "+t.of.Name, t.of.Undo)
}

// Good is a token for an owner that is good for exactly a scope: signed by us where
// the API trusts our key, obtained by the auditor otherwise.
func (c *Cast) Good(ctx context.Context, owner *Owner, scope oauth.ScopeSet) (oauth.AccessToken, error) {
	if c.Stage.mints() {
		subject, err := owner.LearnSubject(ctx)
		if err != nil {
			return "", err
		}
		return c.Mint(subject, "auditor", map[string]any{"scope": c.Wire(scope.Raw())})
	}
	issue, err := c.audit(ctx, owner, scope.Raw())
	if err != nil {
		return "", err
	}
	if held := issue.Means(); !held.Equal(scope) {
		return "", fmt.Errorf("the auditor asks for %q: it was granted %q", scope, held)
	}
	return issue.Response.AccessToken, nil
}
