package steps

import (
	"errors"
	"strings"
	"testing"

	"github.com/cucumber/godog"
	messages "github.com/cucumber/messages/go/v21"
)

func TestPlayTellsWhatIsNoStepFromOneThatStops(t *testing.T) {
	const sentence = `Ada has granted Planner "read:appointments"`
	for _, c := range []struct {
		name, text string
		kind       messages.PickleStepType
		undefined  bool
		want       string
	}{
		{"a sentence that nobody knows", "Ada dances", messages.PickleStepType_ACTION, true, "Ada dances"},
		{"a Given as a Then", sentence, messages.PickleStepType_OUTCOME, true, sentence},
		{"a step that panics, here for want of a target", sentence, messages.PickleStepType_CONTEXT, false, "a step stopped: "},
		{"a step with no keyword of its own", sentence, messages.PickleStepType_UNKNOWN, false, "a step stopped: "},
	} {
		err := (&World{}).Play(t.Context(), &godog.Step{Text: c.text, Type: c.kind})
		if errors.Is(err, godog.ErrUndefined) != c.undefined || err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", c.name, err, c.want)
		}
	}
}
