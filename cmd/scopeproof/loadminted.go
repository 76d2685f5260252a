package main

import (
	"fmt"
	"time"

	"github.com/scopeproof/scopeproof/loadtest"
)

// minted says on standard error how far load scenarios have come preparing, where
// that takes longer than a second.
func (a *app) minted() func(loadtest.Minted) {
	what, said := "", time.Now()
	return func(m loadtest.Minted) {
		if m.What != what && m.Done < m.Of {
			what, said = m.What, time.Now()
		}
		if time.Since(said) >= time.Second {
			fmt.Fprintf(a.stderr, "prepares: %d of %d %s\n", m.Done, m.Of, m.What)
			said = time.Now()
		}
	}
}
