// Package bringup brings a target up in the way that its file asks for.
package bringup

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/scopeproof/scopeproof/internal/spelling"
	"github.com/scopeproof/scopeproof/target"
	"github.com/scopeproof/scopeproof/target/container"
	"github.com/scopeproof/scopeproof/target/embedded"
	"github.com/scopeproof/scopeproof/target/external"
)

// File is the target that a file describes:
//
//	func TestScopes(t *testing.T) { conformance.Test(t, bringup.File("target.yaml")) }
func File(path string, overrides ...target.Override) target.Source {
	return source(func() (*target.Description, error) { return target.Load(path, overrides...) })
}

// Named is the bundled target of that name, or the target that the file of that
// name describes; for the empty name it is the embedded reference. A name with a
// slash or a dot is a file's.
func Named(nameOrPath string, overrides ...target.Override) target.Source {
	if nameOrPath == "" {
		return embedded.Reference(embedded.Override(overrides...))
	}
	return source(func() (*target.Description, error) { return Load(nameOrPath, overrides...) })
}

// Load reads the description of what [Named] brings up.
func Load(nameOrPath string, overrides ...target.Override) (*target.Description, error) {
	if nameOrPath == "" {
		return embedded.Load(overrides...)
	}
	if slices.Contains(target.Bundled(), nameOrPath) {
		return target.LoadBundled(nameOrPath, overrides...)
	}
	if _, err := os.Stat(nameOrPath); errors.Is(err, fs.ErrNotExist) {
		return nil, missing(nameOrPath)
	}
	return target.Load(nameOrPath, overrides...)
}

// missing says that there is no such target, and what may have been meant.
func missing(nameOrPath string) error {
	p := target.Problem{File: nameOrPath, Text: "got neither a bundled target nor a file, want one of them"}
	folder, name := filepath.Split(nameOrPath)
	var files []string
	entries, _ := os.ReadDir(cmp.Or(folder, ".")) // one that is not there has no files
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".yaml") || strings.HasSuffix(e.Name(), ".yml") {
			files = append(files, e.Name())
		}
	}
	near := spelling.Near(name, files)
	for i := range near {
		near[i] = folder + near[i]
	}
	isPath := strings.ContainsAny(nameOrPath, `/\.`)
	if !isPath {
		near = append(spelling.Near(nameOrPath, target.Bundled()), near...)
	}
	switch {
	case len(near) > 0:
		p.Hint = "did you mean " + spelling.Listed(near) + "?"
	case isPath:
		p.Text = "got no such file, want a target file"
	default:
		p.Hint = "the bundled targets are " + strings.Join(target.Bundled(), ", ")
	}
	return &target.Problems{List: []target.Problem{p}}
}

// Description is the target that a description describes.
func Description(d *target.Description) target.Source {
	return source(func() (*target.Description, error) { return d, nil })
}

type source func() (*target.Description, error)

// Open implements [target.Source].
func (s source) Open(ctx context.Context) (*target.Target, error) {
	d, err := s()
	if err != nil {
		return nil, err
	}
	switch {
	case d.Container != nil:
		return container.Description(d).Open(ctx)
	case d.OnlyAPI():
		return embedded.API(d).Open(ctx)
	case d.Embedded != nil:
		return embedded.Description(d).Open(ctx)
	case d.External != nil:
		return external.Description(d).Open(ctx)
	}
	return nil, fmt.Errorf("%s: got no way up, want embedded, external or container", d.Name)
}
