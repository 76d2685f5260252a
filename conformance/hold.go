package conformance

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/scopeproof/scopeproof/internal/actor"
	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/steps"
)

// Secrets are the secrets of exchanges, by the digest that stands for each in
// them. They are for whoever holds a target after a run, and belong in no report.
type Secrets map[string]string

// Held is a target that is still up after its run, for whoever repeats by hand
// what did not hold. It is not safe for use by several goroutines.
type Held struct {
	run    *run
	report *Report
	put    func(context.Context) error // puts right what was shared by the last that was played anew
}

// hold hands the target out while it is up.
func (r *run) hold(ctx context.Context, rep *Report) error {
	h := &Held{run: r, report: rep, put: func(context.Context) error { return nil }}
	err := r.options.Hold(ctx, rep, h)
	last, stop := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer stop()
	return errors.Join(err, h.put(last))
}

// keep remembers the secrets of a scenario whose exchanges are kept, if the target
// will be held. The run is locked.
func (r *run) keep(w *steps.World, res ScenarioResult) {
	if r.options.Hold == nil || len(res.Exchanges) == 0 {
		return
	}
	if r.secrets == nil {
		r.secrets = Secrets{}
	}
	maps.Copy(r.secrets, w.Recorder().Secrets())
}

// Secrets are those of every exchange in the report.
func (h *Held) Secrets() Secrets { return h.run.secrets }

// Again plays a scenario anew until it would send one of its requests, and returns
// that request as it stands, not sent, with its secrets: what is good for once is
// still good. Rule and scenario are as the report has them, the latter counted
// from 1 like the exchange. What the scenario changed for others stays changed
// until the next call. An error says why there is no such request this time.
func (h *Held) Again(ctx context.Context, rule string, scenario, exchange int) (oauth.Exchange, Secrets, error) {
	a, err := h.find(rule, scenario, exchange)
	if err != nil {
		return oauth.Exchange{}, nil, err
	}
	err = h.put(ctx)
	h.put = func(context.Context) error { return nil }
	if err != nil {
		return oauth.Exchange{}, nil, fmt.Errorf("the target is put right: %w", err)
	}
	a.play(ctx)
	if a.world == nil {
		return oauth.Exchange{}, nil, errors.New("the scenario was not played to that request")
	}
	h.put = func(ctx context.Context) error {
		a.world.Recorder().Resume()
		return a.world.Restore(ctx)
	}
	e, stopped := a.world.Recorder().Stopped()
	switch {
	case stopped:
		return e, a.world.Recorder().Secrets(), nil
	case a.err != nil:
		return e, nil, fmt.Errorf("the scenario ended before that request: %s", a.world.Recorder().Redact(a.err.Error()))
	}
	return e, nil, errors.New("the scenario went another way this time, and never sent that request")
}

// find is the play that an exchange of the report was seen in.
func (h *Held) find(rule string, scenario, exchange int) (*again, error) {
	at := slices.IndexFunc(h.report.Rules, func(v Verdict) bool { return v.ID == rule })
	if at < 0 {
		return nil, fmt.Errorf("the report has no rule %s", rule)
	}
	played := h.report.Rules[at].Scenarios
	if scenario < 1 || scenario > len(played) {
		return nil, fmt.Errorf("%s has no scenario %d in the report", rule, scenario)
	}
	res := played[scenario-1]
	if !slices.ContainsFunc(res.Exchanges, func(e oauth.Exchange) bool { return e.Number == exchange }) {
		return nil, fmt.Errorf("%s.%d has no exchange %d in the report", rule, scenario, exchange)
	}
	if res.ChargedFrom != "" {
		rule = res.ChargedFrom
	}
	a := &again{run: h.run, rule: h.run.catalogue.Find(rule), nth: res.played, stop: actor.StopOf(res.Exchanges, exchange)}
	for _, s := range a.rule.Scenarios {
		if s.Line == res.Line {
			a.scenario = s
			return a, nil
		}
	}
	return nil, fmt.Errorf("%s has no scenario in line %d", rule, res.Line)
}

// again is one more play of a case of a scenario, up to a request.
type again struct {
	run      *run
	rule     *Rule
	scenario Scenario
	nth      int // case, from 0
	stop     actor.Stop

	world *steps.World
	err   error
}

func (a *again) play(ctx context.Context) {
	if a.nth >= len(a.scenario.plays) {
		return
	}
	limit := a.run.options.Timeout
	ctx, cancel := a.run.stage.Within(ctx, limit, fmt.Errorf("the scenario took longer than %v", limit))
	defer cancel()
	a.world = steps.New(a.run.stage, 1, refreshing(a.rule, a.scenario))
	a.world.Recorder().StopAt(a.stop, cancel)
	for _, step := range a.scenario.plays[a.nth].Steps {
		if a.err = a.world.Play(ctx, step); a.err != nil {
			return
		}
	}
}
