package conformance

import (
	"github.com/cucumber/godog"

	"github.com/scopeproof/scopeproof/oauth"
)

// script is what a scenario says, and how far it was when each exchange was made.
type script struct {
	sentences []string
	before    []int // exchanges before each step that was reached
}

func newScript(steps []*godog.Step) script {
	words := map[string]string{"Context": "Given ", "Action": "When ", "Outcome": "Then "}
	s, last := script{}, ""
	for _, step := range steps {
		word := words[string(step.Type)]
		if word == last {
			word = "And "
		} else {
			last = word
		}
		s.sentences = append(s.sentences, word+step.Text)
	}
	return s
}

// reach marks that the next step begins.
func (s *script) reach(exchanges int) { s.before = append(s.before, exchanges) }

// assign says for which step each exchange was made.
func (s *script) assign(exchanges []oauth.Exchange) {
	for i := range exchanges {
		for step, before := range s.before {
			if i >= before {
				exchanges[i].Step = step + 1
			}
		}
	}
}
