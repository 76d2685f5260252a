package layout

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
)

// conflict is what a merge leaves where it could not decide.
var conflict = regexp.MustCompile(`(?m)^(<{7}|>{7}|\|{7}) .*$`)

func TestNoConflictOfAMergeIsLeft(t *testing.T) {
	kinds := []string{".md", ".feature", ".yaml", ".yml", ".json", ".html", ".css", ".js", ".tmpl", ".sh", ".go", "Makefile", "run"}
	ignored, read := ignoredFolders(t), 0
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if d.Name() == ".git" || d.Name() == "node_modules" || filepath.Dir(name) == root && slices.Contains(ignored, d.Name()) {
				return filepath.SkipDir
			}
			return nil
		}
		if !slices.Contains(kinds, filepath.Ext(name)) && !slices.Contains(kinds, d.Name()) {
			return nil
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		read++
		for _, at := range conflict.FindAllIndex(text, -1) {
			t.Errorf("%s:%d: %q is left of a merge", name, 1+bytes.Count(text[:at[0]], []byte("\n")), text[at[0]:at[1]])
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if read < 300 {
		t.Errorf("read %d files, want all of the project", read)
	}
}
