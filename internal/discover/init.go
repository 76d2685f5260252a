package discover

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/scopeproof/scopeproof/internal/actor"
	"github.com/scopeproof/scopeproof/internal/useragent"
	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

// Known is what somebody says of a server that its metadata does not.
type Known struct {
	// Clients are registered by hand, and Users are the resource owners, each by the
	// name that features use.
	Clients map[string]target.ClientDescription
	Users   map[string]target.User
	// Names are what the server calls the scopes that features use.
	Names map[string]string
	// Endpoints are those that the metadata does not name, or names wrongly.
	Endpoints []Endpoint
	// Driver is how login is played; empty: by filling forms in.
	Driver string
}

// Up brings up what a description describes.
type Up func(context.Context, *target.Description) (*target.Target, error)

// Describe makes a target file from the metadata of a running server and from
// what is known of it. Where that is enough to log somebody in, and up is not nil,
// it tries to: which boxes stand for which scope, and which button allows, is
// learned by asking for scopes one by one and by pressing buttons. What cannot be
// known is in the file as a comment, or as a placeholder.
func Describe(ctx context.Context, issuer string, known Known, up Up) (*Described, error) {
	document, endpoints, silent, err := fetch(ctx, issuer, known.Endpoints)
	var other *target.IssuerMismatch
	if errors.As(err, &other) && strings.TrimSuffix(other.Got, "/") == strings.TrimSuffix(issuer, "/") {
		issuer = other.Got // that is where the metadata is, whichever of the two (RFC 8414 section 3.1)
		document, endpoints, silent, err = fetch(ctx, issuer, known.Endpoints)
	}
	if err != nil {
		return nil, err
	}
	l := &learner{sketch: newSketch(issuer, document, known.with(document)), up: up}
	l.sketch.Named, l.sketch.Silent = endpoints, silent
	made := &Described{Issuer: issuer}
	if up != nil && l.playable() {
		made.Found, made.Trouble = l.learn(ctx)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		made.Pages = l.pages
		l.sketch.Played = made.Trouble == nil
		l.sketch.Trouble = troubleText(made.Trouble)
	}
	made.File, _, err = l.sketch.file()
	return made, err
}

// with is what is known, completed from the metadata: how clients prove who they
// are.
func (k Known) with(document map[string]any) Known {
	methods := tokens(document["token_endpoint_auth_methods_supported"])
	clients := map[string]target.ClientDescription{}
	for name, c := range k.Clients {
		switch {
		case c.Secret == "":
			c.AuthMethod = "none"
		case !slices.Contains(methods, "client_secret_basic") && slices.Contains(methods, "client_secret_post"):
			c.AuthMethod = "client_secret_post"
		}
		clients[name] = c
	}
	k.Clients = clients
	return k
}

// Learned is what a login showed.
type Learned struct {
	Played       bool
	AlwaysAsked  string // what each request has to have
	Checkboxes   []Box  // that stand for a scope, where nothing at them says so
	Boxes        []Box  // that would keep the next page of consent away
	Withholds    bool   // a box that is ticked withholds
	Allow, Deny  *Press
	Capabilities map[string]string
	Unasked      bool // no page of consent was shown
	Choices      []Chosen
	Trouble      []string // lines
}

// Box is a box on a page.
type Box struct{ Box, Scope, Label string }

// Press is a button, and what is written on it.
type Press struct {
	target.Button
	Label string
}

// Chosen is an open choice as it was observed.
type Chosen struct{ Name, Value, Text string }

// Consent and Form report whether there is anything to say of the forms.
func (l Learned) Consent() bool {
	return len(l.Checkboxes) > 0 || l.Withholds || l.Allow != nil || l.Deny != nil
}

// Form is Consent, or a box.
func (l Learned) Form() bool { return l.Consent() || len(l.Boxes) > 0 }

type learner struct {
	sketch sketch
	up     Up
	pages  []target.PageSeen // of the latest visit
}

// playable reports whether enough is known to log Ada in at a client.
func (l *learner) playable() bool {
	_, planner := l.sketch.Clients["Planner"]
	return l.sketch.Users["Ada"].Username != "" && (planner || l.sketch.Dynamic && len(l.sketch.Clients) == 0)
}

func (l *learner) learn(ctx context.Context) (*Found, error) {
	shown, err := l.askAll(ctx)
	if err != nil {
		return nil, err
	}
	l.tellBoxes(shown)
	err = l.grant(ctx, shown)
	if err != nil && ctx.Err() == nil && l.choiceOn(shown) == "granular" {
		l.sketch.Withholds = true // the boxes may be there to withhold
		if l.grant(ctx, shown) == nil {
			err = nil
		} else {
			l.sketch.Withholds = false
		}
	}
	if err != nil {
		return nil, err
	}
	stage, stop, err := l.open(ctx)
	if err != nil {
		return nil, err
	}
	defer stop()
	found, err := Observe(ctx, stage.Target.Target)
	var failed *Failure
	if errors.As(err, &failed) {
		l.pages = failed.Pages
	}
	if err != nil {
		return nil, err
	}
	for _, c := range target.Choices() {
		if f, ok := found.Choices[c.Name]; ok && f.Source == "observed" {
			l.sketch.Choices = append(l.sketch.Choices, Chosen{string(c.Name), f.Value, c.Text})
		}
	}
	return found, nil
}

// grant finds out how Ada agrees, and obtains a token.
func (l *learner) grant(ctx context.Context, shown []showing) error {
	if slices.ContainsFunc(shown, func(s showing) bool { return strings.Contains(s.page.Is, "not understood") }) {
		if err := l.press(ctx, shown); err != nil {
			return err
		}
	}
	return l.sample(ctx, shown)
}

// open brings up what is known so far.
func (l *learner) open(ctx context.Context) (stage *actor.Stage, stop func(), err error) {
	_, d, err := l.sketch.file()
	if err != nil {
		return nil, nil, err
	}
	t, err := l.up(ctx, d)
	if err != nil {
		return nil, nil, err
	}
	stop = func() { _ = t.Close() } // nothing of it is needed any more
	if stage, err = actor.NewStage(ctx, t); err != nil {
		stop()
		return nil, nil, err
	}
	stage.ObeyLimits(0)
	return stage, stop, nil
}

// visit has Planner ask Ada, with clients and sessions of their own.
func (l *learner) visit(ctx context.Context, stage *actor.Stage, scope string, stopAtConsent bool) (*actor.Client, *actor.Authorization, error) {
	l.pages = nil
	cast := stage.NewCast()
	stage.Seen = func(p target.PageSeen) {
		p.Says = cast.Recorder.Redact(p.Says)
		l.pages = append(l.pages, p)
	}
	a, planner, err := func() (*actor.Authorization, *actor.Client, error) {
		planner, err := cast.Client(ctx, "Planner")
		if err != nil {
			return nil, nil, err
		}
		ada, err := cast.Owner(ctx, "Ada")
		if err != nil {
			return nil, nil, err
		}
		raw := oauth.RawScope(scope)
		a, err := planner.Authorize(ctx, actor.Request{Owner: ada, Scope: &raw, StopAtConsent: stopAtConsent})
		return a, planner, err
	}()
	if err != nil {
		return nil, nil, &Failure{Text: cast.Recorder.Redact(err.Error()), Pages: l.pages, err: err}
	}
	return planner, a, nil
}

// showing is the page of consent for one scope.
type showing struct {
	asked string // the scope by the name that features use
	scope string // by the target's own name
	page  target.PageSeen
}

// askAll is ask, and again with openid beside each scope where that leads on and
// nothing did without: not every server takes other requests than those of OpenID
// Connect (Core section 3.1.2.1).
func (l *learner) askAll(ctx context.Context) ([]showing, error) {
	shown, open, err := l.ask(ctx)
	if err != nil || open || !slices.Contains(l.sketch.Scopes, "openid") {
		return shown, err
	}
	before := l.pages
	l.sketch.AlwaysAsked = "openid"
	more, open, err := l.ask(ctx)
	if err != nil || !open {
		l.sketch.AlwaysAsked, l.pages = "", before
		return shown, err
	}
	return more, nil
}

// ask asks for each scope by itself, up to the page of consent. A page that is not
// understood is one, too. Open says that one of them other than openid led on.
func (l *learner) ask(ctx context.Context) (shown []showing, open bool, err error) {
	stage, stop, err := l.open(ctx)
	if err != nil {
		return nil, false, err
	}
	defer stop()
	for _, name := range l.scopes() {
		_, a, err := l.visit(ctx, stage, name, true)
		var page *useragent.PageError
		if err != nil && !errors.As(err, &page) {
			return nil, false, err
		}
		open = open || err != nil || name != "openid" && (a.Code != "" || a.WasAsked())
		if n := len(l.pages); n > 0 {
			last := l.pages[n-1]
			if strings.Contains(last.Is, "consent") || last.Is == "not understood" {
				shown = append(shown, showing{name, either(l.sketch.Names[name], name), last})
			}
		}
	}
	return shown, open, nil
}

func either(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// scopes are those that are asked for, by the names that features use.
func (l *learner) scopes() []string {
	const most = 10
	names := slices.Sorted(maps.Keys(l.sketch.Names))
	own := slices.Collect(maps.Values(l.sketch.Names))
	for _, name := range l.sketch.Scopes {
		if !slices.Contains(own, name) && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		names = []string{asked}
	}
	return names[:min(most, len(names))]
}

// remembers are words beside a box that would keep the next page of consent away.
var remembers = []string{"remember", "again", "always", "ask me", "next time", "don't ask", "do not ask"}

// tellBoxes finds out which box stands for which scope: it is on the page where that
// scope alone was asked for, and on no other.
func (l *learner) tellBoxes(shown []showing) {
	on, shared := map[string]int{}, sharedNames(shown)
	unknown := func(s showing) map[string]target.FieldSeen {
		all := map[string]target.FieldSeen{}
		for _, f := range s.page.Fields {
			if chooses(f) && f.Scope == "" {
				all[key(shared, f)] = f
			}
		}
		return all
	}
	for _, s := range shown {
		for box := range unknown(s) {
			on[box]++
		}
	}
	for _, s := range shown {
		for _, box := range slices.Sorted(maps.Keys(unknown(s))) {
			f := unknown(s)[box]
			words := strings.ToLower(f.Label + " " + f.Name)
			switch {
			case on[box] == 1 && len(shown) > 1:
				l.sketch.Checkboxes = append(l.sketch.Checkboxes, Box{box, s.scope, f.Label})
			case f.Ticked && slices.ContainsFunc(remembers, func(w string) bool { return strings.Contains(words, w) }) &&
				!slices.ContainsFunc(l.sketch.Boxes, func(b Box) bool { return b.Box == box }):
				l.sketch.Boxes = append(l.sketch.Boxes, Box{Box: box, Label: f.Label})
			}
		}
	}
}

// chooses reports whether a field can stand for a scope: a box, or one of two answers,
// of which the value is the one that grants.
func chooses(f target.FieldSeen) bool {
	return f.Kind == "checkbox" || (f.Kind == "radio" || f.Kind == "select") && f.Value != ""
}

// sharedNames are the names that boxes of different values have, on one page or on
// several.
func sharedNames(shown []showing) map[string]bool {
	values, shared := map[string]string{}, map[string]bool{}
	for _, s := range shown {
		for _, f := range s.page.Fields {
			if f.Kind != "checkbox" {
				continue
			}
			value, seen := values[f.Name]
			shared[f.Name] = shared[f.Name] || seen && value != f.Value
			values[f.Name] = f.Value
		}
	}
	return shared
}

// key names a box as a target file does: by its value too, where others have its
// name.
func key(shared map[string]bool, box target.FieldSeen) string {
	if shared[box.Name] || box.Kind != "checkbox" {
		return box.Name + "=" + box.Value
	}
	return box.Name
}

// press finds out which button allows and which denies, by what comes of each.
func (l *learner) press(ctx context.Context, shown []showing) error {
	const most = 4
	l.sketch.Allow, l.sketch.Deny = nil, nil
	first := shown[0]
	for i, button := range first.page.Buttons[:min(most, len(first.page.Buttons))] {
		tried := &Press{Button: button.Button, Label: button.Label}
		if tried.Button == (target.Button{}) {
			tried.Value = button.Label
		}
		before := l.sketch.Allow
		l.sketch.Allow = tried
		a, err := l.outcome(ctx, shown[i%len(shown)].asked) // one that nobody has agreed to before
		l.sketch.Allow = before
		var page *useragent.PageError
		switch {
		case errors.As(err, &page):
		case err != nil:
			return err
		case a.Code != "" && l.sketch.Allow == nil:
			l.sketch.Allow = tried
		case a.Refused != nil && a.Refused.Code == oauth.AccessDenied && l.sketch.Deny == nil:
			l.sketch.Deny = tried
		}
	}
	if l.sketch.Allow == nil {
		_, err := l.outcome(ctx, first.asked) // to say what is not understood
		if err == nil {
			err = fmt.Errorf("page %s: got no button that allows, want one", first.page.URL)
		}
		return err
	}
	return nil
}

func (l *learner) outcome(ctx context.Context, scope string) (*actor.Authorization, error) {
	stage, stop, err := l.open(ctx)
	if err != nil {
		return nil, err
	}
	defer stop()
	_, a, err := l.visit(ctx, stage, scope, false)
	return a, err
}

// sample obtains one token, and sees what it is and what the page of consent lets
// Ada choose. A server that remembers what she agreed to shows none now: then those
// count that were shown before.
func (l *learner) sample(ctx context.Context, shown []showing) error {
	stage, stop, err := l.open(ctx)
	if err != nil {
		return err
	}
	defer stop()
	planner, a, err := l.visit(ctx, stage, asked, false)
	if err != nil {
		return err
	}
	seen, why, err := redeem(ctx, planner, a)
	if err != nil {
		return err
	}
	if why != "" {
		return fmt.Errorf("Ada, who may do everything, cannot grant %q: %s\n    hint: %s", asked, why, mend(stage, why))
	}
	l.sketch.Capabilities = map[string]string{"token.format": "opaque"}
	if seen.Claims != nil {
		l.sketch.Capabilities["token.format"] = "jwt"
	}
	if len(a.Arrival.ConsentPages) == 0 && len(shown) > 0 {
		l.sketch.Capabilities["consent.ui"] = l.choiceOn(shown)
	}
	for _, p := range a.Arrival.ConsentPages {
		l.sketch.Capabilities["consent.ui"] = "all_or_nothing"
		if p.Boxes {
			l.sketch.Capabilities["consent.ui"] = "granular"
			break
		}
	}
	// What a server does that forgets to ask is not written down as what it should do.
	l.sketch.Unasked = l.sketch.Capabilities["consent.ui"] == ""
	return nil
}

// choiceOn is what pages of consent let a resource owner choose: something, where a
// box on one of them stands for a scope.
func (l *learner) choiceOn(shown []showing) string {
	shared := sharedNames(shown)
	for _, s := range shown {
		for _, f := range s.page.Fields {
			stands := slices.ContainsFunc(l.sketch.Checkboxes, func(b Box) bool { return b.Box == key(shared, f) })
			if chooses(f) && (f.Scope != "" || stands) {
				return "granular"
			}
		}
	}
	return "all_or_nothing"
}

// troubleText is an error as lines of a comment.
func troubleText(err error) []string {
	if err == nil {
		return nil
	}
	lines := []string{"", "Login could not be played to its end:"}
	for line := range strings.SplitSeq(err.Error(), "\n") {
		lines = append(lines, strings.TrimRight("  "+commented(line), " "))
	}
	return append(lines, "")
}

// commented is a text that cannot leave its line.
func commented(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029' {
			return '\uFFFD'
		}
		return r
	}, text)
}

// remark is a comment with what a page has written somewhere.
func remark(label string) string {
	if label == "" {
		return ""
	}
	return "   # " + strconv.QuoteToGraphic(label)
}
