package conformance

import "github.com/scopeproof/scopeproof/steps"

// Secrets are the secrets of one scenario, by the digest that stands for each in
// its exchanges. They are for whoever holds a target after a run, and belong in
// no report.
type Secrets map[string]string

// hold gives away the secrets of a scenario that did not conform, if anybody
// asked for them.
func (p *player) hold(w *steps.World, res ScenarioResult) {
	if p.run.options.Hold == nil || res.Outcome == Conforms {
		return
	}
	p.run.options.Hold(w.Recorder().Secrets())
}
