package scenarios

import (
	"context"
	"errors"

	"github.com/scopeproof/scopeproof/loadtest"
	"github.com/scopeproof/scopeproof/oauth"
)

// Device plays devices (RFC 8628): most of them poll and are told to wait, for
// nobody has decided; a few are approved by their person, in whole or in part, and
// obtain exactly that (DEV-01, DEV-04).
func Device() loadtest.Scenario {
	return loadtest.Scenario{
		Name:    "device",
		Text:    "Devices ask for access and poll; none has a token before it is approved, and then exactly what its person agreed to.",
		Rules:   []string{"DEV-01", "DEV-04"},
		Needs:   needs("as.device"),
		Prepare: prepareDevice,
	}
}

// waiting is how many requests of devices nobody ever decides.
const waiting = 32

func prepareDevice(ctx context.Context, s *loadtest.Stage) (loadtest.Plan, error) {
	plan := loadtest.Plan{Burst: s.Burst(burst)}
	for _, k := range []struct {
		client, owner string
		scope         oauth.ScopeSet
		only          *oauth.ScopeSet
		rule          string
	}{
		{"Planner", "Ada", both, nil, "DEV-01"},
		{"Viewer", "Ada", reading, nil, "DEV-01"},
		{"Planner", "Bo", reading, nil, "DEV-01"},
		{"Rival", "Ada", both, &reading, "DEV-04"},
	} {
		partly := k.only != nil
		if !s.HasClient(k.client) || !s.HasOwner(k.owner) || partly && s.Target.Capabilities["consent.ui.device"].Value != "granular" {
			continue
		}
		c, err := s.Client(ctx, k.client)
		if err != nil {
			return plan, err
		}
		if err := s.Owner(ctx, k.owner); err != nil {
			return plan, err
		}
		d := device{stage: s, client: c, owner: k.owner, scope: k.scope, only: k.only}
		if err := d.alone(ctx, k.rule); err != nil {
			return plan, err
		}
		hits, err := d.hits(ctx)
		if err != nil {
			return plan, err
		}
		plan.Hits = append(plan.Hits, hits...)
	}
	if len(plan.Hits) == 0 {
		return plan, errors.New("the target has none of the clients Planner and Viewer, or none of the people Ada and Bo")
	}
	return plan, nil
}

// device is a client at a device, whose owner decides at a browser.
type device struct {
	stage  *loadtest.Stage
	client *loadtest.Client
	owner  string
	scope  oauth.ScopeSet
	only   *oauth.ScopeSet
	grant  loadtest.Grant
}

// alone finds what comes of it while nobody else asks.
func (d *device) alone(ctx context.Context, rule string) error {
	p := d.stage.Player()
	pending, err := p.Device(ctx, d.client, d.scope)
	if err != nil {
		return err
	}
	if err := p.Approve(ctx, pending, d.owner, d.only); err != nil {
		return err
	}
	t, err := d.fetch(ctx, p, pending, func(loadtest.Verdict) {})
	if err != nil {
		return err
	}
	allowed := pending.Asked
	if d.only != nil {
		required := oauth.FieldsScope(d.stage.Target.Description.AuthorizationServer.RequiredScopes)
		allowed = d.only.Union(required).Union(pending.Asked.Minus(d.scope))
	}
	due := d.stage.Of(t.Scope, allowed)
	d.grant = loadtest.Grant{Rule: rule, Denied: "DEV-01", Asked: pending.Asked, Must: due, May: due, Holder: loadtest.Holder{Client: d.client, Owner: d.owner}}
	return nil
}

// errNotApproved says that a device is still told to wait long after its person
// has decided.
var errNotApproved = errors.New("the device is told to wait although it was approved")

// fetch polls for what was approved, and judges each refusal.
func (d *device) fetch(ctx context.Context, p *loadtest.Player, pending *loadtest.Device, judge func(loadtest.Verdict)) (*loadtest.Token, error) {
	wait := pending.Interval
	for range 4 {
		t, code, err := p.Poll(ctx, pending)
		switch {
		case err != nil || t != nil:
			return t, err
		case code == oauth.SlowDown:
			wait += pending.Interval
		case code != oauth.AuthorizationPending:
			judge(loadtest.Verdict{Class: loadtest.FalseRefusal, Rule: d.grant.Denied, Message: "what was approved is refused with " + string(code)})
			return nil, errors.New("the device was refused with " + string(code))
		}
		if err := p.Rest(ctx, wait); err != nil {
			return nil, err
		}
	}
	return nil, errNotApproved
}

// hits are the requests of such devices: they ask, they poll in vain, and some are
// approved.
func (d *device) hits(ctx context.Context) ([]loadtest.Hit, error) {
	s := d.stage
	list := []loadtest.Hit{
		{Request: s.DeviceRequest(d.client, d.scope), Expect: s.StartsDevice("DEV-01", "DEV-01")},
		{Weight: 2, Chains: s.Scripts(max(2, atOnce(s)/4), d.play(false))},
		{Weight: 1, Chains: s.Scripts(max(2, atOnce(s)/8), d.play(true))},
	}
	polls := make([]loadtest.Hit, waiting/4)
	err := s.Each(ctx, "pending devices", len(polls), func(ctx context.Context, p *loadtest.Player, i int) error {
		pending, err := p.Device(ctx, d.client, d.scope)
		if err == nil {
			polls[i] = loadtest.Hit{Request: s.PollRequest(pending), Expect: s.Pends("DEV-01", "DEV-01")}
		}
		return err
	})
	return append(list, polls...), err
}

// play is a device from its request to its token. An early one polls before its
// person has decided, and has to wait then.
func (d *device) play(early bool) func(context.Context, *loadtest.Player) error {
	issues, pends, starts := d.stage.Issues(d.grant), d.stage.Pends("DEV-01", "DEV-01"), d.stage.StartsDevice("DEV-01", "DEV-01")
	return func(ctx context.Context, p *loadtest.Player) error {
		pending, err := p.Device(ctx, d.client, d.scope)
		if err != nil {
			return err
		}
		p.Expect(starts)
		if early {
			if _, _, err := p.Poll(ctx, pending); err != nil {
				return err
			}
			p.Expect(pends)
		}
		if err := p.Approve(ctx, pending, d.owner, d.only); err != nil {
			return err
		}
		if early {
			if err := p.Rest(ctx, pending.Interval); err != nil {
				return err
			}
		}
		if _, err := d.fetch(ctx, p, pending, p.Judge); err != nil {
			return err
		}
		p.Expect(issues)
		return nil
	}
}
