package useragent

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/PuerkitoBio/goquery"
	"golang.org/x/net/html"
)

// form is an HTML form and what belongs to it, wherever on the page that is.
type form struct {
	node     *html.Node
	loose    bool   // it is none: what stands on the page, or on a part of it, outside forms
	action   string // as written
	method   string
	enctype  string
	controls []*control // in the order of the page
}

// control is a field or a button.
type control struct {
	kind         string // type of an input or a button; "select", "textarea"
	name         string
	value        string
	values       []string // what is selected, of a select
	options      []option // of a select
	checked      bool
	disabled     bool
	readonly     bool
	unseen       bool // by markup: hidden, or not displayed
	noscript     bool
	label        string // what is written on a button, or beside a field
	autocomplete string
	node         *html.Node // for the attributes that a button overrides
}

func (c *control) isButton() bool {
	return c.kind == "submit" || c.kind == "button" || c.kind == "image"
}
func (c *control) sends() bool { return (c.kind == "submit" || c.kind == "image") && !c.disabled }

// visible reports whether it is a field that a person could fill in.
func (c *control) visible() bool {
	switch c.kind {
	case "hidden", "submit", "button", "image", "reset", "search", link:
		return false
	}
	return !c.disabled && !c.unseen
}

// isText reports whether it is a line of text such as a name is typed into.
func (c *control) isText() bool {
	return c.visible() && (c.kind == "text" || c.kind == "email" || c.kind == "tel")
}

func (f *form) visibleInputs() int {
	n := 0
	for _, c := range f.controls {
		if c.visible() {
			n++
		}
	}
	return n
}

// readForms returns the forms of a document that can be sent.
func readForms(doc *goquery.Document) ([]*form, error) {
	found := doc.Find("form, input, select, textarea, button, [" + Mark + "]")
	if found.Length() > maxFields {
		return nil, fmt.Errorf("got a page with %d forms, fields and buttons, want at most %d", found.Length(), maxFields)
	}
	var all []*form
	byNode, byID := map[*html.Node]*form{}, map[string]*form{}
	found.Each(func(_ int, s *goquery.Selection) {
		if s.Nodes[0].Data != "form" {
			return
		}
		if strings.EqualFold(s.AttrOr("method", ""), "dialog") {
			return
		}
		f := &form{
			node: s.Nodes[0], action: s.AttrOr("action", ""), method: s.AttrOr("method", ""), enctype: s.AttrOr("enctype", ""),
		}
		all = append(all, f)
		byNode[f.node] = f
		if id := s.AttrOr("id", ""); id != "" && byID[id] == nil {
			byID[id] = f
		}
	})
	labels := readLabels(doc)
	drawn := drawnBoxes(doc)
	var table *form // the last form before, if it stands where a table has no place for one
	seen := map[*html.Node]bool{}
	found.Each(func(_ int, s *goquery.Selection) {
		n := s.Nodes[0]
		if n.Data == "form" {
			if table = nil; n.Parent != nil && tableParts[n.Parent.Data] {
				table = byNode[n]
			}
			return
		}
		owner := table
		if id, ok := s.Attr("form"); ok {
			owner = byID[id]
		} else if around := ancestor(n, "form"); around != nil {
			owner = byNode[around]
		}
		if owner != nil && ancestor(n, "datalist") == nil && !drawn[n] {
			c := readControl(s, seen)
			c.label = c.labelled(labels.of(n, s))
			owner.controls = append(owner.controls, c.spread(s)...)
		}
	})
	return all, nil
}

// tableParts are the elements in which the parser leaves a form empty: what
// follows belongs to it (HTML, "in table" insertion mode).
var tableParts = map[string]bool{"table": true, "tbody": true, "thead": true, "tfoot": true, "tr": true}

func ancestor(n *html.Node, name string) *html.Node {
	for n = n.Parent; n != nil; n = n.Parent {
		if n.Type == html.ElementNode && n.Data == name {
			return n
		}
	}
	return nil
}

// readControl reads a field or a button. hidden remembers which elements around
// controls say that they are not shown.
func readControl(s *goquery.Selection, hidden map[*html.Node]bool) *control {
	n := s.Nodes[0]
	c := &control{
		node: n, name: s.AttrOr("name", ""), value: s.AttrOr("value", ""),
		autocomplete: strings.ToLower(s.AttrOr("autocomplete", "")),
	}
	_, c.disabled = s.Attr("disabled")
	_, c.readonly = s.Attr("readonly")
	_, c.checked = s.Attr("checked")
	for at := n; at != nil; at = at.Parent {
		if at.Type != html.ElementNode {
			continue
		}
		unseen, known := hidden[at]
		if !known {
			unseen = hides(at)
			hidden[at] = unseen
		}
		c.unseen = c.unseen || unseen
		c.noscript = c.noscript || at.Data == "noscript"
		if at.Data == "fieldset" && at != n && attribute(at, "disabled") != nil {
			c.disabled = true
		}
	}
	if c.byRole(s) {
		return c
	}
	switch n.Data {
	case "textarea":
		c.kind, c.value = "textarea", s.Text()
	case "select":
		c.kind = "select"
		c.values, c.options = selected(s), readOptions(s)
	case "button":
		c.kind, c.label = buttonKind(s), collapse(s.Text())
	default:
		c.kind = inputKind(s.AttrOr("type", ""))
		if _, ok := s.Attr("value"); !ok && (c.kind == "checkbox" || c.kind == "radio") {
			c.value = "on"
		}
		if c.isButton() {
			c.label = c.value
		}
	}
	return c
}

func attribute(n *html.Node, key string) *string {
	for i := range n.Attr {
		if n.Attr[i].Key == key {
			return &n.Attr[i].Val
		}
	}
	return nil
}

func buttonKind(s *goquery.Selection) string {
	switch kind := strings.ToLower(s.AttrOr("type", "")); kind {
	case "button", "reset":
		return kind
	default:
		return "submit"
	}
}

// inputKind is the state of an input's type; what is not known is text.
func inputKind(kind string) string {
	kind = strings.ToLower(strings.TrimSpace(kind))
	switch kind {
	case "hidden", "search", "tel", "url", "email", "password", "date", "month", "week", "time", "datetime-local",
		"number", "range", "color", "checkbox", "radio", "file", "submit", "image", "reset", "button":
		return kind
	default:
		return "text"
	}
}

// selected are the values of a select as the page comes.
func selected(s *goquery.Selection) []string {
	var values, first []string
	eachOption(s, func(value string, option *goquery.Selection) {
		if first == nil {
			first = []string{value}
		}
		if _, ok := option.Attr("selected"); ok {
			values = append(values, value)
		}
	})
	if _, multiple := s.Attr("multiple"); multiple {
		return values
	}
	if len(values) == 0 {
		return first
	}
	return values[len(values)-1:]
}

// entries are the fields as they are sent when button is pressed; nil: no
// button. Where change is not nil and knows a control, it says which values that
// one has.
func (f *form) entries(button *control, change func(*control) (values []string, known bool)) url.Values {
	fields := url.Values{}
	for _, c := range f.controls {
		if c.disabled || c.isButton() && c != button || c.kind == "reset" {
			continue
		}
		if c.kind == link {
			continue
		}
		if c.kind == "image" {
			x, y := "x", "y"
			if c.name != "" {
				x, y = c.name+".x", c.name+".y"
			}
			fields.Add(x, "0")
			fields.Add(y, "0")
			continue
		}
		if c.name == "" {
			continue
		}
		values := c.entry()
		if change != nil {
			if changed, known := change(c); known {
				values = changed
			}
		}
		if len(values) > 0 {
			fields[c.name] = append(fields[c.name], values...)
		}
	}
	return fields
}

// entry is what the control sends if nobody touches it.
func (c *control) entry() []string {
	switch c.kind {
	case "checkbox", "radio":
		if !c.checked {
			return nil
		}
		return []string{c.value}
	case "select":
		return slices.Clone(c.values)
	case "file":
		return []string{""}
	default:
		return []string{c.value}
	}
}

// request is the request by which the form is sent with button, which may say
// otherwise than the form where to and how.
func (f *form) request(p *page, fields url.Values, button *control) (*request, error) {
	action, method, enctype := f.action, f.method, f.enctype
	if button != nil {
		for key, value := range map[string]*string{"formaction": &action, "formmethod": &method, "formenctype": &enctype} {
			if own := attribute(button.node, key); own != nil {
				*value = *own
			}
		}
	}
	to, err := p.address(action)
	if err != nil {
		return nil, err
	}
	switch enctype = strings.ToLower(strings.TrimSpace(enctype)); {
	case !strings.EqualFold(strings.TrimSpace(method), http.MethodPost):
	case enctype == "multipart/form-data" || enctype == "text/plain":
		return nil, fmt.Errorf("page %s: got a form of enctype %q, want application/x-www-form-urlencoded%s", place(p.url), enctype,
			hint(`login.driver: manual lets a person send it`))
	}
	r := submitted(strings.TrimSpace(method), to, fields)
	r.from, r.filled, r.pressed = p.url, f, button
	return &r, nil
}

// submitter is the button that Enter presses: the first that sends the form and
// that suits.
func (f *form) submitter(suits func(*control) bool) *control {
	for _, c := range f.controls {
		if c.sends() && suits(c) {
			return c
		}
	}
	return nil
}

// describe names the form's fields and buttons, for a message.
func (f *form) describe() string {
	var fields, buttons []string
	for _, c := range f.controls {
		switch {
		case c.isButton():
			buttons = append(buttons, buttonName(c))
		case c.name != "" && c.kind != "reset" && c.kind != link:
			fields = append(fields, c.name+" ("+c.kind+")")
		}
	}
	text := "a form with the fields " + quoted(fields)
	if len(fields) == 0 {
		text = "a form without fields"
	}
	if len(buttons) == 0 {
		return text + " and no button"
	}
	return text + " and the buttons " + quoted(buttons)
}

func buttonName(c *control) string {
	name := c.label
	if c.name != "" {
		name = strings.TrimSpace(name + " [" + c.name + "=" + c.value + "]")
	}
	return name
}
