package loadtest

import (
	"fmt"
	"testing"
)

// A thousand shards that each sent 1000 requests a second for a minute: their parts
// are read as they arrive, and merged.
func BenchmarkMergeOfAThousandShards(b *testing.B) {
	const shards = 1000
	var encoded [][]byte
	bytes := 0
	for i := range shards {
		if i < 10 { // ten that differ, a hundred times each
			data, err := shardOf(0, 1, took(60_000+i)).Encode()
			if err != nil {
				b.Fatal(err)
			}
			encoded = append(encoded, data)
		}
		bytes += len(encoded[i%10])
	}
	b.ReportAllocs()
	for b.Loop() {
		parts := make([]*Part, 0, shards)
		for i := range shards {
			p, err := DecodePart(encoded[i%10])
			if err != nil {
				b.Fatal(err)
			}
			p.Shard, p.Shards, p.Attempt = i, shards, fmt.Sprint(i)
			parts = append(parts, p)
		}
		r, err := Merge(parts, Merging{Shards: shards})
		if err != nil {
			b.Fatal(err)
		}
		if got := r.Scenarios[0].Requests; got < 60_000*shards {
			b.Fatalf("got %d requests, want those of all shards", got)
		}
	}
	b.ReportMetric(float64(bytes)/shards, "B/part")
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/shards, "µs/shard")
}
