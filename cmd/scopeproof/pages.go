package main

import (
	"fmt"
	"io"

	"github.com/scopeproof/scopeproof/target"
)

// pagesText shows the pages of one visit: what each was taken for, and what was
// filled in.
func pagesText(w io.Writer, who string, pages []target.PageSeen) {
	if len(pages) == 0 {
		return
	}
	fmt.Fprintf(w, "\nPages that %s saw\n", who)
	for n, p := range pages {
		fmt.Fprintf(w, "  %d. %s (%d): %s\n", n+1, harmless(p.URL), p.Status, p.Is)
		if len(p.Fields)+len(p.Buttons) == 0 && p.Says != "" {
			fmt.Fprintf(w, "       says %q\n", harmless(p.Says))
		}
		for _, f := range p.Fields {
			name := f.Name
			if f.Value != "" && f.Value != "on" {
				name += "=" + f.Value
			}
			fmt.Fprintf(w, "       %s (%s)%s: %s\n", harmless(name), f.Kind, beside(f.Label), harmless(f.Does))
		}
		for _, b := range p.Buttons {
			name := ""
			if b.Name != "" {
				name = " [" + b.Name + "=" + b.Value + "]"
			}
			does := "not pressed"
			if b.Pressed {
				does = "pressed"
			}
			fmt.Fprintf(w, "       button%s%s: %s\n", beside(b.Label), harmless(name), does)
		}
	}
}

// kindsOf is what the pages of a visit were taken for.
func kindsOf(pages []target.PageSeen) string {
	kinds := ""
	for _, p := range pages {
		kinds += p.URL + " " + p.Is + "\n"
	}
	return kinds
}

// beside is what a page has written at a field or on a button.
func beside(label string) string {
	if label == "" {
		return ""
	}
	return fmt.Sprintf(" %q", harmless(label))
}
