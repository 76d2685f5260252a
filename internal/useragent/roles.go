package useragent

import (
	"regexp"
	"slices"
	"strings"

	"github.com/PuerkitoBio/goquery"
	"golang.org/x/net/html"
)

// What scripts draw has no element of its own: a switch is a button or a div that says
// what it is by its role (WAI-ARIA 1.2 section 5.4). Only what a real browser has marked
// is read in that way; without scripts nothing would come of pressing it.

// link is the kind of what can be pressed and sends nothing by itself: the entry of a
// list, a text that a script listens to.
const link = "link"

// byRole makes of an element that a script listens to the control that it looks like.
// False: it is what its name says.
func (c *control) byRole(s *goquery.Selection) bool {
	if marked(c.node) == "" || c.node.Data == "input" || c.node.Data == "select" || c.node.Data == "textarea" {
		return false
	}
	c.disabled = c.disabled || s.AttrOr("aria-disabled", "") == "true"
	switch role := s.AttrOr("role", ""); {
	case role == "switch" || role == "checkbox" || role == "menuitemcheckbox":
		c.kind, c.checked, c.value = "checkbox", s.AttrOr("aria-checked", "") == "true", either(c.value, "on")
	case c.node.Data == "button":
		return false
	case role == "button":
		c.kind, c.label = "button", collapse(s.Text())
	default:
		c.kind, c.label = link, collapse(s.Text())
	}
	return true
}

// labelled is what a reader sees at a control: of a button what is written on it, of a
// field what beside names, or else what stands in its row.
func (c *control) labelled(beside string) string {
	switch {
	case c.label != "" || beside != "":
		return either(c.label, beside)
	case c.kind == "checkbox" && marked(c.node) != "":
		return rowText(c.node)
	}
	return ""
}

// rowText is what stands around a control and around no other.
func rowText(n *html.Node) string {
	for at := n.Parent; at != nil && at.Type == html.ElementNode && at.Data != "body" && at.Data != "form"; at = at.Parent {
		if marks(at) > 1 {
			return ""
		}
		if text := written(at); text != "" {
			return text
		}
	}
	return ""
}

// marks counts what can be filled in or pressed in an element.
func marks(n *html.Node) int {
	count := 0
	for child := range n.Descendants() {
		if unseen := attribute(child, "aria-hidden"); marked(child) != "" && child.Data != "form" && (unseen == nil || *unseen != "true") {
			count++
		}
	}
	return count
}

// drawnBoxes are the boxes that nobody sees and that follow a switch: what a script
// sets so that a form would send it. The switch is what is to be pressed.
func drawnBoxes(doc *goquery.Document) map[*html.Node]bool {
	drawn := map[*html.Node]bool{}
	doc.Find(`[role="switch"] ~ input[aria-hidden="true"], [role="checkbox"] ~ input[aria-hidden="true"]`).Each(func(_ int, s *goquery.Selection) {
		if marked(s.Nodes[0]) != "" {
			drawn[s.Nodes[0]] = true
		}
	})
	return drawn
}

// madeAnew is an id that a library counts up: it is another one on another page.
var madeAnew = regexp.MustCompile(`[:«»]|\d+(-input|-button|-label)?$`)

// adoptName is what messages and target files call a control that has no name: its id,
// or where that is made anew for each page, or missing, what is written beside it.
func (c *control) adoptName() string {
	id := attribute(c.node, "id")
	if id != nil && *id != "" && !madeAnew.MatchString(*id) {
		return *id
	}
	switch {
	case c.kind == "checkbox" && c.label != "":
		return c.label
	case id != nil && *id != "":
		return *id
	}
	return "field-" + marked(c.node)
}

// scripted reports whether nothing but a script can send what is filled in: it is no
// form, or one that does not say where to and how.
func (f *form) scripted() bool {
	return f.loose || marked(f.node) != "" && f.node.Data == "form" && f.action == "" && f.method == ""
}

// noticeWords are in the names and the texts of what asks about cookies, and not about
// scopes.
var (
	noticeNames = regexp.MustCompile(`(?i)cookie|gdpr|onetrust|didomi|usercentrics|cybot|consent-?banner|privacy-?banner`)
	noticeWords = regexp.MustCompile(`(?i)cookies?([^\pL]|$)`)
)

// region is the part of a page that is laid over the rest or stands beside it, and to
// which a control belongs; nil: it belongs to the page.
func region(n *html.Node) *html.Node {
	for at := n.Parent; at != nil && at.Type == html.ElementNode && at.Data != "body"; at = at.Parent {
		role, name, class := attribute(at, "role"), attribute(at, "id"), attribute(at, "class")
		switch {
		case at.Data == "dialog" || at.Data == "header" || at.Data == "footer" && ancestor(at, "main") == nil || at.Data == "nav" || at.Data == "aside",
			role != nil && slices.Contains([]string{"dialog", "alertdialog", "banner", "contentinfo", "navigation"}, *role),
			name != nil && noticeNames.MatchString(*name), class != nil && noticeNames.MatchString(*class):
			return at
		}
	}
	return nil
}

// notice is the form of a page that asks about cookies, and the button that ends it,
// rather by refusing them; nil: there is none.
func (p *page) notice() (*form, *control) {
	for _, f := range p.forms {
		if len(p.forms) < 2 || f.count("password") > 0 || f.asksText() {
			continue
		}
		around := region(f.node)
		if f.loose {
			around = f.node
		}
		if around == nil || around.Data == "body" || !noticeWords.MatchString(textOf(around)) {
			continue
		}
		if button := f.submitter(func(c *control) bool { return says(c, denyWords) }); button != nil {
			return f, button
		}
		if button := f.submitter(func(*control) bool { return true }); button != nil {
			return f, button
		}
	}
	return nil, nil
}

func textOf(n *html.Node) string {
	var b strings.Builder
	writeText(&b, n)
	return collapse(b.String())
}
