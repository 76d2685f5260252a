package discover

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/scopeproof/scopeproof/oauth"
)

// documented is what an OpenAPI document says of one kind of object: a collection
// of them, and each by its id.
type documented struct {
	Title, BaseURL string
	Collection     string // the path of the collection, of which the rest was made
	Operations     []operation
	Further        []operation // beside those of the rules
	// Read and Write are the document's names for the scopes to read and to write;
	// empty where it has several, or the rules' own.
	Read, Write string
	Notes       []string // what was left out, and why
}

// operation is one act of the features as the document has it.
type operation struct {
	Name, Method, Path string
	Scopes             []string
	Any                bool // one of Scopes will do
	JSON, ID           string
}

// Scope is the key and the value for the target file.
func (o operation) Scope() string {
	key := "all_of"
	if o.Any {
		key = "any_of"
	}
	return key + ": " + quoted(strings.Join(o.Scopes, " "))
}

// PathText and the like are texts for the target file.
func (o operation) PathText() string { return quotedPath(o.Path) }

// quotedPath is quoted, with the id as a variable.
func quotedPath(path string) string {
	return strings.ReplaceAll(quoted(strings.ReplaceAll(path, "${id}", "\x00")), `\x00`, "${id}")
}

// readDocument reads an OpenAPI 3 document. What it refers to in other files is
// not read.
func readDocument(data []byte) (*documented, error) {
	doc, err := openapi3.NewLoader().LoadFromData(data)
	if err != nil {
		return nil, fmt.Errorf("got what is no OpenAPI document: %w", err)
	}
	if !strings.HasPrefix(doc.OpenAPI, "3.") {
		return nil, fmt.Errorf("got openapi %q, want a document of OpenAPI 3", doc.OpenAPI)
	}
	d := &documented{BaseURL: baseURL(doc.Servers)}
	if doc.Info != nil {
		d.Title = doc.Info.Title
	}
	if doc.Paths != nil {
		d.choose(doc)
	}
	if len(d.Operations) == 0 {
		return nil, fmt.Errorf("got no path on which a method needs a scope of OAuth 2.0, want one: a security requirement with a scheme of the type oauth2 or openIdConnect")
	}
	return d, nil
}

// baseURL is the first server's, if it is absolute.
func baseURL(servers openapi3.Servers) string {
	const unknown = "https://api.example"
	if len(servers) == 0 {
		return unknown
	}
	text := servers[0].URL
	for name, v := range servers[0].Variables {
		if v != nil {
			text = strings.ReplaceAll(text, "{"+name+"}", v.Default)
		}
	}
	u, err := url.Parse(strings.TrimSuffix(text, "/"))
	switch {
	case err != nil || u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return unknown
	case (u.Scheme == "http" || u.Scheme == "https") && u.Host != "":
		return u.String()
	case u.Host == "" && (u.Path == "" || strings.HasPrefix(u.Path, "/")):
		return unknown + u.Path
	}
	return unknown
}

var (
	parameter  = regexp.MustCompile(`\{[^{}/]+\}`)
	endingInID = regexp.MustCompile(`^(.*)/\{[^{}/]+\}$`)
)

// choose takes the collection of which most is guarded by scope; of equals, the
// first by its path.
func (d *documented) choose(doc *openapi3.T) {
	paths := slices.DeleteFunc(doc.Paths.Keys(), func(path string) bool { return !strings.HasPrefix(path, "/") })
	slices.Sort(paths)
	for _, path := range paths {
		if strings.HasSuffix(path, "}") || parameter.MatchString(path) {
			continue
		}
		c := documented{Collection: path}
		c.collect(doc, path, paths)
		if len(c.Operations) > len(d.Operations) {
			d.Collection, d.Operations, d.Notes = path, c.Operations, c.Notes
		}
	}
	d.nameScopes()
	for _, path := range paths {
		d.beside(doc, path)
	}
}

// collect takes what the document has for one collection.
func (d *documented) collect(doc *openapi3.T, collection string, paths []string) {
	take := func(name, method, path string) {
		op := operationOf(doc, method, path)
		if op == nil {
			return
		}
		scopes, either, why := needs(doc, op)
		if why != "" {
			d.Notes = append(d.Notes, method+" "+path+": "+why)
			return
		}
		o := operation{Name: name, Method: method, Path: parameter.ReplaceAllString(path, "$${id}"), Scopes: scopes, Any: either}
		o.JSON = bodyOf(op)
		if name == "create" {
			o.ID = idOf(op)
		}
		d.Operations = append(d.Operations, o)
	}
	take("list", http.MethodGet, collection)
	take("create", http.MethodPost, collection)
	for _, path := range paths {
		found := endingInID.FindStringSubmatch(path)
		if found == nil || found[1] != collection {
			continue
		}
		for _, act := range [][2]string{{"read", http.MethodGet}, {"replace", http.MethodPut}, {"change", http.MethodPatch}, {"delete", http.MethodDelete}} {
			take(act[0], act[1], path)
		}
		for _, below := range paths {
			rest, beneath := strings.CutPrefix(below, path+"/")
			posts := operationOf(doc, http.MethodPost, below)
			switch reads := operationOf(doc, http.MethodGet, below); {
			case !beneath || strings.Contains(rest, "/") || posts == nil:
			case reads != nil && !d.Has("notes"):
				take("notes", http.MethodGet, below)
				take("annotate", http.MethodPost, below)
			case reads == nil && !d.Has("move"):
				if scopes, either, _ := needs(doc, posts); len(scopes) == 2 && !either {
					take("move", http.MethodPost, below)
				}
			}
		}
		return
	}
}

// Has reports whether there is an operation of that name.
func (d *documented) Has(name string) bool {
	return slices.ContainsFunc(d.Operations, func(o operation) bool { return o.Name == name })
}

// operationOf is a method of a path, or nil.
func operationOf(doc *openapi3.T, method, path string) *openapi3.Operation {
	item := doc.Paths.Value(path)
	if item == nil {
		return nil
	}
	return item.GetOperation(method)
}

// needs are the scopes that an operation needs (OpenAPI Specification, Security
// Requirement Object): all of them, or any; or why that cannot be said.
func needs(doc *openapi3.T, op *openapi3.Operation) (scopes []string, either bool, why string) {
	required := doc.Security
	if op.Security != nil {
		required = *op.Security
	}
	var ways [][]string
	for _, way := range required {
		if len(way) == 0 {
			return nil, false, "needs no token"
		}
		if named, ok := scopesOf(doc, way); ok {
			ways = append(ways, named)
		}
	}
	switch {
	case len(ways) == 0:
		return nil, false, "needs no scope of OAuth 2.0"
	case slices.ContainsFunc(ways, func(way []string) bool { return len(way) == 0 }):
		return nil, false, "needs a token, and no scope"
	case len(ways) == 1:
		return ways[0], false, ""
	}
	for _, way := range ways {
		if len(way) > 1 {
			return nil, false, "needs one of several sets of scopes, which a target file cannot say"
		}
		if !slices.Contains(scopes, way[0]) {
			scopes = append(scopes, way[0])
		}
	}
	return scopes, len(scopes) > 1, ""
}

// scopesOf are the scopes of one way to be let in; false if no scheme of it knows
// scopes, or one that it needs as well is no scope.
func scopesOf(doc *openapi3.T, way openapi3.SecurityRequirement) (scopes []string, ok bool) {
	for name, named := range way {
		if doc.Components == nil || doc.Components.SecuritySchemes[name] == nil || doc.Components.SecuritySchemes[name].Value == nil {
			return nil, false
		}
		switch doc.Components.SecuritySchemes[name].Value.Type {
		case "oauth2", "openIdConnect":
			ok = true
		case "http":
			ok = ok || len(named) > 0 // a bearer token with roles (OpenAPI 3.1)
		default:
			return nil, false
		}
		for _, token := range named {
			if set, err := oauth.ParseScope(token); err != nil || set.Len() != 1 {
				return nil, false
			}
			if !slices.Contains(scopes, token) {
				scopes = append(scopes, token)
			}
		}
	}
	slices.Sort(scopes)
	return scopes, ok
}

// nameScopes takes the scope that lists for the one to read, and the one that
// creates for the one to write: the rules know one of each. What needs another is a
// further operation.
func (d *documented) nameScopes() {
	d.Read, d.Write = d.single("list", "read"), d.single("create", "replace", "change", "delete")
	d.Operations = slices.DeleteFunc(d.Operations, func(o operation) bool {
		usual := d.Write
		if o.Method == http.MethodGet {
			usual = d.Read
		}
		if o.Any && slices.Contains(o.Scopes, usual) || !o.Any && slices.Equal(o.Scopes, []string{usual}) {
			return false
		}
		if o.Name == "move" && len(o.Scopes) == 2 && !o.Any && slices.Contains(o.Scopes, d.Read) && slices.Contains(o.Scopes, d.Write) {
			return false
		}
		return true
	})
	if d.Read == d.Write {
		d.Notes = append(d.Notes, "reading and writing need the same scope, which tells few rules anything")
		d.Write = ""
	}
	if d.Read == asked {
		d.Read = ""
	}
	if d.Write == "write:appointments" {
		d.Write = ""
	}
}

// single is the scope of the first of several operations that there is, if it is
// one.
func (d *documented) single(names ...string) string {
	for _, name := range names {
		for _, o := range d.Operations {
			if o.Name == name && len(o.Scopes) > 0 {
				return o.Scopes[0]
			}
		}
	}
	return ""
}
