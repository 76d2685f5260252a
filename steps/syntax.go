package steps

import (
	"context"
	"fmt"
	"strings"

	"github.com/scopeproof/scopeproof/internal/actor"
	"github.com/scopeproof/scopeproof/oauth"
)

// registerSyntax adds the judgements about how scopes are written.
func registerSyntax(r registrar, w *World) {
	r.Then(`^every scope that is named to (\w+) is (well written|one string)$`, w.scopesAreWritten)
	r.Then(`^`+subject+` is told no scope twice$`, w.isToldNoScopeTwice)
	r.Then(`^`+subject+` does not hold all of "([^"]*)"$`, w.holdsNotAll)
	r.Then(`^(\w+) holds no scope that (\w+) was not shown$`, w.holdsNothingUnseen)
	r.Then(`^(they all|every way) ends? alike$`, w.endAlike)
}

// mention is a scope member in something that the server said.
type mention struct {
	where  string
	member oauth.ScopeMember
}

// mentions are the scope members in what is known of a token.
func mentions(i *actor.Issue, seen *actor.Observation) []mention {
	all := []mention{{"the response to " + i.Client.Name, i.Told}}
	if seen.Claims["scope"] != nil {
		all = append(all, mention{"the claim of " + i.Client.Name + "'s token", oauth.ParseScopeMember(seen.Claims["scope"])})
	}
	if in := seen.Introspected; in != nil && in.Active {
		all = append(all, mention{"introspection of " + i.Client.Name + "'s token", in.Scope})
	}
	return all
}

// wellWritten is what RFC 6749 section 3.3 says of a scope; where it is no string,
// nothing is said of how that is written.
func (m mention) wellWritten() error {
	if !m.member.Present || m.member.Odd {
		return nil
	}
	if _, err := oauth.ParseScope(m.member.Text); err != nil {
		return violation("%s names the scope %q: %v", m.where, m.member.Text, err)
	}
	if m.member.Text == "" {
		return lenient("%s names an empty scope, want at least one, or none named", m.where)
	}
	return nil
}

func (m mention) oneString() error {
	if m.member.Odd {
		return violation("%s names the scope %s, want one string", m.where, m.member.Text)
	}
	return nil
}

func (w *World) scopesAreWritten(ctx context.Context, client, how string) error {
	o, err := w.outcomeOf(client)
	if err != nil || o.refusal() != nil {
		return err
	}
	seen, err := w.look(ctx, o)
	if err != nil {
		return err
	}
	all := mentions(o.issue, seen)
	if o.auth != nil {
		all = append(all, mention{"the redirect to " + client, o.auth.Scope})
	}
	all = append(all, mention{"the registration of " + client, o.client.Registered})
	for _, m := range all {
		judge := m.wellWritten
		if how == "one string" {
			judge = m.oneString
		}
		if err := judge(); err != nil {
			return err
		}
	}
	return nil
}

// checkWriting charges what is written wrongly to the rules about syntax.
func (w *World) checkWriting(i *actor.Issue, seen *actor.Observation) {
	for _, m := range mentions(i, seen) {
		if err := m.wellWritten(); err != nil && m.member.Text != "" {
			w.breach("INV-9", "%v", err)
		}
		if err := m.oneString(); err != nil {
			w.breach("INV-10", "%v", err)
		}
	}
}

// isToldNoScopeTwice is about what is only untidy: a set has no doubles.
func (w *World) isToldNoScopeTwice(ctx context.Context, subject string) error {
	return w.each(ctx, subject, func(o *outcome) error {
		if o.refusal() != nil || o.issue.Told.Odd {
			return nil
		}
		seen := map[string]bool{}
		for _, token := range strings.Fields(o.issue.Told.Text) {
			if seen[token] {
				return lenient("%s was told %q, which names %q twice", o.client.Name, o.issue.Told.Text, token)
			}
			seen[token] = true
		}
		return nil
	})
}

func (w *World) holdsNotAll(ctx context.Context, subject, named string) error {
	set, err := scope(named)
	if err != nil {
		return err
	}
	return w.each(ctx, subject, func(o *outcome) error {
		if o.refusal() != nil {
			return nil
		}
		seen, err := w.look(ctx, o)
		if err != nil {
			return err
		}
		if set.SubsetOf(seen.Effective) && w.hierarchy().Below(set).Intersect(set).IsEmpty() {
			return excess("%s holds %q, want not all of %q", o.client.Name, seen.Effective, set)
		}
		return nil
	})
}

// holdsNothingUnseen compares a token with the pages that led to it.
func (w *World) holdsNothingUnseen(ctx context.Context, client, owner string) error {
	o, err := w.outcomeOf(client)
	if err != nil || o.refusal() != nil {
		return err
	}
	if o.auth == nil || o.auth.Owner.Name != owner {
		return fmt.Errorf("%s did not ask %s", client, owner)
	}
	shown, lists := o.auth.Shown()
	if !lists {
		return nil // there was no page, or none that shows a list
	}
	seen, err := w.look(ctx, o)
	if err != nil {
		return err
	}
	as := w.target().Description.AuthorizationServer
	shown = shown.Union(w.implied()).Union(oauth.FieldsScope(as.AlwaysGranted))
	if unseen := w.beyond(seen.Effective, shown); !unseen.IsEmpty() {
		return excess("%s holds %q and %s was shown %q: %q was granted unseen", client, seen.Effective, owner, shown, unseen)
	}
	return nil
}

// endAlike compares what came of the requests of a batch: of those that went the
// same way, or of all of them.
func (w *World) endAlike(ctx context.Context, which string) error {
	if len(w.batch) < 2 {
		return fmt.Errorf("got %d requests, want some to compare", len(w.batch))
	}
	first := map[string]*outcome{}
	for n, o := range w.batch {
		end, err := w.end(ctx, o)
		if err != nil {
			return err
		}
		way := o.how
		if which == "every way" {
			way = ""
		}
		if first[way] == nil {
			first[way] = o
		}
		before, err := w.end(ctx, first[way])
		if err != nil {
			return err
		}
		if before != end {
			differ := violation
			if o.refusal() != nil && first[way].refusal() != nil { // by other names, and alike all the same
				differ = lenient
			}
			return numbered(n, o, differ("%s %s, want the same as before: %s", o.client.Name, end, before))
		}
	}
	return nil
}

// end is what came of a request, in words.
func (w *World) end(ctx context.Context, o *outcome) (string, error) {
	if r := o.refusal(); r != nil {
		return fmt.Sprintf("was refused with %q", r.Code), nil
	}
	seen, err := w.look(ctx, o)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("holds %q", seen.Effective), nil
}
