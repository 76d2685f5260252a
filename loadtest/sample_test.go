package loadtest

import (
	"testing"
	"time"
)

func TestWhatWentWrongIsGroupedAndBounded(t *testing.T) {
	s := &samples{}
	at := time.Now()
	for i := range 5000 {
		now := at.Add(time.Duration(i) * time.Millisecond)
		s.keep(fault("got 503 from the token endpoint"), Request{}, Answer{Status: 503}, nil, now)
		s.keep(fault("got 200 with %d bytes that are no JSON", i), Request{}, Answer{Status: 200}, nil, now)
		s.keep(fault("got word%c%c", 'a'+i%26, 'a'+i/26%26), Request{}, Answer{}, nil, now)
	}
	s.keep(leak("RSM-02", "served"), Request{Method: "GET"}, Answer{Status: 200}, nil, at)
	groups, list := s.grouped(), s.taken()
	if len(groups) > groupsMost+2 || len(list) > samplesMost+groupsMost+2 || len(s.words) > wordsMost {
		t.Fatalf("got %d groups, %d samples, %d words: not bounded", len(groups), len(list), len(s.words))
	}
	if groups[0].Class != "leak" || list[0].Class != "leak" {
		t.Errorf("got %+v first, want the leak", groups[0])
	}
	var all int64
	counts := map[string]int64{}
	for _, g := range groups {
		all += g.Count
		counts[g.Message] += g.Count
		if len(g.Exchanges) == 0 {
			t.Errorf("%s: no exchange is kept as evidence", g.Message)
		}
	}
	if all != 15_001 {
		t.Errorf("got %d in all groups, want 15001", all)
	}
	for message, want := range map[string]int64{"got 503 from the token endpoint": 5000, "got 200 with N bytes that are no JSON": 5000} {
		if counts[message] != want {
			t.Errorf("%s: got %d, want %d, of %v", message, counts[message], want, counts)
		}
	}
	if counts[otherMessages] == 0 {
		t.Error("nothing is counted as other")
	}
	for _, g := range groups {
		if g.Message == "got 503 from the token endpoint" && (!g.First.Equal(at) || !g.Last.Equal(at.Add(4999*time.Millisecond))) {
			t.Errorf("got the group from %v to %v", g.First, g.Last)
		}
	}
	numbers := map[int]bool{}
	for _, sample := range list {
		numbers[sample.Exchange.Number] = true
	}
	for _, g := range groups {
		for _, n := range g.Exchanges {
			if !numbers[n] {
				t.Errorf("%s names exchange %d, which is no sample", g.Message, n)
			}
		}
	}
}
