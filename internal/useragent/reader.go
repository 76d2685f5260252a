package useragent

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

// reader tells forms apart: by what the target file says, and where it says
// nothing by how such forms are usually made.
type reader struct {
	login   target.LoginForm
	consent target.ConsentForm
	// granular says that hidden scopes may be narrowed: the target file declares
	// that consent is granular.
	granular bool
	scripts  bool            // of a page run, and may tell one button from another
	boxes    map[string]bool // login.form.boxes
	// asked is what the authorization request asked for, where that is known.
	asked oauth.ScopeSet
}

// Words on buttons, for pages of which the target file names no button.
var (
	allowWords = words("allow|authori[sz]e|approve|grant|consent|accept|agree|permit" +
		"|erlauben|zulassen|zustimmen|genehmigen|gewähren|akzeptieren|einwilligen|autoriser|accepter|permettre|consentir" +
		"|permitir|autorizar|aceptar|aceitar|conceder|consenti|autorizza|accetta|toestaan|accepteren|akkoord")
	denyWords = words("deny|denied|reject(ed)?|decline|refuse|disallow|cancel|no|not now|abort|do not allow|don't allow|disagree" +
		"|ablehnen|verweigern|abbrechen|nein|nicht|refuser|annuler|non|ne pas|denegar|rechazar|rejeitar|recusar|cancelar|não" +
		"|rifiuta|nega|annulla|weigeren|annuleren|nee|niet")
	logoutWords = words("log ?out|sign ?out|log ?off|sign ?off|logout|signout|abmelden|ausloggen|déconnexion|se déconnecter|cerrar sesión|sair|esci|uitloggen|afmelden")
	signInWords = regexp.MustCompile(`(?i)^\W*(sign ?in|log ?in|next|continue|submit|verify|confirm|anmelden|einloggen|weiter|bestätigen` +
		`|se connecter|connexion|continuer|suivant|valider|iniciar sesión|acceder|continuar|siguiente|entrar|avançar|accedi|avanti|continua|inloggen|volgende|doorgaan)\W*$`)
	nameWords = regexp.MustCompile(`(?i)^(user|username|user_name|userid|user_id|login|loginid|login_id|loginname|loginfmt|login_hint|email|mail|e-mail|identifier|identity|account|uid)$`)
)

func words(alternatives string) *regexp.Regexp {
	return regexp.MustCompile(`(?i)(^|[^\pL])(` + alternatives + `)([^\pL]|$)`)
}

// says reports whether a button's label, or else what it posts, has one of the
// words.
func says(c *control, list *regexp.Regexp) bool {
	if c.label != "" && list.MatchString(c.label) {
		return true
	}
	return list.MatchString(c.value) || list.MatchString(c.name)
}

// onwards is the button that a form is sent with where it asks who somebody is: what
// says just that, before others such as "Show" and "Sign in with …".
func (f *form) onwards() *control {
	if button := f.submitter(func(c *control) bool { return signInWords.MatchString(c.label) }); button != nil {
		return button
	}
	return f.submitter(notRefusal)
}

func notRefusal(c *control) bool { return !says(c, denyWords) && !says(c, logoutWords) }

func allows(c *control) bool { return says(c, allowWords) && !says(c, denyWords) }

func (r reader) usernameName() string { return either(r.login.Username, "username") }
func (r reader) passwordName() string { return either(r.login.Password, "password") }

func either(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// selectedForm is the form that a CSS selector names: itself, around it or in
// it.
func (p *page) selectedForm(selector string) *form {
	if selector == "" || p.doc == nil {
		return nil
	}
	found := p.doc.Find(selector).First()
	node := found.Closest("form")
	if node.Length() == 0 {
		node = found.Find("form").First()
	}
	for _, f := range p.forms {
		if node.Length() > 0 && f.node == node.Nodes[0] {
			return f
		}
	}
	return nil
}

// loginForm is the form that asks for a password, or nil. One with two
// passwords, which is for those who register, comes last.
func (r reader) loginForm(p *page) *form {
	if r.login.Form != "" {
		if f := p.selectedForm(r.login.Form); f != nil && r.passwordField(f) != nil {
			return f
		}
		return nil
	}
	var last *form
	for _, f := range p.forms {
		if !r.asksPassword(f) {
			continue
		}
		if f.count("password") == 1 {
			return f
		}
		if last == nil {
			last = f
		}
	}
	return last
}

func (f *form) count(kind string) int {
	n := 0
	for _, c := range f.controls {
		if c.kind == kind && c.visible() {
			n++
		}
	}
	return n
}

func (r reader) asksPassword(f *form) bool { return r.passwordField(f) != nil }

func (r reader) passwordField(f *form) *control {
	for _, c := range f.controls {
		if r.login.Password != "" && c.name == r.login.Password && c.visible() {
			return c
		}
	}
	for _, c := range f.controls {
		if r.login.Password == "" && c.kind == "password" && c.visible() {
			return c
		}
	}
	for _, c := range f.controls { // some ask for it in a field of text
		if r.login.Password == "" && c.name == r.passwordName() && c.visible() {
			return c
		}
	}
	return nil
}

// usernameField is the field for the name: the configured one, else the one
// that says so, else the last resort: the first text before the password. It is
// nil where the name was given on an earlier page.
func (r reader) usernameField(f *form, password *control) *control {
	if r.login.Username != "" {
		for _, c := range f.controls {
			if c.name == r.login.Username && c.visible() && !c.readonly {
				return c
			}
		}
		return nil
	}
	for _, c := range f.controls {
		if c.isText() && !c.readonly && (slices.Contains(strings.Fields(c.autocomplete), "username") || c.name == "username") {
			return c
		}
	}
	return r.textBefore(f, password)
}

func (r reader) textBefore(f *form, password *control) *control {
	for _, c := range f.controls {
		if c == password {
			return nil
		}
		if c.isText() && !c.readonly {
			return c
		}
	}
	return nil
}

// usernameForm is a form that asks for a name and nothing else that is typed,
// or nil.
func (r reader) usernameForm(p *page) *form {
	if r.login.Form != "" {
		if f := p.selectedForm(r.login.Form); f != nil && r.usernameField(f, nil) != nil {
			return f
		}
	}
	for _, f := range p.forms {
		if r.isUsernameStep(f) {
			return f
		}
	}
	return nil
}

func (r reader) isUsernameStep(f *form) bool {
	field := r.usernameField(f, nil)
	if field == nil || field.name == "" || r.asksPassword(f) {
		return false
	}
	for _, c := range f.controls {
		if c != field && (c.isText() && !c.readonly || c.kind == "textarea" && c.visible()) {
			return false
		}
	}
	return field.name == r.login.Username || nameWords.MatchString(field.name) || strings.Contains(field.autocomplete, "username")
}

// surelyConsent is the form of a consent page that cannot be anything else: it
// has a box for a scope, or is as the target file says.
func (r reader) surelyConsent(p *page) *form {
	for _, f := range p.forms {
		if r.hasBoxes(f) {
			return f
		}
	}
	notLogin := func(f *form) bool { return f != nil && !r.asksPassword(f) && !r.isUsernameStep(f) }
	if f := p.selectedForm(r.consent.Form); notLogin(f) {
		return f
	}
	for _, button := range []target.Button{r.consent.Allow, r.consent.Deny} {
		for _, f := range p.forms {
			if notLogin(f) && find(f, button) != nil {
				return f
			}
		}
	}
	return nil
}

// likelyConsent is a form with nothing to fill in that lists scopes in a hidden
// field, or whose button says so where the target file names no button.
func (r reader) likelyConsent(p *page) *form {
	if p.status >= http.StatusBadRequest {
		return nil
	}
	for _, f := range p.forms {
		if f.visibleInputs() == 0 && f.submitter(notRefusal) != nil && r.hiddenScopes(f) != nil {
			return f
		}
	}
	if r.consent.Allow != (target.Button{}) {
		return nil
	}
	for _, f := range p.forms {
		if f.count("password") == 0 && !f.asksText() && f.submitter(allows) != nil {
			return f
		}
	}
	return nil
}

func (f *form) asksText() bool {
	return slices.ContainsFunc(f.controls, func(c *control) bool {
		return c.isText() || c.kind == "textarea" && c.visible()
	})
}

// interstitial is the page's only form, if it has nothing to fill in and one
// button that is neither a refusal nor a way out: "Continue".
func (r reader) interstitial(p *page) (*form, *control) {
	if len(p.forms) != 1 || p.forms[0].visibleInputs() > 0 {
		return nil, nil
	}
	f := p.forms[0]
	buttons := 0
	for _, c := range f.controls {
		if c.sends() {
			buttons++
		}
	}
	button := f.submitter(notRefusal)
	if button == nil || buttons != 1 {
		return nil, nil
	}
	return f, button
}

// notUnderstood is the error for a page that asks something, and nil for one
// that only says something.
func (r reader) notUnderstood(p *page) error {
	for _, f := range p.forms {
		if f.visibleInputs() == 0 && !f.offersChoice() {
			continue
		}
		want := fmt.Sprintf("a login form with the fields %q and %q, or a consent form with a box %q or the button %s",
			r.usernameName(), r.passwordName(), r.consent.Checkbox, buttonText(r.consent.Allow, "that allows"))
		return &PageError{
			URL: place(p.url), Seen: describeAll(p), Want: want, Proposal: r.propose(f),
			Hint: "set login.form.login.form or login.form.consent.form to a CSS selector of that form, and its fields beside it; " +
				"login.driver: manual lets a person answer",
		}
	}
	return nil
}

// offersChoice reports whether a form without fields asks to choose a button.
func (f *form) offersChoice() bool {
	n := 0
	for _, c := range f.controls {
		if c.sends() && !says(c, logoutWords) {
			n++
		}
	}
	return n > 1
}

func buttonText(b target.Button, otherwise string) string {
	if b == (target.Button{}) {
		return otherwise
	}
	return fmt.Sprintf("%q", b.Name+"="+b.Value)
}

// find is the control that a configured button means: a button, or a hidden
// field where each button has a form of its own.
func find(f *form, wanted target.Button) *control {
	if wanted == (target.Button{}) {
		return nil
	}
	for _, c := range f.controls {
		if !c.sends() && c.kind != "hidden" || wanted.Name != "" && c.name != wanted.Name {
			continue
		}
		if wanted.Value == "" && c.sends() || c.value == wanted.Value || c.sends() && c.label == wanted.Value {
			return c
		}
	}
	return nil
}
