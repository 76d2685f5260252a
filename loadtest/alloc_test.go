package loadtest

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"
)

// canned answers requests from memory, and allocates nothing for them.
func canned(t testing.TB) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	answer := func(status, more, body string) []byte {
		return fmt.Appendf(nil, "HTTP/1.1 %s\r\nContent-Type: application/json\r\nCache-Control: no-store\r\n%sContent-Length: %d\r\n\r\n%s", status, more, len(body), body)
	}
	token := answer("200 OK", "", `{"access_token":"`+benchToken+`","token_type":"Bearer","expires_in":300,"scope":"read:appointments"}`)
	list := answer("200 OK", "", `{"appointments":[]}`)
	refused := answer("403 Forbidden", "WWW-Authenticate: Bearer error=\"insufficient_scope\"\r\n", `{"error":"insufficient_scope"}`)
	serve := func(conn net.Conn) {
		defer conn.Close()
		in := bufio.NewReader(conn)
		for {
			line, err := in.ReadSlice('\n')
			if err != nil {
				return
			}
			reply, body := list, 0
			switch {
			case strings.HasPrefix(string(line), "POST"):
				reply, body = token, len(benchForm)
			case strings.HasPrefix(string(line), "GET /write"):
				reply = refused
			}
			for len(line) > 2 {
				if line, err = in.ReadSlice('\n'); err != nil {
					return
				}
			}
			_, _ = in.Discard(body)
			if _, err := conn.Write(reply); err != nil {
				return
			}
		}
	}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go serve(conn)
		}
	}()
	return "http://" + listener.Addr().String()
}

// oneWorker is a worker of an attack with the plan of the benchmarks.
func oneWorker(t testing.TB, pacer vegeta.Pacer) *worker {
	a := &attack{
		name: "stub", deck: newDeck(t.Context(), benchPlan(canned(t)), 1), schedule: newSchedule(pacer, 1, time.Hour),
		workers: 1, timeout: time.Minute, network: newDirect(1), samples: &samples{},
	}
	a.tickets, a.counter = newTickets(a.schedule), newCounter(a.schedule)
	a.tickets.began = time.Now()
	t.Cleanup(a.tickets.alarm.close)
	w := &worker{attack: a, line: a.network.line(t.Context()), cell: &a.counter.cells[0], wake: make(chan struct{}, 1)}
	t.Cleanup(w.line.close)
	return w
}

// Nothing is allocated for a request, its answer and its verdict, once all kinds of
// answers were seen.
func TestAJudgedHitAllocatesNothing(t *testing.T) {
	for name, pacer := range map[string]vegeta.Pacer{
		"as fast as can be": nil,
		"when it is due":    vegeta.ConstantPacer{Freq: 5000, Per: time.Second},
	} {
		w := oneWorker(t, pacer)
		for range 100 {
			w.turn(t.Context())
		}
		const each = 40 // of all kinds
		got := testing.AllocsPerRun(25, func() {
			for range each {
				w.turn(t.Context())
			}
		})
		if got > 1 { // of other goroutines
			t.Errorf("%s: got %v allocations in %d hits, want none", name, got, each)
		}
		if seen := w.cell.tally; seen.kept != seen.requests || seen.requests < 1000 {
			t.Errorf("%s: got %d of %d kept, want all: %+v", name, seen.kept, seen.requests, w.samples.taken())
		}
	}
}
