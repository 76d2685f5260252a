package actor

import (
	"context"
	"errors"

	"github.com/scopeproof/scopeproof/internal/useragent"
	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

// observeConsent finds what the consent page lets a resource owner choose.
func (s *Stage) observeConsent(ctx context.Context, cast *Cast, a *Authorization, err error) {
	const observed = "observed"
	if err == nil && a.WasAsked() {
		if why := undeniable(a.Arrival.ConsentPages[0]); why != "" {
			s.facts.yes("consent.deny", false, "observed: "+why)
		}
	}
	switch {
	case err != nil:
		s.facts.consentUI(target.Unknown, "not observed: "+cast.Recorder.Redact(err.Error()))
	case a.WasAsked() && a.Arrival.ConsentPages[0].Boxes:
		s.facts.consentUI("granular", observed)
	case a.WasAsked():
		s.facts.consentUI("all_or_nothing", observed)
	case a.Code != "":
		s.facts.consentUI("none", "observed: Ada "+s.unasked(ctx))
	default:
		s.facts.consentUI(target.Unknown, "not observed: neither a consent page nor a code was seen")
	}
}

// unasked is what became of asking Ada who was shown no page. A client may insist on one
// (OpenID Connect Core section 3.1.2.1), and then there is a page that others are spared.
func (s *Stage) unasked(ctx context.Context) string {
	if s.can("as.oidc.prompt") {
		scope := oauth.RawScope("openid read:appointments")
		a, _, err := s.NewCast().obtain(ctx, "Planner", "Ada", Request{Scope: &scope, Prompt: "consent"})
		if err == nil && a.WasAsked() {
			return "is asked for her consent by no client but one that insists on it"
		}
	}
	return "was shown no page that asks for her consent"
}

// observeAfterwards finds out whether a request needs more of the resource owner than
// an answer to the first page of consent, whether that answer signs in as well, which
// makes it good wherever it comes from, and whether it is a form.
func (s *Stage) observeAfterwards(a *Authorization) {
	if a == nil || a.Arrival == nil {
		return
	}
	if a.Arrival.Afterwards > 0 {
		s.facts.yes("consent.final", false, "observed: another page comes after the first one of consent")
	}
	if !a.WasAsked() {
		return
	}
	if a.Arrival.ConsentPages[0].SignsIn {
		s.facts.yes("consent.signed_in", false, "observed: the page of consent asks for the password as well")
	}
	if s.Target.Description.Login.Driver == "browser" && a.Arrival.ConsentPages[0].Submission == nil {
		s.facts.set("consent.driver", "script", "observed: a script tells the decision, and no form does")
		s.facts.yes("consent.driver.adds", false, "observed: a script tells the decision, and no form does")
	}
}

// undeniable is why a page that was shown cannot be answered with no; empty: it can.
func undeniable(page target.ConsentPage) string {
	if page.Answer == nil {
		return ""
	}
	_, err := page.Answer(oauth.ConsentDecision{Deny: true})
	var unknown *useragent.PageError
	switch {
	case err == nil:
		return ""
	case errors.As(err, &unknown) && unknown.Alike:
		return "the button that denies sends what the one that allows does, and a script tells them apart; " +
			"login.driver browser runs it, or login.form.consent.deny says which hidden field it changes"
	}
	return "no button of the page denies; login.form.consent.deny says which does"
}

// observeBoxes takes the choice away again, whatever is declared, where a box that
// is deselected denies the whole request, as it may (RFC 6749 section 4.1.2.1).
func (s *Stage) observeBoxes(ctx context.Context) {
	driven := s.Target.Capabilities["consent.driver"].Value != "none" && s.Target.UserAgent == nil && s.Target.Description.Login.Driver != "hydra_admin"
	if s.Target.Capabilities["consent.ui"].Value != "granular" || !driven {
		return
	}
	ctx, cancel := s.within(ctx)
	defer cancel()
	if came, _ := s.leavesOut(ctx, "read:appointments write:appointments", "read:appointments"); came == denied {
		const source = "observed: a box that is deselected denies the whole request"
		s.facts.consentUI("all_or_nothing", source)
		s.facts.found["consent.ui"] = target.Finding{Value: "all_or_nothing", Source: source}
	}
}

// What came of deselecting a scope.
type deselection string

const (
	unplayed  deselection = ""        // there is no page, or no such box on it
	denied    deselection = "denied"  // the whole request was refused
	goesOnYet deselection = "goes on" // the request was approved
)

// leavesOut asks for a scope and deselects everything but kept. The error is one
// after which it may go otherwise.
func (s *Stage) leavesOut(ctx context.Context, asked, kept oauth.RawScope) (deselection, error) {
	only, all := oauth.FieldsScope(string(kept)), oauth.FieldsScope(string(asked))
	r := Request{Scope: &asked, Decision: &oauth.ConsentDecision{Only: &only}}
	if !s.can("fx.clients.fresh") && s.can("as.oidc.prompt") {
		r.Prompt = "consent"
	}
	cast := s.NewCast()
	a, _, err := cast.obtain(ctx, "Planner", "Ada", r)
	if passing(err) {
		return unplayed, errors.New(cast.Recorder.Redact(err.Error()))
	}
	if err != nil || !a.WasAsked() {
		return unplayed, nil
	}
	page := a.Arrival.ConsentPages[0]
	choice := a.Client.cast.canonical(page.Scopes.Minus(page.Fixed))
	switch {
	case !page.Boxes || !all.Minus(only).SubsetOf(choice):
		return unplayed, nil
	case a.Refused != nil && a.Refused.Code == oauth.AccessDenied:
		return denied, nil
	case a.Code != "":
		return goesOnYet, nil
	}
	return unplayed, nil
}

// observeMemory finds, by asking twice for the same, whether consent is remembered
// and whether who has signed in stays so; and by deselecting openid, whether that
// can be done.
func (s *Stage) observeMemory(ctx context.Context) error {
	const openID, memory = target.Capability("consent.openid_deselectable"), target.Capability("consent.remembered")
	undeclared := func(name target.Capability) bool { return s.Target.Capabilities[name].Source != "declared" }
	page, driver := s.Target.Capabilities["consent.ui"], s.Target.Capabilities["consent.driver"].Value
	ui := page.Value
	if !s.can("as.code") || driver == "none" {
		return nil
	}
	if ui == target.Unknown {
		s.facts.set(memory, ui, page.Source)
		if s.can("as.oidc") {
			s.facts.set(openID, ui, page.Source)
		}
		return nil
	}
	whole := ctx
	ctx, cancel := s.within(ctx)
	defer cancel()
	if undeclared(openID) && ui == "granular" && s.can("as.oidc") {
		switch came, err := s.leavesOut(ctx, "openid read:appointments", "read:appointments"); {
		case err != nil:
			s.facts.set(openID, target.Unknown, "not observed: "+err.Error())
		case came == goesOnYet:
			s.facts.yes(openID, true, "observed")
		}
	}
	if !undeclared(memory) && !undeclared("as.oidc.silent") {
		return whole.Err()
	}
	cast := s.NewCast()
	scope := oauth.RawScope("read:appointments")
	if s.can("as.oidc") {
		scope = "openid read:appointments"
	}
	again, err := cast.twice(ctx, scope)
	switch {
	case whole.Err() != nil:
		return whole.Err()
	case err != nil:
		s.facts.set(memory, target.Unknown, "not observed: "+cast.Recorder.Redact(err.Error()))
	case again == nil || again.Code == "":
		s.facts.yes(memory, false, "not observed: a request for what was agreed to was refused")
	default:
		source := "observed"
		if page.Doubtful() { // for want of a page there is nothing to remember
			source = page.Source
		}
		s.facts.yes(memory, ui != "none" && !again.WasAsked(), source)
		if again.WasAsked() {
			s.facts.yes("fx.clients.fresh", true, "observed: consent is asked for each time")
		}
		if again.Arrival.LoginPages > 0 {
			s.facts.yes("as.oidc.silent", false, "observed: the resource owner has to sign in each time")
		}
	}
	return nil
}

// twice asks Ada for the same twice, and returns the second time; nil: the first
// time was refused.
func (c *Cast) twice(ctx context.Context, scope oauth.RawScope) (*Authorization, error) {
	a, _, err := c.obtain(ctx, "Planner", "Ada", Request{Scope: &scope})
	if err != nil || a.Code == "" {
		return nil, err
	}
	a, _, err = c.obtain(ctx, "Planner", "Ada", Request{Scope: &scope})
	return a, err
}
