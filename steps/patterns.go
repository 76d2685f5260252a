package steps

// pattern is a sentence that features may use.
type pattern struct {
	keyword string // "Given", "When" or "Then"
	expr    string // a regular expression, anchored
	step    any    // the function behind it
}

// Patterns is every sentence that features may use, in the order in which they
// are registered: keyword and pattern, such as `When ^(\w+) redeems its code$`.
func Patterns() []string {
	var all []string
	for _, p := range patterns() {
		all = append(all, p.keyword+" "+p.expr)
	}
	return all
}

func patterns() []pattern {
	r := &recorder{}
	register(r, &World{})
	return r.patterns
}

// recorder is a registrar that only notes what is registered.
type recorder struct{ patterns []pattern }

func (r *recorder) Given(expr, step any) { r.note("Given", expr, step) }
func (r *recorder) When(expr, step any)  { r.note("When", expr, step) }
func (r *recorder) Then(expr, step any)  { r.note("Then", expr, step) }

func (r *recorder) note(keyword string, expr, step any) {
	text, _ := expr.(string) // a test refuses any other
	r.patterns = append(r.patterns, pattern{keyword, text, step})
}
