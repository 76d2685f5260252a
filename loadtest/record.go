package loadtest

import (
	"errors"
	"sync"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"
)

// batch is how many results are handed over at once.
const batch = 256

// errResults says that the results could not be written.
var errResults = errors.New("results are written")

// recorder writes results in vegeta's format, on a goroutine of its own. Where it
// cannot keep up workers wait for it.
type recorder struct {
	attack  string
	encoder vegeta.Encoder
	began   time.Time
	full    chan []vegeta.Result
	empty   chan []vegeta.Result
	done    chan struct{}
	failed  error // once done is closed
	fail    func()
}

// newRecorder begins to write; fail is called when that fails.
func newRecorder(attack string, encoder vegeta.Encoder, began time.Time, fail func()) *recorder {
	r := &recorder{
		attack: attack, encoder: encoder, began: began, fail: fail,
		full: make(chan []vegeta.Result, 16), empty: make(chan []vegeta.Result, 16), done: make(chan struct{}),
	}
	go r.run()
	return r
}

func (r *recorder) run() {
	defer close(r.done)
	for list := range r.full {
		for i := range list {
			if r.failed != nil {
				break
			}
			if err := r.encoder.Encode(&list[i]); err != nil {
				r.failed = errors.Join(errResults, err)
				r.fail()
			}
		}
		clear(list)
		select {
		case r.empty <- list[:0]:
		default:
		}
	}
}

// close writes what is left and returns what went wrong.
func (r *recorder) close() error {
	if r == nil {
		return nil
	}
	close(r.full)
	<-r.done
	return r.failed
}

// sheet is where the workers that share it write their results.
type sheet struct {
	*recorder
	mu   sync.Mutex
	list []vegeta.Result
}

// add writes a result down. No token may be in it: neither header nor body, and
// of the URL what cleanURL leaves. Time counts from when the request was due.
func (s *sheet) add(number uint64, p *packet, x *shot, a Answer) {
	result := vegeta.Result{
		Attack: s.attack, Seq: number, Code: uint16(a.Status), Timestamp: s.began.Add(x.due), Latency: x.done - x.due,
		BytesOut: uint64(len(p.Body)), BytesIn: uint64(len(a.Body)), Method: p.Method, URL: p.shown,
	}
	if v := &x.verdict; !v.kept() {
		result.Error = v.text()
	}
	s.mu.Lock()
	s.list = append(s.list, result)
	var full []vegeta.Result
	if len(s.list) >= batch {
		full = s.list
		select {
		case s.list = <-s.empty:
		default:
			s.list = make([]vegeta.Result, 0, batch)
		}
	}
	s.mu.Unlock()
	if full != nil {
		s.full <- full
	}
}

// flush hands over what there is.
func (s *sheet) flush() {
	s.mu.Lock()
	list := s.list
	s.list = nil
	s.mu.Unlock()
	if len(list) > 0 {
		s.full <- list
	}
}
