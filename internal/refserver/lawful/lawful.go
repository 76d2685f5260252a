// Package lawful holds other answers of the reference server: where a standard
// leaves a choice, servers differ, and none of them may be accused. They show that
// the rules accept every lawful answer, as the defects show that they accept no
// other.
package lawful

import (
	"slices"

	"github.com/scopeproof/scopeproof/internal/refserver"
)

// Choice is one answer that a standard allows and that the reference does not
// give.
type Choice struct {
	// ID is short and in kebab case.
	ID string
	// Text says what the server does, as its documentation would.
	Text string
	// Source is the sentence that allows it: document and section.
	Source string
	// Deviates are the ids of exactly the rules below MUST that the server does
	// not follow: lawful, and reported.
	Deviates []string
	// Declares are the keys of the target file that are another value for such a
	// server. What the file says of the reference's choices is left out anyway.
	Declares map[string]string
	// Without and With are the features that the server does not have, and the
	// extra ones that it has.
	Without, With []refserver.Feature
	// Apply makes the choice; nil if what is left out says all.
	Apply func(*refserver.Policy)
}

// All are the choices there are, area by area.
var All = slices.Concat(
	observed, optional(), asking, naming, registering, publishing, consenting, remembering, prompting, editing, managing, roles,
	openID, requesting, redeeming, refreshing, tokens, introspecting, revoking, exchanging, elsewhere, racing,
	serving, challenging, believing, including,
)

// IDs are the ids of all choices.
func IDs() []string {
	var all []string
	for _, c := range All {
		all = append(all, c.ID)
	}
	return all
}

// Find returns the choice with the given id.
func Find(id string) (Choice, bool) {
	i := slices.IndexFunc(All, func(c Choice) bool { return c.ID == id })
	if i < 0 {
		return Choice{}, false
	}
	return All[i], true
}

// Undeclared is the id of the reference itself, with nothing said about its
// choices.
const Undeclared = "nothing-declared"

var observed = []Choice{{
	ID: Undeclared, Text: "A server whose target file declares none of its choices.", Source: "RFC 6749 section 1.8",
}}
