package report

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/scopeproof/scopeproof/conformance"
	"github.com/scopeproof/scopeproof/loadtest"
)

// browse starts a headless browser, or skips the test where there is none.
// SCOPEPROOF_REQUIRE_BROWSER=1 turns the skip into a failure.
func browse(t *testing.T, more ...chromedp.ExecAllocatorOption) (context.Context, *console) {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome", "headless-shell"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		if os.Getenv("SCOPEPROOF_REQUIRE_BROWSER") == "1" {
			t.Fatal("no Chromium in PATH, and SCOPEPROOF_REQUIRE_BROWSER=1")
		}
		t.Skip("no Chromium in PATH")
	}
	if testing.Short() {
		t.Skip("a browser takes seconds to start, and this is -short")
	}
	flags := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(path), chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun,
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true), chromedp.UserDataDir(t.TempDir()),
	}
	allocator, stop := chromedp.NewExecAllocator(t.Context(), append(flags, more...)...)
	t.Cleanup(stop)
	said := &console{}
	ctx, closePage := chromedp.NewContext(allocator, chromedp.WithBrowserOption(chromedp.WithConsolef(said.add)))
	t.Cleanup(closePage)
	return ctx, said
}

// console keeps what a page writes to its console: messages, uncaught
// exceptions and breaches of its content security policy.
type console struct {
	mu   sync.Mutex
	said []string
}

func (c *console) add(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.said = append(c.said, fmt.Sprintf(format, args...))
}

func (c *console) all() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.said)
}

// ask evaluates an expression in the page.
func ask[T any](t *testing.T, ctx context.Context, expression string) T {
	t.Helper()
	ctx, stop := context.WithTimeout(ctx, time.Minute)
	defer stop()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
	return value
}

// do runs actions in the page.
func do(t *testing.T, ctx context.Context, actions ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	if err := chromedp.Do(ctx); err != nil { // starts the browser, which must outlive the deadline below
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(ctx, time.Minute)
	defer stop()
	if err := chromedp.Do(ctx, actions...); err != nil {
		t.Fatal(err)
	}
}

// serve offers a report on loopback, and fails the test if anything but the
// page is asked for.
func serve(t *testing.T, r *conformance.Report) string {
	t.Helper()
	return servePage(t, output(t, func(w io.Writer) error { return HTML(w, r) }))
}

// serveLoad offers the report of a load run in the same way.
func serveLoad(t *testing.T, r *loadtest.Report) string {
	t.Helper()
	return servePage(t, output(t, func(w io.Writer) error { return LoadHTML(w, r) }))
}

func servePage(t *testing.T, body []byte) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.URL.Path != "/report.html" {
			t.Errorf("the page fetched %s", req.URL)
		}
		w.Header().Set("Content-Type", "text/html")
		w.Write(body)
	}))
	t.Cleanup(server.Close)
	return server.URL + "/report.html"
}

// countVisible counts the elements that a reader can see.
func countVisible(t *testing.T, ctx context.Context, selector string) int {
	t.Helper()
	return ask[int](t, ctx, fmt.Sprintf(`[...document.querySelectorAll(%q)].filter((e) => e.checkVisibility()).length`, selector))
}

// fill sets a field of the filter as a reader would.
func fill(t *testing.T, ctx context.Context, field, value string) {
	t.Helper()
	ask[bool](t, ctx, fmt.Sprintf(`(() => { const e = document.querySelector("form.filter").elements[%q]; e.value = %q;
		return e.dispatchEvent(new Event("input", { bubbles: true })); })()`, field, value))
}

func click(selector string) chromedp.Action[chromedp.Void] {
	return chromedp.Click(chromedp.CSS(selector))
}

func TestPageWorksInABrowser(t *testing.T) {
	ctx, said := browse(t)
	do(t, ctx, chromedp.EmulateViewport(1400, 900), chromedp.Navigate(serve(t, fixture())))
	check := func(what string, got, want any) {
		t.Helper()
		if got != want {
			t.Errorf("%s: got %v, want %v", what, got, want)
		}
	}
	check("rules shown at first", countVisible(t, ctx, "details.rule"), 12)
	check("rules open at first", countVisible(t, ctx, "details.rule[open]"), 4)

	fill(t, ctx, "q", "STOLEN refresh")
	check("rules found by search", countVisible(t, ctx, "details.rule"), 1)
	check("words beside the filter", ask[string](t, ctx, `document.querySelector(".shown [role=status]").textContent`), "1 of 12 rules")
	fill(t, ctx, "q", "")
	fill(t, ctx, "area", "DEV")
	check("rules of an area", countVisible(t, ctx, "details.rule"), 2)
	do(t, ctx, click(`button[type=reset]`), chromedp.WaitVisible(chromedp.CSS("#REF-03")))
	do(t, ctx, click(`.counts a[data-outcome=violates]`))
	check("rules after a click on a count", countVisible(t, ctx, "details.rule"), 2)
	do(t, ctx, click(`.counts a[data-outcome=violates]`))
	check("rules after a second click", countVisible(t, ctx, "details.rule"), 12)
	do(t, ctx, click(`.matrix a[data-area=GRANT][data-outcome=conforms]`))
	check("rules of a cell of the matrix", countVisible(t, ctx, "details.rule"), 2)
	do(t, ctx, chromedp.KeyEvent("/"), chromedp.KeyEvent("zzz"))
	check("rules found by typing / and nonsense", countVisible(t, ctx, "details.rule"), 0)
	do(t, ctx, chromedp.KeyEvent("\u001b"), chromedp.WaitVisible(chromedp.CSS("#REF-03")))

	fill(t, ctx, "level", "SHOULD")
	check("rules of a level", countVisible(t, ctx, "details.rule"), 1)
	do(t, ctx, click(`button[type=reset]`), chromedp.WaitVisible(chromedp.CSS("#REF-03")))

	check("transcripts made at first", countVisible(t, ctx, "#REF-03 .transcript"), 0)
	// Opening moves what is below, so that a click by place could miss: this is a click on the element.
	ask[bool](t, ctx, `(() => { document.querySelector("#REF-03 .x .exchange > summary").click(); return true; })()`)
	do(t, ctx, chromedp.WaitVisible(chromedp.CSS("#REF-03 pre.curl")))
	check("transcripts after a click", countVisible(t, ctx, "#REF-03 .transcript"), 1)
	check("commands with a button to copy them", countVisible(t, ctx, "#REF-03 .curl .copy"), 1)
	for link, shown := range map[string]string{
		"#OIDC-01": "#OIDC-01 .inside", "#REF-03.2": `[id="REF-03.2"] .seq`, "#REF-03.1.2": `[id="REF-03.1.2"] .transcript`,
	} {
		ask[string](t, ctx, fmt.Sprintf(`location.hash = %q`, link))
		do(t, ctx, chromedp.WaitVisible(chromedp.CSS(shown)))
	}

	// With the keyboard alone: the summary has the focus, Enter opens it and closes it again.
	for _, open := range []bool{true, false} {
		ask[bool](t, ctx, `(() => { document.querySelector("#UNK-01 > summary").focus(); return true; })()`)
		do(t, ctx, chromedp.KeyEvent("\r"))
		check("open after Enter", ask[bool](t, ctx, `document.querySelector("#UNK-01").open`), open)
	}

	check("elements that a server smuggled in", ask[int](t, ctx, `document.querySelectorAll("main script, main img, .appendix script").length`), 0)
	check("things fetched", ask[int](t, ctx, `performance.getEntriesByType("resource").filter((e) => !e.name.startsWith("data:")).length`), 0)
	for _, width := range []int64{360, 380, 820, 1000, 1400} {
		do(t, ctx, chromedp.EmulateViewport(width, 900))
		if over := ask[int](t, ctx, `document.documentElement.scrollWidth - innerWidth`); over > 0 {
			t.Errorf("at %d pixels the page is %d pixels too wide", width, over)
		}
	}
	if got := said.all(); len(got) > 0 {
		t.Errorf("the page wrote to the console: %q", got)
	}
}

// TestScreenshots writes what the pages look like to the folder that
// SCOPEPROOF_SCREENSHOTS names, for whoever changes the style.
func TestScreenshots(t *testing.T) {
	dir := os.Getenv("SCOPEPROOF_SCREENSHOTS")
	if dir == "" {
		t.Skip("SCOPEPROOF_SCREENSHOTS names no folder")
	}
	pages := map[string]string{"report": serve(t, fixture()), "load": serveLoad(t, loadFixture())}
	for scheme, preferred := range map[string]string{"dark": "0", "light": "1"} {
		ctx, _ := browse(t, chromedp.Flag("blink-settings", "preferredColorScheme="+preferred))
		for name, address := range pages {
			do(t, ctx, chromedp.Navigate(address))
			ask[int](t, ctx, `[...document.querySelectorAll("#REF-03 .scenario.o-violates details")].map((e) => e.open = true).length`)
			for _, width := range []int64{380, 820, 1400} {
				do(t, ctx, chromedp.EmulateViewport(width, 1000))
				picture, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
				if err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%s-%s-%d.png", name, scheme, width)), picture, 0o644); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}

func TestPageOfTenThousandExchangesOpensFast(t *testing.T) {
	ctx, _ := browse(t)
	started := time.Now()
	address := serve(t, bigFixture(250, 10_000))
	wrote := time.Since(started)
	do(t, ctx, chromedp.Navigate(address))
	ready := ask[float64](t, ctx, `performance.timing.domContentLoadedEventEnd - performance.timing.responseStart`)
	t.Logf("10,000 exchanges: written in %s, ready %.0f ms after the first byte", wrote.Round(time.Millisecond), ready)
	if got := ask[string](t, ctx, `[...document.querySelectorAll(".facts div")].find((d) => d.textContent.startsWith("Exchanges")).lastChild.textContent`); got != "10,000" {
		t.Errorf("got %s exchanges, want 10,000", got)
	}
	made := ask[int](t, ctx, `document.querySelectorAll("*").length`)
	ask[bool](t, ctx, `(() => { location.hash = "#AA-02.1.40"; return true; })()`)
	do(t, ctx, chromedp.WaitVisible(chromedp.CSS(`[id="AA-02.1.40"] .transcript`)))
	t.Logf("%d elements at first, %d with one scenario open", made, ask[int](t, ctx, `document.querySelectorAll("*").length`))
}
