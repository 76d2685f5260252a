package target

import (
	"fmt"
	"sort"
	"strings"
)

// Problem is one thing that is wrong with a target file.
type Problem struct {
	// File is the file as the caller named it, or "--set KEY" or the environment
	// variable when the value came from there.
	File         string
	Line, Column int    // from 1; 0 when there is no place in a file
	Path         string // the key: "clients.actors.Planner.auth_method"; empty: the file
	Text         string // "got …, want …"
	Hint         string // how to mend it; may be empty
}

func (p Problem) String() string {
	var b strings.Builder
	b.WriteString(p.File)
	if p.Line > 0 {
		fmt.Fprintf(&b, ":%d:%d", p.Line, p.Column)
	}
	if p.Path != "" {
		b.WriteString(": " + p.Path)
	}
	b.WriteString(": " + p.Text)
	if p.Hint != "" {
		b.WriteString("\n    hint: " + p.Hint)
	}
	return b.String()
}

// Problems is everything that is wrong with a target file, in the order of the
// file. Secrets are never in it.
type Problems struct {
	List []Problem
}

// Error gives one problem a line, each hint on a line of its own beneath.
func (p *Problems) Error() string {
	lines := make([]string, len(p.List))
	for i, problem := range p.List {
		lines[i] = problem.String()
	}
	return strings.Join(lines, "\n")
}

// err returns the problems as an error, sorted by place, or nil if there are
// none.
func (p *Problems) err() error {
	if len(p.List) == 0 {
		return nil
	}
	sort.SliceStable(p.List, func(i, j int) bool {
		a, b := p.List[i], p.List[j]
		switch {
		case a.File != b.File:
			return a.File < b.File
		case a.Line != b.Line:
			return a.Line < b.Line
		default:
			return a.Column < b.Column
		}
	})
	return p
}
