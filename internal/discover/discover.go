// Package discover finds out about a server without judging it: whether login,
// consent and the API can be played, what the server can do, which open choices
// it takes, and what a target file for it begins with.
package discover

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/scopeproof/scopeproof/internal/actor"
	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

// Found is what was observed of a target.
type Found struct {
	Name    string      `json:"name"`
	Version string      `json:"version"`
	Kind    target.Kind `json:"kind"`
	Issuer  string      `json:"issuer"`
	Defect  string      `json:"defect,omitempty"`
	// Owners are the resource owners, each after one authorization; none where the
	// target has no authorization code grant.
	Owners []Owner `json:"owners"`
	// API is nil where there is none.
	API          *API                                 `json:"api"`
	Capabilities map[target.Capability]target.Finding `json:"capabilities"`
	Choices      map[target.ChoiceName]target.Finding `json:"choices"`
	// ChoicesByWay are choices that are taken otherwise on one way to ask.
	ChoicesByWay target.ChoicesByWay `json:"choices_by_way,omitempty"`
	// Hierarchy are the scopes that include others, with all that each includes.
	Hierarchy map[oauth.ScopeToken]target.Finding `json:"hierarchy,omitempty"`
	// Mixed are choices that changed from one try to the next.
	Mixed map[target.ChoiceName]string `json:"mixed,omitempty"`
	// Limits is how the server limited the rate of requests.
	Limits Limits `json:"limits,omitzero"`
	// Hints are what the target file could say better.
	Hints []string `json:"hints,omitempty"`
}

// Limits is how a server limited the rate of requests.
type Limits struct {
	Answers  int   `json:"answers"`   // of 429, or 503 with Retry-After; the requests were sent again
	WaitedMS int64 `json:"waited_ms"` // while at least one request waited to be sent
}

// Owner is what came of one authorization request to a resource owner.
type Owner struct {
	Name         string `json:"name"`
	Username     string `json:"username"`
	Asked        string `json:"asked"`         // the scope that was asked for
	LoginPages   int    `json:"login_pages"`   // how often they had to sign in
	ConsentPages int    `json:"consent_pages"` // how often they were asked
	Granted      string `json:"granted"`       // what the token is good for; empty: none
	Refused      string `json:"refused,omitempty"`
	// Pages are those that they saw, in order, as they were understood.
	Pages []target.PageSeen `json:"pages,omitempty"`
}

// API is the resource server.
type API struct {
	BaseURL    string   `json:"base_url"`
	Ours       bool     `json:"ours"` // our calendar, not part of what is under test
	Operations []string `json:"operations"`
	Opened     string   `json:"opened"` // the scopes that it honoured for Ada, or for the machine client
}

// Observe plays one authorization for each resource owner, and learns the open
// choices. An error says why that could not be done: a page that was not
// understood, a client that could not be registered. What a resource owner other
// than the first may not have is no error.
func Observe(ctx context.Context, t *target.Target) (*Found, error) {
	stage, err := actor.NewStage(ctx, t)
	if err != nil {
		return nil, err
	}
	stage.ObeyLimits(0)
	bear(stage)
	f := &Found{
		Name: t.Description.Name, Version: t.Description.Version, Kind: t.Kind, Issuer: t.Issuer, Defect: t.Defect, Owners: []Owner{},
	}
	if t.API != nil {
		f.API = &API{BaseURL: t.API.BaseURL, Ours: t.API.Ours}
		for _, op := range t.API.Operations {
			f.API.Operations = append(f.API.Operations, op.Name)
		}
	}
	cast := stage.NewCast()
	limit := stage.Timeout * time.Duration(max(1, len(t.Description.Users)))
	limited, cancel := actor.Patiently(ctx, limit, fmt.Errorf("it took longer than %v", limit))
	defer cancel()
	var pages []target.PageSeen
	stage.Seen = func(p target.PageSeen) {
		p.Says = cast.Recorder.Redact(p.Says)
		pages = append(pages, p)
	}
	if err := f.play(limited, stage, cast, &pages); err != nil {
		failed := &Failure{Text: cast.Recorder.Redact(err.Error()), Before: f.Owners, Pages: pages, err: err}
		if names := slices.Sorted(maps.Keys(t.Description.Users)); len(f.Owners) < len(names) {
			failed.Who = names[len(f.Owners)]
		}
		return nil, failed
	}
	stage.Seen = nil
	if err := stage.Learn(ctx); err != nil {
		return nil, err
	}
	f.Capabilities, f.Choices, f.Mixed = stage.Target.Capabilities, stage.Target.Choices, stage.Target.Mixed
	f.ChoicesByWay, f.Hierarchy = stage.Target.ByWay, stage.Target.Included()
	limits := stage.Limits()
	f.Limits = Limits{limits.Answers, limits.Waited.Milliseconds()}
	f.trust(t)
	f.doubt()
	return f, nil
}

// bear has looks that do not depend on each other played at once, as far as the target
// bears it.
func bear(stage *actor.Stage) {
	const most = 4
	d := stage.Target.Description
	if d.Parallel > 0 {
		stage.TakeTurns(d.Parallel)
	}
	switch {
	case d.Login.Driver == "manual": // one person does one thing at a time
	case d.Clients.Register.Static:
		stage.AtOnce = min(most, max(d.Clients.Sets, 1))
	default:
		stage.AtOnce = most
	}
}

// Failure is why a target could not be played, secrets removed.
type Failure struct {
	Text string
	// Before are the resource owners for whom everything could be played, and Pages
	// are what the next one saw.
	Before []Owner
	Who    string
	Pages  []target.PageSeen
	err    error
}

func (e *Failure) Error() string { return e.Text }

// Unwrap returns what is behind it.
func (e *Failure) Unwrap() error { return e.err }

// play does what can be done without any rule: with resource owners where there
// is a code grant, else with a machine client.
func (f *Found) play(ctx context.Context, stage *actor.Stage, cast *actor.Cast, pages *[]target.PageSeen) error {
	if !stage.Target.Capabilities["as.code"].Yes() {
		return f.machine(ctx, stage, cast)
	}
	names := slices.Sorted(maps.Keys(stage.Target.Description.Users)) // Ada, Bo, Cy
	if len(names) == 0 || names[0] != "Ada" {
		return fmt.Errorf("nobody can log in: got no users.Ada in the target file\n    hint: describe users.Ada, who may do everything, with username and password")
	}
	for _, name := range names {
		*pages = nil
		if err := f.owner(ctx, stage, cast, name); err != nil {
			return err
		}
		f.Owners[len(f.Owners)-1].Pages = *pages
	}
	return nil
}

// asked is the smallest scope that shows that a grant works.
const asked = "read:appointments"

// owner sends one resource owner through login and consent.
func (f *Found) owner(ctx context.Context, stage *actor.Stage, cast *actor.Cast, name string) error {
	planner, err := cast.Client(ctx, "Planner")
	if err != nil {
		return err
	}
	o, err := cast.Owner(ctx, name)
	if err != nil {
		return err
	}
	scope := oauth.RawScope(asked)
	a, err := planner.Authorize(ctx, actor.Request{Owner: o, Scope: &scope})
	if err != nil {
		return err
	}
	seen := Owner{
		Name: name, Username: o.Username, Asked: a.Asked.String(),
		LoginPages: a.Arrival.LoginPages, ConsentPages: len(a.Arrival.ConsentPages),
	}
	granted, why, err := redeem(ctx, planner, a)
	if err != nil {
		return fmt.Errorf("%s asks %s: %w", planner.Name, name, err)
	}
	if why != "" && name == "Ada" {
		return fmt.Errorf("%s, who may do everything, cannot grant %q: %s\n    hint: %s", name, asked, why, mend(stage, why))
	}
	if granted != nil {
		seen.Granted = granted.Effective.String()
		f.opened(granted)
		f.hint(stage, granted, seen)
	}
	seen.Refused = why
	f.Owners = append(f.Owners, seen)
	return nil
}

// redeem turns a code into a token and looks at it; why says that there is none.
func redeem(ctx context.Context, c *actor.Client, a *actor.Authorization) (seen *actor.Observation, why string, err error) {
	switch {
	case a.Refused != nil:
		return nil, a.Refused.Error(), nil
	case a.Code == "":
		return nil, fmt.Sprintf("the visit ended at a page, status %d, that says %q", a.Arrival.Status, start(a.Arrival.Page)), nil
	}
	i, err := c.Redeem(ctx, a, nil)
	switch {
	case err != nil:
		return nil, "", err
	case i.Refused != nil:
		return nil, "the code is refused: " + i.Refused.Error(), nil
	}
	seen, err = i.Observe(ctx, 0)
	return seen, "", err
}

// start is the beginning of a page.
func start(page string) string {
	page = strings.Join(strings.Fields(page), " ")
	if len(page) > 120 {
		page = strings.ToValidUTF8(page[:120], "") + "…"
	}
	return page
}

func mend(stage *actor.Stage, why string) string {
	if strings.Contains(why, "invalid_scope") || strings.Contains(why, "access_denied") {
		names := stage.Target.Description.Scopes
		if own := names[asked]; own != "" {
			return fmt.Sprintf("does the server know %q, and may the client ask for it?", own)
		}
		return fmt.Sprintf("does the server know %[1]q, and may the client ask for it? Where it has another name: \"scopes: {%[1]s: NAME}\"", asked)
	}
	if strings.Contains(why, "invalid_client") {
		return "check id, secret and auth_method of the client under clients.actors"
	}
	return "look at the server's log; the redirect URI, the client and the user must be known to it"
}

// machine obtains a token without a resource owner.
func (f *Found) machine(ctx context.Context, stage *actor.Stage, cast *actor.Cast) error {
	if !stage.Target.Capabilities["as.cc"].Yes() {
		return fmt.Errorf("the target has neither the authorization code nor the client credentials grant\n    hint: capabilities.as.code and capabilities.as.cc in the target file say what the metadata does not")
	}
	robot, err := cast.Client(ctx, "Robot")
	if err != nil {
		return err
	}
	scope := oauth.RawScope(asked)
	i, err := robot.ClientCredentials(ctx, &scope, nil)
	switch {
	case err != nil:
		return err
	case i.Refused != nil:
		return fmt.Errorf("%s cannot obtain %q: %w\n    hint: %s", robot.Name, asked, i.Refused, mend(stage, i.Refused.Error()))
	}
	seen, err := i.Observe(ctx, 0)
	if err == nil {
		f.opened(seen)
	}
	return err
}

// hint compares what was seen with what is assumed.
func (f *Found) hint(stage *actor.Stage, seen *actor.Observation, o Owner) {
	if o.Name != "Ada" {
		return
	}
	format := stage.Target.Capabilities["token.format"]
	if (seen.Claims["scope"] != nil || seen.Claims["scp"] != nil) && format.Value != "jwt" && format.Source != "not declared" { // or it is learned
		f.Hints = append(f.Hints, fmt.Sprintf("the access token is a JWT, and token.format is %s (%s): set capabilities.token.format to jwt", format.Value, format.Source))
	}
	if seen.Opened.IsEmpty() && !seen.Tried.IsEmpty() && f.API != nil && !f.API.Ours {
		f.Hints = append(f.Hints, fmt.Sprintf("the API honours no scope of Ada's token, which was asked for as %q: does it trust this issuer, and the audience that the token names?", o.Asked))
	}
	ui := stage.Target.Capabilities["consent.ui"]
	if o.ConsentPages == 0 && ui.Value != "none" && ui.Value != target.Unknown {
		f.Hints = append(f.Hints, fmt.Sprintf("no consent page was shown, and consent.ui is %s (%s): set capabilities.consent.ui to none, or have the server ask", ui.Value, ui.Source))
	}
}

func (f *Found) opened(seen *actor.Observation) {
	if f.API != nil && f.API.Opened == "" {
		f.API.Opened = seen.Opened.String()
	}
}
