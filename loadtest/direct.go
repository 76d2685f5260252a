package loadtest

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"sync"

	"github.com/scopeproof/scopeproof/internal/lean"
)

// direct is a network of connections of HTTP/1.1, each of which belongs to one
// worker.
type direct struct {
	client lean.Client
	others *standard // for what the client cannot send
}

func newDirect(workers int) *direct {
	return &direct{client: lean.Client{MaxHeader: headerLimit, MaxBody: bodyLimit}, others: newStandard(nil, workers)}
}

func (d *direct) line(ctx context.Context) line {
	return &directLine{Line: d.client.NewLine(ctx), others: d.others.line(ctx)}
}

func (d *direct) close() { d.others.close() }

func (d *direct) warm(ctx context.Context, origin string, lines []line) error {
	errs := make([]error, len(lines))
	var opening sync.WaitGroup
	for i := range lines {
		opening.Go(func() { errs[i] = lines[i].open(origin) })
	}
	opened := make(chan struct{})
	go func() {
		opening.Wait()
		close(opened)
	}()
	select {
	case <-opened:
	case <-ctx.Done():
		for i := range lines {
			lines[i].giveUp()
		}
		<-opened
		for i := range lines {
			lines[i].renew()
		}
	}
	if len(errs) == 0 || slices.Contains(errs, nil) {
		return nil
	}
	if ctx.Err() != nil {
		errs[0] = errTimeout
	}
	return fmt.Errorf("%s: no answer: %s", origin, reason(errs[0]))
}

type directLine struct {
	*lean.Line
	others line
}

func (l *directLine) open(origin string) error {
	u, err := url.Parse(origin)
	if err != nil {
		return err
	}
	o, err := lean.OriginOf(u)
	if err != nil {
		return nil // others connect when they need to
	}
	return l.Open(o)
}

func (l *directLine) send(p *packet) (Answer, error) {
	if p.lean == nil {
		return l.others.send(p)
	}
	r, err := l.Do(p.lean)
	if err != nil {
		return Answer{}, err
	}
	return Answer{Status: r.Status, Header: r, Body: r.Body}, nil
}

func (l *directLine) giveUp() {
	l.GiveUp()
	l.others.giveUp()
}

func (l *directLine) renew() {
	l.Renew()
	l.others.renew()
}

func (l *directLine) close() {
	l.Close()
	l.others.close()
}
