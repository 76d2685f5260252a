package loadtest

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

// RefreshStep is one way to refresh.
type RefreshStep struct {
	// Ask is the scope that is sent; nil sends none.
	Ask *oauth.ScopeSet
	// Rule is broken by a token with more than is due.
	Rule string
	// Denied is broken by a refusal or by a token with less than is due.
	Denied string
}

// Families obtains n grants for a client from a resource owner and returns a
// chain for each: every refresh presents the latest refresh token of its family
// (RFC 6749 section 6) and takes the steps in turn. What was granted is due where
// a step sends no scope, and is the most that any step may be issued. What is due
// to a step that asks for less or for more depends on what the target file
// declares (refresh_narrowing, refresh_widening); every lawful answer is right
// where it declares nothing.
func (s *Stage) Families(ctx context.Context, n int, c *Client, owner string, scope oauth.ScopeSet, steps ...RefreshStep) ([]Chain, error) {
	if !hasGrant(c, oauth.RefreshTokenGrant) {
		return nil, fmt.Errorf("%s is not registered for refresh tokens", c.Name)
	}
	if _, err := s.cast.Owner(ctx, owner); err != nil { // there before the players are made
		return nil, err
	}
	chains := make([]Chain, n)
	return chains, s.Each(ctx, "refresh tokens", n, func(ctx context.Context, p *Player, i int) error {
		t, err := p.Token(ctx, c, owner, Consent{Scope: scope, Refreshing: true})
		if err != nil {
			return err
		}
		if t.refresh() == "" {
			return fmt.Errorf("%s was given no refresh token for %s", c.Name, owner)
		}
		f := &family{token: t.refresh(), turn: i}
		for _, step := range steps {
			f.steps = append(f.steps, s.refreshing(Holder{c, owner}, t.Scope, step))
		}
		chains[i] = f
		return nil
	})
}

// family is a refresh family: one grant, and the latest refresh token of it.
type family struct {
	token string
	turn  int
	steps []preparedStep
	now   *preparedStep
	doubt bool // the server was in trouble: whether it took the token is not known

	// narrow and wide are the rules that are broken if what an earlier step asked for
	// is all that there is now, or has become a part of what there is; empty: no step
	// did so.
	narrow, wide string
}

// kept is broken where a family that asked for less is worth less from then on (RFC
// 6749 section 6).
const kept = "REF-04"

// charged is the verdict on an answer, charged to the step that brought it about.
func (f *family) charged(v Verdict) Verdict {
	step := f.now
	switch {
	case v.Class == Leak && step.more:
		f.wide = v.Rule
	case v.Class == Leak && f.wide != "":
		v.Rule = f.wide
	case v.Class == FalseRefusal && !step.less && f.narrow != "":
		v.Rule = f.narrow
	case v.kept() && step.less:
		f.narrow = kept
	}
	return v
}

// preparedStep is a step whose request lacks the refresh token only.
type preparedStep struct {
	request    Request
	judge      *grantJudge
	less, more bool // than was granted
}

// refreshing prepares a step of a family that was granted scope.
func (s *Stage) refreshing(holder Holder, granted oauth.ScopeSet, step RefreshStep) preparedStep {
	form := url.Values{"grant_type": {string(oauth.RefreshTokenGrant)}}
	g := Grant{Rule: step.Rule, Denied: step.Denied, Asked: granted, Must: granted, May: granted, Holder: holder}
	purpose, less, more := "refreshes its token", false, false
	if step.Ask != nil {
		asked := *step.Ask
		form.Set("scope", s.wire(asked).String())
		purpose += " asking for " + asked.String()
		g.Asked = asked
		switch {
		case asked.SubsetOf(granted):
			less = !asked.Equal(granted)
			s.narrowing(&g, asked)
		case s.Within(asked, granted): // what is included may be given or refused
			less = !s.Within(granted, asked)
			g.Must, g.Refusal = oauth.ScopeSet{}, RefusalIsLawful
		default:
			more = true
			s.widening(&g)
		}
	}
	r := s.TokenRequest(holder.Client, form)
	r.Purpose = purpose
	// Last, so that the token can be appended: a parameter's place means nothing.
	r.Body = append(r.Body, "&refresh_token="...)
	return preparedStep{r, s.grantJudge(g), less, more}
}

// narrowing is what may come of asking for less than was granted.
func (s *Stage) narrowing(g *Grant, asked oauth.ScopeSet) {
	g.Must = asked
	switch s.Choice(target.RefreshNarrowing) {
	case "honours":
		g.May = asked
	case "ignores":
	case "rejects":
		g.Refusal = RefusalIsDue
	default:
		g.Refusal = RefusalIsLawful
	}
}

// widening is what may come of asking for more than was granted.
func (s *Stage) widening(g *Grant) {
	g.Must = oauth.ScopeSet{}
	switch s.Choice(target.RefreshWidening) {
	case "rejects":
		g.Refusal = RefusalIsDue
	case "ignores":
		g.Must = g.May
	default:
		g.Refusal = RefusalIsLawful
	}
}

// address is where its requests go.
func (f *family) address() string { return f.steps[0].request.URL }

// Next implements [Chain].
func (f *family) Next() Request {
	f.now = &f.steps[f.turn%len(f.steps)]
	f.turn++
	r := f.now.request
	r.Body = append(r.Body[:len(r.Body):len(r.Body)], url.QueryEscape(f.token)...)
	return r
}

// Judge implements [Chain].
func (f *family) Judge(a Answer) (Verdict, bool) {
	var t tokenAnswer
	v := f.charged(f.now.judge.judge(a, &t))
	issued := t.access().kind == '"'
	if next := t.refresh().text(); next != "" {
		f.token, f.doubt = next, false
		return v, true
	}
	switch {
	case unjudgeable(a.Status):
		f.doubt = true
		return v, true
	case issued:
		f.doubt = false
	case f.doubt && v.Class == FalseRefusal:
		return Verdict{}, false // the token was used up
	}
	// Without a new one the old one goes on (RFC 6749 section 6), unless the
	// server would not take it.
	return v, v.kept() || issued
}

// Wait implements [Waiter].
func (f *family) Wait() time.Duration { return 0 }

// Unanswered implements [Waiter].
func (f *family) Unanswered() bool {
	f.doubt = true
	return true
}

// tries is how often a family is refreshed at most to see whether it can be.
const tries = 4

// Living are the families that can be refreshed while nobody else does it: a server
// may end one when the same person consents anew to the same client.
func (s *Stage) Living(ctx context.Context, chains []Chain) ([]Chain, error) {
	alive := make([]bool, len(chains))
	err := s.Each(ctx, "refresh tokens, tried once", len(chains), func(ctx context.Context, p *Player, i int) error {
		for range tries { // a refusal that is right says nothing of the family
			a, err := p.Send(ctx, chains[i].Next())
			if err != nil {
				return err
			}
			v, more := chains[i].Judge(a)
			if alive[i] = more && v.Class != FalseRefusal; !alive[i] || a.Status == http.StatusOK {
				break
			}
		}
		return nil
	})
	var left []Chain
	for i, c := range chains {
		if alive[i] {
			left = append(left, c)
		}
	}
	return left, err
}
