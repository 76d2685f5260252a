package report

import (
	"context"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// axe lints the page that is open with axe-core, and returns what it finds wrong,
// a line each. It is injected by the browser: the page allows no script but its own.
func axe(t *testing.T, ctx context.Context) []string {
	t.Helper()
	linter, err := os.ReadFile("testdata/axe/axe.min.js")
	if err != nil {
		t.Fatal(err)
	}
	ask[bool](t, ctx, string(linter)+"; true")
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string](`axe.run(document, {
		runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"], resultTypes: ["violations"],
	}).then((r) => JSON.stringify(r.violations.flatMap((v) => v.nodes.slice(0, 3).map((n) =>
		v.id + " (" + v.nodes.length + "): " + n.target.join(" ") + ": " + n.failureSummary + " " + n.html.slice(0, 200)))))`, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	if err := json.Unmarshal([]byte(text), &found); err != nil {
		t.Fatal(err)
	}
	return found
}

func TestPageIsAccessible(t *testing.T) {
	pages := map[string]string{"report": serve(t, fixture()), "load": serveLoad(t, loadFixture())}
	for _, c := range []struct {
		scheme, preferred string
		width             int64
	}{{"dark", "0", 380}, {"light", "1", 1400}} {
		ctx, _ := browse(t, chromedp.Flag("blink-settings", "preferredColorScheme="+c.preferred))
		for name, address := range pages {
			do(t, ctx, chromedp.EmulateViewport(c.width, 1000), chromedp.Navigate(address))
			// What a browser has not laid out yet cannot be measured.
			ask[int](t, ctx, `document.styleSheets[0].insertRule("* { content-visibility: visible !important }", document.styleSheets[0].cssRules.length)`)
			for range 3 { // what is folded inside is made when what is around it is opened
				ask[int](t, ctx, `[...document.querySelectorAll("details")].map((e) => e.open = true).length`)
				time.Sleep(50 * time.Millisecond)
			}
			for _, wrong := range axe(t, ctx) {
				t.Errorf("%s, %s, %d pixels wide: %s", name, c.scheme, c.width, strings.Join(strings.Fields(wrong), " "))
			}
			if over := ask[int](t, ctx, `document.documentElement.scrollWidth - innerWidth`); over > 0 {
				t.Errorf("%s at %d pixels is %d pixels too wide", name, c.width, over)
			}
		}
	}
}
