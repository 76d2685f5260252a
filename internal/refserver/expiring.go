package refserver

import (
	"sync"
	"time"
)

// expiring is a map whose entries end. Entries are forgotten in the order in
// which they were put, so that all of one map should live equally long.
type expiring[V any] struct {
	mu      sync.Mutex
	entries map[string]expiringEntry[V]
	order   []string
}

type expiringEntry[V any] struct {
	value   V
	expires time.Time
}

// put stores value until expires, and forgets some that ended before now.
func (e *expiring[V]) put(key string, value V, expires, now time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.entries == nil {
		e.entries = map[string]expiringEntry[V]{}
	}
	for len(e.order) > 0 {
		oldest, ok := e.entries[e.order[0]]
		if ok && now.Before(oldest.expires) {
			break
		}
		delete(e.entries, e.order[0])
		e.order = e.order[1:]
	}
	if _, ok := e.entries[key]; !ok {
		e.order = append(e.order, key)
	}
	e.entries[key] = expiringEntry[V]{value, expires}
}

// get returns the value stored under key unless it has ended.
func (e *expiring[V]) get(key string, now time.Time) (V, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	entry, ok := e.entries[key]
	if !ok || !now.Before(entry.expires) {
		var none V
		return none, false
	}
	return entry.value, true
}

// drop forgets key.
func (e *expiring[V]) drop(key string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.entries, key)
}

// all returns what has not ended, in the order in which it was put.
func (e *expiring[V]) all(now time.Time) []V {
	e.mu.Lock()
	defer e.mu.Unlock()
	var values []V
	for _, key := range e.order {
		if entry, ok := e.entries[key]; ok && now.Before(entry.expires) {
			values = append(values, entry.value)
		}
	}
	return values
}
