package useragent

import (
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/PuerkitoBio/goquery"
	"golang.org/x/net/html"
)

// goesTo is a script that does nothing but go to an address.
var goesTo = regexp.MustCompile(`^(?:javascript:)?\s*(?:return\s+)?(?:(?:window|document|self|top)\s*\.\s*)*` +
	`location\s*(?:\.\s*href\s*)?(?:=\s*|\.\s*(?:assign|replace)\s*\(\s*)(?:'([^'\\]*)'|"([^"\\]*)")\s*\)?\s*;?\s*(?:return\s+false\s*;?)?\s*$`)

// decidingLinks are the links by which a page asks for a decision where it has no
// form for that: one that allows and one that denies, each as the form of a
// single button that a browser would send by following it. A page with only one
// of both asks for something else: "Accept cookies", "Cancel".
func decidingLinks(p *page) []*form {
	if slices.ContainsFunc(p.forms, func(f *form) bool { return f.submitter(allows) != nil }) {
		return nil
	}
	var found []*form
	does := map[bool]bool{} // whether there is a link that denies, and one that does not
	p.doc.Find("a[href], button[onclick], input[type=button][onclick]").Each(func(_ int, s *goquery.Selection) {
		f := linkForm(p, s)
		if f == nil || len(found) == maxLinks {
			return
		}
		found = append(found, f)
		does[f.submitter(allows) == nil] = true
	})
	if !does[true] || !does[false] {
		return nil
	}
	return found
}

// maxLinks is more than a page needs to ask for a decision.
const maxLinks = 20

// linkForm is the form that stands for a link or a button that goes to an
// address, if it says that it allows or denies; else nil.
func linkForm(p *page, s *goquery.Selection) *form {
	button := readControl(s, map[*html.Node]bool{})
	to := strings.TrimSpace(s.AttrOr("href", ""))
	if script := either(s.AttrOr("onclick", ""), to); goesTo.MatchString(strings.TrimSpace(script)) {
		m := goesTo.FindStringSubmatch(strings.TrimSpace(script))
		to = either(m[1], m[2])
	}
	address, err := p.base.Parse(to)
	if err != nil || to == "" || strings.HasPrefix(to, "#") || address.Scheme != "http" && address.Scheme != "https" {
		return nil
	}
	if s.Is("a") {
		button.label = collapse(s.Text())
	}
	button.kind, button.name, button.value = "submit", "", ""
	if button.unseen || button.disabled || !denyWords.MatchString(button.label) && !allowWords.MatchString(button.label) {
		return nil
	}
	f := &form{node: s.Nodes[0], action: withoutQuery(address), method: http.MethodGet}
	query := address.Query()
	for _, name := range slices.Sorted(maps.Keys(query)) {
		for _, value := range query[name] {
			f.controls = append(f.controls, &control{kind: "hidden", name: name, value: value, node: s.Nodes[0]})
		}
	}
	f.controls = append(f.controls, button)
	return f
}

func withoutQuery(u *url.URL) string {
	bare := *u
	bare.RawQuery, bare.ForceQuery, bare.Fragment, bare.RawFragment = "", false, "", ""
	return bare.String()
}
