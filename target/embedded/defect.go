package embedded

import (
	"fmt"

	"github.com/scopeproof/scopeproof/internal/refserver"
	"github.com/scopeproof/scopeproof/internal/refserver/defect"
	"github.com/scopeproof/scopeproof/internal/spelling"
	"github.com/scopeproof/scopeproof/target"
)

// withDefect switches the seeded fault on and returns its text.
func withDefect(o *refserver.Options, id string) (string, error) {
	if id == "" {
		return "", nil
	}
	d, ok := defect.Find(id)
	if !ok {
		return "", &target.Problems{List: []target.Problem{{
			File: "defect", Text: fmt.Sprintf("got %q, want the id of a defect", id), Hint: spelling.DidYouMean(id, defect.IDs(), `"scopeproof prove --list" lists them`),
		}}}
	}
	o.Policy = d.Policy()
	return d.Text, nil
}

// featuresOf are the extra features that a seeded fault is in.
func featuresOf(id string) []string {
	d, _ := defect.Find(id) // an unknown one is refused when the server is started
	var all []string
	for _, f := range d.With {
		all = append(all, string(f))
	}
	return all
}
