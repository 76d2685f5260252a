package refserver

import "sync"

// steady keeps what the authorization server said of tokens while they are held.
type steady struct {
	mu   sync.Mutex
	held map[string]*heldToken
}

// heldToken is one of them.
type heldToken struct {
	holders int

	mu   sync.Mutex
	told *Principal // nil: nobody asked yet, or it is no good
}

func (s *steady) hold(token string) (release func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.held == nil {
		s.held = map[string]*heldToken{}
	}
	one, ok := s.held[token]
	if !ok {
		one = &heldToken{}
		s.held[token] = one
	}
	one.holders++
	return sync.OnceFunc(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if one.holders--; one.holders == 0 {
			delete(s.held, token)
		}
	})
}

// told is what ask said of a token that is held, and what it says of any other. That a
// token is no good is asked anew: of such there are few.
func (s *steady) told(token string, ask func() (Principal, error)) (Principal, error) {
	s.mu.Lock()
	one, ok := s.held[token]
	s.mu.Unlock()
	if !ok {
		return ask()
	}
	one.mu.Lock()
	defer one.mu.Unlock()
	if one.told != nil {
		return *one.told, nil
	}
	said, err := ask()
	if err == nil {
		one.told = &said
	}
	return said, err
}
