package useragent

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Between signing in and consent pages ask for more: whether to stay signed in, which
// account it is to be, a code that is good once.

var (
	stayWords = regexp.MustCompile(`(?i)(stay|keep me|remain|keep you) (signed|logged) ?in|remember (me|this (device|browser))|trust this (device|browser)|passkey` +
		`|angemeldet bleiben|eingeloggt bleiben|gerät (merken|vertrauen)|rester connecté|se souvenir de moi|mantener la sesión|seguir conectado` +
		`|rimani connesso|resta connesso|aangemeld blijven|ingelogd blijven|permanecer conectado|manter conectado`)
	laterWords = words("later|skip|maybe later|not now|später|überspringen|jetzt nicht|plus tard|ignorer|ahora no|más tarde|omitir|più tardi|salta|overslaan|agora não|mais tarde")
	elseWords  = regexp.MustCompile(`(?i)(another|different|other) account|(anderes|weiteres) konto|autre compte|otra cuenta|outra conta|altro account|ander account`)
	codeAsked  = regexp.MustCompile(`(?i)^(otp|totp|mfa|2fa|tfa|code|passcode|token|pin|security_?code|verification_?code|(otp|totp|mfa|one_?time)_?(code|token|password)|one-?time-?(code|password))$`)
)

// putAside answers what asks about cookies, once; after that, and where no script would
// take it away, it is no part of the page.
func (w *walk) putAside(p *page) (*request, error) {
	f, button := p.notice()
	if f == nil {
		return nil, nil
	}
	if w.reader.scripts && !w.aside {
		w.aside = true
		w.saw(p, "asks about cookies", f, button, nil)
		return f.request(p, f.entries(button, nil), button)
	}
	p.forms = slices.DeleteFunc(p.forms, func(other *form) bool { return other == f })
	return nil, nil
}

// between is a page that asks something between signing in and consent, the button that
// goes on, and what the page is.
func (w *walk) between(p *page) (f *form, button *control, is string) {
	if slices.ContainsFunc(p.forms, func(f *form) bool { return f.count("password") > 0 || f.asksText() }) {
		return nil, nil, ""
	}
	if f, button := w.account(p); f != nil {
		return f, button, "asks which account"
	}
	if !w.signedIn || !stayWords.MatchString(p.text) {
		return nil, nil, ""
	}
	for _, list := range []*regexp.Regexp{laterWords, denyWords} {
		for _, f := range p.forms {
			if button := f.submitter(func(c *control) bool { return says(c, list) && !says(c, logoutWords) }); button != nil {
				return f, button, "asks whether to stay signed in"
			}
		}
	}
	return nil, nil, ""
}

// account is what chooses the account of the visitor on a page that lists some: the one
// that names them, or else the one that is for others.
func (w *walk) account(p *page) (*form, *control) {
	name := w.visit.Owner.Username
	if name == "" {
		return nil, nil
	}
	others := false
	for _, f := range p.forms {
		others = others || f.pressed(func(c *control) bool { return elseWords.MatchString(c.label) }) != nil
	}
	whole := func(c *control) bool {
		return slices.ContainsFunc(strings.FieldsFunc(c.label, parting), func(word string) bool { return strings.EqualFold(word, name) })
	}
	within := func(c *control) bool {
		return strings.Contains(name, "@") && strings.Contains(strings.ToLower(c.label), strings.ToLower(name))
	}
	other := func(c *control) bool { return elseWords.MatchString(c.label) }
	for _, suits := range []func(*control) bool{whole, within, other} {
		for _, f := range p.forms {
			if button := f.pressed(func(c *control) bool { return suits(c) && !says(c, logoutWords) }); button != nil && others {
				return f, button
			}
		}
	}
	return nil, nil
}

// pressed is the first thing that can be pressed and that suits.
func (f *form) pressed(suits func(*control) bool) *control {
	for _, c := range f.controls {
		if (c.sends() || c.kind == link && !c.disabled && !c.unseen) && suits(c) {
			return c
		}
	}
	return nil
}

// oneTimeForm is a form that asks for a code that is good once, after a password was
// given (RFC 6238); nil: it is none.
func (w *walk) oneTimeForm(p *page) *form {
	if !w.signedIn || w.visit.UserCode != "" && w.visit.Owner.TOTP == "" {
		return nil
	}
	for _, f := range p.forms {
		if len(oneTimeFields(f)) > 0 && f.count("password") == 0 && f.onwards() != nil {
			return f
		}
	}
	return nil
}

// oneTimeFields are the fields that a one-time code is typed into: one, or one a digit.
func oneTimeFields(f *form) []*control {
	var digits []*control
	for _, c := range f.controls {
		if !c.visible() || c.readonly || c.kind != "text" && c.kind != "tel" && c.kind != "number" {
			continue
		}
		if most := attribute(c.node, "maxlength"); most != nil && *most == "1" {
			digits = append(digits, c)
			continue
		}
		if strings.Contains(c.autocomplete, "one-time-code") || codeAsked.MatchString(c.name) {
			return []*control{c}
		}
	}
	if len(digits) == oneTimeDigits {
		return digits
	}
	return nil
}

// giveOneTime types the code of now. Shown again, it was used a moment ago, or the clocks
// differ: then that of the next half minute is tried.
func (w *walk) giveOneTime(p *page, f *form) (*request, error) {
	owner := w.visit.Owner
	if owner.TOTP == "" {
		return nil, fmt.Errorf("login page %s asks %s for a one-time code: got no key to make one with%s", place(p.url), owner.Name,
			hint("set "+ownerKey(owner, "totp")+" to the key of the authenticator app, or take a user who has none"))
	}
	if w.oneTime > 1 {
		return nil, fmt.Errorf("login page %s asks for a one-time code again after two were given: check %s, and the clock of this machine", place(p.url), ownerKey(owner, "totp"))
	}
	code, err := oneTimeCode(owner.TOTP.Reveal(), time.Now().Add(time.Duration(w.oneTime)*oneTimeStep))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", ownerKey(owner, "totp"), err)
	}
	w.oneTime++
	fields := oneTimeFields(f)
	values := map[*control]string{fields[0]: code}
	if len(fields) > 1 {
		for i, field := range fields {
			values[field] = code[i : i+1]
		}
	}
	button := f.onwards()
	w.saw(p, "login: a one-time code", f, button, func(c *control) string {
		if _, typed := values[c]; typed {
			return "a code by " + ownerKey(owner, "totp")
		}
		return w.boxed(c)
	})
	return f.request(p, f.entries(button, w.reader.boxesOf(func(c *control) ([]string, bool) {
		value, typed := values[c]
		return []string{value}, typed
	})), button)
}
