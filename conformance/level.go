package conformance

// Level is how strongly a rule's source speaks, or what else the rule is.
type Level string

// The levels. MUST and SHOULD are the keywords of RFC 2119.
const (
	Must     Level = "MUST"
	Should   Level = "SHOULD"
	May      Level = "MAY"      // an open choice: a mixture violates
	Guidance Level = "GUIDANCE" // documentation or best practice
)

// Levels is every level, strongest first.
func Levels() []Level { return []Level{Must, Should, May, Guidance} }
