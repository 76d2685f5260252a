package lean

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"reflect"
	"testing"
)

// byNetHTTP is what net/http makes of an answer of which nothing follows: the
// answer, its body, and how much is left.
func byNetHTTP(method string, data []byte) (*http.Response, []byte, int, error) {
	in := bufio.NewReaderSize(bytes.NewReader(data), longestChunkLine)
	for {
		resp, err := http.ReadResponse(in, &http.Request{Method: method})
		if err != nil {
			return nil, nil, 0, err
		}
		if resp.StatusCode >= 100 && resp.StatusCode <= 199 && resp.StatusCode != 101 {
			continue
		}
		body, err := io.ReadAll(resp.Body)
		left, _ := io.Copy(io.Discard, in)
		return resp, body, int(left), err
	}
}

// Every answer that net/http takes is taken and means the same, and no other is.
func FuzzAnswer(f *testing.F) {
	for _, say := range []string{
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
		"HTTP/1.1 200 OK\nContent-Length: 2\n\nok and more",
		"HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 403 Forbidden\r\nWWW-Authenticate: Bearer error=\"insufficient_scope\"\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\n3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\nX: 1\r\n\r\nrest",
		"HTTP/1.1 200 OK\r\nX-A: one\r\n\t two  \r\n \r\n three\r\n\r\nuntil the end",
		"HTTP/1.0 200 OK\r\nConnection: keep-alive, close\r\nContent-Length: 1\r\nContent-Length: 1 \r\n\r\na",
		"HTTP/1.1 +20 Odd\r\nPragma: no-cache\r\nX A: b\r\nContent-Length: 007\r\n\r\n1234567",
		"HTTP/0.0 000 \nTransfer-Encoding: 0\n\n",
		"HTTP/2.0 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	} {
		f.Add(false, []byte(say))
		f.Add(true, []byte(say))
	}
	f.Fuzz(func(t *testing.T, head bool, data []byte) {
		method := "GET"
		if head {
			method = "HEAD"
		}
		want, body, left, wanted := byNetHTTP(method, data)
		if want != nil && want.StatusCode == 101 {
			t.Skip() // net/http's Transport takes the connection over
		}
		r := &Response{in: input{from: bytes.NewReader(data)}}
		r.in.reset()
		end, err := r.read(method, limits{1 << 20, 1 << 20})
		if (err == nil) != (wanted == nil) {
			t.Fatalf("got error %v, want %v", err, wanted)
		}
		if err != nil {
			return
		}
		_, _ = io.Copy(io.Discard, r.in.from)
		header := r.Header()
		if r.Status != want.StatusCode || !bytes.Equal(r.Body, body) || !reflect.DeepEqual(header, want.Header) {
			t.Fatalf("got %d %v %q, want %d %v %q", r.Status, header, r.Body, want.StatusCode, want.Header, body)
		}
		if closes := want.Close || want.StatusCode <= 199; r.framing.close != closes {
			t.Errorf("got close %v, want %v", r.framing.close, closes)
		}
		if got := len(data) - end; got != left {
			t.Errorf("got %d bytes left, want %d", got, left)
		}
	})
}
