package steps

import "strings"

// pattern is a sentence that features may use.
type pattern struct {
	keyword string // "Given", "When" or "Then"
	expr    string // a regular expression, anchored
	step    any    // the function behind it
}

// Sentence is a sentence that features may use.
type Sentence struct {
	Keyword string // "Given", "When" or "Then"
	// Pattern is the regular expression, anchored.
	Pattern string
	// Text is the pattern with the phrases that sentences share abridged: <scope>
	// is a noun phrase for scopes, <how> any of the Manners of the act.
	Text string
}

// Sentences is every sentence that features may use, in the order in which they
// are registered.
func Sentences() []Sentence {
	abridge := strings.NewReplacer(
		what, "<scope>", subject, `(\w+|each of them)`,
		asking().capture(), "<how>", presenting().capture(), "<how>", exchanging().capture(), "<how>", calling().capture(), "<how>",
		carrying().capture(), "<how>", registering().capture(), "<how>",
	)
	var all []Sentence
	for _, p := range patterns() {
		all = append(all, Sentence{p.keyword, p.expr, abridge.Replace(p.expr)})
	}
	return all
}

func patterns() []pattern {
	r := &recorder{}
	for _, add := range nouns() {
		add(r, &World{})
	}
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
