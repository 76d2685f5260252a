package conformance

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// file is a file system with one feature file of a user.
func file(text string) fs.FS {
	return fstest.MapFS{"own/a.feature": {Data: []byte(text)}}
}

const ownHead = "Feature: Our own\n\n"

func TestLoadReadsWhatAUserAdds(t *testing.T) {
	c, err := Load(file(ownHead + `  @OWN-01 @SHOULD @rfc6749-3.3 @oidc-5.4 @derived @needs:as.cc @needs:as.code|as.device
  Rule: Robot obtains what it asks for
    Otherwise nobody
    can work.

    @control @needs:as.refresh
    Scenario: One
      When Robot asks for "read:appointments" on its own behalf
      Then Robot holds at least "read:appointments"

    Scenario Outline: Asked for <scope>
      When Robot asks for "<scope>" on its own behalf
      Then Robot holds at least "<scope>"

      Examples: what there is
        | scope              |
        | read:appointments  |
        | write:appointments |

      @needs:as.oidc
      Examples: what there is besides
        | scope  |
        | openid |
`))
	if err != nil {
		t.Fatal(err)
	}
	r := c.Find("OWN-01")
	if r == nil {
		t.Fatal("got no OWN-01")
	}
	if r.Level != Should || !r.Derived || r.Area() != "OWN" || r.Text != "Robot obtains what it asks for" || r.Loss != "Otherwise nobody can work." {
		t.Errorf("got %+v, want what the tags and the description say", r)
	}
	if r.Feature != "Our own" || r.File != "./own/a.feature" || r.Line != 4 {
		t.Errorf("got %s, %s:%d, want Our own, ./own/a.feature:4", r.Feature, r.File, r.Line)
	}
	if len(r.Sources) != 2 || r.Sources[0].String() != "RFC 6749 section 3.3" || len(r.Needs) != 2 || r.Needs[1].Text != "as.code|as.device" {
		t.Errorf("got sources %v and needs %v, want two of each", r.Sources, r.Needs)
	}
	if len(r.Scenarios) != 3 || !r.Scenarios[0].Control || len(r.Scenarios[0].Needs) != 1 || r.Scenarios[1].Cases != 2 || r.Scenarios[1].Line != 13 {
		t.Errorf("got scenarios %+v, want a control and an outline with two cases at line 13", r.Scenarios)
	}
	if own := r.Scenarios[len(r.Scenarios)-1]; own.Cases != 1 || own.Line != 23 || len(own.Needs) != 1 || own.Needs[0].Text != "as.oidc" {
		t.Errorf("got %+v of the examples with a tag, want a scenario of their own at line 23", own)
	}
}

func TestFilesOfAFolderAreNamedWithIt(t *testing.T) {
	t.Chdir(t.TempDir())
	outside := t.TempDir()
	for dir, want := range map[string]string{
		"ours/rules": "ours/rules/sub/a.feature:4: no When step reads: Robot flies", outside: outside + "/sub/a.feature:4: ",
	} {
		if err := os.MkdirAll(filepath.Join(dir, "sub"), 0o755); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(dir, "sub", "a.feature")
		feature := "Feature: Our own\n  Rule: It flies\n    Scenario: Now\n      When Robot flies\n"
		if err := os.WriteFile(file, []byte(feature), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(Folder(dir)); err == nil || !strings.Contains("\n"+err.Error(), "\n"+want) {
			t.Errorf("%s: got %v, want %s", dir, err, want)
		}
		feature = "Feature: Our own\n  @OWN-01 @SHOULD @rfc6749-3.3\n  Rule: It obtains\n    Scenario: Now\n      When Robot asks for \"read:appointments\" on its own behalf\n"
		if err := os.WriteFile(file, []byte(feature), 0o600); err != nil {
			t.Fatal(err)
		}
		want, _, _ = strings.Cut(want, ":")
		c, err := Load(Folder(dir))
		if err != nil {
			t.Fatal(err)
		}
		if got := Place(c.Find("OWN-01").File); strings.TrimPrefix(got, "./") != want {
			t.Errorf("%s: got %s, want %s", dir, got, want)
		}
	}
}

func TestLoadRefuses(t *testing.T) {
	const (
		tags     = "  @OWN-01 @MUST @rfc6749-6\n"
		rule     = "  Rule: A\n    B\n\n"
		scenario = "    Scenario: C\n      When Planner redeems its code\n      Then Planner is refused\n"
	)
	for _, c := range []struct{ what, text, want string }{
		{"no id", ownHead + "  @MUST @rfc6749-6\n" + rule + scenario, `own/a.feature:4: rule "A" has no id`},
		{"two ids", ownHead + "  @OWN-01 @OWN-02 @MUST @rfc6749-6\n" + rule + scenario, "got two ids, OWN-01 and OWN-02"},
		{"an id that there is", ownHead + "  @REF-03 @MUST @rfc6749-6\n" + rule + scenario, "REF-03 is declared at"},
		{"no level", ownHead + "  @OWN-01 @rfc6749-6\n" + rule + scenario, "OWN-01 has no level, want one of [MUST SHOULD MAY GUIDANCE]"},
		{"two levels", ownHead + "  @OWN-01 @MUST @SHOULD @rfc6749-6\n" + rule + scenario, "got two levels, MUST and SHOULD"},
		{"an unknown level", ownHead + "  @OWN-01 @CRITICAL @rfc6749-6\n" + rule + scenario, "tag @CRITICAL is no id, level, need or source"},
		{"no source", ownHead + "  @OWN-01 @MUST\n" + rule + scenario, "OWN-01 has no source"},
		{"an unknown source", ownHead + "  @OWN-01 @MUST @a-blog\n" + rule + scenario, "tag @a-blog is no id, level, need or source"},
		{"an RFC without a section", ownHead + "  @OWN-01 @MUST @rfc6749\n" + rule + scenario, "want the number and the section"},
		{"an unknown need", ownHead + "  @OWN-01 @MUST @rfc6749-6 @needs:as.magic\n" + rule + scenario, `no capability or choice is called "as.magic"`},
		{"an unknown tag on a scenario", ownHead + tags + rule + "    @wip\n" + scenario, "got tag @wip, want @control, @rounds:…, a level or @needs:"},
		{"no rounds", ownHead + tags + rule + "    @rounds:0\n" + scenario, "got @rounds:0, want @rounds:1 to @rounds:30"},
		{"too many rounds", ownHead + tags + rule + "    @rounds:31\n" + scenario, "got @rounds:31, want @rounds:1 to @rounds:30"},
		{"a scenario outside a rule", ownHead + scenario, "own/a.feature:3: a scenario stands outside a rule"},
		{"a rule without scenarios", ownHead + tags + rule + "\n  @OWN-02 @MUST @rfc6749-6\n" + rule + scenario, "OWN-01 has no scenario"},
		{"a scenario without steps", ownHead + tags + rule + "    Scenario: C\n", `scenario "C" has no steps`},
		{"an outline without rows", ownHead + tags + rule + "    Scenario Outline: C\n      When <a>\n\n      Examples: none\n        | a |\n\n" + scenario, `scenario "C" has no steps or no examples`},
		{"no scenario at all", ownHead + tags + rule, "own/a.feature: nothing in it can be played"},
		{"no rule at all", ownHead, "own/a.feature: nothing in it can be played"},
		{"no feature at all", "# nothing\n", "own/a.feature: nothing in it can be played"},
		{"what is not Gherkin", "Feature: A\n\n  Rool: B\n    When\n  Rule: C\n    Foo\n    Scenario: D\n      Wenn E\n", "own/a.feature"},
	} {
		t.Run(c.what, func(t *testing.T) {
			_, err := Load(file(c.text))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want an error that has %q", err, c.want)
			}
		})
	}
	t.Run("a folder without features", func(t *testing.T) {
		if _, err := Load(fstest.MapFS{"README.md": {}}); err == nil {
			t.Error("got no error, want that no feature file was found")
		}
	})
	t.Run("several mistakes at once", func(t *testing.T) {
		_, err := Load(file(ownHead + "  @OWN-01\n" + rule + scenario + "\n  @OWN-02 @MUST\n" + rule + scenario))
		for _, want := range []string{"OWN-01 has no level", "OWN-01 has no source", "OWN-02 has no source"} {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v, want %q in it", err, want)
			}
		}
	})
}

func TestSelect(t *testing.T) {
	c, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	all := len(c.Rules)
	area := len(slices.DeleteFunc(slices.Clone(c.Rules), func(r *Rule) bool { return r.Area() != "REF" }))
	for _, c2 := range []struct {
		what        string
		rules, skip []string
		want        int
		wrong       string
	}{
		{"nothing chosen", nil, nil, all, ""},
		{"one", []string{"REF-03"}, nil, 1, ""},
		{"one twice", []string{"REF-03", "REF-03"}, nil, 1, ""},
		{"an area", []string{"REF-*"}, nil, area, ""},
		{"an area and one more", []string{"REF-*", "CONS-02"}, nil, area + 1, ""},
		{"an area but one", []string{"REF-*"}, []string{"REF-03"}, area - 1, ""},
		{"all but an area", nil, []string{"REF-*"}, all - area, ""},
		{"a pattern that matches nothing", []string{"NONE-*"}, nil, 0, `no rule matches "NONE-*"`},
		{"one that does among others", []string{"REF-03", "REF-999"}, nil, 0, `no rule matches "REF-999"`},
		{"a skip that matches nothing", nil, []string{"NONE-*"}, 0, `no rule matches "NONE-*"`},
		{"a typing mistake", []string{"ref-3"}, nil, 0, `did you mean "REF-03"?`},
		{"no pattern", []string{"REF-["}, nil, 0, "syntax error in pattern"},
		{"everything left out", []string{"REF-03"}, []string{"REF-*"}, 0, "no rule is selected"},
	} {
		t.Run(c2.what, func(t *testing.T) {
			got, err := c.Select(c2.rules, c2.skip)
			if c2.wrong == "" {
				if err != nil || len(got) != c2.want {
					t.Errorf("got %d rules and %v, want %d", len(got), err, c2.want)
				}
				return
			}
			var usage *UsageError
			if !errors.As(err, &usage) || !strings.Contains(err.Error(), c2.wrong) {
				t.Errorf("got %v, want a usage error that has %q", err, c2.wrong)
			}
		})
	}
}

func TestParseSource(t *testing.T) {
	for _, c := range []struct{ tag, want, url string }{
		{"rfc6749-5.1", "RFC 6749 section 5.1", "https://www.rfc-editor.org/rfc/rfc6749#section-5.1"},
		{"oidc-5.4", "OpenID Connect Core 1.0 section 5.4", "https://openid.net/specs/openid-connect-core-1_0.html"},
		{"oidc", "OpenID Connect Core 1.0", "https://openid.net/specs/openid-connect-core-1_0.html"},
		{"auth0-rbac", "Auth0: Role-Based Access Control", "https://auth0.com/docs/manage-users/access-control/rbac"},
	} {
		got, err := ParseSource(c.tag)
		if err != nil || got.String() != c.want || got.URL != c.url {
			t.Errorf("%s: got %q, %s, %v, want %q, %s", c.tag, got, got.URL, err, c.want, c.url)
		}
	}
	for _, tag := range []string{"", "rfc", "rfc6749", "rfc6749-", "rfcX-1", "RFC6749-1", "oidc-five", "auth0", "wip"} {
		if got, err := ParseSource(tag); err == nil {
			t.Errorf("%q: got %q, want an error", tag, got)
		}
	}
}

func TestEachCaseIsPlayedWithTheBackgroundOfItsRuleAlone(t *testing.T) {
	c, err := Load(file(ownHead + `  A description.

  @OWN-01 @MUST @rfc6749-6
  Rule: One
    Said of it.

    Background:
      Given Ada has granted Planner "read:appointments"

    @control
    Scenario: First
      When Planner refreshes its token

    @SHOULD
    Scenario Outline: Second <scope>
      When Planner refreshes its token asking for "<scope>"

      Examples: what there is
        | scope             |
        | read:appointments |

  @OWN-02 @MUST @rfc6749-6
  Rule: Two
    Said of that.

    Scenario: Third
      When Planner redeems its code
`))
	if err != nil {
		t.Fatal(err)
	}
	one, two := c.Find("OWN-01"), c.Find("OWN-02")
	given := `Given Ada has granted Planner "read:appointments"`
	for _, x := range []struct {
		rule *Rule
		n    int
		want []string
	}{
		{one, 0, []string{given, "When Planner refreshes its token"}},
		{one, 1, []string{given, `When Planner refreshes its token asking for "read:appointments"`}},
		{two, 0, []string{"When Planner redeems its code"}},
	} {
		plays := x.rule.Scenarios[x.n].plays
		if len(plays) != 1 {
			t.Fatalf("%s, scenario %d: got %d cases, want one", x.rule.ID, x.n+1, len(plays))
		}
		if got := newScript(plays[0].Steps).sentences; !slices.Equal(got, x.want) {
			t.Errorf("%s, scenario %d: got %q, want %q", x.rule.ID, x.n+1, got, x.want)
		}
	}
}
