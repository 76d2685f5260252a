package loadtest

import (
	"slices"
	"testing"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"
)

// walk is when the first n requests are due, or all where there are fewer.
func walk(s *schedule, n int) (numbers []uint64, due []time.Duration) {
	c := &cursor{schedule: s}
	for range n {
		if _, ok := c.peek(); !ok {
			break
		}
		number, at := c.next()
		numbers, due = append(numbers, number), append(due, at)
	}
	return numbers, due
}

func TestTheScheduleKeepsTheRateInBursts(t *testing.T) {
	_, due := walk(newSchedule(newConstant(100, 2*time.Second), 16, 2*time.Second), 1000)
	if len(due) != 200 {
		t.Fatalf("got %d requests, want 200", len(due))
	}
	if due[0] != 0 || due[15] != 0 || due[16] != 160*time.Millisecond || due[31] != 160*time.Millisecond {
		t.Errorf("got due %v %v %v %v", due[0], due[15], due[16], due[31])
	}
}

func TestAnyOfVegetasPacersIsFollowed(t *testing.T) {
	for _, tt := range []struct {
		name  string
		pacer vegeta.Pacer
		want  int // in 2 s
	}{
		{"constant", vegeta.ConstantPacer{Freq: 300, Per: time.Second}, 600},
		{"linear", vegeta.LinearPacer{StartAt: vegeta.Rate{Freq: 100, Per: time.Second}, Slope: 100}, 400},
		{"sine", vegeta.SinePacer{Period: time.Second, Mean: vegeta.Rate{Freq: 200, Per: time.Second}, Amp: vegeta.Rate{Freq: 100, Per: time.Second}}, 400},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newSchedule(tt.pacer, 1, 2*time.Second)
			_, due := walk(s, 10000)
			if len(due) < tt.want-2 || len(due) > tt.want+2 {
				t.Errorf("got %d requests, want %d", len(due), tt.want)
			}
			if !slices.IsSorted(due) || due[len(due)-1] >= s.duration {
				t.Errorf("got the last due at %v, want all in order before %v", due[len(due)-1], s.duration)
			}
			c := &cursor{schedule: s}
			if half, rest := c.before(time.Second), c.before(time.Hour); int(half+rest) != len(due) || half == 0 {
				t.Errorf("got %d due in the first second and %d after it, want %d in all", half, rest, len(due))
			}
		})
	}
}

// The shards of a schedule send what it has, each request once and when it is due.
func TestShardsShareASchedule(t *testing.T) {
	const shards = 3
	whole := newSchedule(newConstant(100, time.Second), 4, time.Second)
	numbers, due := walk(whole, 1000)
	got := make([]int, len(numbers))
	for i := range shards {
		s := *whole
		s.shard, s.shards = uint64(i), shards
		mine, at := walk(&s, 1000)
		for k, n := range mine {
			got[n]++
			if at[k] != due[n] {
				t.Fatalf("request %d of shard %d is due at %v, want %v", n, i, at[k], due[n])
			}
		}
	}
	if len(got) != 100 || slices.Min(got) != 1 || slices.Max(got) != 1 {
		t.Errorf("got the requests %v times, want each once", got)
	}
}

func TestTicketsAreHandedOutWhenTheyAreDue(t *testing.T) {
	tickets := newTickets(newSchedule(newConstant(1000, 100*time.Millisecond), 1, 100*time.Millisecond))
	defer tickets.alarm.close()
	tickets.began = time.Now()
	var n uint64
	for {
		got, ok := tickets.take()
		if !ok {
			break
		}
		if now := tickets.elapsed(); now < got.due || got.number != n {
			t.Fatalf("got request %d, due at %v, at %v; want request %d and none early", got.number, got.due, now, n)
		}
		n++
	}
	if n != 100 {
		t.Errorf("got %d requests, want 100", n)
	}
}

func TestWhoWaitsForTheNextRequestIsStopped(t *testing.T) {
	tickets := newTickets(newSchedule(newConstant(0.001, time.Hour), 1, time.Hour))
	defer tickets.alarm.close()
	tickets.began = time.Now()
	if _, ok := tickets.take(); !ok {
		t.Fatal("the first request is due at once")
	}
	done := make(chan bool, 2)
	for range 2 {
		go func() {
			_, ok := tickets.take()
			done <- ok
		}()
	}
	for tickets.free.Load() < 2 {
		time.Sleep(time.Millisecond)
	}
	tickets.stop()
	for range 2 {
		if <-done {
			t.Error("a request was handed out that is not due")
		}
	}
}
