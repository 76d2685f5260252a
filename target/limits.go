package target

import (
	"errors"
	"fmt"
	"io"
	"slices"
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
func ReadAnswer(body io.Reader) ([]byte, error) { return ReadSized(body, 0) }

// ReadSized is [ReadAnswer] of a body that is said to have so many bytes; it may have
// more or less, and it is not believed before it came that it is a long one.
func ReadSized(body io.Reader, size int64) ([]byte, error) {
	if size <= 0 || size > believedSize {
		size = 511
	}
	data, err := readAll(io.LimitReader(body, MaxAnswer+1), make([]byte, 0, size+1))
	switch {
	case len(data) > MaxAnswer:
		return data[:MaxAnswer], ErrLongAnswer
	case errors.Is(err, io.ErrUnexpectedEOF):
		return data, fmt.Errorf("the answer broke off after %d bytes: %w", len(data), err)
	}
	return data, err
}

const believedSize = 64 << 10 // bytes

// readAll is [io.ReadAll] into memory that is there.
func readAll(from io.Reader, data []byte) ([]byte, error) {
	for {
		n, err := from.Read(data[len(data):cap(data)])
		data = data[:len(data)+n]
		switch {
		case err == io.EOF: // never wrapped: see io.Reader
			return data, nil
		case err != nil:
			return data, err
		case len(data) == cap(data):
			data = slices.Grow(data, len(data))
		}
	}
}
