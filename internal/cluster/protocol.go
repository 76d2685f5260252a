package cluster

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"
)

const (
	// chunk is how many bytes of a result are in one line: container runtimes cut
	// lines of 16 KiB.
	chunk = 6 << 10
	// alive is how often a shard says that it lives.
	alive = 2 * time.Second
	// longestLine bounds what is read of a shard as one line.
	longestLine = 1 << 20
	// most bounds a result.
	most = 256 << 20
)

// line is what a shard says, one JSON object a line.
type line struct {
	N        int             `json:"n"` // from 1
	Ready    string          `json:"ready,omitempty"`
	Progress json.RawMessage `json:"progress,omitempty"`
	Chunk    string          `json:"chunk,omitempty"` // base64
	End      *end            `json:"end,omitempty"`
	Failed   string          `json:"failed,omitempty"`
}

// end closes a result.
type end struct {
	Bytes  int    `json:"bytes"`
	SHA256 string `json:"sha256"` // hex
}

// order is what the coordinator says.
type order struct {
	Start string `json:"start,omitempty"` // the stage
	// InMS is when it starts, in milliseconds from now: no clocks are compared.
	InMS int64 `json:"in_ms,omitempty"`
	Stop bool  `json:"stop,omitempty"`
}

// ErrStopped is the cause of a shard's context that ends because the coordinator
// said so, or went away.
var ErrStopped = errors.New("stopped by the coordinator")

// Worker is a shard's side of the conversation.
type Worker struct {
	mu     sync.Mutex
	out    io.Writer
	n      int
	orders chan order
}

// NewWorker talks over in and out. The context that it returns ends with ctx,
// when the coordinator says stop, and when in ends, where alone is false: on
// Kubernetes the coordinator may come back.
func NewWorker(ctx context.Context, in io.Reader, out io.Writer, alone bool) (*Worker, context.Context) {
	w := &Worker{out: out, orders: make(chan order, 16)}
	ctx, cancel := context.WithCancelCause(ctx)
	go func() {
		scanner := bufio.NewScanner(in)
		for scanner.Scan() {
			var o order
			if json.Unmarshal(scanner.Bytes(), &o) != nil {
				continue
			}
			if o.Stop {
				cancel(ErrStopped)
				return
			}
			select {
			case w.orders <- o:
			case <-ctx.Done():
				return
			}
		}
		if !alone {
			cancel(ErrStopped)
		}
	}()
	go w.live(ctx)
	return w, ctx
}

// live says until ctx ends that the shard lives.
func (w *Worker) live(ctx context.Context) {
	tick := time.NewTicker(alive)
	defer tick.Stop()
	for w.say(line{}) == nil {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (w *Worker) say(l line) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.n++
	l.N = w.n
	data, err := json.Marshal(l)
	if err != nil {
		return err
	}
	_, err = w.out.Write(append(data, '\n'))
	return err
}

// Ready says that everything is prepared for a stage, and returns when it is to
// start.
func (w *Worker) Ready(ctx context.Context, stage string) (time.Time, error) {
	if err := w.say(line{Ready: stage}); err != nil {
		return time.Time{}, fmt.Errorf("the coordinator is told: %w", err)
	}
	for {
		select {
		case o := <-w.orders:
			if o.Start == stage {
				return time.Now().Add(time.Duration(o.InMS) * time.Millisecond), nil
			}
		case <-ctx.Done():
			return time.Time{}, context.Cause(ctx)
		}
	}
}

// Progress says how far the shard has come.
func (w *Worker) Progress(data any) error {
	raw, err := json.Marshal(data)
	if err != nil {
		return err
	}
	return w.say(line{Progress: raw})
}

// Result hands the result in, once.
func (w *Worker) Result(data []byte) error {
	sum := sha256.Sum256(data)
	for rest := data; len(rest) > 0; {
		part := rest[:min(chunk, len(rest))]
		rest = rest[len(part):]
		if err := w.say(line{Chunk: base64.StdEncoding.EncodeToString(part)}); err != nil {
			return err
		}
	}
	return w.say(line{End: &end{Bytes: len(data), SHA256: hex.EncodeToString(sum[:])}})
}

// Fail says why there is no result.
func (w *Worker) Fail(cause error) error { return w.say(line{Failed: cause.Error()}) }

// reading is one shard's output as the coordinator reads it, perhaps more than
// once from its beginning.
type reading struct {
	last   int
	result bytes.Buffer
	done   bool
}

// errCorrupt says that a shard's output is not what it sent.
var errCorrupt = errors.New("its result is damaged")

// read reads lines until the stream ends or the result is complete, and calls
// each for those not seen before.
func (r *reading) read(in io.Reader, each func(line)) error {
	scanner := bufio.NewScanner(in)
	scanner.Buffer(make([]byte, 0, 64<<10), longestLine)
	for scanner.Scan() {
		var l line
		if !bytes.HasPrefix(scanner.Bytes(), []byte(`{"n":`)) {
			continue // what a runtime or a library prints
		}
		if err := json.Unmarshal(scanner.Bytes(), &l); err != nil {
			return fmt.Errorf("%w: line %d is no JSON", errCorrupt, r.last+1)
		}
		if l.N <= r.last {
			continue
		}
		if l.N != r.last+1 {
			return fmt.Errorf("%w: after line %d came line %d", errCorrupt, r.last, l.N)
		}
		r.last = l.N
		if err := r.take(l); err != nil {
			return err
		}
		each(l)
		if r.done || l.Failed != "" {
			return nil
		}
	}
	return scanner.Err()
}

func (r *reading) take(l line) error {
	if l.Chunk != "" {
		part, err := base64.StdEncoding.DecodeString(l.Chunk)
		if err != nil {
			return fmt.Errorf("%w: line %d is no base64", errCorrupt, l.N)
		}
		if r.result.Len()+len(part) > most {
			return fmt.Errorf("%w: it is longer than %d bytes", errCorrupt, most)
		}
		r.result.Write(part)
	}
	if l.End == nil {
		return nil
	}
	sum := sha256.Sum256(r.result.Bytes())
	if l.End.Bytes != r.result.Len() || l.End.SHA256 != hex.EncodeToString(sum[:]) {
		return fmt.Errorf("%w: got %d bytes, want %d with another digest", errCorrupt, r.result.Len(), l.End.Bytes)
	}
	r.done = true
	return nil
}

// ReadPlan reads the first line of a shard's input, and nothing behind it.
func ReadPlan(in io.Reader) ([]byte, error) {
	var plan []byte
	one := make([]byte, 1)
	for {
		if _, err := io.ReadFull(in, one); err != nil {
			return nil, fmt.Errorf("the plan is read: %w", err)
		}
		if one[0] == '\n' {
			return plan, nil
		}
		if plan = append(plan, one[0]); len(plan) > longestLine {
			return nil, fmt.Errorf("the plan is longer than %d bytes", longestLine)
		}
	}
}
