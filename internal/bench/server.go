//go:build linux

package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// What is sent and what is answered, by every tool alike. The token is a JWT in
// form only: nothing verifies it. Each that is issued has a jti of its own.
var (
	head  = "eyJhbGciOiJFUzI1NiJ9."
	token = head +
		base64.RawURLEncoding.EncodeToString([]byte(`{ "jti":"`+strings.Repeat("0", jtiLength)+`","iss":"https://as.example","sub":"robot","client_id":"robot","exp":4102444800,"scope":"read:appointments"}`)) +
		"." + strings.Repeat("s", 86)
	tokenBody = []byte(`{"access_token":"` + token + `","token_type":"Bearer","expires_in":300,"scope":"read:appointments"}`)
	listBody  = []byte(`{"appointments":[{"id":"a1","title":"scopeproof-load","start":"2030-01-01T10:00:00Z"},{"id":"a2","title":"lunch","start":"2030-01-02T12:00:00Z"}]}`)
	refusal   = []byte(`{"error":"insufficient_scope","error_description":"the token lacks write:appointments"}`)
)

const (
	// The jti begins and ends where three bytes become four characters.
	jtiAt, jtiLength = len(`{ "jti":"`), 12

	form      = "grant_type=client_credentials&client_id=robot&client_secret=secret-secret-secret&scope=read%3Aappointments"
	challenge = `Bearer realm="calendar", error="insufficient_scope", scope="write:appointments"`
)

// counted is what a server says of itself.
type counted struct {
	Requests int64   `json:"requests"`
	CPU      float64 `json:"cpu"` // seconds
}

// target counts the requests of a server, and the tokens that it issued.
type target struct{ requests, tokens atomic.Int64 }

// stamp makes the token in an answer another than all before.
func (t *target) stamp(answer []byte) {
	var digits [jtiLength]byte
	n := t.tokens.Add(1)
	for i := len(digits) - 1; i >= 0; i-- {
		digits[i] = byte('0' + n%10)
		n /= 10
	}
	at := bytes.Index(answer, []byte(head)) + len(head) + base64.RawURLEncoding.EncodedLen(jtiAt)
	base64.RawURLEncoding.Encode(answer[at:], digits[:])
}

// serve is the program of a server, which prints where it listens: for requests,
// and for questions about itself.
func serve(kind string) error {
	var t target
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	about, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(listener.Addr(), about.Addr())
	go func() {
		_ = http.Serve(about, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_ = json.NewEncoder(w).Encode(counted{t.requests.Load(), processorTime().Seconds()})
		}))
	}()
	go func() { // ends with who started it
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	if kind == "nethttp" {
		return http.Serve(listener, t.mux())
	}
	for {
		conn, err := listener.Accept()
		if err != nil {
			return err
		}
		go t.canned(conn)
	}
}

// mux is a net/http server with answers that cost it nothing.
func (t *target) mux() http.Handler {
	answer := func(status int, body []byte, challenge string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			t.requests.Add(1)
			_, _ = io.Copy(io.Discard, r.Body)
			h := w.Header()
			if challenge != "" {
				h.Set("WWW-Authenticate", challenge)
			}
			h.Set("Content-Type", "application/json")
			h.Set("Cache-Control", "no-store")
			body := body
			if r.Method == http.MethodPost {
				body = bytes.Clone(body)
				t.stamp(body)
			}
			w.WriteHeader(status)
			_, _ = w.Write(body)
		}
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /token", answer(200, tokenBody, ""))
	mux.HandleFunc("GET /read", answer(200, listBody, ""))
	mux.HandleFunc("GET /write", answer(403, refusal, challenge))
	return mux
}

// The answers of canned, as they go over the wire.
var (
	cannedToken = canned("200 OK", "", tokenBody)
	cannedList  = canned("200 OK", "", listBody)
	cannedNo    = canned("403 Forbidden", "WWW-Authenticate: "+challenge+"\r\n", refusal)
)

func canned(status, more string, body []byte) []byte {
	return fmt.Appendf(nil, "HTTP/1.1 %s\r\nContent-Type: application/json\r\nCache-Control: no-store\r\n%sContent-Length: %d\r\n\r\n%s", status, more, len(body), body)
}

// canned answers the requests of a connection without looking at more of them than
// it must, so that it is not the limit.
func (t *target) canned(conn net.Conn) {
	defer conn.Close()
	in, issued := bufio.NewReaderSize(conn, 8<<10), bytes.Clone(cannedToken)
	for {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return
		}
		answer := cannedList
		switch {
		case bytes.HasPrefix(line, []byte("POST /token")):
			t.stamp(issued)
			answer = issued
		case bytes.HasPrefix(line, []byte("GET /write")):
			answer = cannedNo
		}
		length := 0
		for len(line) > 2 {
			if line, err = in.ReadSlice('\n'); err != nil {
				return
			}
			const name = "content-length:"
			if len(line) > len(name) && (line[0] == 'C' || line[0] == 'c') && bytes.EqualFold(line[:len(name)], []byte(name)) {
				length, _ = strconv.Atoi(string(bytes.TrimSpace(line[len(name):])))
			}
		}
		if _, err := in.Discard(length); err != nil {
			return
		}
		t.requests.Add(1)
		if _, err := conn.Write(answer); err != nil {
			return
		}
	}
}

// ask is what a server says of itself.
func ask(about string) (c counted, err error) {
	client := http.Client{Timeout: 5 * time.Second}
	resp, err := client.Get("http://" + about)
	if err != nil {
		return c, err
	}
	defer resp.Body.Close()
	return c, json.NewDecoder(resp.Body).Decode(&c)
}
