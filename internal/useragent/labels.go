package useragent

import (
	"strings"

	"github.com/PuerkitoBio/goquery"
	"golang.org/x/net/html"
)

// labels are what a page writes beside its fields, by the id of the field, and the
// texts that fields name as theirs (aria-labelledby), by "#" and the id of the text.
type labels map[string]string

func readLabels(doc *goquery.Document) labels {
	all := labels{}
	doc.Find("label[for]").Each(func(_ int, s *goquery.Selection) {
		if id := s.AttrOr("for", ""); all[id] == "" {
			all[id] = written(s.Nodes[0])
		}
	})
	doc.Find("[aria-labelledby]").Each(func(_ int, s *goquery.Selection) {
		for id := range strings.FieldsSeq(s.AttrOr("aria-labelledby", "")) {
			all["#"+id] = ""
		}
	})
	doc.Find("[id]").Each(func(_ int, s *goquery.Selection) {
		if text, wanted := all["#"+s.AttrOr("id", "")]; wanted && text == "" {
			all["#"+s.AttrOr("id", "")] = written(s.Nodes[0])
		}
	})
	return all
}

// of is what is written beside a field, or else what it says of itself.
func (l labels) of(n *html.Node, s *goquery.Selection) string {
	if text := l[s.AttrOr("id", "")]; text != "" && s.AttrOr("id", "") != "" {
		return text
	}
	if around := ancestor(n, "label"); around != nil {
		if text := written(around); text != "" {
			return text
		}
	}
	var named []string
	for id := range strings.FieldsSeq(s.AttrOr("aria-labelledby", "")) {
		named = append(named, l["#"+id])
	}
	if text := collapse(strings.Join(named, " ")); text != "" {
		return text
	}
	for _, attribute := range []string{"aria-label", "placeholder", "title"} {
		if text := collapse(s.AttrOr(attribute, "")); text != "" {
			return text
		}
	}
	return ""
}

// written is what a reader sees of a label, without what is in the field.
func written(n *html.Node) string {
	return shorten(textOf(n), 200)
}
