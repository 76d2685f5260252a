package loadtest

import (
	"fmt"
	"sync"
)

// Holder is whom a token is for: a client, alone or for a resource owner. The zero
// value is that it is not known.
type Holder struct {
	Client *Client
	Owner  string // empty: the client acts for itself
}

func (h Holder) String() string {
	if h.Owner == "" {
		return h.Client.Name + " alone"
	}
	return h.Client.Name + " for " + h.Owner
}

// whose are the members of a token's claims and of an introspection response that
// say whose a token is (RFC 9068 section 2.2, RFC 7662 section 2.2).
func whose() [4]member {
	return [4]member{{name: "sub"}, {name: "client_id"}, {name: "azp"}, {name: "username"}}
}

// identity is what an object says of whose a token is.
type identity [4]string

// identityOf reads it; what is not said is empty.
func identityOf(object []byte) (id identity) {
	members := whose()
	if readObject(object, members[:]) == nil {
		for i := range members {
			id[i] = members[i].text()
		}
	}
	return id
}

// differs is the member of which another object says something else; empty: it
// does not.
func (id *identity) differs(object []byte) string {
	members := whose()
	if readObject(object, members[:]) != nil {
		return ""
	}
	for i := range members {
		if m := &members[i]; m.kind == '"' && id[i] != "" && string(m.bytes()) != id[i] {
			return m.name
		}
	}
	return ""
}

// holders are whose the tokens are that were issued before the load, as they say
// themselves. What a server makes up anew for each token is nobody else's.
type holders struct {
	mu   sync.RWMutex
	seen []*seenHolder
}

// seenHolder is how often the tokens of a holder said what. What most said counts:
// several are issued at once then, too.
type seenHolder struct {
	holder Holder
	said   [len(identity{})]map[string]int
	most   identity
}

// learn takes in a token that was issued before the load.
func (h *holders) learn(holder Holder, token []byte) {
	claims := jwtClaims(token, nil)
	if claims == nil {
		return
	}
	id := identityOf(claims)
	h.mu.Lock()
	defer h.mu.Unlock()
	s := h.of(holder)
	if s == nil {
		s = &seenHolder{holder: holder}
		for i := range s.said {
			s.said[i] = map[string]int{}
		}
		h.seen = append(h.seen, s)
	}
	for i, value := range id {
		if s.said[i][value]++; s.said[i][value] > s.said[i][s.most[i]] {
			s.most[i] = value
		}
	}
}

// of is what is known of a holder, or nil.
func (h *holders) of(holder Holder) *seenHolder {
	for _, s := range h.seen {
		if s.holder.Owner == holder.Owner && s.holder.Client.ID == holder.Client.ID {
			return s
		}
	}
	return nil
}

// stranger says of a token's claims that they name another than the holder who it
// was issued to; empty: they do not.
func (h *holders) stranger(holder Holder, claims []byte) string {
	if h == nil || holder.Client == nil {
		return ""
	}
	h.mu.RLock()
	defer h.mu.RUnlock()
	own := h.of(holder)
	if own == nil || own.most.differs(claims) == "" { // as nearly always
		return ""
	}
	id, members := identityOf(claims), whose()
	for i, value := range id {
		if value == "" || own.most[i] == "" || own.most[i] == value {
			continue
		}
		for _, other := range h.seen {
			if other.most[i] == value {
				another := ""
				if other.holder.String() == holder.String() {
					another = "another "
				}
				return fmt.Sprintf("%s that is of %s%s, want that of %s", members[i].name, another, other.holder, holder)
			}
		}
	}
	return ""
}
