package cluster

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

// TestMain is a shard where the first argument says so: the tests start this
// program anew for each, here and in pods. The second is the file with the plan.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == "shard" {
		plan, err := ReadPlan(os.Stdin)
		os.Exit(play(plan, err, false))
	}
	if len(os.Args) == 3 && os.Args[1] == "shard" {
		plan, err := os.ReadFile(os.Args[2])
		os.Exit(play(plan, err, true))
	}
	os.Exit(m.Run())
}

// play is a shard that behaves as the plan says of its number: "0=well 1=dies".
func play(plan []byte, err error, alone bool) int {
	if err != nil {
		return 2
	}
	how := "well"
	for _, word := range strings.Fields(string(plan)) {
		if index, what, found := strings.Cut(word, "="); found && index == os.Getenv(IndexVariable) {
			how = what
		}
	}
	if how == "refuses" {
		fmt.Fprintln(os.Stderr, "shard: this is not for me")
		return 3
	}
	w, ctx := NewWorker(context.Background(), os.Stdin, os.Stdout, alone)
	if how == "late" {
		time.Sleep(1500 * time.Millisecond)
	}
	for _, stage := range []string{"first", "second"} {
		at, err := w.Ready(ctx, stage)
		if err != nil {
			return hand(w, []byte("stopped"))
		}
		time.Sleep(time.Until(at))
		if how == "dies" && stage == "second" {
			return 9
		}
		_ = w.Progress(map[string]any{"stage": stage})
		if how == "lasts" {
			time.Sleep(5 * time.Second)
		}
		if how == "waits" {
			<-ctx.Done()
			return hand(w, []byte("what ran until then"))
		}
	}
	if how == "damaged" {
		fmt.Println(`{"n":99,"chunk":"AAAA"}`)
		return 0
	}
	if how == "fails" {
		_ = w.Fail(fmt.Errorf("the tokens could not be had"))
		return 1
	}
	return hand(w, bytes.Repeat([]byte("a result "), 4000))
}

func hand(w *Worker, data []byte) int {
	if w.Result(data) != nil {
		return 1
	}
	return 0
}

func fleet(t *testing.T, n int, plan string) *Local {
	t.Helper()
	l := &Local{Program: os.Args[0], Arguments: []string{"shard"}, Plan: []byte(plan), Shards: n}
	t.Cleanup(func() {
		if err := l.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return l
}

func TestShardsRunTogetherAndHandTheirResultsIn(t *testing.T) {
	t.Parallel()
	var stages []string
	got := Run(t.Context(), fleet(t, 3, "all well"), Options{Shards: 3, OnProgress: func(shard int, data json.RawMessage) {
		stages = append(stages, fmt.Sprint(shard, string(data)))
	}})
	for i, s := range got {
		if s.Index != i || s.Problem != "" || len(s.Result) != 36000 || s.Late != 0 || !strings.HasPrefix(s.Where, "process ") {
			t.Errorf("shard %d: got %d bytes, late %v, problem %q, at %q", i, len(s.Result), s.Late, s.Problem, s.Where)
		}
	}
	if len(stages) != 6 {
		t.Errorf("got the progress %q, want that of two stages from each shard", stages)
	}
	if list := Problems(got); len(list) != 0 {
		t.Errorf("got problems %q, want none", list)
	}
}

func TestNothingIsPaperedOver(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		plan, problem string
		late          bool
	}{
		{"1=dies", "its process ended (exit status 9)", false},
		{"1=refuses", "this is not for me", false},
		{"1=fails", "the tokens could not be had", false},
		{"1=damaged", "its result is damaged", false},
		{"1=late", "", true},
	} {
		t.Run(test.plan, func(t *testing.T) {
			t.Parallel()
			got := Run(t.Context(), fleet(t, 3, test.plan), Options{Shards: 3, ReadyWithin: 700 * time.Millisecond, SilentFor: 10 * time.Second})
			for _, i := range []int{0, 2} {
				if got[i].Problem != "" || got[i].Result == nil || got[i].Late != 0 {
					t.Errorf("shard %d: got %+v, want it to go on", i, got[i])
				}
			}
			if !strings.Contains(got[1].Problem, test.problem) || (got[1].Result == nil) != (test.problem != "") || (got[1].Late > 0) != test.late {
				t.Errorf("shard 1: got %d bytes, late %v, problem %q; want %q", len(got[1].Result), got[1].Late, got[1].Problem, test.problem)
			}
		})
	}
}

func TestShardThatSaysNothingIsGivenUp(t *testing.T) {
	t.Parallel()
	l := fleet(t, 2, "")
	l.Program, l.Arguments = "sleep", []string{"60"}
	got := Run(t.Context(), l, Options{Shards: 2, ReadyWithin: 300 * time.Millisecond})
	for _, s := range got {
		if s.Result != nil || s.Problem != "it did not come up within 300ms: its process runs" {
			t.Errorf("got %+v, want it given up", s)
		}
	}
}

func TestWhatRanIsHandedInWhenTheRunIsInterrupted(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	got := Run(ctx, fleet(t, 2, "0=waits 1=waits"), Options{Shards: 2, OnProgress: func(int, json.RawMessage) { cancel() }})
	for i, s := range got {
		if !strings.HasPrefix(string(s.Result), "what ran") && string(s.Result) != "stopped" {
			t.Errorf("shard %d: got %q, problem %q, want what ran", i, s.Result, s.Problem)
		}
	}
}

func TestStreamThatIsReadAgainCountsOnce(t *testing.T) {
	result := []byte("the result")
	sum := sha256.Sum256(result)
	lines := []string{
		`{"n":1,"ready":"first"}`, "a line of somebody else", `{"n":2,"progress":{"x":1}}`,
		`{"n":3,"chunk":"dGhlIHJl"}`, `{"n":4,"chunk":"c3VsdA=="}`,
		fmt.Sprintf(`{"n":5,"end":{"bytes":%d,"sha256":%q}}`, len(result), hex.EncodeToString(sum[:])),
	}
	var r reading
	count := 0
	for _, until := range []int{2, 4, 6} {
		if err := r.read(strings.NewReader(strings.Join(lines[:until], "\n")+"\n"), func(line) { count++ }); err != nil {
			t.Fatal(err)
		}
	}
	if !r.done || r.result.String() != "the result" || count != 5 {
		t.Errorf("got %q after %d lines, done %v; want the result once, after 5", r.result.String(), count, r.done)
	}
}
