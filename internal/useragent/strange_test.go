package useragent

import (
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

// boxesPage is a page of consent whose boxes are written by the test.
func boxesPage(t *testing.T, boxes string) *site {
	s := newSite(t)
	s.page("/auth", `<form method=post action=/decide>`+boxes+`<button name=say value=yes>Allow</button><button name=say value=no>Deny</button></form>`)
	s.takes("/decide", callback+"?code=1")
	return s
}

func TestABoxStandsForTheScopeThatItNames(t *testing.T) {
	asks := func(v *target.Visit) {
		v.URL = strings.Replace(v.URL, "read+write", "cal.read+cal.edit+email", 1)
	}
	kept := oauth.MustParseScope("cal.read")
	for name, c := range map[string]struct {
		boxes string
		want  url.Values // without say
	}{
		"by its value":            {`<input type=checkbox name=a value=cal.read checked><input type=checkbox name=a value=cal.edit checked>`, url.Values{"a": {"cal.read"}}},
		"by its name":             {`<input type=checkbox name=scope_cal.read><input type=checkbox name=scope_cal.edit checked>`, url.Values{"scope_cal.read": {"on"}}},
		"by a name with brackets": {`<input type=checkbox name=s[cal.read] value=1><input type=checkbox name=s[cal.edit] value=1 checked>`, url.Values{"s[cal.read]": {"1"}}},
		"by what is beside it":    {`<label><input type=checkbox name=one> Look (cal.read)</label><input type=checkbox name=two id=t checked><label for=t>Touch: <code>cal.edit</code></label>`, url.Values{"one": {"on"}}},
		"by an attribute":         {`<input type=checkbox name=one data-scope=cal.read><input type=checkbox name=two data-scope=cal.edit checked>`, url.Values{"one": {"on"}}},
		"and no other box": {`<input type=checkbox name=s[cal.read]><input type=checkbox name=s[cal.edit] checked><label><input type=checkbox name=news checked> Send news to my email</label>`,
			url.Values{"s[cal.read]": {"on"}, "news": {"on"}}},
	} {
		t.Run(name, func(t *testing.T) {
			s := boxesPage(t, c.boxes)
			a := s.mustVisit(t, target.Login{}, asks, decides(oauth.ConsentDecision{Only: &kept}))
			got := s.posted["/decide"]
			delete(got, "say")
			if got.Encode() != c.want.Encode() || len(a.ConsentPages) != 1 || !a.ConsentPages[0].Boxes {
				t.Errorf("got %v sent and pages %+v, want %v and one page with boxes", got, a.ConsentPages, c.want)
			}
		})
	}
}

func TestBoxesThatStandForNoScopeAreSetByTheTargetFile(t *testing.T) {
	s := boxesPage(t, `<input type=checkbox name=scope value=read checked><input type=checkbox name=again checked><input type=checkbox name=terms value=1><input type=checkbox name=other checked>`)
	s.mustVisit(t, target.Login{Form: target.Form{Boxes: map[string]bool{"again": false, "terms=1": true}}})
	want := url.Values{"scope": {"read"}, "terms": {"1"}, "other": {"on"}, "say": {"yes"}}
	if got := s.posted["/decide"]; got.Encode() != want.Encode() {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestALoneLineAsksForAName(t *testing.T) {
	s := newSite(t)
	s.page("/auth", `<form action=/find><input name=q><button>Search</button></form>
<form method=post action=/who><label for=c>What they call you</label><input id=c name="entry[call]"><button>Next</button></form>`)
	s.takes("/who", "/word")
	s.page("/word", `<form method=post action=/open><input type=password name=w><button>Open</button></form>`)
	s.takes("/open", callback+"?code=1")
	var seen []target.PageSeen
	a := s.mustVisit(t, target.Login{}, func(v *target.Visit) { v.Seen = func(p target.PageSeen) { seen = append(seen, p) } })
	if a.LoginPages != 2 || s.posted["/who"].Get("entry[call]") != ada.Username || s.posted["/open"].Get("w") != ada.Password.Reveal() {
		t.Errorf("got %d pages, %v sent, want the name and then the password", a.LoginPages, s.posted)
	}
	told, err := json.Marshal(seen)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{`"is":"login: the name"`, `"label":"What they call you","does":"users.Ada.username"`, `"kind":"password","does":"users.Ada.password"`, `"label":"Open","pressed":true`} {
		if !strings.Contains(string(told), part) {
			t.Errorf("got no %s in %s", part, told)
		}
	}
	if strings.Contains(string(told), ada.Password.Reveal()) {
		t.Errorf("got the password in %s", told)
	}
}

func TestAPageThatIsNotUnderstoodComesWithAProposal(t *testing.T) {
	for name, c := range map[string]struct {
		page string
		want []string // lines of the proposal, without indentation
	}{
		"buttons that say nothing": {`<input type=hidden name=scope value="read write"><button name=say value=over>Hand it over</button><button name=say value=mine>Keep it</button>`,
			[]string{`allow: {name: say, value: over} # "Hand it over"`, `deny: {name: say, value: mine} # "Keep it"`}},
		"buttons without a name": {`<input type=hidden name=scope value="read write"><button>Hand it over</button><button>Keep it</button>`,
			[]string{`allow: {value: "Hand it over"} # "Hand it over"`, `deny: {value: "Keep it"} # "Keep it"`}},
		"boxes that say nothing": {`<label><input type=checkbox name=sw value=1> Look</label><label><input type=checkbox name=sw value=2> Touch</label><button name=a value=b>Hand it over</button><button name=a value=c>Keep it</button>`,
			[]string{`"sw=1": SCOPE # "Look"`, `"sw=2": SCOPE # "Touch"`, `allow: {name: a, value: b} # "Hand it over"`}},
		"a login that asks for more": {`<label>Realm <input name=realm></label><input name=who><select name=s><option>1</select><input type=submit value=In>`,
			[]string{`username: realm # "Realm"`}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			s.page("/auth", `<form method=post action=/decide>`+c.page+`</form>`)
			_, err := s.visit(target.Login{})
			var page *PageError
			if !errors.As(err, &page) {
				t.Fatalf("got %v, want a page that is not understood", err)
			}
			var lines []string
			for line := range strings.SplitSeq(page.Proposal, "\n") {
				lines = append(lines, strings.TrimSpace(line))
			}
			for _, want := range c.want {
				if !slices.Contains(lines, want) {
					t.Errorf("got no line %s in\n%s", want, page.Proposal)
				}
			}
			if _, err := target.Parse("t.yaml", []byte("name: x\nexternal: {issuer: https://x.example}\n"+page.Proposal)); err != nil {
				t.Errorf("got a proposal that is refused: %v\n%s", err, page.Proposal)
			}
		})
	}
}

func TestTheButtonThatGoesOnIsTheOneThatAllows(t *testing.T) {
	for name, c := range map[string]struct{ buttons, want string }{
		"one that goes on, beside another": {`<button name=b value=other>Use another account</button><button name=b value=on>Continue</button><button name=b value=no>Cancel</button>`, "on"},
		"the only one that is no refusal":  {`<button name=b value=no>Not now, cancel</button><button name=b value=on>Hand it over</button>`, "on"},
		"one that says so, before others":  {`<button name=b value=next>Next</button><button name=b value=on>Allow</button>`, "on"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			s.page("/auth", `<form method=post action=/decide><input type=hidden name=scope value="read write">`+c.buttons+`</form>`)
			s.takes("/decide", callback+"?code=1")
			s.mustVisit(t, target.Login{})
			if got := s.posted["/decide"].Get("b"); got != c.want {
				t.Errorf("got the button %q pressed, want %q", got, c.want)
			}
		})
	}
}

func TestARemarkBesideADecisionIsNoName(t *testing.T) {
	s := newSite(t)
	s.page("/auth", `<form method=post action=/decide><input name=remark><button name=b value=on>Allow</button><button name=b value=no>Deny</button></form>`)
	s.takes("/decide", callback+"?code=1")
	if _, err := s.visit(target.Login{}); err == nil || s.posted["/decide"] != nil {
		t.Errorf("got %v and %v sent, want an error and nothing sent", err, s.posted)
	}
}
