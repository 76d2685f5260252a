package useragent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

// manualDriver asks a person to visit the URL with a real browser, and waits at
// the redirect URI, which must be on this machine. It sees no page, so an
// arrival counts none, and nothing that the browser sends is recorded. One
// visit is made at a time.
type manualDriver struct {
	output io.Writer
	turn   sync.Mutex
}

// Visit waits until the browser comes to the redirect URI or ctx ends.
func (d *manualDriver) Visit(ctx context.Context, visit target.Visit) (*target.Arrival, error) {
	if visit.StopAtConsent {
		return nil, errors.New(`login.driver "manual" cannot stop at a consent page`)
	}
	end, err := url.Parse(visit.RedirectURI)
	if err != nil || end.Scheme != "http" || !isLoopback(strings.ToLower(end.Hostname())) || end.Port() == "" {
		return nil, fmt.Errorf("redirect URI: got %q, want http on a loopback address with a port, to wait there%s", visit.RedirectURI,
			hint("set redirect_uri of the clients; login.driver manual needs it"))
	}
	d.turn.Lock()
	defer d.turn.Unlock()
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", end.Host)
	if err != nil {
		return nil, fmt.Errorf("waiting at the redirect URI: %w", err)
	}
	arrived := make(chan *url.URL, 1)
	server := &http.Server{Handler: awaiting(end, arrived), ReadHeaderTimeout: 10 * time.Second}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = server.Serve(listener) // ends with Shutdown or Close
	}()
	defer func() {
		short, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second) // for the last page to be sent
		defer cancel()
		if server.Shutdown(short) != nil {
			_ = server.Close()
		}
		<-served
	}()
	if _, err := io.WriteString(d.output, instruction(visit)); err != nil {
		return nil, fmt.Errorf("telling what to do: %w", err)
	}
	select {
	case redirect := <-arrived:
		return &target.Arrival{Redirect: redirect}, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("nobody came to %s: %w", place(end), ctx.Err())
	}
}

// awaiting answers the browser at the redirect URI, and passes the first
// request on.
func awaiting(end *url.URL, arrived chan<- *url.URL) http.Handler {
	at := &browser{end: end}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, target.MaxAnswer)
		here := *r.URL
		here.Scheme, here.Host = end.Scheme, end.Host
		if !at.ends(&here) || r.ParseForm() != nil {
			http.NotFound(w, r)
			return
		}
		redirect := request{url: &here, fields: r.PostForm}.arrives()
		select {
		case arrived <- redirect:
		default: // the first one counts
		}
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = io.WriteString(w, "Thank you. You can close this window.\n")
	})
}

// instruction says what to do in the words of the decision.
func instruction(visit target.Visit) string {
	var decision oauth.ConsentDecision
	if visit.Decide != nil {
		asked := target.ConsentPage{}
		if u, err := url.Parse(visit.URL); err == nil {
			asked.Scopes = oauth.FieldsScope(u.Query().Get("scope"))
		}
		decision = visit.Decide(asked)
	}
	act := "grant everything that is asked"
	switch {
	case decision.Deny:
		act = "deny the request"
	case decision.Only != nil && decision.Only.IsEmpty():
		act = "untick every scope, and allow"
	case decision.Only != nil:
		act = fmt.Sprintf("grant only %q", decision.Only)
	}
	return fmt.Sprintf("\nIn a private window of your browser, sign in as %s (%s) and %s:\n\n    %s\n\n", visit.Owner.Name, visit.Owner.Username, act, visit.URL)
}
