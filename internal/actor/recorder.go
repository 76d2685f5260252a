package actor

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

// maxRecorded bounds what one recorder keeps of all answers, in bytes: a server
// that sends much and redirects often must not fill memory.
const maxRecorded = 32 << 20

// Recorder sends requests and keeps what went over the wire, in order. It is
// an http.RoundTripper, safe for use by several goroutines.
type Recorder struct {
	transport http.RoundTripper
	timeout   time.Duration     // of one exchange
	late      error             // what ends an exchange that takes longer
	hosts     map[string]string // host → what features call it
	target    *target.Resolved  // says which endpoint is where; nil: nobody knows
	waits     *waits            // of the stage; nil: nothing is given up
	turns     turns             // of the stage
	pace      *pace             // of the stage; nil: limits are answers like any other
	apart     string            // the start of URLs for which no turn is taken; empty: none

	mu       sync.Mutex
	records  []*record
	received int            // bytes of all answers
	kept     []oauth.Secret // that secrets has yet to learn: most exchanges are never shown
	secrets  vault
	stop     *stopping                            // nil: nothing is held back
	proofs   map[string]func(*http.Request) error // that make a proof anew, by the proof
}

// newRecorder returns a recorder that knows the given secrets.
func newRecorder(transport http.RoundTripper, timeout time.Duration, hosts map[string]string, known []oauth.Secret) *Recorder {
	r := &Recorder{
		transport: transport, timeout: timeout, hosts: hosts,
		late: fmt.Errorf("no whole answer within %v", timeout),
	}
	r.keep(known...)
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
	again           func() (io.ReadCloser, error) // in place of reqBody, where it can be read at any time; or nil
	status          int
	respHeader      http.Header
	respBody        []byte
	failure         string

	placed *oauth.Exchange // without the secrets that stand where secrets stand; see vault
}

// sent is the body of the request.
func (rec *record) sent() []byte {
	if rec.again == nil {
		return rec.reqBody
	}
	body, err := rec.again()
	if err != nil {
		return nil
	}
	defer body.Close()
	text, _ := io.ReadAll(body) // it is in memory: there is nothing that could fail
	return text
}

type labelKey struct{}

type label struct{ actor, purpose string }

// as returns a context whose requests are recorded as sent by actor for
// purpose.
func as(ctx context.Context, actor, purpose string) context.Context {
	return context.WithValue(ctx, labelKey{}, label{actor, purpose})
}

// RoundTrip sends the request and records it with its answer, the body read
// whole: within [target.MaxAnswer] bytes, and in the time of one exchange.
func (r *Recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, body, err := r.exchange(req)
	if err != nil {
		return nil, err
	}
	resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return resp, nil
}

// exchange sends the request and records it. The body of the response is in
// body, which is not to be changed.
func (r *Recorder) exchange(req *http.Request) (_ *http.Response, body []byte, err error) {
	rec := r.begin(req)
	switch {
	case req.Body == nil:
	case req.GetBody != nil:
		rec.again = req.GetBody
	default:
		if rec.reqBody, err = io.ReadAll(req.Body); err != nil {
			return nil, nil, err
		}
		_ = req.Body.Close()
		req.Body = io.NopCloser(bytes.NewReader(rec.reqBody))
	}
	if err := r.stops(rec); err != nil {
		return nil, nil, &noAnswer{err, false}
	}
	return r.send(req, rec)
}

// send makes a request, and makes it again for as long as the server puts it off.
func (r *Recorder) send(req *http.Request, rec *record) (*http.Response, []byte, error) {
	var tried attempts
	for {
		resp, err := r.inTurn(req, rec)
		if err != nil {
			if tried.times > 0 {
				r.waits.asked(endpointOf(req), rec.to, tried.first, nil, err)
			}
			return nil, nil, err
		}
		limited, err := r.pace.limited(&tried, req.URL, rec.started, rec.status, rec.respHeader)
		if !limited {
			return resp, rec.respBody, nil
		}
		if err != nil {
			err = &noAnswer{err, false}
			r.waits.asked(endpointOf(req), rec.to, tried.first, err, err)
			return nil, nil, err
		}
		if req, rec, err = r.anew(req, rec); err != nil {
			return nil, nil, err
		}
	}
}

// anew is a request to be sent again, with another proof where it has one (RFC 9449
// section 11.1), and its record.
func (r *Recorder) anew(req *http.Request, before *record) (_ *http.Request, _ *record, err error) {
	next := req.Clone(req.Context())
	if req.Body != nil {
		next.Body = io.NopCloser(bytes.NewReader(before.sent()))
	}
	r.mu.Lock()
	prove := r.proofs[req.Header.Get("DPoP")]
	r.mu.Unlock()
	if prove != nil {
		err = prove(next)
	}
	rec := r.begin(next)
	rec.again, rec.reqBody = before.again, before.reqBody
	return next, rec, err
}

// proves remembers how a proof is made anew, which is good once.
func (r *Recorder) proves(proof string, anew func(*http.Request) error) {
	if r.pace == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.proofs == nil {
		r.proofs = map[string]func(*http.Request) error{}
	}
	r.proofs[proof] = anew
}

// inTurn makes a request when it may be made, and records it.
func (r *Recorder) inTurn(req *http.Request, rec *record) (*http.Response, error) {
	turns := r.turns
	if r.apart != "" && strings.HasPrefix(rec.url, r.apart) {
		turns = nil
	}
	if err := r.pace.await(req.Context(), req.URL, 1); err != nil {
		return nil, &noAnswer{err, false}
	}
	if err := turns.take(req.Context()); err != nil {
		return nil, &noAnswer{err, false}
	}
	defer turns.giveBack()
	rec.started = time.Now()
	resp, err := r.bounded(req, rec)
	rec.duration = time.Since(rec.started)
	if err != nil {
		rec.failure = err.Error()
	}
	r.add(rec)
	return resp, err
}

// begin makes the record of a request, without its body.
func (r *Recorder) begin(req *http.Request) *record {
	l, _ := req.Context().Value(labelKey{}).(label)
	return &record{
		actor: l.actor, purpose: l.purpose, method: req.Method, url: req.URL.String(), to: r.name(req.URL.Host, req.URL.Path),
		reqHeader: req.Header,
	}
}

// add keeps a record and counts its answer.
func (r *Recorder) add(rec *record) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.records = append(r.records, rec)
	r.received += len(rec.respBody)
	for name, values := range rec.respHeader {
		for _, value := range values {
			r.received += len(name) + len(value)
		}
	}
}

// bounded sends the request and reads the answer into rec.
func (r *Recorder) bounded(req *http.Request, rec *record) (*http.Response, error) {
	if err := r.full(); err != nil {
		return nil, &noAnswer{err, false}
	}
	at := endpointOf(req)
	if err := r.waits.ask(req.Context(), at, rec.to); err != nil {
		note(req.Context(), visit{at: at, server: rec.to}, err)
		return nil, &noAnswer{err, false}
	}
	ctx, cancel := context.WithTimeoutCause(req.Context(), r.timeout, r.late)
	defer cancel()
	resp, err := r.through(req.Method).RoundTrip(req.WithContext(ctx))
	if err == nil {
		rec.status, rec.respHeader = resp.StatusCode, resp.Header
		rec.respBody, err = target.ReadSized(resp.Body, resp.ContentLength)
		_ = resp.Body.Close()
	}
	switch {
	case err == nil:
	case ctx.Err() != nil:
		err = &noAnswer{context.Cause(ctx), false} // whose time is over: of this exchange, or of the scenario
	default:
		err = &noAnswer{err, resp == nil}
	}
	late := r.late
	if !errors.Is(err, late) {
		late = nil
	}
	r.waited(req, rec, late, err)
	return resp, err
}

// through is what a request with that method goes through. One that a server need
// not know (RFC 9110 section 9.1) has a connection of its own: as the second
// request of a connection it is read by other code of a server, which need not
// answer when it gives up.
func (r *Recorder) through(method string) http.RoundTripper {
	shared, ok := r.transport.(*http.Transport)
	if !ok || slices.Contains(known, method) {
		return r.transport
	}
	own := shared.Clone()
	own.DisableKeepAlives = true
	return own
}

// known are the methods that servers know.
var known = []string{
	http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions,
}

// waited notes how a request ended that was made; late is nil unless its own time
// was over.
func (r *Recorder) waited(req *http.Request, rec *record, late, err error) {
	at := endpointOf(req)
	note(req.Context(), visit{at, rec.to, time.Since(rec.started)}, err)
	if limited, _, _ := oauth.Limited(rec.status, rec.respHeader, time.Now()); err == nil && limited && r.pace != nil {
		return // it is put off, which is no answer yet
	}
	r.waits.asked(at, rec.to, rec.started, late, err)
}

// full is an error once the answers are longer than is kept.
func (r *Recorder) full() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.received > maxRecorded {
		return fmt.Errorf("the answers so far are longer than %d MiB together", maxRecorded>>20)
	}
	return nil
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
	resp, body, err := r.exchange(req.WithContext(ctx))
	if err != nil {
		return answer{}, fmt.Errorf("%s %s: %w", req.Method, bare(req.URL.String()), err)
	}
	return answer{resp.StatusCode, resp.Header, body}, nil
}

// Len is the number of exchanges so far.
func (r *Recorder) Len() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.records)
}

// Exchanges returns everything recorded so far, secrets replaced, with what it says
// of scope.
func (r *Recorder) Exchanges() []oauth.Exchange {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.learn()
	list, reader := make([]oauth.Exchange, len(r.records)), newReader(r.target)
	for i, rec := range r.records {
		list[i] = r.secrets.redact(rec)
		list[i].Number = i + 1
		reader.read(&list[i])
	}
	return list
}

// Redact replaces every secret that was seen so far in text.
func (r *Recorder) Redact(text string) string {
	if text == "" {
		return "" // most scenarios hold: their exchanges are never looked through
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.learn()
	return r.secrets.clean(text)
}

// keep remembers secrets so that they are replaced wherever they appear.
func (r *Recorder) keep(secrets ...oauth.Secret) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.kept = append(r.kept, secrets...)
}

// learn has the vault know all secrets there are by now. The caller holds mu.
func (r *Recorder) learn() {
	for _, s := range r.kept {
		r.secrets.keep(s.Reveal())
	}
	r.kept = nil
	for _, rec := range r.records {
		r.secrets.learn(rec)
	}
	if r.stop != nil && r.stop.at != nil {
		r.secrets.learn(r.stop.at)
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
