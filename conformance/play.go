package conformance

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cucumber/godog"

	"github.com/scopeproof/scopeproof/internal/actor"
	"github.com/scopeproof/scopeproof/steps"
)

// leastRounds are played of a scenario with rounds however long they take.
const leastRounds = 3

// play plays one scenario, or each case of an outline, as many rounds as it has
// and none after one that does not hold, and adds what came of the last to the
// verdict.
func (r *run) play(ctx context.Context, rule *Rule, s Scenario, set int, v *Verdict) {
	if ctx.Err() != nil {
		v.Scenarios = append(v.Scenarios, ScenarioResult{Name: s.Name, Line: s.Line, Outcome: Inconclusive, Message: "the run was interrupted"})
		return
	}
	rounds := max(s.Rounds, 1)
	switch r.target.Description.Login.Driver {
	case "manual":
		rounds = 1 // nobody signs in thirty times over
	case "browser":
		rounds = min(rounds, leastRounds) // each page takes it a second, and several tabs more
	}
	if r.options.Rounds > 0 {
		rounds = min(rounds, r.options.Rounds)
	}
	var last []ScenarioResult
	started := time.Now()
	for round := 1; round <= rounds; round++ {
		p := &player{run: r, rule: rule, scenario: s, round: round, set: set}
		p.play(ctx)
		for i := range p.results {
			if i < len(last) {
				p.results[i].DurationMS += last[i].DurationMS
			}
			if s.Rounds > 0 {
				p.results[i].Note = note(p.results[i], round, rounds, p.workers)
			}
		}
		last = p.results
		if within := r.options.RoundsWithin; round >= leastRounds && within > 0 && time.Since(started) > within {
			break
		}
		if slices.ContainsFunc(last, func(s ScenarioResult) bool { return s.Outcome != Conforms }) {
			break
		}
	}
	v.Scenarios = append(v.Scenarios, last...)
}

// note says how far the outcome of a scenario with rounds goes: races that were
// not seen are not excluded.
func note(res ScenarioResult, round, rounds, workers int) string {
	if res.Outcome == Conforms {
		return fmt.Sprintf("not refuted in %d rounds x %d workers", round, workers)
	}
	return fmt.Sprintf("seen in round %d of %d, with %d workers", round, rounds, workers)
}

// replays is how often a case is played anew, of which the server put off some of what
// was sent at once: such requests are never made again one by one.
const replays = 3

// play plays each case of the scenario once, with a world of its own.
func (p *player) play(ctx context.Context) {
	for _, c := range p.scenario.plays {
		res, cut := p.one(ctx, c)
		for again := 0; cut && again < replays && ctx.Err() == nil; again++ {
			res, cut = p.one(ctx, c)
		}
		p.results = append(p.results, res)
	}
}

// player plays one scenario.
type player struct {
	run      *run
	rule     *Rule
	scenario Scenario
	round    int // from 1
	set      int // of static clients, from 1
	results  []ScenarioResult
	workers  int    // most requests that were made at once
	script   script // of the case under way
}

// one plays one case, to its end or to the first step that does not hold. Cut is that a
// limit of the rate came in between of what was sent at once.
func (p *player) one(ctx context.Context, c *godog.Scenario) (res ScenarioResult, cut bool) {
	w := steps.New(p.run.stage, p.set, p.refreshing())
	w.InRound(p.round - 1)
	started := time.Now()
	p.script = newScript(c.Steps)
	limit := p.run.options.Timeout
	ctx, cancel := p.run.stage.Within(ctx, limit, fmt.Errorf("the scenario took longer than %v", limit))
	defer cancel()
	held, failing := 0, ""
	var err error
	for _, step := range c.Steps {
		p.script.reach(w.Recorder().Len())
		if err = w.Play(ctx, step); err != nil {
			failing = step.Text
			break
		}
		held++
	}
	if err == nil {
		err = w.Trouble()
	}
	res = p.result(c.Name, w, err)
	p.workers = max(p.workers, w.Workers())
	if res.Outcome != Conforms {
		res.Step = failing
	}
	if res.Outcome != Conforms || p.run.options.Steps || p.run.options.Trace {
		res.Steps, res.StepsHeld = p.script.sentences, held
	}
	p.restore(ctx, w, &res)
	res.DurationMS = time.Since(started).Milliseconds()
	return res, actor.CutShort(err)
}

// restore puts right what is shared, also when the scenario ran out of time.
func (p *player) restore(ctx context.Context, w *steps.World, res *ScenarioResult) {
	const limit = 10 * time.Second
	ctx, stop := actor.Patiently(context.WithoutCancel(ctx), limit, fmt.Errorf("it took longer than %v", limit))
	defer stop()
	err := w.Restore(ctx)
	if err == nil {
		return
	}
	if res.Outcome != Violates {
		res.Outcome = Inconclusive
	}
	res.Message = strings.TrimPrefix(res.Message+"; ", "; ") + w.Recorder().Redact(fmt.Sprintf("the target is put right: %v", err))
}

// refreshing says that a rule, or this scenario of it, is about refresh tokens in general, so that what a
// target asks for them is part of the set-up. Rules about offline_access name it
// themselves.
func (p *player) refreshing() bool { return refreshing(p.rule, p.scenario) }

func refreshing(rule *Rule, s Scenario) bool {
	needs := func(name string) bool {
		has := func(n Need) bool { return n.Text == name }
		return slices.ContainsFunc(rule.Needs, has) || slices.ContainsFunc(s.Needs, has)
	}
	return needs("as.refresh") && !needs("as.oidc.offline")
}

// level is how strongly the sources speak of what the scenario shows.
func (p *player) level() Level {
	if p.scenario.Level != "" {
		return p.scenario.Level
	}
	return p.rule.Level
}

// result is what an error, or none, means for a scenario of this rule.
func (p *player) result(name string, w *steps.World, err error) ScenarioResult {
	res := ScenarioResult{Name: name, Line: p.scenario.Line, Outcome: Conforms, played: len(p.results)}
	var broken *steps.Violation
	var lacking *actor.Lacking
	switch {
	case err == nil:
	case errors.As(err, &broken) && p.scenario.Control:
		res.Outcome, res.Message = Inconclusive, "the control failed: "+broken.Message
	case errors.As(err, &broken) && (broken.Lenient || p.level() == Should && !broken.Excess):
		res.Outcome, res.Message = Deviates, broken.Message
	case errors.As(err, &broken):
		res.Outcome, res.Message = Violates, broken.Message
	case errors.As(err, &lacking):
		res.Outcome, res.Message = NotApplicable, lacking.Error()
	case errors.Is(err, godog.ErrUndefined):
		res.Outcome, res.Message = Inconclusive, "a step is not defined, or not as a Given, When or Then"
	default:
		res.Outcome, res.Message = Inconclusive, err.Error()
	}
	res.Message = shorten(w.Recorder().Redact(res.Message))
	breaches := w.Breaches()
	if res.Outcome != Conforms || len(breaches) > 0 || p.run.options.Trace {
		res.Exchanges, res.Steps = w.Recorder().Exchanges(), p.script.sentences
		p.script.assign(res.Exchanges)
	}
	tokens := w.Tokens()
	p.run.mu.Lock()
	defer p.run.mu.Unlock()
	p.run.keep(w, res)
	p.run.usage.add(p.run.stage.Target, tokens)
	p.run.protocol = w.ProtocolScopes()
	for _, b := range breaches {
		c := charge{rule: b.Rule, ScenarioResult: res}
		c.Outcome, c.Message, c.ChargedFrom = Violates, shorten(w.Recorder().Redact(b.Message)), p.rule.ID
		p.run.charges = append(p.run.charges, c)
	}
	if res.Outcome == Conforms && !p.run.options.Trace {
		res.Exchanges, res.Steps = nil, nil
	}
	return res
}

// maxMessage bounds the message of a scenario in bytes: some of it may be what a
// server said.
const maxMessage = 4 << 10

func shorten(message string) string {
	if message = strings.ToValidUTF8(message, "\uFFFD"); len(message) > maxMessage {
		message = strings.ToValidUTF8(message[:maxMessage], "") + "…"
	}
	return message
}
