package target

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"regexp"
	"strconv"

	"go.yaml.in/yaml/v3"
)

// Load reads a target file; see [Parse].
func Load(path string, overrides ...Override) (*Description, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		reason := err
		var onPath *os.PathError
		if errors.As(err, &onPath) {
			reason = onPath.Err
		}
		if info, err := os.Stat(path); err == nil && info.IsDir() {
			reason = errors.New("a folder")
		}
		return nil, &Problems{List: []Problem{{File: path, Text: fmt.Sprintf("got %s, want a target file", reason)}}}
	}
	return Parse(path, data, overrides...)
}

// Parse reads a target file strictly. The file's name is for messages and for
// the paths in it, which are relative to its folder. Overrides are applied
// before anything is judged. What is wrong comes all at once, as *[Problems].
func Parse(file string, data []byte, overrides ...Override) (*Description, error) {
	r := &reader{Positions: Positions{file: file, origin: map[*yaml.Node]string{}, nodes: map[string]*yaml.Node{}}}
	root := r.document(data)
	if root == nil {
		return nil, r.problems.err()
	}
	for _, o := range overrides {
		r.override(root, o)
	}
	d := &Description{File: file}
	r.decode(root, reflect.ValueOf(d).Elem(), "", "")
	if len(r.problems.List) == 0 {
		r.root = root
		r.check(d)
	}
	if err := r.problems.err(); err != nil {
		return nil, err
	}
	d.Positions = &r.Positions
	return d, nil
}

// Positions knows where the values of a target file stand.
type Positions struct {
	file   string
	root   *yaml.Node
	origin map[*yaml.Node]string // where a value that an override brought comes from
	nodes  map[string]*yaml.Node // what was decoded, by path
}

// reader reads one target file and collects what is wrong with it.
type reader struct {
	Positions
	problems Problems
	captured []string // what the calls before the one that is looked at capture
}

func (r *reader) problem(n *yaml.Node, path, hint, format string, args ...any) {
	r.problems.List = append(r.problems.List, r.problemAt(n, path, hint, fmt.Sprintf(format, args...)))
}

// problemAt is a problem with a node; nil: with no place in the file.
func (p *Positions) problemAt(n *yaml.Node, path, hint, text string) Problem {
	found := Problem{File: p.file, Path: path, Text: text, Hint: hint}
	if n != nil {
		found.Line, found.Column = n.Line, n.Column
		if from, ok := p.origin[n]; ok {
			found.File, found.Line, found.Column = from, 0, 0
		}
	}
	return found
}

// at reports a problem with what stands at a path, or, if nothing does, with
// the nearest thing around it.
func (r *reader) at(path, hint, format string, args ...any) {
	r.problem(r.node(path), path, hint, format, args...)
}

func (p *Positions) node(path string) *yaml.Node {
	for i := len(path); i > 0; i-- {
		if i == len(path) || path[i] == '.' || path[i] == '[' {
			if n, ok := p.nodes[path[:i]]; ok {
				return n
			}
		}
	}
	return p.root
}

// document returns the mapping that a file must be, or nil after reporting why
// it is not one.
func (r *reader) document(data []byte) *yaml.Node {
	decoder := yaml.NewDecoder(bytes.NewReader(bytes.TrimPrefix(data, []byte("\ufeff"))))
	var doc, second yaml.Node
	if err := decoder.Decode(&doc); err != nil {
		if errors.Is(err, io.EOF) {
			r.problem(nil, "", "", "got an empty file, want a target description")
		} else {
			r.syntax(err)
		}
		return nil
	}
	switch err := decoder.Decode(&second); {
	case err == nil:
		r.problem(&second, "", "put each target into a file of its own", "got a second document, want one")
		return nil
	case !errors.Is(err, io.EOF):
		r.syntax(err)
		return nil
	}
	root := doc.Content[0]
	if root.Kind == yaml.ScalarNode && root.Tag == "!!null" {
		r.problem(nil, "", "", "got an empty file, want a target description")
		return nil
	}
	if root.Kind != yaml.MappingNode {
		r.problem(root, "", "", "got %s, want a mapping of keys to values", kindOf(root))
		return nil
	}
	if n := anchored(root); n != nil {
		r.problem(n, "", "write the value out", "got a YAML anchor or alias, want plain values")
		return nil
	}
	return root
}

// syntax reports what the YAML parser said, at the line it said.
func (r *reader) syntax(err error) {
	p := Problem{File: r.file, Text: "got what is not YAML: " + err.Error(), Hint: "indent with spaces, and quote a value that begins with a special character"}
	found := regexp.MustCompile(`(?s)^yaml: (?:line (\d+): )?(.*)$`).FindStringSubmatch(err.Error())
	if found != nil {
		p.Text = "got what is not YAML: " + found[2]
		if line, err := strconv.Atoi(found[1]); err == nil {
			p.Line, p.Column = line, 1
		}
	}
	r.problems.List = append(r.problems.List, p)
}

// anchored returns the first node that has an anchor or is an alias.
func anchored(n *yaml.Node) *yaml.Node {
	if n.Anchor != "" || n.Kind == yaml.AliasNode {
		return n
	}
	for _, child := range n.Content {
		if found := anchored(child); found != nil {
			return found
		}
	}
	return nil
}

// kindOf names what a node is, without its value.
func kindOf(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	}
	switch n.Tag {
	case "!!null":
		return "nothing"
	case "!!bool":
		return "true or false"
	case "!!int", "!!float":
		return "a number"
	case "!!str":
		return "a text"
	}
	return "a value of the type " + n.Tag
}
