package useragent

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

// shows has a player look at pages of a script, and returns what it would do at the last.
func shows(t *testing.T, visit target.Visit, pages ...string) (*Act, *target.Arrival, error) {
	t.Helper()
	visit.URL, visit.RedirectURI = "https://as.example/authorize?scope=cal.read+cal.write", "https://client.example/cb"
	p, err := NewPlayer(&target.Target{Description: &target.Description{Login: target.Login{Form: target.Form{Consent: target.ConsentForm{
		Checkboxes: map[string]string{"See appointments": "cal.read", "Change them": "cal.write"},
	}}}}}, visit)
	if err != nil {
		t.Fatal(err)
	}
	at, _ := url.Parse("https://as.example/ui")
	for _, page := range pages[:len(pages)-1] {
		if _, _, err := p.Show(at, 200, []byte(page)); err != nil {
			t.Fatal(err)
		}
	}
	return p.Show(at, 200, []byte(pages[len(pages)-1]))
}

const password = `<main><input data-scopeproof=1 id=p type=password><button data-scopeproof=2 type=button>Show</button><button data-scopeproof=3>Sign in</button></main>`

func authenticated() oauth.ResourceOwner {
	return oauth.ResourceOwner{Name: "Ada", Username: "ada@as.example", Password: "p", TOTP: "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"}
}

func TestPagesOfScripts(t *testing.T) {
	row := func(mark, text, checked string) string {
		return `<div><span id=":l` + mark + `:">` + text + `</span><button role=switch aria-labelledby=":l` + mark + `:" aria-checked=` + checked + ` data-scopeproof=` + mark + `></button></div>`
	}
	for name, c := range map[string]struct {
		pages []string
		press string
		ticks string // marks that are pressed before
	}{
		"the button that signs in is pressed, and not what shows the password": {[]string{password}, "3", ""},
		"cookies are refused before anything else": {[]string{`<main>Sign in<input data-scopeproof=1 autocomplete=username><button data-scopeproof=2>Next</button></main>
			<div role=dialog>We use cookies<button data-scopeproof=3>Accept all</button><button data-scopeproof=4>Reject all</button></div>`}, "4", ""},
		"nobody stays signed in": {[]string{password, `<main><h1>Stay signed in?</h1><button data-scopeproof=4>Yes</button><button data-scopeproof=5>No</button></main>`}, "5", ""},
		"one's own account is chosen": {[]string{`<main><h1>Choose an account</h1><div role=button tabindex=0 data-scopeproof=1><b>Bo</b><i>bo@as.example</i></div>
			<div role=button tabindex=0 data-scopeproof=2><b>Ada</b><i>ada@as.example</i></div><a href="#" data-scopeproof=3>Use another account</a></main>`}, "2", ""},
		"another account is used where one's own is not listed": {[]string{`<main><h1>Konto auswählen</h1><ul><li tabindex=0 data-scopeproof=1>Bo bo@as.example</li>
			<li tabindex=0 data-scopeproof=2>Anderes Konto verwenden</li></ul></main>`}, "2", ""},
		"a switch is a box, by what names it": {[]string{"<main>" + row("1", "See appointments", "false") + row("2", "Change them", "true") +
			"<button data-scopeproof=3>Ablehnen</button><button data-scopeproof=4>Zugriff erlauben</button></main>"}, "4", "1"},
		"a switch has what stands in its row, and the box behind it is none": {[]string{`<main><p>See appointments <span role=checkbox tabindex=0 aria-checked=false data-scopeproof=1></span>
			<input type=checkbox aria-hidden=true data-scopeproof=2></p><button data-scopeproof=3>Autoriser</button><button data-scopeproof=4>Annuler</button></main>`}, "3", "1"},
	} {
		t.Run(name, func(t *testing.T) {
			act, _, err := shows(t, target.Visit{Owner: authenticated()}, c.pages...)
			if err != nil || act == nil {
				t.Fatalf("got %v, %v", act, err)
			}
			var ticks []string
			for _, f := range act.Fields {
				if f.Ticked != nil {
					ticks = append(ticks, f.Mark)
				}
			}
			if act.Press != c.press || strings.Join(ticks, " ") != c.ticks {
				t.Errorf("got %q pressed and %q ticked, want %q and %q", act.Press, ticks, c.press, c.ticks)
			}
		})
	}
}

// The key is that of RFC 6238 appendix B, and the codes are the last six digits of its.
func TestOneTimeCodes(t *testing.T) {
	for at, want := range map[int64]string{59: "287082", 1111111109: "081804", 20000000000: "353130"} {
		if got, err := oneTimeCode("gezd gnbv gy3t qojq gezd gnbv gy3t qojq", time.Unix(at, 0)); err != nil || got != want {
			t.Errorf("at %d: got %q, %v, want %q", at, got, err, want)
		}
	}
	if _, err := oneTimeCode("no key!", time.Now()); err == nil || strings.Contains(err.Error(), "no key!") {
		t.Errorf("got %v, want an error that does not repeat the key", err)
	}
}

func TestAOneTimeCodeIsTyped(t *testing.T) {
	const once = `<main>Code<input id=otp autocomplete=one-time-code data-scopeproof=4><button data-scopeproof=5>Verify</button></main>`
	act, _, err := shows(t, target.Visit{Owner: authenticated()}, password, once)
	if err != nil || len(act.Fields) != 1 || len(act.Fields[0].Value) != oneTimeDigits || act.Press != "5" {
		t.Errorf("got %+v, %v", act, err)
	}
	owner := authenticated()
	owner.TOTP = ""
	if _, _, err := shows(t, target.Visit{Owner: owner}, password, once); err == nil || !strings.Contains(err.Error(), "users.Ada.totp") {
		t.Errorf("got %v, want an error that names users.Ada.totp", err)
	}
}
