package actor

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// Connections that are opened for requests at once go through the proxy that the
// transport has, and say who asks for it.
func TestRacesGoThroughTheProxy(t *testing.T) {
	target := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "there") }))
	defer target.Close()
	asked := make(chan string, 2)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- r.Method + " " + r.Host + " " + r.Header.Get("Proxy-Authorization")
		if r.Header.Get("Proxy-Authorization") == "" {
			w.WriteHeader(http.StatusProxyAuthRequired)
			return
		}
		there, err := net.Dial("tcp", target.Listener.Addr().String())
		if err != nil {
			t.Error(err)
			return
		}
		w.WriteHeader(http.StatusOK)
		here, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		go func() { _, _ = io.Copy(there, here); there.Close() }()
		_, _ = io.Copy(here, there)
		here.Close()
	}))
	defer proxy.Close()
	at, _ := url.Parse(proxy.URL)
	transport := &http.Transport{Proxy: http.ProxyURL(at)}
	if _, err := tunnelled(transport)(t.Context(), "tcp", "as.example:443"); err == nil || !strings.Contains(err.Error(), "got 407 to CONNECT as.example:443") {
		t.Errorf("got %v, want that the proxy refuses", err)
	}
	at.User = url.UserPassword("u", "p")
	conn, err := tunnelled(transport)(t.Context(), "tcp", "as.example:443")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: as.example\r\nConnection: close\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	if body, err := io.ReadAll(answer.Body); err != nil || string(body) != "there" {
		t.Errorf("got %q, %v, want what the target answers", body, err)
	}
	if first, second := <-asked, <-asked; first != "CONNECT as.example:443 " || second != "CONNECT as.example:443 Basic dTpw" {
		t.Errorf("got %q and %q", first, second)
	}
}
