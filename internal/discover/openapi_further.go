package discover

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// beside takes the operations of a path that are not those of the rules: what is
// about an object of the collection, and what reads without being about any object.
func (d *documented) beside(doc *openapi3.T, path string) {
	about := parameter.FindAllString(path, -1)
	own := len(about) == 1 && strings.HasPrefix(path, d.Collection+"/"+about[0])
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		op := operationOf(doc, method, path)
		filled := parameter.ReplaceAllString(path, "$${id}")
		if op == nil || slices.ContainsFunc(d.Operations, func(o operation) bool { return o.Method == method && o.Path == filled }) {
			continue
		}
		scopes, either, why := needs(doc, op)
		switch {
		case why != "":
			d.note(method+" "+path+": ", why)
		case !own && (len(about) > 0 || method != http.MethodGet):
			d.note(method+" "+path+": ", "is about other things, which have to be made before (further has calls for it under first) and taken away again")
		default:
			d.Further = append(d.Further, operation{
				Name: d.named(op, method, path), Method: method, Path: filled, Scopes: scopes, Any: either, JSON: bodyOf(op),
			})
		}
	}
}

// note says once what was left out, and why.
func (d *documented) note(what, why string) {
	if !slices.ContainsFunc(d.Notes, func(note string) bool { return strings.HasPrefix(note, what) }) {
		d.Notes = append(d.Notes, what+why)
	}
}

var wordless = regexp.MustCompile(`[^A-Za-z0-9]+`)

// named is a name that no operation has yet.
func (d *documented) named(op *openapi3.Operation, method, path string) string {
	name := op.OperationID
	if name == "" {
		name = strings.ToLower(method) + " " + path
	}
	name = strings.Trim(wordless.ReplaceAllString(name, "-"), "-")
	taken := func(name string) bool {
		return d.Has(name) || slices.ContainsFunc(d.Further, func(o operation) bool { return o.Name == name })
	}
	for n, base := 2, name; taken(name); n++ {
		name = fmt.Sprintf("%s-%d", base, n)
	}
	return name
}
