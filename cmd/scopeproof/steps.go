package main

import (
	"io/fs"
	"regexp"
	"strings"

	"github.com/scopeproof/scopeproof/features"
	"github.com/scopeproof/scopeproof/steps"
)

// sentence is a step that features may use, as "rules --steps" writes it.
type sentence struct {
	Keyword string `json:"keyword"` // "Given", "When" or "Then"
	Pattern string `json:"pattern"` // a regular expression
	Used    int    `json:"used"`    // how often the bundled features use it
}

// steps lists every sentence that feature files may use.
func (a *app) steps(format string) error {
	spoken, err := spokenSteps(features.Files)
	if err != nil {
		return err
	}
	var all []sentence
	for _, p := range steps.Patterns() {
		keyword, text, _ := strings.Cut(p, " ")
		pattern, err := regexp.Compile(text)
		if err != nil {
			return err
		}
		s := sentence{Keyword: keyword, Pattern: text}
		for _, step := range spoken {
			if step.keyword == keyword && pattern.MatchString(step.text) {
				s.Used++
			}
		}
		all = append(all, s)
	}
	switch format {
	case "json":
		return encode(a.stdout, all)
	case "markdown":
		a.printf("| used | keyword | step |\n|---:|---|---|\n")
		for _, s := range all {
			a.printf("| %d | %s | `%s` |\n", s.Used, s.Keyword, strings.ReplaceAll(s.Pattern, "|", `\|`))
		}
	default:
		for _, s := range all {
			a.printf("%4d  %-5s  %s\n", s.Used, s.Keyword, s.Pattern)
		}
	}
	return nil
}

// spoken is a step of a feature file; an outline's is as it stands there.
type spoken struct{ keyword, text string }

func spokenSteps(files fs.FS) ([]spoken, error) {
	var all []spoken
	err := fs.WalkDir(files, ".", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".feature") {
			return err
		}
		data, err := fs.ReadFile(files, path)
		keyword := ""
		for line := range strings.Lines(string(data)) {
			first, text, _ := strings.Cut(strings.TrimSpace(line), " ")
			switch first {
			case "Given", "When", "Then":
				keyword = first
			case "And", "But":
			default:
				continue
			}
			all = append(all, spoken{keyword, text})
		}
		return err
	})
	return all, err
}
