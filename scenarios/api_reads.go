package scenarios

import (
	"bytes"
	"context"

	"github.com/scopeproof/scopeproof/loadtest"
	"github.com/scopeproof/scopeproof/target"
)

// served is a hit that reads what a token covers.
type served struct {
	op      target.Operation
	token   *loadtest.Token
	request loadtest.Request
}

// reads adds what is read with tokens that cover it. What is shown while nobody
// else asks is due among others.
func (m *apiMix) reads(ctx context.Context) error {
	list := make([]loadtest.Answer, len(m.served))
	// An API that shows what is another's to one may do so on another page if not on
	// this.
	common := false
	for i, r := range m.served {
		var err error
		if list[i], err = m.player.Send(ctx, r.request); err != nil {
			return err
		}
		reads, err := m.readsOthers(ctx, r)
		if err != nil {
			return err
		}
		common = common || reads || m.showsOthers(list[i].Body, whose(r.token))
	}
	for i, r := range m.served {
		who := whose(r.token)
		want := loadtest.Shown{Rule: "RSM-01", Seen: list[i], Own: []string{m.own(who)}, Never: m.refusedMarks()}
		if !common {
			want.Never = append(want.Never, m.othersMarks(who)...)
		}
		m.plan.Hits = append(m.plan.Hits, loadtest.Hit{
			Weight: 3, Request: r.request, Expect: m.stage.Shows(r.op, r.token, want), // most requests of an API are allowed ones
		})
		if err := m.remaining(ctx, r); err != nil {
			return err
		}
	}
	return nil
}

func (m *apiMix) showsOthers(body []byte, who string) bool {
	for _, mark := range m.othersMarks(who) {
		if bytes.Contains(body, []byte(mark.Text)) {
			return true
		}
	}
	return false
}

// readsOthers reports whether the objects of others can be read with a token. What
// cannot be while nobody else asks is withheld among others.
func (m *apiMix) readsOthers(ctx context.Context, r served) (bool, error) {
	if r.op.Name != "read" || !addressed(r.op) {
		return false, nil
	}
	for _, other := range m.people {
		object := m.objects[other]
		if object == "" || other == whose(r.token) {
			continue
		}
		request, err := m.stage.APIRequest(r.op, r.token, object, "")
		if err != nil {
			return false, err
		}
		a, err := m.player.Send(ctx, request)
		if err != nil || a.Status/100 == 2 {
			return err == nil, err
		}
		hit := loadtest.Hit{Request: request, Expect: m.stage.Withholds("CONC-11", r.op, r.token, "an object of "+other)}
		if hit.Expect(a).Class == "" {
			m.plan.Hits = append(m.plan.Hits, hit)
		}
	}
	return false, nil
}

// othersMarks are the texts of what is others'.
func (m *apiMix) othersMarks(who string) []loadtest.Mark {
	var marks []loadtest.Mark
	for _, other := range m.people {
		if other != who && m.objects[other] != "" {
			marks = append(marks, loadtest.Mark{Text: m.own(other), Rule: "CONC-11", Means: "an object of " + other + ", to whom the token does not belong"})
		}
	}
	return marks
}

// refusedMarks are the texts of what was refused.
func (m *apiMix) refusedMarks() []loadtest.Mark {
	var marks []loadtest.Mark
	for rule, text := range m.refusal {
		marks = append(marks, loadtest.Mark{Text: text, Rule: rule, Means: "what a request wrote that had to be refused"})
	}
	return marks
}

// remaining adds a look at what only deletions name that are to be refused.
func (m *apiMix) remaining(ctx context.Context, r served) error {
	object := m.doomed[whose(r.token)]
	if r.op.Name != "read" || !addressed(r.op) || object == "" {
		return nil
	}
	request, err := m.stage.APIRequest(r.op, r.token, object, "")
	if err != nil {
		return err
	}
	hit := loadtest.Hit{Request: request, Expect: m.stage.Remains("RSM-02", r.op, r.token)}
	a, err := m.player.Send(ctx, request)
	if err == nil && a.Status/100 == 2 {
		m.plan.Hits = append(m.plan.Hits, hit)
	}
	return err
}
