package report

import (
	"strings"

	"github.com/scopeproof/scopeproof/oauth"
)

// mostChips is how many scopes stand at one arrow.
const mostChips = 8

// asking are the scopes at the arrow of a request.
func (d *drawing) asking(e oauth.Exchange) []chips {
	var list []chips
	add := func(word string, scope *string) {
		if scope != nil {
			list = append(list, plainChips(word, oauth.FieldsScope(*scope)))
		}
	}
	switch {
	case e.Operation != "":
		add("token for", e.Held)
		if len(e.Needs) > 0 {
			list = append(list, plainChips("needs", oauth.FieldsScope(strings.Join(e.Needs, " "))))
		}
	case e.Endpoint == "registration":
		add("registers", e.Requested)
	case e.Endpoint == "introspection" || e.Endpoint == "revocation" || e.Endpoint == "userinfo":
		add("token for", e.Held)
	default:
		add("asks for", e.Requested)
		add("form names", e.Posted)
		if e.Requested == nil {
			add("stands for", e.Held)
		}
	}
	return list
}

// answering are the scopes at the arrow of a response, against what was asked for
// or held.
func (d *drawing) answering(e oauth.Exchange) []chips {
	bound := e.Held
	if bound == nil || e.Endpoint == "registration" {
		bound = e.Requested
	}
	switch {
	case e.Granted != nil && e.Endpoint == "registration":
		return []chips{d.against("may have", *e.Granted, bound, e)}
	case e.Granted != nil:
		return []chips{d.against("grants", *e.Granted, bound, e)}
	case e.Effective != nil && e.Operation != "":
		return []chips{d.against("opened by", *e.Effective, nil, e)}
	case e.Effective != nil && *e.Effective == "" && strings.Contains(e.Response.Body, `"active":false`):
		return []chips{{Word: "not active"}}
	case e.Effective != nil:
		return []chips{d.against("good for", *e.Effective, e.Held, e)}
	}
	return nil
}

func plainChips(word string, scope oauth.ScopeSet) chips {
	c := chips{Word: word}
	for i, t := range scope.Tokens() {
		if i == mostChips {
			c.Scopes = append(c.Scopes, chip{Scope: "and " + count(scope.Len()-i, "more scope")})
			break
		}
		c.Scopes = append(c.Scopes, chip{Scope: visible(string(t))})
	}
	if scope.IsEmpty() {
		c.Scopes = []chip{{Scope: "no scope"}}
	}
	return c
}

// against marks the scopes that are more, or fewer, than a bound; and those that
// the scenario was lost for.
func (d *drawing) against(word, scope string, bound *string, e oauth.Exchange) chips {
	got := oauth.FieldsScope(scope)
	c := plainChips(word, got)
	var limit oauth.ScopeSet
	if bound != nil {
		limit = oauth.FieldsScope(*bound)
	}
	for i, t := range got.Tokens() {
		switch {
		case i >= len(c.Scopes):
		case d.bad.Has(t) && e.Number >= d.at && d.at > 0:
			c.Scopes[i].Class = "bad"
		case bound != nil && !limit.Has(t):
			c.Scopes[i].Class = "more"
		}
	}
	if bound != nil {
		for i, t := range limit.Minus(got).Tokens() {
			if i < mostChips {
				c.Scopes = append(c.Scopes, chip{Scope: visible(string(t)), Class: "less"})
			}
		}
	}
	return c
}
