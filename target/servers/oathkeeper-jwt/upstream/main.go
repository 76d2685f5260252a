// Command upstream is a plain calendar, kept in memory, that checks nothing: a
// gateway in front of it does. Whose calendar is meant stands in the header X-User,
// which the gateway writes.
package main

import (
	"crypto/rand"
	"encoding/json"
	"log"
	"net/http"
	"sync"
)

type appointment struct {
	ID    string   `json:"id"`
	Title string   `json:"title"`
	Start string   `json:"start,omitempty"`
	Notes []string `json:"notes,omitempty"`
}

// calendars are everybody's appointments, by owner and id.
type calendars struct {
	mu    sync.Mutex
	of    map[string]map[string]*appointment
	order map[string][]string
}

func main() {
	c := &calendars{of: map[string]map[string]*appointment{}, order: map[string][]string{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, "ok") })
	mux.HandleFunc("GET /appointments", c.list)
	mux.HandleFunc("POST /appointments", c.create)
	mux.HandleFunc("POST /appointments/move", c.move)
	for method, act := range map[string]func(*appointment, map[string]string){
		http.MethodGet: nil, http.MethodPut: replace, http.MethodPatch: change,
	} {
		mux.HandleFunc(method+" /appointments/{id}", c.with(act))
	}
	mux.HandleFunc("DELETE /appointments/{id}", c.delete)
	mux.HandleFunc("GET /appointments/{id}/notes", c.with(nil))
	mux.HandleFunc("GET /summary", c.summary)
	mux.HandleFunc("POST /appointments/{id}/notes", c.with(annotate))
	log.Fatal(http.ListenAndServe(":8080", mux))
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the gateway may be gone
}

// body is what was sent: an object of texts, or nothing.
func body(r *http.Request) map[string]string {
	sent := map[string]string{}
	_ = json.NewDecoder(http.MaxBytesReader(nil, r.Body, 1<<16)).Decode(&sent) // what is no object holds nothing
	return sent
}

func replace(a *appointment, sent map[string]string) { a.Title, a.Start = sent["title"], sent["start"] }

func change(a *appointment, sent map[string]string) {
	if title, ok := sent["title"]; ok {
		a.Title = title
	}
	if start, ok := sent["start"]; ok {
		a.Start = start
	}
}

func annotate(a *appointment, sent map[string]string) { a.Notes = append(a.Notes, sent["text"]) }

func (c *calendars) list(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	owner, all := r.Header.Get("X-User"), []*appointment{}
	for _, id := range c.order[owner] {
		if a, ok := c.of[owner][id]; ok {
			all = append(all, a)
		}
	}
	answer(w, http.StatusOK, map[string]any{"appointments": all})
}

func (c *calendars) summary(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	answer(w, http.StatusOK, map[string]int{"appointments": len(c.of[r.Header.Get("X-User")])})
}

func (c *calendars) create(w http.ResponseWriter, r *http.Request) {
	sent := body(r)
	a := &appointment{ID: rand.Text(), Title: sent["title"], Start: sent["start"]}
	owner := r.Header.Get("X-User")
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.of[owner] == nil {
		c.of[owner] = map[string]*appointment{}
	}
	c.of[owner][a.ID] = a
	c.order[owner] = append(c.order[owner], a.ID)
	answer(w, http.StatusCreated, a)
}

// with finds an appointment, does something to it, and shows it.
func (c *calendars) with(act func(*appointment, map[string]string)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		c.mu.Lock()
		defer c.mu.Unlock()
		a, ok := c.of[r.Header.Get("X-User")][r.PathValue("id")]
		if !ok {
			answer(w, http.StatusNotFound, map[string]string{"error": "not_found"})
			return
		}
		if act != nil {
			act(a, body(r))
		}
		answer(w, http.StatusOK, a)
	}
}

func (c *calendars) move(w http.ResponseWriter, r *http.Request) {
	sent := body(r)
	c.mu.Lock()
	defer c.mu.Unlock()
	a, ok := c.of[r.Header.Get("X-User")][sent["id"]]
	if !ok {
		answer(w, http.StatusNotFound, map[string]string{"error": "not_found"})
		return
	}
	a.Start = sent["to"]
	answer(w, http.StatusOK, a)
}

func (c *calendars) delete(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	owner, id := r.Header.Get("X-User"), r.PathValue("id")
	if _, ok := c.of[owner][id]; !ok {
		answer(w, http.StatusNotFound, map[string]string{"error": "not_found"})
		return
	}
	delete(c.of[owner], id)
	w.WriteHeader(http.StatusNoContent)
}
