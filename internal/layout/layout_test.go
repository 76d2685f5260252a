package layout

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// source is one Go file that is no test.
type source struct {
	path, pkg string // from the root, with slashes
	syntax    *ast.File
	lines     int
	generated bool
}

// root is the folder of go.mod.
var root = filepath.Join("..", "..")

// sources are all Go files of the module that are no tests, for every platform.
func sources(t *testing.T) (*token.FileSet, []source) {
	t.Helper()
	set := token.NewFileSet()
	var all []source
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if name != root && otherModule(name, d.Name()) {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		syntax, err := parser.ParseFile(set, name, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		short, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		short = filepath.ToSlash(short)
		all = append(all, source{short, path.Dir(short), syntax, set.File(syntax.Pos()).LineCount(), ast.IsGenerated(syntax)})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 50 {
		t.Fatalf("got %d Go files under %s, want those of the module", len(all), root)
	}
	return set, all
}

// otherModule reports whether a folder is not part of this module.
func otherModule(folder, name string) bool {
	if strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") || name == "testdata" || name == "node_modules" {
		return true
	}
	_, err := os.Stat(filepath.Join(folder, "go.mod"))
	return err == nil
}

func (s source) imports(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, i := range s.syntax.Imports {
		p, err := strconv.Unquote(i.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	return all
}

func TestPackagesImportOnlyWhatTheirRowAllows(t *testing.T) {
	_, all := sources(t)
	seen := map[string]bool{}
	for _, s := range all {
		seen[s.pkg] = true
		row, known := house[s.pkg]
		if !known {
			t.Errorf("%s: package %s is no part of the house: put the code into a package of the table in CONTRIBUTING.md, or add a row there and in house_test.go", s.path, s.pkg)
			continue
		}
		for _, i := range s.imports(t) {
			local, ok := strings.CutPrefix(i, ours+"/")
			if ok && !slices.Contains(row, local) && !slices.Contains(row, everything) {
				t.Errorf("%s: %s imports %s, but may import only %v: move what it needs towards oauth, or let the caller pass it in", s.path, s.pkg, local, row)
			}
		}
	}
	for pkg, row := range house {
		for _, other := range row {
			if _, known := house[other]; other != everything && !known {
				t.Errorf("the row of %s allows %s, which has no row: remove it", pkg, other)
			}
		}
		if !seen[pkg] {
			t.Errorf("the row of %s has no package: remove it, or restore the package", pkg)
		}
	}
}

func TestLibrariesAreKeptToTheirPackages(t *testing.T) {
	_, all := sources(t)
	for _, s := range all {
		for _, i := range s.imports(t) {
			if first, _, _ := strings.Cut(i, "/"); !strings.Contains(first, ".") || strings.HasPrefix(i, ours) {
				continue
			}
			n := slices.IndexFunc(libraries, func(l library) bool { return strings.HasPrefix(i, l.path) })
			switch {
			case n < 0:
				t.Errorf("%s: %s has no line in house_test.go: prefer the standard library; if it earns its place, add a line with the one package it is kept to", s.path, i)
			case len(libraries[n].in) == 0:
				t.Errorf("%s: %s is for tests alone: do it without", s.path, i)
			case !slices.Contains(libraries[n].in, s.pkg):
				t.Errorf("%s: %s is kept to %v: use what that package offers, or add it there", s.path, i, libraries[n].in)
			}
		}
	}
}

func TestWhoImportsAPackageCompilesNoMoreThanItNeeds(t *testing.T) {
	for pkg, unwanted := range apart {
		list := exec.CommandContext(t.Context(), "go", "list", "-deps", "./"+pkg)
		list.Dir = root
		out, err := list.Output()
		if err != nil {
			t.Fatalf("go list -deps ./%s: %v", pkg, err)
		}
		deps := strings.Fields(string(out))
		if !slices.Contains(deps, ours+"/"+pkg) {
			t.Fatalf("go list -deps ./%s: got %d packages without itself", pkg, len(deps))
		}
		for _, d := range deps {
			for _, prefix := range unwanted {
				if strings.HasPrefix(d, prefix) {
					t.Errorf("%s depends on %s: \"go mod why %s\" shows through what; cut that import", pkg, d, d)
				}
			}
		}
	}
}

func TestFilesAndFunctionsAreShort(t *testing.T) {
	set, all := sources(t)
	for _, s := range all {
		if s.generated {
			continue
		}
		if s.lines > longestFile {
			t.Errorf("%s: got %d lines, want at most %d: split it by noun", s.path, s.lines, longestFile)
		}
		for _, d := range s.syntax.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			from := set.Position(f.Pos()).Line
			if n := set.Position(f.End()).Line - from + 1; n > longestFunction {
				t.Errorf("%s:%d: %s has %d lines, want at most %d: name a part of it and take it out", s.path, from, f.Name.Name, n, longestFunction)
			}
			if f.Recv == nil && f.Name.Name == "init" {
				t.Errorf("%s:%d: func init: make the value where it is used, or pass it in", s.path, from)
			}
		}
	}
}

func TestTopLevelHoldsTheFoldersOfTheHouse(t *testing.T) {
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	ignored := ignoredFolders(t)
	var got []string
	for _, e := range entries {
		name := e.Name()
		switch {
		case strings.HasPrefix(name, "."), slices.Contains(ignored, name):
		case e.IsDir():
			got = append(got, name)
		case strings.HasSuffix(name, ".go"):
			t.Errorf("%s: the root holds no Go: move it into a package", name)
		}
	}
	for _, name := range got {
		if !slices.Contains(folders, name) {
			t.Errorf("%s: no folder of the house: put it under one of %v, or add it to house_test.go and CONTRIBUTING.md", name, folders)
		}
	}
	for _, name := range folders {
		if !slices.Contains(got, name) {
			t.Errorf("%s: the house has this folder, and it is not there: restore it", name)
		}
	}
}

// ignoredFolders are the folders of the first level that .gitignore names.
func ignoredFolders(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, ".gitignore"))
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "/") && strings.HasSuffix(line, "/") {
			all = append(all, strings.Trim(line, "/"))
		}
	}
	return all
}

func TestPublicPackagesNameNoInternalType(t *testing.T) {
	set, all := sources(t)
	for _, s := range all {
		if !slices.Contains(public, s.pkg) {
			continue
		}
		internal := map[string]bool{}
		for _, i := range s.imports(t) {
			if strings.HasPrefix(i, ours+"/internal/") {
				internal[path.Base(i)] = true
			}
		}
		for _, d := range s.syntax.Decls {
			exported(d, func(n ast.Node) {
				ast.Inspect(n, func(n ast.Node) bool {
					sel, ok := n.(*ast.SelectorExpr)
					if !ok {
						return true
					}
					if x, ok := sel.X.(*ast.Ident); ok && internal[x.Name] {
						t.Errorf("%s:%d: the exported API names %s.%s, which users cannot import: name a type of a public package", s.path, set.Position(sel.Pos()).Line, x.Name, sel.Sel.Name)
					}
					return true
				})
			})
		}
	}
}

// exported calls visit with the types that the exported part of a declaration
// names.
func exported(d ast.Decl, visit func(ast.Node)) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Name.IsExported() && (d.Recv == nil || exportedReceiver(d.Recv)) {
			visit(d.Type)
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch spec := spec.(type) {
			case *ast.ValueSpec:
				if spec.Type != nil && slices.ContainsFunc(spec.Names, (*ast.Ident).IsExported) {
					visit(spec.Type)
				}
			case *ast.TypeSpec:
				if spec.Name.IsExported() {
					exportedType(spec.Type, visit)
				}
			}
		}
	}
}

func exportedType(of ast.Expr, visit func(ast.Node)) {
	s, ok := of.(*ast.StructType)
	if !ok {
		visit(of)
		return
	}
	for _, f := range s.Fields.List {
		if len(f.Names) == 0 || slices.ContainsFunc(f.Names, (*ast.Ident).IsExported) {
			visit(f.Type)
		}
	}
}

func exportedReceiver(r *ast.FieldList) bool {
	of := r.List[0].Type
	if star, ok := of.(*ast.StarExpr); ok {
		of = star.X
	}
	if generic, ok := of.(*ast.IndexExpr); ok {
		of = generic.X
	}
	name, ok := of.(*ast.Ident)
	return ok && name.IsExported()
}
