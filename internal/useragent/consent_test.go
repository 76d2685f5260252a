package useragent

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

// Consent pages as servers make them.
const (
	hiddenPage = `<form id=out method=post action=/logout><button>Log out</button></form>
<form method=post action=/c><input type=hidden name=scope value="write read"><input type=hidden name=state value=s>
<p>Planner wants to read</p><input type=submit value=Cancel><input type=submit name=allow value=Authorize></form>`
	mappedPage = `<form method=post action=/c><input type=checkbox name=can_read checked><input type=checkbox name=p value=2 checked>
<input type=checkbox name=newsletter checked><button name=ok>Yes</button><button name=no value=1>Go away</button></form>`
	twoFormsPage = `<form method=post action=/c><input type=hidden name=approval value=approve><button>Grant Access</button></form>
<form method=post action=/c><input type=hidden name=approval value=rejected><button>Cancel</button></form>`
	bareButtonPage   = `<form method=post action=/c><button type=submit>Allow</button></form>`
	scriptedPage     = `<form method=post action=/c><input type=hidden name=confirm value=17><button>Accept</button><button class=no>Refuse</button></form>`
	decidedPage      = `<form method=post action=/c><input type=hidden name=decision><input type=checkbox name=scope value=read><button>Accept</button><button>Refuse</button></form>`
	outsideFieldPage = `<form id=f method=post action=/wrong><input type=checkbox name=scope value=openid checked disabled><input type=hidden name=scope value=openid></form>
<input form=f type=checkbox name=scope value=read><input form=other name=lost value=1>
<button form=f type=button>Allow later</button><button form=f formaction=/c name=d value=allow>Allow</button><button form=f formaction=/c name=d value=deny>Deny</button>`
	manyHiddenPage = `<form method=post action=/c><input type=hidden name=scope value=read><input type=hidden name=scope value=write><button>Accept</button></form>`
	tablePage      = `<table><form method=post action=/c><tr><td><input type=checkbox name=scope value=read><td><button>Allow</button></tr></form></table>`
	passwordPage   = `<form method=post action=/c><input name=username><input type=password name=password><input type=checkbox name=scope value=read><input type=checkbox name=scope value=write><button>Allow</button></form>`
)

func TestConsentPagesOfManyKinds(t *testing.T) {
	django := target.ConsentForm{Allow: target.Button{Name: "allow", Value: "Authorize"}, Deny: target.Button{Value: "Cancel"}}
	mapped := target.ConsentForm{
		Checkboxes: map[string]string{"can_read": "read", "p=2": "write"},
		Allow:      target.Button{Name: "ok"}, Deny: target.Button{Name: "no", Value: "1"},
	}
	dex := target.ConsentForm{Allow: target.Button{Name: "approval", Value: "approve"}, Deny: target.Button{Name: "approval", Value: "rejected"}}
	deny, add := oauth.ConsentDecision{Deny: true}, oauth.ConsentDecision{Add: oauth.MustParseScope("admin")}
	tests := []struct {
		name, page string
		form       target.ConsentForm
		decision   oauth.ConsentDecision
		scopes     string // listed
		want       url.Values
	}{
		{"a hidden field, everything", hiddenPage, django, oauth.ConsentDecision{}, "read write", url.Values{"scope": {"write read"}, "state": {"s"}, "allow": {"Authorize"}}},
		{"a hidden field, narrowed", hiddenPage, django, only("read admin"), "read write", url.Values{"scope": {"read"}, "state": {"s"}, "allow": {"Authorize"}}},
		{"a hidden field, nothing left", hiddenPage, django, only(""), "read write", url.Values{"scope": {""}, "state": {"s"}, "allow": {"Authorize"}}},
		{"a hidden field, widened", hiddenPage, django, add, "read write", url.Values{"scope": {"write read admin"}, "state": {"s"}, "allow": {"Authorize"}}},
		{"a hidden field, denied by a button without a name", hiddenPage, django, deny, "read write", url.Values{"scope": {"write read"}, "state": {"s"}}},
		{"a hidden field, nothing configured", hiddenPage, target.ConsentForm{}, only("write"), "read write", url.Values{"scope": {"write"}, "state": {"s"}, "allow": {"Authorize"}}},
		{"mapped boxes, everything", mappedPage, mapped, oauth.ConsentDecision{}, "read write", url.Values{"can_read": {"on"}, "p": {"2"}, "newsletter": {"on"}, "ok": {""}}},
		{"mapped boxes, narrowed", mappedPage, mapped, only("write"), "read write", url.Values{"p": {"2"}, "newsletter": {"on"}, "ok": {""}}},
		{"mapped boxes, widened", mappedPage, mapped, add, "read write", url.Values{"can_read": {"on"}, "p": {"2"}, "newsletter": {"on"}, "ok": {""}, "can_admin": {"on"}}},
		{"mapped boxes, denied", mappedPage, mapped, deny, "read write", url.Values{"can_read": {"on"}, "p": {"2"}, "newsletter": {"on"}, "no": {"1"}}},
		{"a script that changes a field, denied", scriptedPage, target.ConsentForm{Deny: target.Button{Name: "confirm", Value: "-{value}"}}, deny, "", url.Values{"confirm": {"-17"}}},
		{"a script that changes a field, not where it allows", scriptedPage, target.ConsentForm{Deny: target.Button{Name: "confirm", Value: "-{value}"}}, oauth.ConsentDecision{}, "", url.Values{"confirm": {"17"}}},
		{"a script that says what was decided", decidedPage, target.ConsentForm{Allow: target.Button{Name: "decision", Value: "yes"}}, oauth.ConsentDecision{}, "read", url.Values{"decision": {"yes"}, "scope": {"read"}}},
		{"boxes that are left as they are, denied by a button without a name", decidedPage, target.ConsentForm{}, deny, "read", url.Values{"decision": {""}}},
		{"a form for each button", twoFormsPage, dex, oauth.ConsentDecision{}, "", url.Values{"approval": {"approve"}}},
		{"a form for each button, denied", twoFormsPage, dex, deny, "", url.Values{"approval": {"rejected"}}},
		{"a form for each button, nothing configured", twoFormsPage, target.ConsentForm{}, deny, "", url.Values{"approval": {"rejected"}}},
		{"one button", bareButtonPage, target.ConsentForm{}, oauth.ConsentDecision{}, "", url.Values{}},
		{"one button, by its label", bareButtonPage, target.ConsentForm{Allow: target.Button{Value: "Allow"}}, only("read write"), "", url.Values{}},
		{"fields outside of the form", outsideFieldPage, target.ConsentForm{}, only("openid"), "openid read", url.Values{"scope": {"openid"}, "d": {"allow"}}},
		{"fields outside of the form, all", outsideFieldPage, target.ConsentForm{}, oauth.ConsentDecision{}, "openid read", url.Values{"scope": {"openid", "read"}, "d": {"allow"}}},
		{"a scope that is hidden beside boxes", `<form method=post action=/c><input type=hidden name=scope value=admin><input type=checkbox name=scope value=read><button>Allow</button></form>`,
			target.ConsentForm{}, only("read"), "read", url.Values{"scope": {"admin", "read"}}},
		{"a hidden field for each scope", manyHiddenPage, target.ConsentForm{}, only("write"), "read write", url.Values{"scope": {"write"}}},
		{"a hidden field for each scope, nothing left", manyHiddenPage, target.ConsentForm{}, only("x"), "read write", url.Values{"scope": {""}}},
		{"a hidden field for each scope, widened", manyHiddenPage, target.ConsentForm{}, add, "read write", url.Values{"scope": {"read", "write", "admin"}}},
		{"a form in a table", tablePage, target.ConsentForm{}, only("read"), "read", url.Values{"scope": {"read"}}},
		{"boxes of another name, widened", `<form method=post action=/c><input type=checkbox name=scopes[] value=read><input type=checkbox name=scopes[] value=write><button>Allow</button></form>`,
			target.ConsentForm{}, add, "read write", url.Values{"scopes[]": {"read", "write", "admin"}}},
		{"a box for each scope, by its name, widened", `<form method=post action=/c><input type=checkbox name=scope_read value=1><input type=checkbox name=scope_write value=1><button>Allow</button></form>`,
			target.ConsentForm{}, add, "read write", url.Values{"scope_read": {"1"}, "scope_write": {"1"}, "scope_admin": {"1"}}},
		{"consent and login in one", passwordPage, target.ConsentForm{}, only("read"), "read write", url.Values{"username": {ada.Username}, "password": {"s3cret-of-ada"}, "scope": {"read"}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newSite(t)
			s.page("/auth", test.page)
			s.takes("/c", callback+"?code=1")
			got, err := s.visitDeclared("granular", consentForm(test.form), decides(test.decision))
			if err != nil {
				t.Fatal(err)
			}
			if got.Redirect == nil || len(got.ConsentPages) != 1 {
				t.Fatalf("got %+v, want the redirect after one consent page", got)
			}
			if diff := cmp.Diff(test.want, s.posted["/c"]); diff != "" {
				t.Error(diff)
			}
			page := got.ConsentPages[0]
			if page.Scopes.String() != test.scopes || page.Lists != (test.scopes != "") {
				t.Errorf("got scopes %q (%t), want %q", page.Scopes, page.Lists, test.scopes)
			}
			if in := strings.Contains(test.page, "type=password"); page.SignsIn != in {
				t.Errorf("got that it signs in: %t, want %t", page.SignsIn, in)
			}
			if page.Submission.Fields.Get("password") != "" {
				t.Error("got the password in the submission, want it left out")
			}
		})
	}
}

func TestAMappedScopeIsAddedAsItsBoxWouldBe(t *testing.T) {
	s := newSite(t)
	s.page("/auth", mappedPage)
	s.takes("/c", callback+"?code=1")
	form := target.ConsentForm{Checkboxes: map[string]string{"can_read": "read", "p=2": "write", "p=9": "admin", "can_all": "root"}, Allow: target.Button{Name: "ok"}}
	s.mustVisit(t, consentForm(form), decides(oauth.ConsentDecision{Add: oauth.MustParseScope("admin root")}))
	want := url.Values{"can_read": {"on"}, "p": {"2", "9"}, "can_all": {"on"}, "newsletter": {"on"}, "ok": {""}}
	if diff := cmp.Diff(want, s.posted["/c"]); diff != "" {
		t.Error(diff)
	}
}

func TestWhatIsAddedLooksLikeTheBoxesOfThePage(t *testing.T) {
	for name, tt := range map[string]struct {
		boxes string
		want  url.Values
	}{
		"of another name":             {`<input type=checkbox name=scopes value=read checked>`, url.Values{"scopes": {"read", "admin"}}},
		"with the scope in the name":  {`<input type=checkbox name="grant[read]" value=1 checked>`, url.Values{"grant[read]": {"1"}, "grant[admin]": {"1"}}},
		"after one that is something": {`<input type=checkbox name=stay checked><input type=checkbox name=scopes value=read checked>`, url.Values{"stay": {"on"}, "scopes": {"read", "admin"}}},
		"where nothing holds a scope": {`<label><input type=checkbox name=one checked> Look (read)</label>`, url.Values{"one": {"on"}, "scope": {"admin"}}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			s.page("/auth", `<form method=post action=/c>`+tt.boxes+`<button>Allow</button></form>`)
			s.takes("/c", callback+"?code=1")
			s.mustVisit(t, target.Login{}, decides(oauth.ConsentDecision{Add: oauth.MustParseScope("admin")}))
			if diff := cmp.Diff(tt.want, s.posted["/c"]); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestDecisionsThatAPageCannotExpress(t *testing.T) {
	lone := `<form method=post action=/c><input type=checkbox name=scope value=read><button>Allow</button></form>`
	tests := []struct {
		name, page string
		form       target.ConsentForm
		decision   oauth.ConsentDecision
		hint       string
	}{
		{"less than was requested, where no scope is listed", bareButtonPage, target.ConsentForm{}, only("read"), "login.form.consent.checkbox"},
		{"less than is in a hidden field", hiddenPage, target.ConsentForm{}, only("read"), "granular where a hidden field"},
		{"less than is in hidden fields", manyHiddenPage, target.ConsentForm{}, only("read"), "granular where a hidden field"},
		{"to deny, where nothing denies", lone, target.ConsentForm{}, oauth.ConsentDecision{Deny: true}, "login.form.consent.deny"},
		{"to deny, where a script tells the buttons apart", scriptedPage, target.ConsentForm{}, oauth.ConsentDecision{Deny: true}, "login.driver browser runs the script"},
		{"to deny with a button that is not there", hiddenPage, target.ConsentForm{Deny: target.Button{Name: "deny"}}, oauth.ConsentDecision{Deny: true}, "login.form.consent.deny"},
		{"to allow with a button that is not there", lone, target.ConsentForm{Allow: target.Button{Name: "accept"}}, oauth.ConsentDecision{}, "login.form.consent.allow"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newSite(t)
			s.page("/auth", test.page)
			_, err := s.visit(consentForm(test.form), decides(test.decision))
			var page *PageError
			if !errors.As(err, &page) || !strings.Contains(page.Hint, test.hint) {
				t.Errorf("got %v, want a hint at %s", err, test.hint)
			}
			if s.posted["/c"] != nil {
				t.Errorf("got %v sent, want nothing", s.posted["/c"])
			}
		})
	}
}

func TestOnlyWhatCanBeTickedIsABox(t *testing.T) {
	for _, c := range []struct {
		what, page string
		want       bool
	}{
		{"boxes", tablePage, true},
		{"hidden fields", manyHiddenPage, false},
		{"a button", bareButtonPage, false},
		{"a box that cannot be ticked", `<form method=post action=/c><input type=checkbox name=scope value=read checked disabled><button>Allow</button></form>`, false},
	} {
		s := newSite(t)
		s.page("/auth", c.page)
		s.takes("/c", callback+"?code=1")
		got := s.mustVisit(t, target.Login{}, decides(only("read write")))
		if len(got.ConsentPages) != 1 || got.ConsentPages[0].Boxes != c.want {
			t.Errorf("%s: got %+v, want boxes: %t", c.what, got.ConsentPages, c.want)
		}
	}
}

func TestAConsentFormIsFoundBySelector(t *testing.T) {
	s := newSite(t)
	s.page("/auth", `<form><input name=feedback></form><section class=ask><form method=post action=/c><input name=device_label value=x><button>Weiter</button></form></section>`)
	s.takes("/c", callback+"?code=1")
	got := s.mustVisit(t, consentForm(target.ConsentForm{Form: "section.ask"}))
	if len(got.ConsentPages) != 1 || s.posted["/c"].Get("device_label") != "x" {
		t.Errorf("got %+v and %v, want the consent form sent", got, s.posted)
	}
}

func TestAConsentPageThatComesBackEndsTheVisit(t *testing.T) {
	s := newSite(t)
	s.page("/auth", `<p>Choose</p><form method=post action=/c><input type=checkbox name=scope value=read><button>Allow</button></form>`)
	s.takes("/c", "/again")
	s.status("/again", http.StatusBadRequest, `<p>Choose at least one</p><form method=post action=/c><input type=checkbox name=scope value=read><button>Allow</button></form>`)
	got := s.mustVisit(t, target.Login{}, decides(only("")))
	if got.Redirect != nil || got.Status != http.StatusBadRequest || !strings.Contains(got.Page, "at least one") || len(got.ConsentPages) != 1 {
		t.Errorf("got %+v, want to be left at the page that came back", got)
	}
}

func TestFieldsKeepWhatThePageGaveThem(t *testing.T) {
	s := newSite(t)
	s.page("/auth", `<form method=post action=/c><input type=checkbox name=scope value=read>
<select name=until><option value=1>a day<option selected value=7>a week</select><select name=first><option disabled>-<option>one<option>two</select>
<select name=many multiple><option selected>x<option selected>y<option>z</select>
<input type=radio name=r value=a><input type=radio name=r value=b checked><textarea name=note>
two
lines</textarea><fieldset disabled><input name=off value=1></fieldset><input disabled name=off2 value=1><input value=nameless>
<input type=file name=photo><datalist><option value=q><input name=listed></datalist>
<input type=reset name=clear value=Clear><input type=image name=press alt=Allow><button type=button name=js>Why?</button></form>`)
	s.takes("/c", callback+"?code=1")
	s.mustVisit(t, target.Login{})
	want := url.Values{
		"scope": {"read"}, "until": {"7"}, "first": {"one"}, "many": {"x", "y"}, "r": {"b"}, "note": {"two\nlines"}, "photo": {""},
		"press.x": {"0"}, "press.y": {"0"},
	}
	if diff := cmp.Diff(want, s.posted["/c"]); diff != "" {
		t.Error(diff)
	}
}

func TestWordsOnButtons(t *testing.T) {
	for label, want := range map[string][2]bool{
		"Allow": {true, false}, "Authorise app": {true, false}, "Yes, I agree": {true, false}, "GRANT": {true, false},
		"Deny": {false, true}, "Disallow": {false, true}, "Don't allow": {false, true}, "No": {false, true}, "Cancel": {false, true},
		"Continue": {false, false}, "Notes": {false, false}, "Allowance": {false, false},
	} {
		c := &control{kind: "submit", label: label}
		if got := [2]bool{allows(c), says(c, denyWords)}; got != want {
			t.Errorf("%q: got allows, denies %v, want %v", label, got, want)
		}
	}
}
