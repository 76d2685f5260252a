package report

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"strings"
)

// assets are the parts of pages: markup, styles and scripts, each readable on its
// own. A page is one file that has them inside.
//
//go:embed assets/*.tmpl assets/*.css assets/*.js
var assets embed.FS

// shell is what every page has: its content security policy, which allows this
// style and this script and nothing else, so that a page fetches nothing.
type shell struct {
	Policy string
	Style  template.CSS
	Script template.JS
	Title  string
}

// newShell puts a page's styles and scripts together, by the names of files.
func newShell(title string, styles, scripts []string) (shell, error) {
	style, err := together(styles)
	if err != nil {
		return shell{}, err
	}
	script, err := together(scripts)
	if err != nil {
		return shell{}, err
	}
	policy := fmt.Sprintf("default-src 'none'; base-uri 'none'; form-action 'none'; img-src data:; style-src 'sha256-%s'", digestOf(style))
	if script != "" {
		policy += fmt.Sprintf("; script-src 'sha256-%s'", digestOf(script))
	}
	return shell{Policy: policy, Style: template.CSS(style), Script: template.JS(script), Title: visible(title)}, nil // ours, embedded
}

func together(names []string) (string, error) {
	var b strings.Builder
	for _, name := range names {
		text, err := assets.ReadFile("assets/" + name)
		if err != nil {
			return "", fmt.Errorf("reading a part of the page: %w", err)
		}
		b.Write(text)
	}
	return b.String(), nil
}

func digestOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// writePage executes the first of the named templates, which may use the others.
func writePage(w io.Writer, data any, names ...string) error {
	patterns := make([]string, len(names))
	for i, name := range names {
		patterns[i] = "assets/" + name
	}
	page, err := template.New(names[0]).Funcs(template.FuncMap{
		"label": label, "explain": explain, "duration": duration, "title": title, "visible": visible, "thousands": thousands, "count": count,
		"note": comparedGrid.note, "screenshot": screenshot,
	}).ParseFS(assets, patterns...)
	if err != nil {
		return fmt.Errorf("reading the page's templates: %w", err)
	}
	return page.Execute(w, data)
}
