package lean_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/scopeproof/scopeproof/internal/lean"
)

const (
	mostHeader = 64 << 10
	mostBody   = 1 << 20
	patience   = 2 * time.Second
)

// act is what the server does with one request.
type act struct {
	say  string
	then string // "" keep the connection; "close", "reset", "shut" (no more is written), "hang"
	slow bool   // a byte at a time
	late string // is said a moment later, when nothing was asked
	deaf bool   // the request is not read
}

const plain = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

// trick is what a server plays on three requests one after another. The last act
// is for all that follow.
type trick struct {
	name   string
	method string // "" is GET
	acts   []act
}

func answers(says ...string) []act {
	var acts []act
	for _, say := range says {
		acts = append(acts, act{say: say})
	}
	return acts
}

var tricks = []trick{
	{name: "as usual", acts: answers(plain)},
	{name: "a byte at a time", acts: []act{{say: plain, slow: true}}},
	{name: "bare line feeds", acts: answers("HTTP/1.1 200 OK\nContent-Length: 2\n\nok")},
	{name: "no body", acts: answers("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")},
	{name: "several spaces in the status line", acts: answers("HTTP/1.1   200   Fine\r\nContent-Length: 0\r\n\r\n")},
	{name: "no reason", acts: answers("HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n")},
	{name: "an unknown status", acts: answers("HTTP/1.1 799 Odd\r\nContent-Length: 2\r\n\r\nok")},
	{name: "a status below 100", acts: answers("HTTP/1.1 099 Odd\r\nContent-Length: 2\r\n\r\nok")},
	{name: "a status of four digits", acts: answers("HTTP/1.1 2000 OK\r\nContent-Length: 2\r\n\r\nok")},
	{name: "a status that is no number", acts: answers("HTTP/1.1 2x0 OK\r\nContent-Length: 2\r\n\r\nok")},
	{name: "no status", acts: answers("HTTP/1.1\r\nContent-Length: 2\r\n\r\nok")},
	{name: "another protocol", acts: answers("SSH-2.0-OpenSSH_9.2 hello\r\n\r\n")},
	{name: "a version that is none", acts: answers("HTTP/1.x 200 OK\r\nContent-Length: 2\r\n\r\nok")},
	{name: "HTTP/2.0 in a status line", acts: answers("HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\nok")},
	{name: "HTTP/0.9 in a status line", acts: []act{{say: "HTTP/0.9 200 OK\r\nContent-Length: 2\r\n\r\nok", then: "close"}}},
	{name: "an empty line before the answer", acts: answers("\r\n" + plain)},
	{name: "chunks", acts: answers("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\n\r\n")},
	{name: "chunks a byte at a time", acts: []act{{say: "HTTP/1.1 200 OK\r\ntransfer-encoding: Chunked\r\n\r\n3\r\nabc\r\n2 \r\nde\r\n000\r\n\r\n", slow: true}}},
	{name: "trailers", acts: answers("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 1\r\nX-Other: 2\r\n\r\n")},
	{name: "a trailer that frames", acts: answers("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: content-length\r\n\r\n3\r\nabc\r\n0\r\n\r\n")},
	{name: "a malformed trailer", acts: answers("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nno colon\r\n\r\n")},
	{name: "trailers without an end", acts: answers("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n" + strings.Repeat("X: y\r\n", 2000))},
	{name: "a chunk without an end", acts: answers("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcdef\r\n0\r\n\r\n")},
	{name: "a chunk of no number", acts: answers("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\nabc\r\n0\r\n\r\n")},
	{name: "a negative chunk", acts: answers("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-3\r\nabc\r\n0\r\n\r\n")},
	{name: "a chunk of 17 digits", acts: answers("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n00000000000000003\r\nabc\r\n0\r\n\r\n")},
	{name: "a chunk line that a line feed ends", acts: answers("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\nabc\r\n0\r\n\r\n")},
	{name: "a carriage return in a chunk line", acts: answers("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r;\r\nabc\r\n0\r\n\r\n")},
	{name: "a long chunk extension", acts: answers("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;" + strings.Repeat("x", 5000) + "\r\nabc\r\n0\r\n\r\n")},
	{name: "chunk extensions without an end", acts: answers("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + strings.Repeat("1;"+strings.Repeat("x", 200)+"\r\na\r\n", 200) + "0\r\n\r\n")},
	{name: "many small chunks", acts: answers("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + strings.Repeat("1\r\na\r\n", 9000) + "0\r\n\r\n")},
	{name: "chunks that end early", acts: []act{{say: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", then: "close"}}},
	{name: "no last chunk", acts: []act{{say: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n", then: "close"}}},
	{name: "no end of trailers", acts: []act{{say: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n", then: "close"}}},
	{name: "chunked and a length", acts: answers("HTTP/1.1 200 OK\r\nContent-Length: 100\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n")},
	{name: "chunked twice", acts: answers("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n")},
	{name: "another encoding", acts: answers("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n")},
	{name: "identity", acts: answers("HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\nContent-Length: 2\r\n\r\nok")},
	{name: "chunked in HTTP/1.0", acts: []act{{say: "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", then: "close"}}},
	{name: "the same length twice", acts: answers("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length:  2 \r\n\r\nok")},
	{name: "two lengths", acts: answers("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nokk")},
	{name: "two lengths in one field", acts: answers("HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nok")},
	{name: "an empty length", acts: answers("HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\nok")},
	{name: "a negative length", acts: answers("HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\nok")},
	{name: "a length with a sign", acts: answers("HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nok")},
	{name: "a length beyond all", acts: answers("HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775808\r\n\r\nok")},
	{name: "no length", acts: []act{{say: "HTTP/1.1 200 OK\r\nX: y\r\n\r\nuntil the end", then: "close"}}},
	{name: "no length, and shut only", acts: []act{{say: "HTTP/1.1 200 OK\r\n\r\nuntil the end", then: "shut"}}},
	{name: "no length, and reset", acts: []act{{say: "HTTP/1.1 200 OK\r\n\r\nuntil the reset", then: "reset"}}},
	{name: "half a body", acts: []act{{say: "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf", then: "close"}}},
	{name: "half a body, then nothing", acts: []act{{say: "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf", then: "hang"}, {say: plain}}},
	{name: "half a header", acts: []act{{say: "HTTP/1.1 200 OK\r\nContent-Le", then: "close"}}},
	{name: "half a header, then nothing", acts: []act{{say: "HTTP/1.1 200 OK\r\nContent-Le", then: "hang"}, {say: plain}}},
	{name: "one byte", acts: []act{{say: "H", then: "close"}}},
	{name: "half an answer and a reset", acts: []act{{say: "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf", then: "reset", slow: true}}},
	{name: "HEAD with a length", method: "HEAD", acts: answers("HTTP/1.1 200 OK\r\nContent-Length: 200\r\n\r\n")},
	{name: "HEAD with chunked", method: "HEAD", acts: answers("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")},
	{name: "HEAD with neither", method: "HEAD", acts: answers("HTTP/1.1 200 OK\r\n\r\n")},
	{name: "HEAD with an impossible length", method: "HEAD", acts: answers("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n")},
	{name: "204", acts: answers("HTTP/1.1 204 No Content\r\n\r\n")},
	{name: "204 with a length", acts: answers("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n")},
	{name: "304 with a length", acts: answers("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n")},
	{name: "304 with chunked", acts: answers("HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n")},
	{name: "100 before the answer", method: "POST", acts: answers("HTTP/1.1 100 Continue\r\n\r\n" + plain)},
	{name: "102 and 103 before the answer", acts: answers("HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + plain)},
	{name: "100 and nothing else", acts: []act{{say: "HTTP/1.1 100 Continue\r\n\r\n", then: "hang"}, {say: plain}}},
	{name: "100 without an end", acts: answers(strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", 4000))},
	{name: "a malformed 103", acts: answers("HTTP/1.1 103 Early Hints\r\nno colon\r\n\r\n" + plain)},
	{name: "101 that nobody asked for", acts: []act{{say: "HTTP/1.1 101 Switching Protocols\r\n\r\n", then: "close"}}},
	{name: "101 to another protocol", acts: []act{{say: "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\nbytes of x", then: "close"}}},
	{name: "Connection: close", acts: []act{{say: "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", then: "close"}}},
	{name: "Connection: close, but it stays", acts: answers("HTTP/1.1 200 OK\r\nConnection: keep-alive, CLOSE\r\nContent-Length: 2\r\n\r\nok")},
	{name: "HTTP/1.0", acts: answers("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok")},
	{name: "HTTP/1.0 that is kept alive", acts: answers("HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 2\r\n\r\nok")},
	{name: "a limit of one request a connection, unannounced", acts: []act{{say: plain, then: "close"}}},
	{name: "the same for POST", method: "POST", acts: []act{{say: plain, then: "close"}}},
	{name: "shut after an answer", method: "POST", acts: []act{{say: plain, then: "shut"}}},
	{name: "reset after an answer", method: "POST", acts: []act{{say: plain, then: "reset"}}},
	{name: "closed without an answer", acts: []act{{say: plain}, {then: "close"}, {say: plain}}},
	{name: "closed without an answer to POST", method: "POST", acts: []act{{say: plain}, {then: "close"}, {say: plain}}},
	{name: "reset without an answer", acts: []act{{say: plain}, {then: "reset"}, {say: plain}}},
	{name: "reset without an answer to POST", method: "POST", acts: []act{{say: plain}, {then: "reset"}, {say: plain}}},
	{name: "always closed without an answer", acts: []act{{then: "close"}}},
	{name: "always reset without an answer", acts: []act{{then: "reset"}}},
	{name: "a byte and closed", acts: []act{{say: plain}, {say: "H", then: "close"}, {say: plain}}},
	{name: "no answer", acts: []act{{say: plain}, {then: "hang"}, {say: plain}}},
	{name: "answered and closed without being read", method: "POST", acts: []act{{say: plain, then: "close", deaf: true}}},
	{name: "garbage after an answer", acts: answers(plain + "garbage")},
	{name: "another answer after an answer", acts: answers(plain + "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfake")},
	{name: "another answer a moment later", acts: []act{{say: plain, late: "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfake"}}},
	{name: "a body after 204", acts: answers("HTTP/1.1 204 No Content\r\n\r\nbody")},
	{name: "a body after HEAD", method: "HEAD", acts: answers(plain)},
	{name: "more than the length", acts: answers("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokay")},
	{name: "folded lines", acts: answers("HTTP/1.1 200 OK\r\nX-A: one\r\n\t two  \r\n   three\r\nX-B:\r\n b\r\nContent-Length: 2\r\n\r\nok")},
	{name: "a folded first line", acts: answers("HTTP/1.1 200 OK\r\n X-A: one\r\nContent-Length: 2\r\n\r\nok")},
	{name: "a folded length", acts: answers("HTTP/1.1 200 OK\r\nContent-Length:\r\n 2\r\n\r\nok")},
	{name: "no colon", acts: answers("HTTP/1.1 200 OK\r\nX-A\r\nContent-Length: 2\r\n\r\nok")},
	{name: "no name", acts: answers("HTTP/1.1 200 OK\r\n: a\r\nContent-Length: 2\r\n\r\nok")},
	{name: "a space before the colon", acts: answers("HTTP/1.1 200 OK\r\nX-A : a\r\nContent-Length: 2\r\n\r\nok")},
	{name: "a space in the name of the length", acts: []act{{say: "HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\nokay", then: "close"}}},
	{name: "a name that is no token", acts: answers("HTTP/1.1 200 OK\r\nX(A): a\r\nContent-Length: 2\r\n\r\nok")},
	{name: "a control character in a value", acts: answers("HTTP/1.1 200 OK\r\nX-A: 12345678\x0190\r\nContent-Length: 2\r\n\r\nok")},
	{name: "a carriage return in a value", acts: answers("HTTP/1.1 200 OK\r\nX-A: a\rb\r\nContent-Length: 2\r\n\r\nok")},
	{name: "NUL in a value", acts: answers("HTTP/1.1 200 OK\r\nX-A: a\x00b\r\nContent-Length: 2\r\n\r\nok")},
	{name: "DEL in a value", acts: answers("HTTP/1.1 200 OK\r\nX-A: a long value\x7f with it in the middle\r\nContent-Length: 2\r\n\r\nok")},
	{name: "tabs and bytes beyond ASCII in a value", acts: answers("HTTP/1.1 200 OK\r\nX-A: \ta\tb\xff\xc3\xa4 and more\t\r\nContent-Length: 2\r\n\r\nok")},
	{name: "a field several times, in several cases", acts: answers("HTTP/1.1 200 OK\r\nx-a: 1\r\nX-A: 2\r\nwww-authenticate: Bearer\r\nCONTENT-LENGTH: 2\r\n\r\nok")},
	{name: "Pragma: no-cache", acts: answers("HTTP/1.1 200 OK\r\nPragma: no-cache\r\nContent-Length: 2\r\n\r\nok")},
	{name: "a large header", acts: answers("HTTP/1.1 200 OK\r\nX-A: " + strings.Repeat("a", 60<<10) + "\r\nContent-Length: 2\r\n\r\nok")},
	{name: "a header that is too large", acts: []act{{say: "HTTP/1.1 200 OK\r\nX-A: " + strings.Repeat("a", 70<<10) + "\r\nContent-Length: 2\r\n\r\nok", then: "close"}}},
	{name: "a header without an end", acts: []act{{say: "HTTP/1.1 200 OK\r\n" + strings.Repeat("X: y\r\n", 40000), then: "close"}}},
	{name: "a large body", acts: answers("HTTP/1.1 200 OK\r\nContent-Length: 500000\r\n\r\n" + strings.Repeat("b", 500000))},
	{name: "a slow body", acts: []act{{say: "HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\n" + strings.Repeat("b", 30), slow: true}}},
	{name: "a body that is too long", acts: []act{{say: "HTTP/1.1 200 OK\r\nContent-Length: 2000000\r\n\r\n" + strings.Repeat("b", 2000000), then: "close"}}},
	{name: "chunks that are too long", acts: []act{{say: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + strings.Repeat("10000\r\n"+strings.Repeat("b", 0x10000)+"\r\n", 17) + "0\r\n\r\n", then: "close"}}},
	{name: "a body without an end", acts: []act{{say: "HTTP/1.1 200 OK\r\n\r\n" + strings.Repeat("b", 2000000), then: "close"}}},
}

// stage is a server that plays a trick.
type stage struct {
	trick
	listener net.Listener
	release  chan struct{} // ends what hangs
	wg       sync.WaitGroup

	mu                    sync.Mutex
	requests, connections int
	said                  []string // the requests, as they came
}

func play(t *testing.T, tr trick) *stage {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &stage{trick: tr, listener: l, release: make(chan struct{})}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			s.mu.Lock()
			s.connections++
			s.mu.Unlock()
			s.wg.Go(func() { s.serve(conn.(*net.TCPConn)) })
		}
	}()
	t.Cleanup(func() {
		_ = l.Close()
		close(s.release)
		s.wg.Wait()
	})
	return s
}

func (s *stage) serve(conn *net.TCPConn) {
	defer conn.Close()
	in := bufio.NewReader(conn)
	for {
		if _, err := in.Peek(1); err != nil {
			return
		}
		s.mu.Lock()
		a := s.acts[min(s.requests, len(s.acts)-1)]
		s.requests++
		s.mu.Unlock()
		if !a.deaf && s.hear(in) != nil {
			return
		}
		if a.slow {
			for i := range len(a.say) {
				_, _ = conn.Write([]byte{a.say[i]})
				if i%8 == 0 {
					time.Sleep(time.Millisecond)
				}
			}
		} else {
			_, _ = io.WriteString(conn, a.say)
		}
		if a.late != "" {
			time.Sleep(20 * time.Millisecond)
			_, _ = io.WriteString(conn, a.late)
		}
		switch a.then {
		case "close":
			_ = conn.CloseWrite() // what was written arrives
			if a.say != "" {
				time.Sleep(10 * time.Millisecond)
			}
			return
		case "reset":
			if a.slow {
				time.Sleep(10 * time.Millisecond)
			}
			_ = conn.SetLinger(0)
			return
		case "shut":
			_ = conn.CloseWrite()
			<-s.release
			return
		case "hang":
			<-s.release
			return
		}
	}
}

// hear reads a request.
func (s *stage) hear(in *bufio.Reader) error {
	r, err := http.ReadRequest(in)
	if err != nil {
		return err
	}
	body, err := io.ReadAll(r.Body)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.said = append(s.said, fmt.Sprintf("%s %s %s %v %s", r.Method, r.RequestURI, r.Host, r.Header, body))
	return err
}

// seen is what a client makes of a trick.
type seen struct {
	Answers               []string
	Requests, Connections int
	Said                  []string
}

// outcome is what became of a request.
func outcome(status int, header http.Header, body []byte, err error) string {
	if err != nil {
		return "error: " + class(err)
	}
	text := string(body)
	if len(text) > 100 {
		text = fmt.Sprintf("%s… (%d bytes)", text[:100], len(text))
	}
	if len(header["X-A"]) > 0 && len(header["X-A"][0]) > 1000 {
		header["X-A"] = []string{fmt.Sprint(len(header["X-A"][0]))}
	}
	return fmt.Sprintf("%d %v %q", status, header, text)
}

// class is what kind of error it is.
func class(err error) string {
	var timeout net.Error
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled), errors.As(err, &timeout) && timeout.Timeout():
		return "timed out"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "reset"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), strings.Contains(err.Error(), "EOF"), strings.Contains(err.Error(), "closed idle"):
		return "ended"
	case strings.Contains(err.Error(), "exceeded"), strings.Contains(err.Error(), "longer than"):
		return "too long"
	}
	return "malformed"
}

const rounds = 3

func body(method string) string {
	if method == "POST" {
		return "a=b"
	}
	return ""
}

func (s *stage) request(ctx context.Context) *http.Request {
	method := s.method
	if method == "" {
		method = "GET"
	}
	r, err := http.NewRequestWithContext(ctx, method, "http://"+s.listener.Addr().String()+"/path?q=1", strings.NewReader(body(method)))
	if err != nil {
		panic(err)
	}
	r.Header.Set("Authorization", "Bearer x")
	return r
}

func (s *stage) saw(list []string) seen {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.said {
		s.said[i] = strings.ReplaceAll(s.said[i], s.listener.Addr().String(), "HOST")
	}
	return seen{list, s.requests, s.connections, s.said}
}

// pause is between requests, so that net/http has seen what came after an answer.
const pause = 100 * time.Millisecond

func viaLean(t *testing.T, s *stage) seen {
	client := &lean.Client{MaxHeader: mostHeader, MaxBody: mostBody}
	line := client.NewLine(t.Context())
	defer line.Close()
	var list []string
	for range rounds {
		r := s.request(t.Context())
		var data []byte
		if text := body(r.Method); text != "" {
			data = []byte(text)
		}
		q, err := lean.NewRequest(r, data)
		if err != nil {
			t.Fatal(err)
		}
		timer := time.AfterFunc(patience, line.GiveUp)
		answer, err := line.Do(q)
		switch {
		case err != nil:
			list = append(list, outcome(0, nil, nil, err))
		default:
			list = append(list, outcome(answer.Status, answer.Header(), answer.Body, nil))
		}
		if !timer.Stop() {
			line.Renew()
		}
		time.Sleep(pause)
	}
	return s.saw(list)
}

func viaStandard(t *testing.T, s *stage) seen {
	transport := &http.Transport{DisableCompression: true, MaxResponseHeaderBytes: mostHeader}
	defer transport.CloseIdleConnections()
	var list []string
	for range rounds {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		answer, err := transport.RoundTrip(s.request(ctx))
		var data []byte
		if err == nil {
			data, err = io.ReadAll(io.LimitReader(answer.Body, mostBody+1))
			_ = answer.Body.Close()
			if len(data) > mostBody {
				err = errors.New("longer than that")
			}
		}
		if err != nil {
			list = append(list, outcome(0, nil, nil, err))
		} else {
			list = append(list, outcome(answer.StatusCode, answer.Header, data, nil))
		}
		cancel()
		time.Sleep(pause)
	}
	return s.saw(list)
}

// Whatever a server does, both clients make the same of it: status, header and
// body, the kind of error, how often they ask, and which connections they keep.
func TestLeanIsAsStrictAsNetHTTP(t *testing.T) {
	log.SetOutput(io.Discard) // net/http says there what it did not ask for
	defer log.SetOutput(os.Stderr)
	const atOnce, looks = 64, 3
	room := make(chan struct{}, atOnce)
	var playing sync.WaitGroup
	for _, tr := range tricks {
		playing.Go(func() {
			room <- struct{}{}
			defer func() { <-room }()
			for look := 1; ; look++ {
				want, got := viaStandard(t, play(t, tr)), viaLean(t, play(t, tr))
				d := cmp.Diff(want, got)
				if d == "" {
					return
				}
				// What net/http sees of a connection that it does not use is a matter of chance.
				if look == looks {
					t.Errorf("%s: net/http (-) and lean (+) differ:\n%s", tr.name, d)
					return
				}
			}
		})
	}
	playing.Wait()
}
