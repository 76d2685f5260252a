package refserver

import (
	"slices"
	"strconv"
	"sync"
)

const (
	// listed is how many appointments a list holds: the newest ones. It keeps
	// reading cheap while a load test writes.
	listed = 100
	// kept is how many appointments an owner has at most; the oldest go.
	kept = 5000
)

// Appointment is an entry of the calendar.
type Appointment struct {
	ID    string `json:"id"`
	Title string `json:"title"`
	Start string `json:"start"`
	// Confirmed says that somebody has confirmed it.
	Confirmed bool `json:"confirmed,omitempty"`

	notes []string
}

// calendar holds the appointments of everybody.
type calendar struct {
	mu     sync.RWMutex
	last   int
	owners map[string]*appointments
	of     map[string]string // an appointment's owner
}

// appointments are those of one owner, by id and in the order they were made.
type appointments struct {
	items map[string]Appointment
	order []string
}

// list returns the newest visible appointments, for each owner the oldest first.
func (c *calendar) list(visible func(string) bool) []Appointment {
	c.mu.RLock()
	defer c.mu.RUnlock()
	list := []Appointment{}
	for name, own := range c.owners {
		if visible(name) {
			list = own.newest(list)
		}
	}
	return list
}

// own is list of one owner alone.
func (c *calendar) own(owner string, visible func(string) bool) []Appointment {
	c.mu.RLock()
	defer c.mu.RUnlock()
	list := []Appointment{}
	if own := c.owners[owner]; own != nil && visible(owner) {
		list = own.newest(list)
	}
	return list
}

// newest adds the newest appointments to a list, the oldest first.
func (a *appointments) newest(list []Appointment) []Appointment {
	for _, id := range a.order[max(0, len(a.order)-listed):] {
		list = append(list, a.items[id])
	}
	return list
}

// find returns the appointment and its owner's others. The caller holds mu.
func (c *calendar) find(id string, visible func(string) bool) (*appointments, Appointment, bool) {
	owner, ok := c.of[id]
	if !ok || !visible(owner) {
		return nil, Appointment{}, false
	}
	own := c.owners[owner]
	return own, own.items[id], true
}

func (c *calendar) get(id string, visible func(string) bool) (Appointment, bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	_, item, ok := c.find(id, visible)
	return item, ok
}

// exists says whether anybody has an appointment of that id.
func (c *calendar) exists(id string) bool {
	c.mu.RLock()
	defer c.mu.RUnlock()
	_, ok := c.of[id]
	return ok
}

func (c *calendar) add(owner string, item Appointment) Appointment {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last++
	item.ID = "appointment-" + strconv.Itoa(c.last)
	own := c.owners[owner]
	if own == nil {
		own = &appointments{items: map[string]Appointment{}}
		c.owners[owner] = own
	}
	c.of[item.ID] = owner
	own.items[item.ID] = item
	own.order = append(own.order, item.ID)
	if len(own.order) > kept {
		delete(own.items, own.order[0])
		delete(c.of, own.order[0])
		own.order = own.order[1:]
	}
	return item
}

func (c *calendar) change(id string, visible func(string) bool, change func(*Appointment)) (Appointment, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	own, item, ok := c.find(id, visible)
	if !ok {
		return item, false
	}
	change(&item)
	own.items[id] = item
	return item, true
}

func (c *calendar) remove(id string, visible func(string) bool) (Appointment, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	own, item, ok := c.find(id, visible)
	if !ok {
		return item, false
	}
	delete(own.items, id)
	delete(c.of, id)
	own.order = slices.DeleteFunc(own.order, func(other string) bool { return other == id })
	return item, true
}
