package cluster

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"testing"

	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/scheme"

	"github.com/scopeproof/scopeproof/loadtest"
)

// replay is a fleet whose shards have said all that they will say.
type replay struct{ said []byte }

func (r replay) Open(context.Context, int) (Streams, error) {
	return Streams{Where: "memory", In: nowhere{io.Discard}, Out: io.NopCloser(bytes.NewReader(r.said))}, nil
}
func (replay) Waits(int) string            { return "" }
func (replay) Close(context.Context) error { return nil }

type nowhere struct{ io.Writer }

func (nowhere) Close() error { return nil }

// What a shard costs its coordinator in a minute: 60 lines of progress, which are
// read, 30 that say that it lives, and a result of 64 KiB.
func BenchmarkCoordinatorOfAThousandShards(b *testing.B) {
	const shards = 1000
	var said bytes.Buffer
	w := &Worker{out: &said}
	_ = w.say(line{Ready: "api-scope-check"})
	for second := range 60 {
		_ = w.Progress(loadtest.Progress{Scenario: "api-scope-check"})
		if second%2 == 0 {
			_ = w.say(line{})
		}
	}
	_ = w.Result(bytes.Repeat([]byte("result! "), 8<<10))
	b.ReportAllocs()
	for b.Loop() {
		lines := 0
		got := Run(context.Background(), replay{said.Bytes()}, Options{Shards: shards, OnProgress: func(_ int, data json.RawMessage) {
			var p loadtest.Progress
			if json.Unmarshal(data, &p) == nil {
				lines++
			}
		}})
		if lines != 60*shards || len(Problems(got)) != 0 {
			b.Fatalf("got %d lines of progress and the problems %v, want %d and none", lines, Problems(got)[:1], 60*shards)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/shards, "µs/shard")
}

// What one look at the pods of a thousand shards costs; there are two a second.
func BenchmarkLookAtAThousandPods(b *testing.B) {
	job, err := Manifest{Name: "scopeproof-load", Image: "registry.example/scopeproof:1", Arguments: []string{"shard", "--plan", PlanFile}, Shards: 1000}.Job()
	if err != nil {
		b.Fatal(err)
	}
	list := core.PodList{TypeMeta: meta.TypeMeta{APIVersion: "v1", Kind: "PodList"}}
	for range 1000 {
		list.Items = append(list.Items, core.Pod{
			ObjectMeta: job.Spec.Template.ObjectMeta, Spec: job.Spec.Template.Spec,
			Status: core.PodStatus{Phase: core.PodRunning, ContainerStatuses: []core.ContainerStatus{{Name: container}}},
		})
	}
	data, err := json.Marshal(list)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		got, _, err := scheme.Codecs.UniversalDeserializer().Decode(data, nil, nil)
		if err != nil || len(got.(*core.PodList).Items) != 1000 {
			b.Fatalf("got %T (%v), want the list", got, err)
		}
	}
	b.ReportMetric(float64(len(data)), "B/look")
}
