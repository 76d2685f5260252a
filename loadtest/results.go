package loadtest

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"

	vegeta "github.com/tsenart/vegeta/v12/lib"
)

// ResultsSum is what the results are that a shard wrote, so that none is missed
// where they are put together.
type ResultsSum struct {
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"` // hex
}

// Summing writes results on, and sums them up.
type Summing struct {
	to    io.Writer
	bytes int64
	hash  hash.Hash
}

// NewSumming writes to a file.
func NewSumming(to io.Writer) *Summing { return &Summing{to: to, hash: sha256.New()} }

// Write implements [io.Writer].
func (s *Summing) Write(p []byte) (int, error) {
	n, err := s.to.Write(p)
	s.bytes += int64(n)
	_, _ = s.hash.Write(p[:n]) // it never fails
	return n, err
}

// Sum is that of all that was written.
func (s *Summing) Sum() *ResultsSum {
	return &ResultsSum{s.bytes, hex.EncodeToString(s.hash.Sum(nil))}
}

// PartResults are the results that came with a part.
type PartResults struct {
	Part *Part
	From io.Reader
}

// MergeResults puts the results of shards together, without keeping them: always
// the one next whose request was due first. An error is that of a shard whose
// results are not all there, to the last, or not as they were written; what was put
// together is of no use then.
func MergeResults(to io.Writer, parts []PartResults) error {
	encode := vegeta.NewEncoder(to)
	var sources []*resultSource
	for _, p := range parts {
		s := newResultSource(p)
		if err := s.next(); err != nil {
			return err
		}
		sources = append(sources, s)
	}
	for {
		var first *resultSource
		for _, s := range sources {
			if !s.over && (first == nil || s.head.Timestamp.Before(first.head.Timestamp)) {
				first = s
			}
		}
		if first == nil {
			return nil
		}
		if err := encode(&first.head); err != nil {
			return err
		}
		if err := first.next(); err != nil {
			return err
		}
	}
}

// resultSource are the results of one shard as they are read.
type resultSource struct {
	part   *Part
	read   *Summing
	rest   io.Reader
	decode vegeta.Decoder
	head   vegeta.Result
	seen   int64
	over   bool
}

func newResultSource(p PartResults) *resultSource {
	s := &resultSource{part: p.Part, read: NewSumming(io.Discard)}
	s.rest = bufio.NewReader(io.TeeReader(p.From, s.read))
	s.decode = vegeta.NewDecoder(s.rest)
	return s
}

// next reads the next result, or finds that there is none and all were there.
func (s *resultSource) next() error {
	s.head = vegeta.Result{}
	err := s.decode(&s.head)
	if err == nil {
		s.seen++
		return nil
	}
	if !errors.Is(err, io.EOF) {
		return fmt.Errorf("the results of shard %d: after %d: %w", s.part.Shard, s.seen, err)
	}
	s.over = true
	if _, err := io.Copy(io.Discard, s.rest); err != nil {
		return fmt.Errorf("the results of shard %d: %w", s.part.Shard, err)
	}
	var counted int64
	for _, scenario := range s.part.Report.Scenarios {
		counted += scenario.Requests
	}
	switch got, want := s.read.Sum(), s.part.Results; {
	case want == nil:
		return fmt.Errorf("shard %d does not say which results it wrote", s.part.Shard)
	case got.Bytes != want.Bytes || s.seen != counted:
		return fmt.Errorf("the results of shard %d: got %d in %d bytes, want %d in %d", s.part.Shard, s.seen, got.Bytes, counted, want.Bytes)
	case got.SHA256 != want.SHA256:
		return fmt.Errorf("the results of shard %d are not those that it wrote", s.part.Shard)
	}
	return nil
}
