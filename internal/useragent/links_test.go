package useragent

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

func TestADecisionMayBeALink(t *testing.T) {
	for name, markup := range map[string]string{
		"buttons with a script": `<button onclick="location.href='./confirm?action=yes'" type="button">Allow</button><button onclick="location.href='./confirm?action=no'" type="button">Deny</button>`,
		"a call":                `<input type="button" value="Approve" onclick="window.location.assign(&quot;/confirm?action=yes&quot;); return false;"><input type="button" value="Reject" onclick="document.location='/confirm?action=no';">`,
		"anchors":               `<a href="/help">Help</a> <a href="/confirm?action=no">Cancel</a> <a href="/confirm?action=yes">Grant access</a>`,
		"beside another form":   `<form action="/search"><input name="q"><button>Go</button></form><a href="javascript:location.replace('/confirm?action=yes')">Allow</a><a href="/confirm?action=no">Deny</a>`,
	} {
		for decision, want := range map[bool]string{false: "you said yes", true: "you said no"} {
			t.Run(name+", "+want, func(t *testing.T) {
				s := newSite(t)
				s.page("/auth", markup)
				s.mux.HandleFunc("GET /confirm", func(w http.ResponseWriter, r *http.Request) {
					fmt.Fprint(w, "you said "+r.FormValue("action"))
				})
				arrival := s.mustVisit(t, target.Login{}, func(v *target.Visit) {
					v.Decide = func(target.ConsentPage) oauth.ConsentDecision { return oauth.ConsentDecision{Deny: decision} }
				})
				if !strings.Contains(arrival.Page, want) || len(arrival.ConsentPages) != 1 {
					t.Errorf("got %+v, want a page that says %q", arrival, want)
				}
			})
		}
	}
}

func TestALinkIsNoDecision(t *testing.T) {
	for name, markup := range map[string]string{
		"with no other beside it":       `<a href="/cookies">Accept cookies</a>`,
		"where a form has the decision": `<form method="post" action="/x"><button>Allow</button></form><a href="/y">Cancel</a><a href="/z">Accept cookies</a>`,
		"that goes nowhere":             `<a href="#">Allow</a><a href="#">Deny</a>`,
		"that does something":           `<button onclick="send('yes')">Allow</button><button onclick="location.href='/a'; track()">Deny</button>`,
		"that nobody sees":              `<a href="/a" hidden>Allow</a><a href="/b">Deny</a>`,
		"to another program":            `<a href="mailto:a@b.example">Allow</a><a href="mailto:b@b.example">Deny</a>`,
	} {
		t.Run(name, func(t *testing.T) {
			p, err := parsePage([]byte(markup), "text/html", mustURL(t, "http://as.example/page"))
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range p.forms {
				if f.node.Data != "form" {
					t.Errorf("got %s, want no link among the forms", f.describe())
				}
			}
		})
	}
}
