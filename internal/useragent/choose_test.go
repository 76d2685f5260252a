package useragent

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

// Consent that is not a box which is ticked to grant.
const (
	radioPage = `<form method=post action=/c><fieldset><legend>Read</legend><input type=radio name=may_cal.read value=yes checked><input type=radio name=may_cal.read value=no></fieldset>
<fieldset><input type=radio name=may_cal.edit value=yes><input type=radio name=may_cal.edit value=no checked></fieldset><button>Allow</button></form>`
	opaqueRadioPage = `<form method=post action=/c><label><input type=radio name=p6 value=a> Zeigen</label><label><input type=radio name=p6 value=b checked> Nicht zeigen</label><button>Allow</button></form>`
	selectPage      = `<form method=post action=/c><select name=s_cal.read><option value=1>erlauben<option value=0 selected>verweigern</select>
<select name=s_cal.edit><option value=1>erlauben<option value=0 selected>verweigern</select><select name=months><option value=3>3<option value=6 selected>6</select><button>Allow</button></form>`
	listPage     = `<form method=post action=/c><select name=scope multiple><option value=cal.read selected>Read<option value=cal.edit>Write</select><button>Allow</button></form>`
	withholdPage = `<form method=post action=/c><label><input type=checkbox name=hide value=cal.read> Do not share: reading</label><label><input type=checkbox name=hide value=cal.edit checked> Do not share: writing</label><button>Allow</button></form>`
	exclusive    = `<form method=post action=/c><input type=radio name=access value=cal.read checked><input type=radio name=access value=cal.edit><button>Allow</button></form>`
)

func TestConsentByOtherThanBoxes(t *testing.T) {
	withholds := target.ConsentForm{Withholds: true}
	mapped := target.ConsentForm{Checkboxes: map[string]string{"p6=a": "cal.read"}}
	all := oauth.ConsentDecision{}
	tests := []struct {
		name, page string
		form       target.ConsentForm
		decision   oauth.ConsentDecision
		scopes     string // listed
		want       url.Values
	}{
		{"radio buttons, everything", radioPage, target.ConsentForm{}, all, "cal.edit cal.read", url.Values{"may_cal.read": {"yes"}, "may_cal.edit": {"yes"}}},
		{"radio buttons, narrowed", radioPage, target.ConsentForm{}, only("cal.edit"), "cal.edit cal.read", url.Values{"may_cal.read": {"no"}, "may_cal.edit": {"yes"}}},
		{"radio buttons that are mapped", opaqueRadioPage, mapped, all, "cal.read", url.Values{"p6": {"a"}}},
		{"radio buttons that are mapped, narrowed", opaqueRadioPage, mapped, only("cal.edit"), "cal.read", url.Values{"p6": {"b"}}},
		{"radio buttons that say nothing stay", opaqueRadioPage, target.ConsentForm{}, all, "", url.Values{"p6": {"b"}}},
		{"radio buttons that exclude each other are no boxes", exclusive, target.ConsentForm{}, all, "", url.Values{"access": {"cal.read"}}},
		{"selects, everything", selectPage, target.ConsentForm{}, all, "cal.edit cal.read", url.Values{"s_cal.read": {"1"}, "s_cal.edit": {"1"}, "months": {"6"}}},
		{"selects, narrowed", selectPage, target.ConsentForm{}, only("cal.read"), "cal.edit cal.read", url.Values{"s_cal.read": {"1"}, "s_cal.edit": {"0"}, "months": {"6"}}},
		{"a list of which several may be selected", listPage, target.ConsentForm{}, all, "cal.edit cal.read", url.Values{"scope": {"cal.read", "cal.edit"}}},
		{"a list, narrowed", listPage, target.ConsentForm{}, only("cal.edit"), "cal.edit cal.read", url.Values{"scope": {"cal.edit"}}},
		{"boxes that withhold, everything", withholdPage, withholds, all, "cal.edit cal.read", url.Values{}},
		{"boxes that withhold, narrowed", withholdPage, withholds, only("cal.read"), "cal.edit cal.read", url.Values{"hide": {"cal.edit"}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			driver := newFormDriver(target.Login{Form: target.Form{Consent: test.form}}, false)
			driver.reader.asked = oauth.NewScopeSet("cal.read", "cal.edit")
			p, err := parsePage([]byte(test.page), "text/html", &url.URL{Scheme: "http", Host: "h"})
			if err != nil {
				t.Fatal(err)
			}
			p.status = http.StatusOK
			c := driver.reader.readConsent(p, p.forms[0])
			if got := c.offered.String(); got != test.scopes {
				t.Errorf("got %q listed, want %q", got, test.scopes)
			}
			r, err := c.allow(p, test.decision, nil)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, r.fields); diff != "" {
				t.Errorf("got other fields (-want +got):\n%s", diff)
			}
		})
	}
}

func TestScriptsThatOnlyLeadOn(t *testing.T) {
	tests := []struct {
		name, page, want string
		nothing          bool // but scripts
	}{
		{"replace", `<body><script>window.location.replace("/on?a=1");</script><noscript><a href=/x>x</a></noscript>`, "http://h/on?a=1", true},
		{"href", `<p>Wait</p><script> location.href = '/on' </script>`, "http://h/on", false},
		{"another script", `<script>if (top != self) location.href = '/on'</script>`, "", true},
		{"a file", `<div id=root></div><script src=/app.js></script>`, "", true},
		{"an error page with a script", `<h1>Sorry</h1><script src=/app.js></script>`, "", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p, err := parsePage([]byte(test.page), "text/html", &url.URL{Scheme: "http", Host: "h", Path: "/"})
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			if next := p.refreshed(); next != nil {
				got = next.url.String()
			}
			if got != test.want || p.onlyScripts() != test.nothing {
				t.Errorf("got %q, and %v that there is nothing but scripts", got, p.onlyScripts())
			}
		})
	}
}
