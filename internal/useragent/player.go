package useragent

import (
	"net/http"
	"net/url"
	"slices"

	"github.com/PuerkitoBio/goquery"
	"golang.org/x/net/html"

	"github.com/scopeproof/scopeproof/target"
)

// Mark is the attribute by which whoever shows a page to a [Player] finds its
// forms, fields and buttons again.
const Mark = "data-scopeproof"

// Player understands pages as the form driver does, and leaves it to another to
// show them and to act: to a real browser, for pages that are scripts.
type Player struct {
	walk   *walk
	driver *formDriver
	pages  int
}

// Act is what is to be done at a page.
type Act struct {
	// Leads says that the page goes on by itself.
	Leads bool
	// Fields are given values, in order. Then Press is clicked; where it is empty,
	// Form is submitted.
	Fields      []Fill
	Press, Form string // marks
	// Added are fields that the form has not and that are sent with it: it is tampered
	// with.
	Added []Fill
}

// Fill is a field and what becomes of it.
type Fill struct {
	Mark   string `json:"mark"`
	Name   string `json:"name"`   // for messages, and of a field that is added
	Value  string `json:"value"`  // of a field that is typed into
	Ticked *bool  `json:"ticked"` // of a box
}

// NewPlayer returns a player for one visit at t, whose description says which form
// is which.
func NewPlayer(t *target.Target, visit target.Visit) (*Player, error) {
	d := newFormDriver(t.Description.Login, t.Description.Capabilities["consent.ui"] == "granular")
	d.reader.scripts = true
	w, _, err := d.begin(visit)
	if err != nil {
		return nil, err
	}
	return &Player{walk: w, driver: d}, nil
}

// Ends reports whether an address is the redirect URI.
func (p *Player) Ends(u *url.URL) bool { return p.walk.browser.ends(u) }

// Arrive ends the visit at the redirect URI. Fields are what a form posted there.
func (p *Player) Arrive(u *url.URL, fields url.Values) *target.Arrival {
	p.walk.arrival.Redirect = request{url: u, fields: fields}.arrives()
	return &p.walk.arrival
}

// Show is told a page as it stands, scripts and all, and returns what to do there.
// Where that is nothing the visit has ended, and arrival says how.
func (p *Player) Show(address *url.URL, status int, markup []byte) (act *Act, arrival *target.Arrival, err error) {
	shown, err := parsePage(markup, "text/html; charset=utf-8", address)
	if err != nil {
		return nil, nil, err
	}
	shown.status = status
	shown.adopt()
	if p.pages++; p.pages > p.driver.pages {
		return nil, nil, tooMany(p.driver.pages, shown, p.walk.browser.end)
	}
	next, err := p.walk.answer(shown)
	switch {
	case p.walk.unplayed != nil:
		return nil, nil, p.walk.unplayed
	case err != nil:
		return nil, nil, err
	case next == nil:
		shown.end(&p.walk.arrival)
		return nil, &p.walk.arrival, nil
	case next.filled == nil:
		return &Act{Leads: true}, nil, nil
	}
	return next.act(), nil, nil
}

// adopt makes a form of what belongs to none, and lets buttons send that scripts
// make send.
func (p *page) adopt() {
	if p.doc == nil {
		return
	}
	owned := map[*html.Node]bool{}
	for _, f := range p.forms {
		for _, c := range f.controls {
			owned[c.node] = true
		}
	}
	body := p.doc.Find("body").Get(0)
	loose := map[*html.Node]*form{}
	hidden, labels, drawn := map[*html.Node]bool{}, readLabels(p.doc), drawnBoxes(p.doc)
	p.doc.Find("input, select, textarea, button, [" + Mark + "]").Each(func(_ int, s *goquery.Selection) {
		n := s.Nodes[0]
		if owned[n] || n.Data == "form" || drawn[n] || ancestor(n, "form") != nil {
			return
		}
		around := region(n)
		if around == nil {
			around = body
		}
		if loose[around] == nil {
			loose[around] = &form{node: around, loose: true, method: http.MethodPost}
			p.forms = append(p.forms, loose[around])
		}
		c := readControl(s, hidden)
		c.label = c.labelled(labels.of(n, s))
		loose[around].controls = append(loose[around].controls, c)
	})
	for _, f := range p.forms {
		for _, c := range f.controls {
			if c.name == "" && !c.isButton() && c.kind != link && c.node != nil { // what a script reads needs none
				c.name = c.adoptName()
			}
		}
		if !f.loose && slices.ContainsFunc(f.controls, (*control).sends) {
			continue
		}
		for _, c := range f.controls {
			if c.kind == "button" {
				c.kind = "submit"
			}
		}
	}
}

// act is the request as a person would make it: by filling the form in and
// pressing the button.
func (r request) act() *Act {
	a := &Act{Form: marked(r.filled.node)}
	if r.pressed != nil {
		a.Press = marked(r.pressed.node)
	}
	sent := map[string][]string{}
	for name, values := range r.sent() {
		sent[name] = slices.Clone(values)
	}
	for _, c := range r.filled.controls {
		if c.isButton() || c.kind == "reset" || c.kind == "file" || c.kind == link || c.disabled {
			continue
		}
		name := c.name
		if c.kind == "checkbox" || c.kind == "radio" {
			if ticked := slices.Contains(sent[name], c.value); ticked != c.checked {
				a.Fields = append(a.Fields, Fill{Mark: marked(c.node), Name: name, Ticked: &ticked})
			}
			continue
		}
		if len(sent[name]) == 0 {
			continue
		}
		value := sent[name][0]
		sent[name] = sent[name][1:]
		if own := c.entry(); len(own) != 1 || own[0] != value {
			a.Fields = append(a.Fields, Fill{Mark: marked(c.node), Name: name, Value: value})
		}
	}
	a.Added = r.added()
	return a
}

// added are the fields that no control of the form can send.
func (r request) added() []Fill {
	var all []Fill
	for name, values := range r.fields {
		for _, value := range values {
			if !slices.ContainsFunc(r.filled.controls, func(c *control) bool {
				return c.name == name && (c.kind != "checkbox" && c.kind != "radio" || c.value == value)
			}) {
				all = append(all, Fill{Name: name, Value: value})
			}
		}
	}
	return all
}

func marked(n *html.Node) string {
	if n == nil {
		return ""
	}
	if mark := attribute(n, Mark); mark != nil {
		return *mark
	}
	return ""
}
