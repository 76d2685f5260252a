package steps

import "fmt"

// Violation says that a rule is broken: what was got and what was wanted.
type Violation struct {
	Message string
	// Excess says that something was issued, released or served beyond the grant:
	// that violates a rule of any level.
	Excess bool
	// Lenient says that it is a deviation whatever the level of the rule: nobody
	// was wronged.
	Lenient bool
}

func (v *Violation) Error() string { return v.Message }

func violation(format string, args ...any) error {
	return &Violation{Message: fmt.Sprintf(format, args...)}
}

func excess(format string, args ...any) error {
	return &Violation{Message: fmt.Sprintf(format, args...), Excess: true}
}

func lenient(format string, args ...any) error {
	return &Violation{Message: fmt.Sprintf(format, args...), Lenient: true}
}

// Breach is an invariant that did not hold, and the rule that owns it.
type Breach struct {
	Rule    string
	Message string
}
