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
	Text    string `json:"text"`    // with <scope> and <how> for the phrases that steps share
	Pattern string `json:"pattern"` // a regular expression
	Used    int    `json:"used"`    // how often the features use it
}

// manner is a phrase that features may put after an act.
type manner struct {
	Act    string `json:"act"`
	Phrase string `json:"phrase"` // a regular expression
	Used   int    `json:"used"`
}

// vocabulary is everything that feature files may say.
type vocabulary struct {
	Steps []sentence `json:"steps"`
	How   []manner   `json:"how"`
}

// steps lists everything that feature files may say.
func (a *app) steps(format string, more []fs.FS) error {
	v, err := spokenVocabulary(more)
	if err != nil {
		return err
	}
	switch format {
	case "json":
		return encode(a.stdout, v)
	case "markdown":
		a.printf("| used | keyword | step |\n|---:|---|---|\n")
		for _, s := range v.Steps {
			a.printf("| %d | %s | `%s` |\n", s.Used, s.Keyword, strings.ReplaceAll(s.Text, "|", `\|`))
		}
		a.printf("\n| used | act | how |\n|---:|---|---|\n")
		for _, m := range v.How {
			a.printf("| %d | %s | `%s` |\n", m.Used, m.Act, strings.ReplaceAll(m.Phrase, "|", `\|`))
		}
	default:
		for _, s := range v.Steps {
			a.printf("%4d  %-5s  %s\n", s.Used, s.Keyword, s.Text)
		}
		a.printf("\n<scope> is \"…\" in quotes, or one of the names for scopes that a target declares, joined by \"and\".\n<how> is any of these, joined by commas or \"and\":\n\n")
		for _, m := range v.How {
			a.printf("%4d  %s …  %s\n", m.Used, m.Act, m.Phrase)
		}
	}
	return nil
}

// spokenVocabulary counts the steps of the program's features and of more.
func spokenVocabulary(more []fs.FS) (vocabulary, error) {
	var v vocabulary
	var spoken []spoken
	for _, files := range append([]fs.FS{features.Files}, more...) {
		found, err := spokenSteps(files)
		if err != nil {
			return v, err
		}
		spoken = append(spoken, found...)
	}
	count := func(keyword, expr string) (n int, err error) {
		e, err := regexp.Compile(expr)
		if err != nil {
			return 0, err
		}
		for _, step := range spoken {
			if (keyword == "" || step.keyword == keyword) && e.MatchString(step.text) {
				n++
			}
		}
		return n, nil
	}
	for _, p := range steps.Sentences() {
		n, err := count(p.Keyword, p.Pattern)
		if err != nil {
			return v, err
		}
		v.Steps = append(v.Steps, sentence{Keyword: p.Keyword, Text: p.Text, Pattern: p.Pattern, Used: n})
	}
	for _, m := range steps.Manners() {
		n, err := count("", ` `+m.Phrase+`(?:$|,| and )`)
		if err != nil {
			return v, err
		}
		v.How = append(v.How, manner{Act: m.Act, Phrase: m.Phrase, Used: n})
	}
	return v, nil
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
