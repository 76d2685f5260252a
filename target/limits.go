package target

import (
	"errors"
	"fmt"
	"io"
	"time"
)

// What is taken of a server, at most. A server under test may be broken or
// hostile: what goes beyond is an error that says so, and never a verdict.
const (
	// MaxAnswer bounds the body of one answer, decompressed, in bytes.
	MaxAnswer = 1 << 20
	// MaxHeader bounds the header of one answer, in bytes; browsers take as much.
	MaxHeader = 256 << 10
	// RequestTimeout bounds one request, until its answer has been read to the end.
	RequestTimeout = 10 * time.Second
	// SetupTimeout bounds one request by which a target is set up, as
	// RequestTimeout does while it is judged.
	SetupTimeout = 30 * time.Second
)

// ErrLongAnswer says that an answer is longer than [MaxAnswer].
var ErrLongAnswer = errors.New("the answer is longer than 1 MiB")

// ReadAnswer reads the body of an answer to its end, at most [MaxAnswer] bytes.
// Of a longer one it returns the beginning and [ErrLongAnswer]; of one that
// breaks off, what came and why it ended.
func ReadAnswer(body io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(body, MaxAnswer+1))
	switch {
	case len(data) > MaxAnswer:
		return data[:MaxAnswer], ErrLongAnswer
	case errors.Is(err, io.ErrUnexpectedEOF):
		return data, fmt.Errorf("the answer broke off after %d bytes: %w", len(data), err)
	}
	return data, err
}
