package loadtest

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/scopeproof/scopeproof/target"
)

// Scenario is one kind of load, as a value: what it needs of a target, and how
// its requests are prepared.
type Scenario struct {
	// Name is how it is chosen: lower case, words joined by hyphens.
	Name string
	// Text says in one sentence what is sent and what is judged.
	Text string
	// Rules are the ids of the rules that its verdicts can name.
	Rules []string
	// Needs are what a target must be able to do; otherwise the scenario does not
	// apply.
	Needs []target.Capability
	// Prepare obtains the tokens and returns the requests. It is called again
	// before the tokens expire, while requests of the earlier plan are under way.
	Prepare func(ctx context.Context, s *Stage) (Plan, error)
}

// Plan is what a scenario sends.
type Plan struct {
	// Hits are drawn in a random order, the same for the same seed.
	Hits []Hit
	// Burst is how many requests are due at the same moment; 0 means 1. The rate
	// stays what it is: the time between bursts is longer. Requests that overlap
	// show faults that requests one after another do not.
	Burst int
}

// Hit is a request that is sent over and over, or a kind of request that
// depends on the answer before.
type Hit struct {
	// Weight is how often it is drawn, relative to the others; 0 means 1.
	Weight int
	// Request and Expect are what is sent and which answer is right.
	Request Request
	Expect  Expectation
	// Chains, where there are any, take the place of Request and Expect: for each
	// draw one of them is taken that waits for no answer.
	Chains []Chain
}

// Chain is a series of requests each of which needs the answer before it, such
// as those that refresh one token. It is used by one goroutine at a time.
type Chain interface {
	// Next is the next request.
	Next() Request
	// Judge judges the answer to it, and reports whether the chain can go on. A
	// chain whose request was not answered ends.
	Judge(Answer) (v Verdict, more bool)
}

// Request is one HTTP request.
type Request struct {
	Method string // "GET"
	URL    string // absolute, without a fragment
	Header http.Header
	Body   []byte // nil: none
	// Actor, To and Purpose describe it in samples: "Planner", "API", "calls
	// list".
	Actor, To, Purpose string
}

// Answer is a response whose body has been read. It is valid until the judge
// returns.
type Answer struct {
	Status int
	Header Header
	Body   []byte
}

// Header are the header fields of an answer, by name whatever its case.
// [http.Header] is one.
type Header interface {
	Get(name string) string
	Values(name string) []string
}

// values are the values of a header field; an answer without a header has none.
func (a *Answer) values(name string) []string {
	if a.Header == nil {
		return nil
	}
	return a.Header.Values(name)
}

// Class is what an answer amounts to.
type Class string

// The classes of answers.
const (
	AsExpected   Class = "kept"          // the right answer
	Leak         Class = "leak"          // served or issued beyond the grant
	FalseRefusal Class = "false_refusal" // refused although granted
	Fault        Class = "fault"         // no answer, or one that cannot be judged
)

// Verdict is what a judge says of an answer. The zero value is that it is as
// expected.
type Verdict struct {
	Class   Class  // "" means AsExpected
	Rule    string // the id of the rule that is broken
	Message string // what was seen and what was expected, without secrets
}

// Expectation judges an answer. It is called by many goroutines at once.
type Expectation func(Answer) Verdict

func (v *Verdict) kept() bool { return v.Class == "" || v.Class == AsExpected }

// text is the verdict in one line.
func (v *Verdict) text() string {
	return strings.Join(strings.Fields(string(v.Class)+" "+v.Rule+" "+v.Message), " ")
}

// fault is the verdict on an answer that cannot be judged.
func fault(format string, args ...any) Verdict {
	return Verdict{Class: Fault, Message: fmt.Sprintf(format, args...)}
}

func leak(rule, format string, args ...any) Verdict {
	return Verdict{Class: Leak, Rule: rule, Message: fmt.Sprintf(format, args...)}
}

func falseRefusal(rule, format string, args ...any) Verdict {
	return Verdict{Class: FalseRefusal, Rule: rule, Message: fmt.Sprintf(format, args...)}
}

// check refuses a plan that cannot be sent.
func (p Plan) check() error {
	if len(p.Hits) == 0 {
		return fmt.Errorf("the plan has no hits")
	}
	for i, h := range p.Hits {
		switch {
		case h.Weight < 0:
			return fmt.Errorf("hit %d: got weight %d, want 0 or more", i, h.Weight)
		case len(h.Chains) == 0 && h.Expect == nil:
			return fmt.Errorf("hit %d: got no expectation", i)
		case len(h.Chains) > 0 && h.Expect != nil:
			return fmt.Errorf("hit %d: got chains and an expectation, want one of both", i)
		}
		if len(h.Chains) > 0 {
			continue
		}
		if err := new(packet).prepare(h.Request); err != nil {
			return fmt.Errorf("hit %d: %w", i, err)
		}
	}
	return nil
}
