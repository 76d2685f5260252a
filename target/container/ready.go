package container

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/scopeproof/scopeproof/target"
)

const (
	readyTimeout = 60 * time.Second       // unless ready.timeout says otherwise
	pollEvery    = 100 * time.Millisecond // between two looks at a container that starts
	lookTimeout  = 5 * time.Second        // for one look
	logLines     = 20                     // of a container that died, in the error
	logLimit     = 4 << 20                // bytes of a log that are read
)

// wait waits until a container is ready, as its description defines it.
func (g *group) wait(ctx context.Context, r *running) error {
	return g.poll(ctx, r, func(ctx context.Context) (string, error) {
		if r.ready.Log != "" && !strings.Contains(logText(ctx, r.ctr), r.ready.Log) {
			return fmt.Sprintf("no line with %q in its log", r.ready.Log), nil
		}
		if r.ready.HTTP == "" {
			return "", nil
		}
		return answers(ctx, "http://"+g.host+":"+strconv.Itoa(r.port())+r.ready.HTTP), nil
	})
}

// port is the host port that is asked whether a container is ready.
func (r *running) port() int {
	for name, port := range r.ports {
		if r.ready.Port == "" || r.ready.Port == name {
			return port
		}
	}
	return 0
}

// answers says what is wrong with the answer to a GET, or nothing.
func answers(ctx context.Context, url string) string {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err.Error()
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		return err.Error()
	}
	response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Sprintf("GET %s: %s", url, response.Status)
	}
	return ""
}

// waitForMetadata waits until the metadata answers, or, where the description
// names the endpoints itself, until the issuer's port does.
func (g *group) waitForMetadata(ctx context.Context, issuer string) error {
	as := g.description.AuthorizationServer
	return g.poll(ctx, g.running[len(g.running)-1], func(ctx context.Context) (string, error) {
		found, err := target.FetchMetadata(ctx, nil, issuer, as.MetadataURL)
		var mismatch *target.IssuerMismatch
		switch {
		case errors.As(err, &mismatch):
			return "", mismatch
		case err != nil:
			return err.Error(), nil
		case found.Document != nil || len(as.Endpoints) > 0:
			return "", nil
		}
		return "no metadata (" + strings.Join(found.Tried, "; ") + ")", nil
	})
}

// poll looks at a container until look finds nothing missing, the container
// dies, or its time is over.
func (g *group) poll(ctx context.Context, r *running, look func(context.Context) (missing string, err error)) error {
	limit := time.Duration(r.ready.Timeout)
	if limit == 0 {
		limit = readyTimeout
	}
	deadline := time.Now().Add(limit)
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		missing, err := lookOnce(ctx, look)
		if err != nil || missing == "" {
			return err
		}
		if err := g.died(ctx, r); err != nil {
			return err
		}
		if time.Now().After(deadline) {
			return &target.Unavailable{
				What: "container " + r.name, Got: missing + g.logs(r), Want: "it to be ready within " + limit.String(),
				Hint: "see container.ready and authorization_server.issuer in the target file",
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

func lookOnce(ctx context.Context, look func(context.Context) (string, error)) (string, error) {
	once, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	missing, err := look(once)
	var timeout net.Error
	if err != nil && ctx.Err() == nil && (errors.As(err, &timeout) && timeout.Timeout() || errors.Is(err, context.DeadlineExceeded)) {
		return "no answer within " + lookTimeout.String(), nil
	}
	return missing, err
}

// died returns an error if a container runs no more.
func (g *group) died(ctx context.Context, r *running) error {
	state, err := r.ctr.State(ctx)
	if err != nil {
		return fmt.Errorf("look at the container %s: %w", r.name, err)
	}
	if state.Running {
		return nil
	}
	return &target.Unavailable{
		What: "container " + r.name, Got: fmt.Sprintf("that it ended with status %d", state.ExitCode) + g.logs(r), Want: "it to run",
		Hint: "see container.command and container.env in the target file",
	}
}

// lastLines is the end of a text, on lines of its own.
func lastLines(text string, most int) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	if len(lines) == 1 && lines[0] == "" {
		return ""
	}
	if len(lines) > most {
		lines = append([]string{"…"}, lines[len(lines)-most:]...)
	}
	return "\n    | " + strings.Join(lines, "\n    | ") + "\n   "
}
