package actor

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"
)

// Some servers do not answer a method that they do not know where it is the second
// request of a connection.
func TestAnUnusualMethodHasAConnectionOfItsOwn(t *testing.T) {
	var mu sync.Mutex
	requests := map[net.Conn]int{}
	type connection struct{}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		on, _ := r.Context().Value(connection{}).(net.Conn)
		requests[on]++
		if r.Method == "get" && requests[on] > 1 {
			t.Errorf("got %s as request %d of a connection, want it to be the first", r.Method, requests[on])
		}
	}))
	server.Config.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		return context.WithValue(ctx, connection{}, c)
	}
	server.Start()
	defer server.Close()
	shared := http.DefaultTransport.(*http.Transport).Clone()
	defer shared.CloseIdleConnections()
	r := newRecorder(shared, 10*time.Second, nil, nil)
	r.waits = newWaits()
	for _, method := range []string{"GET", "get", "GET", "get"} {
		req, err := http.NewRequestWithContext(t.Context(), method, server.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := r.do(t.Context(), req); err != nil || got.status != http.StatusOK {
			t.Fatalf("%s: got %d %v, want 200", method, got.status, err)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	if len(requests) != 3 {
		t.Errorf("got %d connections, want one for GET and one for each get", len(requests))
	}
}
