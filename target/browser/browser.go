// Package browser plays login and consent in a headless Chromium, for pages that
// are scripts: login.driver "browser" of a target file. It understands pages as the
// driver "form" does; everything that the browser sends goes through the transport
// of the visit, with the cookies of the visit, so that every exchange is recorded.
//
// It is a package of its own so that only who chooses it compiles it:
//
//	func TestScopes(t *testing.T) { conformance.Test(t, browser.Source(bringup.File("target.yaml"))) }
package browser

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/scopeproof/scopeproof/target"
)

// Driver is the value of login.driver that this package answers for.
const Driver = "browser"

const (
	patience = 30 * time.Second // for one page to come to rest
	tabs     = 32               // visits at once: rules about what happens at once make many
)

// Option changes what [Source] does.
type Option func(*driver)

// Screenshots is the folder where a picture of the page is left when a visit gets
// stuck. It is made when it is needed. Default: none is left.
func Screenshots(dir string) Option { return func(d *driver) { d.pictures = dir } }

// Source is src, played in Chromium where its description has login.driver
// "browser"; otherwise it is src as it is. The browser is started for the first
// visit and ends with the target.
func Source(src target.Source, opts ...Option) target.Source { return source{src, opts} }

type source struct {
	target.Source
	opts []Option
}

// Open implements [target.Source].
func (s source) Open(ctx context.Context) (*target.Target, error) {
	t, err := s.Source.Open(ctx)
	if err != nil || t.Description == nil || t.Description.Login.Driver != Driver || t.UserAgent != nil {
		return t, err
	}
	d := &driver{target: t, turns: make(chan struct{}, tabs)}
	for _, opt := range s.opts {
		opt(d)
	}
	t.UserAgent = d
	before := t.Stop
	t.Stop = func() error {
		d.close()
		if before == nil {
			return nil
		}
		return before()
	}
	return t, nil
}

// driver is one Chromium, and a tab for each visit.
type driver struct {
	target   *target.Target
	pictures string
	turns    chan struct{}

	mu     sync.Mutex
	ctx    context.Context // of the browser; nil until it runs
	cancel func()
	closed bool
	stuck  int
}

// Visit implements [target.UserAgent].
func (d *driver) Visit(ctx context.Context, visit target.Visit) (*target.Arrival, error) {
	select {
	case d.turns <- struct{}{}:
		defer func() { <-d.turns }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	up, err := d.start()
	if err != nil {
		return nil, err
	}
	tab, closeTab := chromedp.NewContext(up, chromedp.WithNewBrowserContext())
	defer closeTab()
	v, err := newVisit(ctx, tab, d.target, visit)
	if err != nil {
		return nil, err
	}
	defer v.rest()
	arrival, err := v.play()
	err = v.told(err)
	if err != nil && ctx.Err() == nil {
		err = d.picture(tab, err)
	}
	return arrival, err
}

// start runs Chromium, once.
func (d *driver) start() (context.Context, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return nil, errors.New("the target has been closed")
	}
	if d.ctx != nil {
		return d.ctx, nil
	}
	path, err := find()
	if err != nil {
		return nil, err
	}
	options := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(path), chromedp.Headless, chromedp.DisableGPU, chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck,
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true), chromedp.Flag("disable-dev-shm-usage", true),
		// Tabs are played side by side, and none of them is in front.
		chromedp.Flag("disable-background-timer-throttling", true), chromedp.Flag("disable-backgrounding-occluded-windows", true),
		chromedp.Flag("disable-renderer-backgrounding", true),
	}
	if os.Geteuid() == 0 { // Chromium has no sandbox for root
		options = append(options, chromedp.NoSandbox)
	}
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, closeBrowser := chromedp.NewContext(allocator, chromedp.WithLogf(func(string, ...any) {}), chromedp.WithErrorf(func(string, ...any) {}))
	if err := chromedp.Do(ctx); err != nil {
		closeBrowser()
		stop()
		return nil, fmt.Errorf("starting %s: %w", path, err)
	}
	d.ctx, d.cancel = ctx, func() { closeBrowser(); stop() }
	return ctx, nil
}

func (d *driver) close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed = true; d.cancel != nil {
		d.cancel()
		d.ctx, d.cancel = nil, nil
	}
}

// find is the browser that is installed.
func find() (string, error) {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome", "headless-shell"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errors.New("login.driver \"browser\" needs Chromium: got none in PATH\n    hint: install it, or use login.driver: form where the pages work without scripts")
}

// picture leaves a picture of the page where a visit got stuck, and says where.
func (d *driver) picture(tab context.Context, stuck error) error {
	if d.pictures == "" {
		return stuck
	}
	tab, cancel := context.WithTimeout(tab, 5*time.Second)
	defer cancel()
	data, err := chromedp.Run(tab, chromedp.CaptureScreenshot())
	if err != nil {
		return stuck // what it got stuck at says more
	}
	d.mu.Lock()
	d.stuck++
	n := d.stuck
	d.mu.Unlock()
	file, err := save(d.pictures, n, data)
	if err != nil {
		return errors.Join(stuck, err)
	}
	return fmt.Errorf("%w\n    screenshot: %s", stuck, file)
}
