package browser

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/chromedp/cdproto/fetch"
	"github.com/chromedp/chromedp"

	"github.com/scopeproof/scopeproof/internal/useragent"
	"github.com/scopeproof/scopeproof/target"
)

const (
	quiet = 100 * time.Millisecond // without a request, before a page counts as at rest
	lazy  = 2 * time.Second        // in which a script has put something to answer on the page, if it ever does
	look  = 50 * time.Millisecond  // between two looks at it
)

// visit is one tab.
type visit struct {
	ctx    context.Context // of the visit: its requests are recorded under it
	tab    context.Context
	visit  target.Visit
	player *useragent.Player
	serves sync.WaitGroup
	began  atomic.Bool // the authorization request was sent

	mu       sync.Mutex
	arrival  *target.Arrival // set when the browser was sent to the redirect URI
	failed   error           // the first request for a page that could not be sent
	inFlight int
	latest   time.Time // of a request's begin or end
	pages    int       // documents that were answered
	refused  string    // the latest call of a script that was refused, and how
	status   int       // of the latest document
}

func newVisit(ctx, tab context.Context, t *target.Target, v target.Visit) (*visit, error) {
	if v.Jar == nil {
		v.Jar = useragent.NewJar()
	}
	player, err := useragent.NewPlayer(t, v)
	if err != nil {
		return nil, err
	}
	made := &visit{ctx: ctx, tab: tab, visit: v, player: player, latest: time.Now()}
	if err := chromedp.Listen(tab, made.event); err != nil {
		return nil, fmt.Errorf("opening a tab: %w", err)
	}
	if _, err := chromedp.Call(tab, fetch.Enable, fetch.EnableParams{}); err != nil {
		return nil, fmt.Errorf("opening a tab: %w", err)
	}
	return made, nil
}

// rest waits until nothing is sent any more.
func (v *visit) rest() { v.serves.Wait() }

// play goes from page to page.
func (v *visit) play() (*target.Arrival, error) {
	if err := v.evaluate(fmt.Sprintf("location.href = %s", quoted(v.visit.URL)), nil); err != nil {
		return nil, err
	}
	for seen := 0; ; {
		p, err := v.settled(seen)
		if err != nil || p == nil {
			return v.arrived(), err
		}
		seen = p.number
		act, arrival, err := v.player.Show(p.address, p.status, []byte(p.markup))
		if err != nil || act == nil {
			return arrival, err
		}
		if act.Leads {
			continue
		}
		if err := v.act(p, act); err != nil {
			return nil, err
		}
		seen = p.number - 1 // a script may change the page and send nothing
		if err := v.changed(p); err != nil {
			return nil, err
		}
	}
}

func (v *visit) arrived() *target.Arrival {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.arrival
}

// state is what the tab is doing.
func (v *visit) state() (arrived, quietly bool, pages, status int, failed error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.arrival != nil, v.inFlight == 0 && time.Since(v.latest) >= quiet, v.pages, v.status, v.failed
}

// shown is a page at rest.
type shown struct {
	address *url.URL
	status  int
	number  int // of the document, from 1
	markup  string
}

// settled waits for a page after the one of that number to come to rest. Nil: the
// browser was sent to the redirect URI.
func (v *visit) settled(after int) (*shown, error) {
	limit := time.After(patience)
	before, begun := "", time.Now()
	for {
		arrived, quietly, pages, status, failed := v.state()
		switch {
		case arrived:
			return nil, nil
		case failed != nil && quietly:
			return nil, failed
		}
		if quietly && pages > after {
			var now struct{ Address, Markup, Ready string }
			if err := v.evaluate(reading, &now); err == nil && now.Ready == "complete" {
				address, err := url.Parse(now.Address)
				empty := strings.Contains(now.Markup, "<script") && !strings.Contains(now.Markup, useragent.Mark+"=")
				if err == nil && now.Markup == before && (!empty || time.Since(begun) >= lazy) {
					return &shown{address: address, status: status, number: pages, markup: now.Markup}, nil
				}
				before = now.Markup
			}
		}
		select {
		case <-time.After(look):
		case <-limit:
			return nil, fmt.Errorf("got no page at rest within %v, want one", patience)
		case <-v.ctx.Done():
			return nil, v.ctx.Err()
		}
	}
}

// changed waits until the page is another one: the browser went on, or a script
// has changed what it shows. A page that does not change at all stays as it is,
// and is shown again.
func (v *visit) changed(p *shown) error {
	limit := time.After(2 * time.Second)
	for {
		arrived, quietly, pages, _, _ := v.state()
		if arrived || pages > p.number {
			return nil
		}
		var now struct{ Address, Markup, Ready string }
		if err := v.evaluate(reading, &now); quietly && err == nil && now.Markup != p.markup {
			return nil
		}
		select {
		case <-time.After(look):
		case <-limit:
			return nil
		case <-v.ctx.Done():
			return v.ctx.Err()
		}
	}
}

// told adds to what a visit got stuck at what a script of the page was told last, where
// that was a refusal: a page may show nothing of it.
func (v *visit) told(stuck error) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if stuck == nil || v.refused == "" {
		return stuck
	}
	return fmt.Errorf("%w\n    the script of the page: %s", stuck, v.refused)
}

// act does at a page what is to be done there.
func (v *visit) act(p *shown, act *useragent.Act) error {
	ctx, cancel := context.WithTimeout(v.tab, 10*time.Second)
	defer cancel()
	stop := context.AfterFunc(v.ctx, cancel)
	defer stop()
	mark, err := chromedp.Run(ctx, chromedp.Evaluate[string](acting(act), chromedp.EvalAwaitPromise))
	if err != nil {
		if arrived, _, pages, _, _ := v.state(); arrived || pages > p.number {
			return nil // a box has led on
		}
		return harmless(err)
	}
	if mark == "" {
		return nil
	}
	for _, f := range act.Fields {
		if f.Mark == mark {
			return fmt.Errorf("page %s: the field %q did not become what it was to be, or is gone", place(p.address), f.Name)
		}
	}
	return fmt.Errorf("page %s: the button that was to be pressed is gone", place(p.address))
}

// evaluate runs a script in the page; into may be nil.
func (v *visit) evaluate(script string, into any) error {
	ctx, cancel := context.WithTimeout(v.tab, 5*time.Second)
	defer cancel()
	stop := context.AfterFunc(v.ctx, cancel)
	defer stop()
	if into == nil {
		err := chromedp.Do(ctx, chromedp.Steps(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
			_, err := chromedp.Evaluate[chromedp.Void]("void ("+script+")")(ctx, t)
			return err
		})))
		return harmless(err)
	}
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string](script))
	if err != nil {
		return harmless(err)
	}
	return decode(text, into)
}

// save writes a picture of the page.
func save(dir string, n int, data []byte) (string, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("a picture of the page: %w", err)
	}
	file := filepath.Join(dir, fmt.Sprintf("stuck-%d.png", n))
	if err := os.WriteFile(file, data, 0o644); err != nil {
		return "", fmt.Errorf("a picture of the page: %w", err)
	}
	return file, nil
}
