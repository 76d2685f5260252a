// Package defect holds seeded faults of the reference server: mistakes that an
// engineer would really make, one to a Defect. They show that the rules notice.
package defect

import (
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/scopeproof/scopeproof/internal/refserver"
)

// Defect is one fault. Apply replaces functions of a policy, most often one.
type Defect struct {
	// ID is short and in kebab case.
	ID string
	// Text says what is wrong, as an engineer would report it.
	Text string
	// Breaks are the ids of exactly the rules that the fault violates, the one that it
	// is there for first. Other rules about what is done at once it may leave alone by
	// luck.
	Breaks []string
	// Shows is a part of the message that the violation must carry.
	Shows string
	// With are the extra features of the server that the fault is in; most are in
	// what is always served.
	With []refserver.Feature
	// Load faults show only when requests overlap, or come in great number.
	Load bool
	// Requests is how many of a scenario it takes to come upon a load fault; 0: few.
	Requests int
	// Apply puts the fault in. What it remembers between requests is made anew at
	// each call.
	Apply func(*refserver.Policy)
}

// All are the defects there are, area by area.
var All = slices.Concat(
	granting, syntax, defaults, unknown, consent, remembering, prompt, incremental, editing, managed, roles, clients,
	code, refreshing, exchanging, polling, unasked, introspecting, revoking, tokens, metadata,
	openID, claims, claimsByName, offline, pushed, resources, objects, frontChannel, richRequests,
	service, matching, routing, paths, challenging, believing, forging, kinds, spelling, doors, later, race(window), load,
)

// IDs are the ids of all defects.
func IDs() []string {
	var all []string
	for _, d := range All {
		all = append(all, d.ID)
	}
	return all
}

// Find returns the defect with the given id. After the id of one that shows when
// requests overlap, "@50ms" sets how far apart its look and its change are.
func Find(id string) (Defect, bool) {
	list := All
	if name, text, found := strings.Cut(id, "@"); found {
		apart, err := time.ParseDuration(text)
		if err != nil || apart < 0 || apart > widest {
			return Defect{}, false
		}
		id, list = name, race(apart)
	}
	for _, d := range list {
		if d.ID == id {
			return d, true
		}
	}
	return Defect{}, false
}

// Policy is the conformant policy with the fault in it.
func (d Defect) Policy() refserver.Policy {
	p := refserver.Conformant()
	d.Apply(&p)
	return p
}

// byTurns says of every second of a client's calls that it is one.
func byTurns() func(client string) bool {
	var mu sync.Mutex
	turn := map[string]int{}
	return func(client string) bool {
		mu.Lock()
		defer mu.Unlock()
		turn[client]++
		return turn[client]%2 == 0
	}
}
