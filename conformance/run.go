package conformance

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/scopeproof/scopeproof/internal/actor"
	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

// run is one run of rules against a target.
type run struct {
	options   Options
	catalogue *Catalogue
	selected  []*Rule
	target    *target.Target
	stage     *actor.Stage
	started   time.Time
	clock     stopwatch
	phases    Phases
	closed    bool

	alone sync.RWMutex // held for writing by scenarios of exclusive rules
	sets  chan int     // of static clients that no rule is being judged with

	mu       sync.Mutex
	verdicts map[string]*Verdict
	charges  []charge
	usage    usage
	protocol oauth.ScopeSet
	done     int
	secrets  Secrets // of scenarios whose exchanges are kept, where the target is held
}

// charge is a breach of an invariant, for the rule that owns it.
type charge struct {
	rule string
	ScenarioResult
}

// Run brings a target up, judges the selected rules, and takes it down again.
// The error is a [*UsageError], an error of the target file, or one of bringing
// the target up; what a rule came to is never an error. When ctx ends, what was
// judged so far is in the report and the rest is inconclusive.
func Run(ctx context.Context, src target.Source, opts ...Option) (rep *Report, err error) {
	r, err := open(ctx, src, opts)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.close()) }() // also where something panics
	r.all(ctx)
	return r.finish(ctx)
}

// open resolves everything that must be known before the first rule.
func open(ctx context.Context, src target.Source, opts []Option) (*run, error) {
	r := &run{started: time.Now(), verdicts: map[string]*Verdict{}}
	for _, o := range opts {
		o(&r.options)
	}
	r.defaults()
	var err error
	if r.catalogue = r.options.Catalogue; r.catalogue == nil {
		if r.catalogue, err = Load(r.options.Features...); err != nil {
			return nil, &UsageError{Text: err.Error()}
		}
	}
	if r.selected, err = r.catalogue.Select(r.options.Rules, r.options.Skip); err != nil {
		return nil, err
	}
	if err := r.catalogue.knows(r.options.Expect); err != nil {
		return nil, err
	}
	r.clock.at = time.Now()
	if r.target, err = src.Open(ctx); err != nil {
		return nil, err
	}
	r.lendSets()
	r.clock.lap(&r.phases.UpMS)
	if r.stage, err = actor.NewStage(ctx, r.target); err != nil {
		return nil, errors.Join(err, r.target.Close())
	}
	r.stage.Timeout, r.stage.RequestTimeout = r.options.Timeout, r.options.RequestTimeout
	r.stage.ObeyLimits(r.options.Patience)
	if n := r.target.Description.Parallel; n > 0 {
		r.stage.TakeTurns(n)
	}
	if r.target.Description.Login.Driver != "manual" { // one person does one thing at a time
		r.stage.AtOnce = r.parallel()
	}
	if err := r.stage.Learn(ctx); err != nil {
		return nil, errors.Join(err, r.target.Close())
	}
	if r.options.Narrow != nil {
		found, err := r.stage.Findings()
		if err != nil {
			return nil, errors.Join(err, r.target.Close())
		}
		r.selected = r.options.Narrow(found, r.selected)
	}
	r.clock.lap(&r.phases.LearnMS)
	return r, nil
}

func (r *run) defaults() {
	o := &r.options
	if o.Parallel <= 0 {
		o.Parallel = 2 * runtime.GOMAXPROCS(0)
	}
	if o.Timeout <= 0 {
		o.Timeout = time.Minute
	}
	if o.RoundsWithin == 0 {
		o.RoundsWithin = 2 * time.Second
	}
	if o.RequestTimeout <= 0 {
		o.RequestTimeout = target.RequestTimeout
	}
	if o.Seed == 0 {
		o.Seed = time.Now().UnixNano() & (1<<53 - 1) // exact in a JSON number
	}
	if o.Version == "" {
		o.Version = "devel"
	}
}

// close takes the target down, once.
func (r *run) close() error {
	if r.closed {
		return nil
	}
	r.closed = true
	if err := r.target.Close(); err != nil {
		return fmt.Errorf("the target is closed: %w", err)
	}
	return nil
}

// all judges every selected rule, several at once, in the order of the seed.
func (r *run) all(ctx context.Context) {
	order := slices.Clone(r.selected)
	rng := rand.New(rand.NewPCG(uint64(r.options.Seed), 0))
	rng.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	// Rules that need the target alone come last, so that they hold up nobody.
	slices.SortStableFunc(order, func(a, b *Rule) int { return boolInt(r.exclusive(a)) - boolInt(r.exclusive(b)) })
	var group errgroup.Group
	group.SetLimit(r.parallel())
	for _, rule := range order {
		group.Go(func() error {
			r.judge(ctx, rule)
			return nil
		})
	}
	_ = group.Wait() // judging has no errors
}

// parallel is how many rules are judged at once.
func (r *run) parallel() int {
	if clients := r.target.Description.Clients; clients.Register.Static {
		return min(r.options.Parallel, max(clients.Sets, 1)) // scenarios that share clients share what is remembered of them
	}
	return r.options.Parallel
}

// lendSets makes the sets of static clients that rules are judged with, one each.
func (r *run) lendSets() {
	r.sets = make(chan int, r.parallel())
	for set := range cap(r.sets) {
		r.sets <- set + 1
	}
}

// exclusive says that a rule changes something that all others see: the clock,
// the network, the catalogue of scopes,
// the role of a user or the scopes of a client that were there before.
func (r *run) exclusive(rule *Rule) bool {
	d := r.target.Description
	shared := []string{"ctl.clock", "ctl.net", "ctl.scope_admin"}
	if d.Control.CreateUser == nil {
		shared = append(shared, "ctl.role_admin")
	}
	if d.Clients.Register.Static {
		shared = append(shared, "ctl.client_admin")
	}
	needs := slices.Clone(rule.Needs)
	for _, s := range rule.Scenarios {
		needs = append(needs, s.Needs...)
	}
	return slices.ContainsFunc(needs, func(n Need) bool {
		return slices.ContainsFunc(shared, func(name string) bool { return strings.Contains(n.Text, name) })
	})
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// judge plays the scenarios of one rule and records the verdict.
func (r *run) judge(ctx context.Context, rule *Rule) *Verdict {
	v := verdict(rule)
	play := r.applicable(rule, v)
	if len(play) > 0 {
		if r.exclusive(rule) {
			r.alone.Lock()
			defer r.alone.Unlock()
		} else {
			r.alone.RLock()
			defer r.alone.RUnlock()
		}
		r.begin(rule)
		set := <-r.sets
		defer func() { r.sets <- set }()
		for _, s := range play {
			r.play(ctx, rule, s, set, v)
		}
	}
	v.leaveOut(rule)
	v.settle()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.verdicts[rule.ID] = v
	r.done++
	if r.options.Verdicts != nil {
		shown := *v
		shown.Scenarios = slices.Clone(v.Scenarios)
		excuse(&shown, r.options.Expect)
		r.options.Verdicts(r.done, len(r.selected), shown)
	}
	return v
}

func (r *run) begin(rule *Rule) {
	if r.options.Begins == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.options.Begins(rule.ID)
}

// applicable returns the scenarios that apply; with none, the verdict says why.
// Where nobody can tell whether one applies, it is inconclusive, and not played.
func (r *run) applicable(rule *Rule, v *Verdict) []Scenario {
	t := r.stage.Target
	needs := rule.Needs
	if !aboutAPI(needs) {
		own, _ := ParseNeed("as.own")
		needs = append([]Need{own}, needs...)
	}
	whole, why := met(t, needs)
	if whole == NotMet {
		v.Outcome, v.Reason = NotApplicable, why
		return nil
	}
	var play []Scenario
	judged, absent := false, why
	for _, s := range rule.Scenarios {
		answer, reason := met(t, s.Needs)
		if s.Rounds > 0 && r.target.Description.Parallel == 1 && answer != NotMet {
			answer, reason = NotMet, "needs requests that are made at once; the target bears one at a time (declared: parallel)"
		}
		if missing := r.missing(s); answer != NotMet && missing != "" {
			answer, reason = NotMet, missing
			if s.Control { // without it a refusal shows nothing
				v.Outcome, v.Reason, v.Scenarios = NotApplicable, missing, []ScenarioResult{}
				return nil
			}
		}
		if answer != NotMet && whole == CannotTell {
			answer, reason = whole, why
		}
		switch answer {
		case IsMet:
			play = append(play, s)
		case CannotTell:
			v.Scenarios = append(v.Scenarios, ScenarioResult{Name: s.Name, Line: s.Line, Outcome: Inconclusive, Message: reason})
		default:
			absent = reason
			continue
		}
		judged = judged || !s.Control
	}
	if !judged {
		v.Outcome, v.Reason, v.Scenarios = NotApplicable, absent, []ScenarioResult{}
		return nil
	}
	return play
}

// missing says which client or resource owner of a scenario the target does not
// have; empty: none.
func (r *run) missing(s Scenario) string {
	for _, name := range s.cast {
		if slices.Contains(target.Owners(), name) {
			if _, ok := r.target.Description.Users[name]; !ok {
				return fmt.Sprintf("needs the resource owner %s, whom the target file does not name (declared: users)", name)
			}
		} else if !r.stage.HasClient(name) {
			return fmt.Sprintf("needs the client %s, which is not in the target file and cannot be registered (declared: clients)", name)
		}
	}
	return ""
}

// met is the worst answer to several needs, with its reason.
func met(t *target.Resolved, needs []Need) (worst Answer, why string) {
	worst = IsMet
	for _, n := range needs {
		if answer, reason := n.Met(t); answer < worst {
			worst, why = answer, reason
		}
	}
	return worst, why
}

// finish makes the report, takes the target down, and hands the report out.
func (r *run) finish(ctx context.Context) (*Report, error) {
	r.clock.lap(&r.phases.RulesMS)
	rep := r.sum(ctx)
	var problems []error
	if r.options.Hold != nil {
		problems = append(problems, r.hold(ctx, rep))
		r.clock.at = time.Now()
	}
	problems = append(problems, r.close())
	r.clock.lap(&rep.Phases.DownMS)
	rep.DurationMS = time.Since(r.started).Milliseconds()
	for _, f := range r.options.Reports {
		problems = append(problems, f(rep))
	}
	return rep, errors.Join(problems...)
}

// sum is the report: the verdicts with what was charged, what is known, and what is
// wrong with the run as a whole.
func (r *run) sum(ctx context.Context) *Report {
	rep := &Report{
		Schema: Schema, Tool: Tool{Version: r.options.Version}, Started: r.started,
		Seed: r.options.Seed, Settings: r.options.Settings,
		Target: TargetInfo{
			Name: r.target.Description.Name, Version: r.target.Description.Version,
			Kind: r.target.Kind, Issuer: r.target.Issuer, Defect: r.target.Defect,
		},
		Capabilities: r.stage.Target.Capabilities, Choices: r.stage.Target.Choices, ChoicesByWay: r.stage.Target.ByWay,
		Hierarchy: r.stage.Target.Included(), Rules: []Verdict{},
	}
	rep.Warnings = r.warnings()
	rep.Privilege = r.usage.privilege(r.protocol)
	if limits := r.stage.Limits(); limits.Answers > 0 {
		rep.Limited = &Limited{limits.Answers, limits.Waited.Milliseconds()}
	}
	r.charge()
	used := map[int]bool{}
	for _, rule := range r.catalogue.Rules {
		v := r.verdicts[rule.ID]
		if v == nil {
			continue
		}
		for _, n := range excuse(v, r.options.Expect) {
			used[n] = true
		}
		rep.Rules = append(rep.Rules, *v)
	}
	rep.count()
	if ctx.Err() != nil {
		rep.Problems = append(rep.Problems, Problem{Text: "the run was interrupted: the rules that were not judged are inconclusive", Exit: 130})
	} else {
		r.stale(rep, used)
		r.pinned(rep)
	}
	rep.DurationMS = time.Since(r.started).Milliseconds()
	rep.Phases = r.phases
	rep.Phases.Register, rep.Phases.LogIn = work(r.stage.Registering()), work(r.stage.LoggingIn())
	return rep
}

// charge adds each breach to the rule that owns it, selected or not.
func (r *run) charge() {
	for _, c := range r.charges {
		if rule := r.catalogue.Find(c.rule); r.target.Description.OnlyAPI() && rule != nil && !aboutAPI(rule.Needs) {
			continue // of a server that is not under test
		}
		v := r.verdicts[c.rule]
		if v == nil {
			rule := r.catalogue.Find(c.rule)
			if rule == nil {
				continue
			}
			v = verdict(rule)
			r.verdicts[c.rule] = v
		}
		if v.Outcome != Violates {
			v.Outcome, v.Reason = Violates, c.Message
		}
		v.Scenarios = append(v.Scenarios, c.ScenarioResult)
	}
}

// stale reports the expectations of judged rules that nothing showed.
func (r *run) stale(rep *Report, used map[int]bool) {
	for n, e := range r.options.Expect {
		v := r.verdicts[e.Rule]
		if used[n] || e.Sometimes || v == nil || v.Outcome == NotApplicable {
			continue
		}
		rep.Problems = append(rep.Problems, Problem{
			Text: fmt.Sprintf("%san expectation is stale: %s no longer shows %q", e.place(), e.Rule, e.Shows),
			Hint: "remove it: what it excuses is no longer so", Exit: 1,
		})
	}
}

func (r *run) pinned(rep *Report) {
	want := r.target.Description.Judged
	if want == 0 || len(r.selected) != len(r.catalogue.Rules) || len(r.options.Features) > 0 {
		return
	}
	s := rep.Summary
	if got := s.Conforms + s.Deviates + s.Violates + s.Known; got != want {
		rep.Problems = append(rep.Problems, Problem{
			Text: fmt.Sprintf("%d rules were judged, want %d as the target file pins", got, want),
			Hint: "find out which rules no longer apply, or set judged to the new number", Exit: 1,
		})
	}
}

func (rep *Report) count() {
	s := &rep.Summary
	for _, v := range rep.Rules {
		switch v.Outcome {
		case Conforms:
			s.Conforms++
		case Deviates:
			s.Deviates++
		case Violates:
			s.Violates++
		case Known:
			s.Known++
		case NotApplicable:
			s.NotApplicable++
		default:
			s.Inconclusive++
		}
	}
}
