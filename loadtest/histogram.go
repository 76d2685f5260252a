package loadtest

import (
	"iter"
	"math"
	"math/bits"
)

// histogram is an HDR histogram: it counts values from 0 within a part of
// themselves, in the buckets that hdrhistogram has. It knows between which of them
// it has counted, so that a few latencies that lie close together are added up and
// forgotten as fast as they came: while that is done nothing is sent.
type histogram struct {
	bits   int   // of a value that are told apart
	most   int64 // what is more counts as this
	counts []int64
	total  int64
	// Nothing is counted below low, nor from high on.
	low, high int
}

// newHistogram is for latencies in microseconds, within a thousandth.
func newHistogram() *histogram { return newHistogramTo(longest, 11) }

func newHistogramTo(most int64, bits int) *histogram {
	h := &histogram{bits: bits, most: most}
	h.counts = make([]int64, h.bucket(most)+1)
	h.low = len(h.counts)
	return h
}

// bucket is where a value is counted.
func (h *histogram) bucket(value int64) int {
	shift := max(0, bits.Len64(uint64(value))-h.bits)
	return shift<<(h.bits-1) + int(value>>shift)
}

// values are the least that a bucket counts, and how many there are.
func (h *histogram) values(bucket int) (least, width int64) {
	shift := max(0, bucket>>(h.bits-1)-1)
	return int64(bucket-shift<<(h.bits-1)) << shift, 1 << shift
}

// add counts a value n times, at most as often as can be counted.
func (h *histogram) add(value, n int64) {
	if n = min(n, math.MaxInt64-h.total); n <= 0 {
		return
	}
	at := h.bucket(min(max(value, 0), h.most))
	h.counts[at] += n
	h.total += n
	h.low, h.high = min(h.low, at), max(h.high, at+1)
}

// merge adds what another counted, whose buckets are the same.
func (h *histogram) merge(other *histogram) {
	if other.total > math.MaxInt64-h.total {
		return
	}
	for at := other.low; at < other.high; at++ {
		h.counts[at] += other.counts[at]
	}
	h.total += other.total
	h.low, h.high = min(h.low, other.low), max(h.high, other.high)
}

func (h *histogram) reset() {
	if h.low < h.high {
		clear(h.counts[h.low:h.high])
	}
	h.total, h.low, h.high = 0, len(h.counts), 0
}

// all are the buckets that count something: the highest value of each, and how
// often.
func (h *histogram) all() iter.Seq2[int64, int64] {
	return func(yield func(value, count int64) bool) {
		for at := h.low; at < h.high; at++ {
			if h.counts[at] == 0 {
				continue
			}
			if least, width := h.values(at); !yield(least+width-1, h.counts[at]) {
				return
			}
		}
	}
}

// min is the lowest value, 0 where there is none.
func (h *histogram) min() int64 { return h.at(0) }

// max is the highest value, 0 where there is none.
func (h *histogram) max() int64 { return h.at(100) }

// at is the highest value of so many percent, of 0 the lowest of all.
func (h *histogram) at(percent float64) int64 {
	rank := h.total
	if exact := percent/100*float64(h.total) + 0.5; exact < float64(h.total) {
		rank = min(rank, max(1, int64(exact)))
	}
	seen := int64(0)
	for at := h.low; at < h.high; at++ {
		if seen += h.counts[at]; seen >= rank {
			least, width := h.values(at)
			if percent <= 0 {
				return least
			}
			return least + width - 1
		}
	}
	return 0
}

func (h *histogram) mean() (mean float64) {
	for at := h.low; at < h.high; at++ {
		if h.counts[at] != 0 {
			least, width := h.values(at)
			mean += float64(h.counts[at]) * float64(least+width/2) / float64(h.total)
		}
	}
	return mean
}
