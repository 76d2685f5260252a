package lawful

import (
	"sync"

	"github.com/scopeproof/scopeproof/internal/refserver"
)

// answers are what a user said no to, of what a client asked for at an API.
type answers struct {
	declined refserver.ScopeSet // left out of a yes
	denied   refserver.ScopeSet // the last request that was denied
}

// keepingAnswers has the server go by one kind of earlier answer, until it is
// asked to ask again (prompt=consent).
func keepingAnswers(p *refserver.Policy, kept func(*answers) *refserver.ScopeSet) {
	type key struct{ user, client, resource string }
	var mu sync.Mutex
	all := map[key]*answers{}
	of := func(user, client, resource string) *answers {
		k := key{user, client, resource}
		if all[k] == nil {
			all[k] = &answers{}
		}
		return all[k]
	}
	refused := func(q refserver.ConsentQuestion) refserver.ScopeSet {
		mu.Lock()
		defer mu.Unlock()
		if insisting(q) {
			return nil
		}
		return *kept(of(q.User.Name, q.Client.ID, q.Resource))
	}
	need, unasked, remember := p.ConsentNeeded, p.Unasked, p.Remember
	p.ConsentNeeded = func(q refserver.ConsentQuestion) bool {
		no := q.Asked.And(refused(q))
		if no.Equal(q.Asked) && !no.IsEmpty() {
			return false
		}
		q.Asked = q.Asked.Minus(no)
		return need(q)
	}
	p.Unasked = func(q refserver.ConsentQuestion) (refserver.ScopeSet, error) {
		left := q.Asked.Minus(refused(q))
		if left.IsEmpty() && !q.Asked.IsEmpty() {
			return nil, refserver.Refuse("access_denied", "the resource owner said no before")
		}
		q.Asked = left
		return unasked(q)
	}
	p.Remember = func(o refserver.ConsentOutcome) (held, remembered refserver.ScopeSet) {
		mu.Lock()
		defer mu.Unlock()
		said := of(o.Grant.User, o.Grant.Client, o.Grant.Resource)
		switch {
		case o.Shown && !o.Allowed:
			said.denied = o.Asked
		case o.Shown:
			said.denied, said.declined = nil, said.declined.Minus(o.Accepted).Or(o.Asked.Minus(o.Accepted))
		}
		return remember(o)
	}
}
