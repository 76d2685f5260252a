package loadtest

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"
)

// partWith is the part of a shard, and the results of the requests that were due
// then.
func partWith(t *testing.T, shard int, due ...time.Duration) (*Part, []byte) {
	t.Helper()
	var file bytes.Buffer
	summed := NewSumming(&file)
	encode := vegeta.NewEncoder(summed)
	for i, d := range due {
		if err := encode(&vegeta.Result{Attack: "a", Seq: uint64(2*i + shard), Code: 200, Timestamp: time.Unix(0, 0).Add(d)}); err != nil {
			t.Fatal(err)
		}
	}
	return &Part{
		Shard: shard, Shards: 2, Results: summed.Sum(), Report: &Report{Scenarios: []ScenarioReport{{Requests: int64(len(due))}}},
	}, file.Bytes()
}

func TestResultsOfShardsAreOneFile(t *testing.T) {
	one, first := partWith(t, 0, 1, 3, 5, 7)
	two, second := partWith(t, 1, 2, 4, 9)
	three, third := partWith(t, 2)
	var all bytes.Buffer
	if err := MergeResults(&all, []PartResults{{one, bytes.NewReader(first)}, {two, bytes.NewReader(second)}, {three, bytes.NewReader(third)}}); err != nil {
		t.Fatal(err)
	}
	var due []time.Duration
	for decode := vegeta.NewDecoder(&all); ; {
		var r vegeta.Result
		if err := decode(&r); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		due = append(due, r.Timestamp.Sub(time.Unix(0, 0)))
	}
	want := []time.Duration{1, 2, 3, 4, 5, 7, 9}
	if len(due) != len(want) {
		t.Fatalf("got results due at %v, want %v", due, want)
	}
	for i := range want {
		if due[i] != want[i] {
			t.Fatalf("got results due at %v, want %v", due, want)
		}
	}
}

func TestResultsThatAreNotAllThereAreAnError(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*Part, []byte) []byte
		want   string
	}{
		"cut in the middle of a result": {func(_ *Part, b []byte) []byte { return b[:len(b)-5] }, "shard 1: after 1"},
		"cut after a result":            {func(_ *Part, b []byte) []byte { return b[:len(b)-int(b[0])] }, "shard 1"},
		"empty":                         {func(*Part, []byte) []byte { return nil }, "got 0 in 0 bytes, want 2"},
		"with more behind it":           {func(_ *Part, b []byte) []byte { return append(b, 0) }, "shard 1"},
		"with another status":           {func(_ *Part, b []byte) []byte { return bytes.ReplaceAll(b, []byte{0xff, 200}, []byte{0xff, 201}) }, "not those that it wrote"},
		"of fewer requests":             {func(p *Part, b []byte) []byte { p.Report.Scenarios[0].Requests--; return b }, "got 2 in"},
		"without a sum":                 {func(p *Part, b []byte) []byte { p.Results = nil; return b }, "does not say"},
	} {
		t.Run(name, func(t *testing.T) {
			one, first := partWith(t, 0, 1, 3)
			two, second := partWith(t, 1, 2, 4)
			changed := tt.change(two, bytes.Clone(second))
			err := MergeResults(io.Discard, []PartResults{{one, bytes.NewReader(first)}, {two, bytes.NewReader(changed)}})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want an error with %q", err, tt.want)
			}
		})
	}
}
