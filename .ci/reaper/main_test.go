package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestParseFilterRefusesWhatWouldMatchEverything(t *testing.T) {
	for _, line := range []string{"", "name=x", "label", "label=", "lable=a=b", "label=a=b&name=x", "%zz"} {
		if f, err := parseFilter(line); err == nil {
			t.Errorf("parseFilter(%q): got %q, want an error", line, f)
		}
	}
	got, err := parseFilter("label=session=1&label=org.testcontainers=true")
	if want := (filter{"session=1", "org.testcontainers=true"}); err != nil || !slices.Equal(got, want) {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func TestCollectWaitsUntilTheLastConnectionHasGone(t *testing.T) {
	l := listen(t)
	collected := make(chan map[string]filter)
	go func() { collected <- collect(t.Context(), l, time.Minute, 50*time.Millisecond) }()

	var conns []net.Conn
	for i := range 2 {
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		fmt.Fprintf(c, "label=session=%d\n", i)
		if ack, err := bufio.NewReader(c).ReadString('\n'); err != nil || ack != "ACK\n" {
			t.Fatalf("got %q, %v, want ACK", ack, err)
		}
		conns = append(conns, c)
	}
	conns[0].Close()
	select {
	case <-collected:
		t.Fatal("ended while a connection was open")
	case <-time.After(200 * time.Millisecond):
	}
	conns[1].Close()
	if got := <-collected; len(got) != 2 {
		t.Errorf("got %d filters (%v), want 2", len(got), got)
	}
}

func TestCollectEndsWhenNobodyConnects(t *testing.T) {
	if got := collect(t.Context(), listen(t), time.Millisecond, time.Minute); len(got) != 0 {
		t.Errorf("got %v, want no filters", got)
	}
}

// engine answers as a Docker engine does and remembers what was removed.
type engine struct {
	mu      sync.Mutex
	left    map[string]string // path of a thing: the filters that match it
	busy    map[string]bool   // paths whose first removal fails
	removed []string
}

func (e *engine) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if r.Method == http.MethodDelete {
		if e.busy[r.URL.Path] {
			delete(e.busy, r.URL.Path)
			http.Error(w, "in use", http.StatusConflict)
			return
		}
		delete(e.left, r.URL.Path)
		e.removed = append(e.removed, r.URL.Path)
		return
	}
	kind := "/" + strings.Split(r.URL.Path, "/")[1]
	things := []map[string]string{}
	for path, filters := range e.left {
		if id, ok := strings.CutPrefix(path, kind+"/"); ok && filters == r.FormValue("filters") {
			things = append(things, map[string]string{"Id": id, "Name": id})
		}
	}
	var answer any = things
	if kind == "/volumes" {
		answer = map[string]any{"Volumes": things}
	}
	json.NewEncoder(w).Encode(answer)
}

func TestRemoveRemovesWhatBearsTheLabelsAndNothingElse(t *testing.T) {
	const ours, others = `{"label":["session=1"]}`, `{"label":["session=2"]}`
	e := &engine{
		left: map[string]string{
			"/containers/c1": ours, "/networks/n1": ours, "/volumes/v1": ours, "/images/i1": ours,
			"/containers/c2": others, "/networks/n2": others,
		},
		busy: map[string]bool{"/networks/n1": true},
	}
	socket := filepath.Join(t.TempDir(), "docker.sock")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: e}
	go server.Serve(l)
	defer server.Close()

	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if err := dial(socket).remove(ctx, map[string]filter{"label=session=1": {"session=1"}}); err != nil {
		t.Fatal(err)
	}
	slices.Sort(e.removed)
	want := []string{"/containers/c1", "/images/i1", "/networks/n1", "/volumes/v1"}
	if !slices.Equal(e.removed, want) {
		t.Errorf("removed %v, want %v", e.removed, want)
	}
}
