package actor

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

// maxBody bounds what is read of any answer: a hostile server must not fill
// memory.
const maxBody = 1 << 20

// requestTimeout is how long one exchange may take before it counts as not
// answered.
const requestTimeout = 10 * time.Second

// Recorder sends requests and keeps what went over the wire, in order. It is
// an http.RoundTripper, safe for use by several goroutines.
type Recorder struct {
	transport http.RoundTripper
	hosts     map[string]string // host → what features call it

	mu      sync.Mutex
	records []*record
	secrets vault
}

// newRecorder returns a recorder that knows the secrets of the target file.
func newRecorder(transport http.RoundTripper, hosts map[string]string, t *target.Target) *Recorder {
	r := &Recorder{transport: transport, hosts: hosts}
	r.keepTarget(t)
	return r
}

// record is one exchange as it was, secrets and all.
type record struct {
	actor, purpose  string
	started         time.Time
	duration        time.Duration
	method, url, to string
	reqHeader       http.Header
	reqBody         []byte
	status          int
	respHeader      http.Header
	respBody        []byte
	failure         string

	placed *oauth.Exchange // without the secrets that stand where secrets stand; see vault
}

type labelKey struct{}

type label struct{ actor, purpose string }

// as returns a context whose requests are recorded as sent by actor for
// purpose.
func as(ctx context.Context, actor, purpose string) context.Context {
	return context.WithValue(ctx, labelKey{}, label{actor, purpose})
}

// RoundTrip sends the request and records it with its answer, the body read
// whole, up to 1 MiB.
func (r *Recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	rec := r.begin(req)
	if req.Body != nil {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			return nil, err
		}
		_ = req.Body.Close()
		rec.reqBody = body
		req.Body = io.NopCloser(bytes.NewReader(body))
	}
	rec.started = time.Now()
	resp, err := r.transport.RoundTrip(req)
	if err == nil {
		rec.status, rec.respHeader = resp.StatusCode, resp.Header
		rec.respBody, err = readAll(resp.Body)
		_ = resp.Body.Close()
	}
	rec.duration = time.Since(rec.started)
	if err != nil {
		rec.failure = err.Error()
	}
	r.add(rec)
	if err != nil {
		return nil, err
	}
	resp.Body = io.NopCloser(bytes.NewReader(rec.respBody))
	return resp, nil
}

// begin makes the record of a request, without its body.
func (r *Recorder) begin(req *http.Request) *record {
	l, _ := req.Context().Value(labelKey{}).(label)
	return &record{
		actor: l.actor, purpose: l.purpose, method: req.Method, url: req.URL.String(), to: r.name(req.URL.Host, req.URL.Path),
		reqHeader: req.Header,
	}
}

func (r *Recorder) add(rec *record) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.records = append(r.records, rec)
}

func readAll(body io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(body, maxBody+1))
	if err == nil && len(data) > maxBody {
		err = fmt.Errorf("the answer is longer than %d bytes", maxBody)
	}
	return data, err
}

// answer is a response whose body has been read.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func (a answer) ok() bool { return a.status >= 200 && a.status < 300 }

// do sends one request, follows no redirect, and reads the answer.
func (r *Recorder) do(ctx context.Context, req *http.Request) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	resp, err := r.RoundTrip(req.WithContext(ctx))
	if err != nil {
		return answer{}, fmt.Errorf("%s %s: %w", req.Method, bare(req.URL.String()), err)
	}
	body, err := io.ReadAll(resp.Body)
	return answer{resp.StatusCode, resp.Header, body}, err
}

// Len is the number of exchanges so far.
func (r *Recorder) Len() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.records)
}

// Exchanges returns everything recorded so far, secrets replaced.
func (r *Recorder) Exchanges() []oauth.Exchange {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, rec := range r.records {
		r.secrets.learn(rec)
	}
	list := make([]oauth.Exchange, len(r.records))
	for i, rec := range r.records {
		list[i] = r.secrets.redact(rec)
		list[i].Number = i + 1
	}
	return list
}

// Redact replaces every secret that was seen so far in text.
func (r *Recorder) Redact(text string) string {
	if text == "" {
		return ""
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, rec := range r.records {
		r.secrets.learn(rec)
	}
	return r.secrets.clean(text)
}

// keep remembers secrets so that they are replaced wherever they appear.
func (r *Recorder) keep(secrets ...oauth.Secret) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range secrets {
		r.secrets.add(s.Reveal())
	}
}

func (r *Recorder) name(host, path string) string {
	best, name := -1, host
	for prefix, n := range r.hosts {
		if len(prefix) > best && len(host+path) >= len(prefix) && (host + path)[:len(prefix)] == prefix {
			best, name = len(prefix), n
		}
	}
	return name
}
