package steps

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/scopeproof/scopeproof/internal/actor"
	"github.com/scopeproof/scopeproof/oauth"
)

// registerExchange adds the acts of trading one access token for another, and
// the judgement of what came of it.
func registerExchange(r registrar, w *World) {
	how := exchanging().capture()
	r.Given(`^(\w+) has exchanged its( first)? token`+how+`$`, w.hasExchanged)
	r.When(`^(\w+) exchanges (its|\w+'s)( first)? token`+how+`$`, w.exchanges)
	r.Given(`^the lifetime of (\w+)'s token has passed( after it was served)?$`, w.lifetimePasses)
	r.Then(`^`+subject+` holds nothing that the exchanged token did not$`, w.holdsNoMore)
}

// trade is one exchange as a scenario words it.
type trade struct {
	request
	actor   string          // whose token shows who acts; empty: nobody's
	rewrite *oauth.ScopeSet // what the token is made to say, without a key
}

// exchanging is how a client may exchange a token.
var exchanging = phrased("exchanges", func() []manner[trade] {
	return []manner[trade]{
		{`asking for "[^"]*"`, func(t *trade, v []string) error {
			raw := oauth.RawScope(v[0])
			t.scope = &raw
			return nil
		}},
		{`for the other API`, func(t *trade, _ []string) error { t.other = true; return nil }},
		{`with \w+'s token as the actor`, func(t *trade, v []string) error { t.actor = v[0]; return nil }},
		{`rewritten to say "[^"]*"`, func(t *trade, v []string) error {
			set, err := scope(v[0])
			t.rewrite = &set
			return err
		}},
		{`5 times`, func(t *trade, _ []string) error { t.times = repetitions; return nil }},
	}
})

func (w *World) exchanges(ctx context.Context, client, whose, which, how string) error {
	t := trade{request: request{client: client}}
	if err := exchanging().apply(how, &t); err != nil {
		return err
	}
	find := w.held
	if which != "" {
		find = w.first
	}
	holder := client
	if whose != "its" {
		holder = strings.TrimSuffix(whose, "'s")
	}
	subject, err := find(ctx, holder)
	if err != nil {
		return err
	}
	return w.often(ctx, t.request, func(ctx context.Context, _ request) (*outcome, error) { return w.exchange(ctx, subject, t) })
}

// exchange trades the token of an issue.
func (w *World) exchange(ctx context.Context, subject *actor.Issue, t trade) (*outcome, error) {
	c, err := w.client(ctx, t.client)
	if err != nil {
		return nil, err
	}
	e := actor.Exchange{Subject: subject, Scope: t.scope, Other: t.other}
	if t.actor != "" {
		if e.Actor, err = w.held(ctx, t.actor); err != nil {
			return nil, err
		}
	}
	if t.rewrite != nil {
		forged, err := w.cast.Forge(ctx, subject.Response.AccessToken, actor.KeptSignature, map[string]any{"scope": w.cast.Wire(t.rewrite.Raw())})
		if err != nil {
			return nil, err
		}
		e.Params = url.Values{"subject_token": {forged[0].Reveal()}}
	}
	issue, err := c.Exchange(ctx, e)
	if err != nil {
		return nil, err
	}
	o := &outcome{client: c, owner: subject.Owner, issue: issue, asked: issue.Asked}
	w.settle(o)
	return o, nil
}

func (w *World) hasExchanged(ctx context.Context, client, which, how string) error {
	if err := w.exchanges(ctx, client, "its", which, how); err != nil {
		return err
	}
	_, err := w.issued(client)
	return err
}

// holdsNoMore compares an exchanged token with what it was made from, as that was
// good for when it was new.
func (w *World) holdsNoMore(ctx context.Context, subject string) error {
	return w.each(ctx, subject, func(o *outcome) error {
		if o.refusal() != nil {
			return nil
		}
		if o.issue.Subject == nil {
			return fmt.Errorf("%s has exchanged nothing", o.client.Name)
		}
		seen, err := w.look(ctx, o)
		if err != nil {
			return err
		}
		limit, known := w.ledger.held[o.issue.Subject]
		if !known {
			return fmt.Errorf("it was not seen what %s's token was good for before it was exchanged", o.client.Name)
		}
		return w.judgeSeen(o.issue, seen, limit)
	})
}
