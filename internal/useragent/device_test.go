package useragent

import (
	"net/http"
	"strings"
	"testing"

	"github.com/scopeproof/scopeproof/target"
)

func coded(v *target.Visit) {
	v.UserCode, v.URL = "WDJB-MJHT", strings.Replace(v.URL, "/auth?", "/device?", 1)
}

func TestTheCodeOfADeviceIsTypedIn(t *testing.T) {
	for name, markup := range map[string]string{
		"a telling name":   `<form method="post" action="/code"><input name="user_code"><button>Next</button></form><form action="/search"><input name="q"><button>Go</button></form>`,
		"the only line":    `<form method="post" action="/code"><input type="hidden" name="user_code_was" value=""><input name="x17"><button>Next</button></form>`,
		"filled in before": `<form method="post" action="/code"><input name="device_user_code" value="WDJB-MJHT"><button>Next</button><button name="no" value="1">Cancel</button></form>`,
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			s.page("/device", markup)
			s.takes("/code", "/consent")
			s.page("/consent", `<form method="post" action="/consent"><input type="checkbox" name="scope" value="a" checked><button>Allow</button></form>`)
			s.takes("/consent", "/done")
			s.page("/done", `<p>Thank you.</p>`)
			arrival := s.mustVisit(t, target.Login{}, coded)
			if arrival.Redirect != nil || arrival.Status != http.StatusOK || arrival.Page != "Thank you." || len(arrival.ConsentPages) != 1 {
				t.Errorf("got %+v, want the page after consent", arrival)
			}
			sent := false
			for _, values := range s.posted["/code"] {
				sent = sent || values[0] == "WDJB-MJHT"
			}
			if !sent {
				t.Errorf("got %v, want the code", s.posted["/code"])
			}
		})
	}
}

func TestACodeThatIsAskedForTwiceIsSaid(t *testing.T) {
	s := newSite(t)
	s.page("/device", `<form method="post" action="/code"><input name="user_code"><button>Next</button></form>`)
	s.takes("/code", "/device")
	if _, err := s.visit(target.Login{}, coded); err == nil || !strings.Contains(err.Error(), "asks for the code of the device again") {
		t.Errorf("got %v, want that it is asked for again", err)
	}
	if _, err := s.visit(target.Login{}, coded, func(v *target.Visit) { v.UserCode = "" }); err == nil {
		t.Error("got no error, want that the page is not understood without a code")
	}
}

func TestACodeThatIsAskedForAfterTheDecisionIsTheEnd(t *testing.T) {
	const ask = `<form method="post" action="/code"><input name="user_code"><button>Next</button></form>`
	for name, between := range map[string]string{
		"consent":      `<form method="post" action="/between"><input type="checkbox" name="scope" value="a" checked><button name="d" value="deny">Deny</button><button>Allow</button></form>`,
		"confirmation": `<form method="post" action="/between"><input type="hidden" name="user_code" value="WDJB-MJHT"><button>Continue</button></form>`,
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			s.page("/device", ask)
			s.takes("/code", "/between")
			s.page("/between", between)
			s.takes("/between", "/over")
			s.page("/over", "<p>No access.</p>"+ask)
			if arrival := s.mustVisit(t, target.Login{}, coded); !strings.Contains(arrival.Page, "No access.") {
				t.Errorf("got %+v, want the page that asks for the next code", arrival)
			}
		})
	}
}

func TestTheCodeOfADeviceIsConfirmed(t *testing.T) {
	s := newSite(t)
	s.page("/device", `<form method="post" action="/code" id="f"><input type="hidden" name="user_code" value="WDJB-MJHT"></form><script>f.submit()</script>`)
	s.takes("/code", "/confirm")
	s.page("/confirm", `<form method="post" action="/confirm" id="g"><input type="hidden" name="user_code" value="WDJB-MJHT"></form>
		<button form="g" name="abort" value="yes">Abort</button><button form="g">Continue</button>`)
	s.takes("/confirm", "/done")
	s.page("/done", `<p>Thank you.</p>`)
	arrival := s.mustVisit(t, target.Login{}, coded)
	if arrival.Page != "Thank you." || len(arrival.ConsentPages) != 0 || s.posted["/confirm"].Has("abort") {
		t.Errorf("got %+v and %v, want the page after it was confirmed", arrival, s.posted)
	}
}
