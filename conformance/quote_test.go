package conformance

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestQuotesBelongToRulesThatCiteThem(t *testing.T) {
	c, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, q := range quotes() {
		source, err := ParseSource(q.Source)
		if err != nil {
			t.Error(err)
		}
		if seen[q.Source+q.Text] || len(q.Rules) == 0 {
			t.Errorf("%s: %q stands there twice, or for no rule", q.Source, q.Text)
		}
		seen[q.Source+q.Text] = true
		if n := utf8.RuneCountInString(q.Text); n > 400 || q.Text != strings.Join(strings.Fields(q.Text), " ") || n == 0 {
			t.Errorf("%s: got %d characters, want 1 to 400 on one line: %q", q.Source, n, q.Text)
		}
		for _, id := range q.Rules {
			if r := c.Find(id); r == nil || !slices.Contains(r.Sources, source) {
				t.Errorf("%s is quoted for %s, which does not cite it", q.Source, id)
			}
		}
	}
	quoted := 0
	for _, r := range c.Rules {
		if len(QuotesOf(r.ID)) > 0 {
			quoted++
		}
	}
	t.Logf("%d quotes for %d of %d rules", len(seen), quoted, len(c.Rules))
}
