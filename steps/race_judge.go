package steps

import (
	"context"
	"fmt"
	"strings"

	"github.com/scopeproof/scopeproof/internal/actor"
	"github.com/scopeproof/scopeproof/oauth"
)

// registerRaceJudge adds the judgements about what was done at once.
func registerRaceJudge(r registrar, w *World) {
	r.Then(`^at most one of them (is issued a token|leads to a code|leads to a code for what was pushed|can be refreshed afterwards)$`, w.atMostOne)
	r.Then(`^what was asked after the change was acknowledged holds none of `+what+`$`, w.afterTheChange)
	r.Then(`^what they were given yields (nothing|no scope beyond "[^"]*") afterwards$`, w.yieldsAfterwards)
	r.Then(`^each of them holds exactly what one of the answers granted$`, w.eachHoldsAnAnswer)
	r.Then(`^(\w+)'s grant from (\w+) comes to "([^"]*)" and what was said yes to, and no more$`, w.grantComesTo)
	r.Then(`^every answer is the one that the same request gets alone$`, w.sameAsAlone)
}

// atMostOne counts what can be had once.
func (w *World) atMostOne(ctx context.Context, what string) error {
	if len(w.batch) == 0 {
		return errNotTold
	}
	if what == "can be refreshed afterwards" {
		return w.atMostOneLives(ctx)
	}
	var had []string
	codes := map[oauth.Secret]bool{}
	for n, o := range w.batch {
		switch {
		case strings.HasPrefix(what, "leads to a code"):
			if o.auth == nil || o.auth.Code == "" || codes[o.auth.Code] {
				continue
			}
			codes[o.auth.Code] = true
		case o.refusal() != nil:
			continue
		}
		had = append(had, fmt.Sprintf("request %d", n+1))
	}
	client := w.batch[0].client.Name
	if len(had) > 1 && what == "leads to a code for what was pushed" { // each for what was agreed to before
		return violation("%s was given %d codes by one pushed request (%s), want at most 1", client, len(had), strings.Join(had, ", "))
	}
	if len(had) > 1 && what == "leads to a code" {
		// Whose answer it is was seen, and no text says that a page is good for one.
		return lenient("%s was given %d codes by one page (%s), want at most 1", client, len(had), strings.Join(had, ", "))
	}
	if len(had) > 1 {
		return excess("%s was issued %d tokens for one code (%s), want at most 1", client, len(had), strings.Join(had, ", "))
	}
	return w.robust()
}

// robust is that requests which lose are refused, not answered with the server's
// own trouble: a deviation, since nobody was wronged. To be asked to slow down is
// an answer.
func (w *World) robust() error {
	for n, o := range w.batch {
		if o.trouble != nil && (o.entry == nil || o.entry.Status >= 500) {
			return numbered(n, o, lenient("%s was not answered, want a refusal: %v", o.client.Name, o.trouble))
		}
	}
	return nil
}

// again refreshes what an outcome was given, by itself. Nil: it was given
// nothing to refresh with.
func (w *World) again(ctx context.Context, o *outcome) (*actor.Issue, error) {
	if o.refusal() != nil || o.issue.Response.RefreshToken == "" {
		return nil, nil
	}
	i, err := o.client.Refresh(ctx, o.issue, nil, nil)
	if err != nil {
		return nil, err
	}
	w.ledger.checked[i] = true
	return i, nil
}

// atMostOneLives counts the chains of refresh tokens that go on. A token that was
// handed out more than once is one.
func (w *World) atMostOneLives(ctx context.Context) error {
	w.act()
	tokens := map[oauth.Secret]bool{}
	var live []string
	for n, o := range w.batch {
		if o.refusal() != nil || tokens[o.issue.Response.RefreshToken] {
			continue
		}
		tokens[o.issue.Response.RefreshToken] = true
		i, err := w.again(ctx, o)
		if err != nil {
			return err
		}
		if i != nil && i.Response != nil {
			live = append(live, fmt.Sprintf("request %d", n+1))
		}
	}
	if len(live) > 1 && w.target().Description.AuthorizationServer.Refresh.Grace == 0 {
		return excess("%s can go on with %d refresh tokens from one (%s), want at most 1", w.batch[0].client.Name, len(live), strings.Join(live, ", "))
	}
	return w.robust()
}

// afterTheChange judges what began when the change had been acknowledged. What
// overlaps with it may be from before or after.
func (w *World) afterTheChange(_ context.Context, named string) error {
	none, err := w.set(named)
	if err != nil {
		return err
	}
	later := 0
	for n, o := range w.batch {
		if len(w.changes) == 0 || !o.entry.Saw(w.changes[0]) {
			continue
		}
		later++
		if o.refusal() != nil {
			continue
		}
		held := o.seen.Effective
		if o.seen.JWT != nil {
			held = held.Union(*o.seen.JWT)
		}
		if extra := w.hierarchy().Unexplained(held, none); !extra.IsEmpty() {
			return numbered(n, o, excess("%s holds %q, asked for after the change was acknowledged, want none of %q", o.client.Name, held, none))
		}
	}
	if later == 0 {
		return fmt.Errorf("nothing was asked after the change")
	}
	return w.robust()
}

// yieldsAfterwards refreshes everything that was handed out, once all is quiet.
func (w *World) yieldsAfterwards(ctx context.Context, how string) error {
	_, named, bounded := strings.Cut(how, ` "`)
	limit, err := scope(strings.TrimSuffix(named, `"`))
	if err != nil {
		return err
	}
	w.act()
	for n, o := range w.batch {
		if o.refusal() != nil {
			continue
		}
		var alive error
		if !bounded {
			alive = w.judgeEnded(ctx, o)
		}
		i, err := w.again(ctx, o)
		if err != nil {
			return err
		}
		switch refreshed := i != nil && i.Response != nil; {
		case refreshed && !bounded:
			return numbered(n, o, excess("%s can still refresh what it was given: it was issued a token for %q, want a refusal", o.client.Name, i.Means()))
		case alive != nil:
			return numbered(n, o, alive)
		case !refreshed:
			continue
		}
		seen, err := i.Observe(ctx, w.epoch)
		if err != nil {
			return err
		}
		if err := w.judgeSeen(i, seen, limit); err != nil {
			return numbered(n, o, err)
		}
	}
	return w.robust()
}

// judgeEnded wants an access token inactive where the server says that a change
// is seen at once in tokens that it answers for itself.
func (w *World) judgeEnded(ctx context.Context, o *outcome) error {
	if w.target().Capabilities["token.revocation_visible"].Value != "immediate" {
		return nil
	}
	in, err := o.issue.Introspect(ctx)
	if err == nil && in != nil && in.Active {
		ends := violation
		if w.ownRevocation { // access tokens SHOULD end with their refresh token (RFC 7009 section 2.1)
			ends = lenient
		}
		return ends("%s's token from the race is still active with %q, want it ended", o.client.Name, in.Scope.Set)
	}
	return nil // who may not introspect sees nothing
}

// eachHoldsAnAnswer wants each token to be what one of the answers granted, and
// no mixture of several.
func (w *World) eachHoldsAnAnswer(_ context.Context) error {
	if len(w.batch) == 0 {
		return errNotTold
	}
	for n, o := range w.batch {
		if o.refusal() != nil {
			continue
		}
		held := w.plain(o.seen.Effective, oauth.ScopeSet{})
		fits := false
		for _, other := range w.batch {
			d := other.auth
			fits = fits || d != nil && !d.Decision.Deny && w.hierarchy().Alike(held, w.plain(d.Decision.Grants(d.Asked), oauth.ScopeSet{}))
		}
		if !fits {
			return numbered(n, o, excess("%s holds %q, which none of the answers granted", o.client.Name, held))
		}
	}
	return w.robust()
}

// grantComesTo asks for the union of what is granted, and compares it with what
// there was and what was agreed to since.
func (w *World) grantComesTo(ctx context.Context, client, owner, before string) error {
	had, err := scope(before)
	if err != nil {
		return err
	}
	want, never := had, oauth.ScopeSet{}
	for _, o := range w.batch {
		switch {
		case o.auth == nil:
		case o.auth.Decision.Deny:
			never = never.Union(o.asked)
		case o.auth.Code != "":
			want = want.Union(o.asked)
		}
	}
	never = never.Minus(want)
	raw := oauth.RawScope(had.String())
	o, err := w.ask(ctx, request{client: client, owner: owner, scope: &raw, union: true})
	if err != nil {
		return err
	}
	issue, err := o.issued()
	if err != nil {
		return err
	}
	w.ledger.checked[issue] = true
	seen, err := issue.Observe(ctx, w.epoch)
	if err != nil {
		return err
	}
	held := w.plain(seen.Effective, want)
	if extra := w.beyond(held, want); !extra.IsEmpty() {
		return excess("%s's grant comes to %q, want at most %q: %q was not said yes to (refused: %q)", client, held, want, extra, never)
	}
	if missing := want.Minus(seen.Covers); !missing.IsEmpty() {
		return violation("%s's grant comes to %q, want %q: %q was said yes to and is lost", client, held, want, missing)
	}
	return w.robust()
}

// sameAsAlone compares what requests got at once with what each got alone.
func (w *World) sameAsAlone(_ context.Context) error {
	if len(w.alone) == 0 {
		return errNotTold
	}
	differs := w.alone[0].alone.Owner.Name + "'s calendar answers differently among others:"
	for _, t := range w.alone {
		if t.entry.Err != nil {
			continue
		}
		got := t.entry.Attempt
		got.Filtered = t.alone.Filtered && w.shows(got, "") == nil
		switch {
		case got.Served() && !t.alone.Served():
			return excess("%s %s %s is served to %s: got %d, alone %d", differs, t.op.Method, t.op.Path, t.who, got.Status, t.alone.Status)
		case !got.Served() && t.alone.Served():
			return violation("%s %s %s is refused to %s: got %d, alone %d", differs, t.op.Method, t.op.Path, t.who, got.Status, t.alone.Status)
		}
	}
	for _, t := range w.alone {
		if t.entry.Err != nil && t.entry.Status >= 500 {
			return lenient("%s %s %s is answered to %s with %d, alone with %d", differs, t.op.Method, t.op.Path, t.who, t.entry.Status, t.alone.Status)
		}
		if t.entry.Err != nil {
			return t.entry.Err
		}
	}
	return nil
}
