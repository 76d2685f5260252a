package loadtest_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/scopeproof/scopeproof/loadtest"
)

// full is a disk with room for a little.
type full struct{ left int }

func (f *full) Write(p []byte) (int, error) {
	if f.left -= len(p); f.left < 0 {
		return 0, errors.New("no space left on device")
	}
	return len(p), nil
}

// Results that cannot be written end the run at once: nobody shall wait ten minutes
// for a file that lacks most of them.
func TestResultsThatCannotBeWrittenEndTheRun(t *testing.T) {
	server, tg := hostile(t, func(http.ResponseWriter, *http.Request) {})
	o := loadtest.Options{Rate: 2000, Duration: time.Hour, Seed: 1, Results: &full{left: 20 << 10}}
	report, err := loadtest.Run(t.Context(), tg, []loadtest.Scenario{apiScenario(server.URL, serves)}, o)
	if err == nil || !strings.Contains(err.Error(), "no space left") {
		t.Errorf("got the report %+v and %v, want the error of the disk", report, err)
	}
}
