package browser

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/chromedp/cdproto/fetch"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/scopeproof/scopeproof/target"
)

// event is told what happens in the tab; it must not wait.
func (v *visit) event(ev any) {
	paused, ok := ev.(*fetch.EventRequestPaused)
	if !ok {
		return
	}
	v.mu.Lock()
	v.inFlight++
	v.latest = time.Now()
	v.mu.Unlock()
	v.serves.Add(1)
	go func() {
		defer v.serves.Done()
		document := paused.ResourceType == network.ResourceTypeDocument
		answered, header, err := v.serve(paused)
		v.mu.Lock()
		defer v.mu.Unlock()
		v.inFlight--
		v.latest = time.Now()
		switch {
		case document && answered != 0:
			v.pages++
			v.status = answered
		case paused.ResourceType == network.ResourceTypeXHR || paused.ResourceType == network.ResourceTypeFetch:
			v.refused = refusal(paused, answered, header)
		}
		if document && err != nil && v.failed == nil && v.arrival == nil {
			v.failed = err
		}
	}()
}

// serve answers a request of the browser in its place, through the transport of
// the visit. It returns the status of the answer and its header, and 0 where there is
// none for the browser to show.
func (v *visit) serve(paused *fetch.EventRequestPaused) (int, http.Header, error) {
	at, err := url.Parse(paused.Request.URL + paused.Request.URLFragment)
	if err != nil || at.Scheme != "http" && at.Scheme != "https" || at.Path == "/favicon.ico" { // nobody looks at the tab
		return 0, nil, v.fail(paused)
	}
	var body []byte
	for _, entry := range paused.Request.PostDataEntries {
		body = append(body, entry.Bytes...)
	}
	if v.player.Ends(at) {
		fields, _ := url.ParseQuery(string(body)) // what is no form has no fields
		v.arrive(at, fields)
		return 0, nil, v.fail(paused)
	}
	method := paused.Request.Method
	if v.visit.Form != "" && !v.began.Swap(true) { // the request itself is posted, octet by octet
		method, body = http.MethodPost, []byte(v.visit.Form)
	}
	response, err := v.send(paused, method, at, body)
	if err != nil {
		_ = v.fail(paused) // the visit ends, and says why
		return 0, nil, err
	}
	defer response.Body.Close()
	if to := redirected(response, at); to != nil && v.player.Ends(to) {
		v.arrive(to, nil)
		return 0, nil, v.fail(paused)
	}
	data, err := target.ReadAnswer(response.Body)
	if err != nil {
		_ = v.fail(paused)
		return 0, nil, err
	}
	reply := fetch.FulfillRequestParams{RequestID: paused.RequestID, ResponseCode: int64(response.StatusCode), Body: data}
	for name, values := range response.Header {
		if slices.Contains([]string{"Content-Length", "Content-Encoding", "Transfer-Encoding", "Connection"}, name) {
			continue
		}
		for _, value := range values {
			reply.ResponseHeaders = append(reply.ResponseHeaders, &fetch.HeaderEntry{Name: name, Value: value})
		}
	}
	if _, err := chromedp.Call(v.tab, fetch.FulfillRequest, reply); err != nil {
		return 0, nil, nil // the page has gone on, and asks for it no longer
	}
	if redirected(response, at) != nil {
		return 0, nil, nil
	}
	return response.StatusCode, response.Header, nil
}

func (v *visit) arrive(at *url.URL, fields url.Values) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.arrival == nil { // the first time counts
		v.arrival = v.player.Arrive(at, fields)
	}
}

// fail ends a request in the browser.
func (v *visit) fail(paused *fetch.EventRequestPaused) error {
	_, _ = chromedp.Call(v.tab, fetch.FailRequest, fetch.FailRequestParams{RequestID: paused.RequestID, ErrorReason: network.ErrorReasonAborted})
	return nil
}

// send makes one exchange, with the cookies of the visit and those that scripts of
// the page have set.
func (v *visit) send(paused *fetch.EventRequestPaused, method string, at *url.URL, body []byte) (*http.Response, error) {
	request, err := http.NewRequestWithContext(v.ctx, method, at.String(), bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("a request of the browser: %w", err)
	}
	for name, value := range paused.Request.Headers {
		if text, ok := value.(string); ok && !strings.EqualFold(name, "Accept-Encoding") && !strings.EqualFold(name, "Cookie") {
			request.Header.Set(name, text)
		}
	}
	if method != paused.Request.Method {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	known := map[string]bool{}
	for _, cookie := range v.visit.Jar.Cookies(at) {
		known[cookie.Name] = true
		request.AddCookie(cookie)
	}
	ctx, cancel := context.WithTimeout(v.tab, 2*time.Second)
	defer cancel()
	if found, err := chromedp.Call(ctx, network.GetCookies, network.GetCookiesParams{URLs: []string{at.String()}}); err == nil {
		for _, cookie := range found.Cookies {
			if !known[cookie.Name] {
				request.AddCookie(&http.Cookie{Name: cookie.Name, Value: cookie.Value})
			}
		}
	}
	transport := v.visit.Transport
	if transport == nil {
		transport = http.DefaultTransport
	}
	response, err := transport.RoundTrip(request)
	if err != nil {
		return nil, fmt.Errorf("%s %s: the request could not be sent", request.Method, place(at))
	}
	if cookies := response.Cookies(); len(cookies) > 0 {
		v.visit.Jar.SetCookies(at, cookies)
	}
	return response, nil
}

// redirected is where an answer sends the browser, or nil.
func redirected(response *http.Response, from *url.URL) *url.URL {
	if response.StatusCode < 300 || response.StatusCode > 399 {
		return nil
	}
	location := response.Header.Get("Location")
	if location == "" {
		return nil
	}
	to, err := from.Parse(location)
	if err != nil {
		return nil
	}
	return to
}

// refusal tells of a call of a script that was refused; empty: it was not.
func refusal(paused *fetch.EventRequestPaused, status int, header http.Header) string {
	at, err := url.Parse(paused.Request.URL)
	if err != nil || status < http.StatusBadRequest {
		return ""
	}
	text := fmt.Sprintf("%s %s was answered %d", paused.Request.Method, place(at), status)
	if wait := header.Get("Retry-After"); wait != "" {
		text += fmt.Sprintf(", Retry-After %q", wait)
	}
	if status == http.StatusTooManyRequests {
		text += "\n    hint: the server limits how often somebody may sign in; raise that for the users of the target file, or take fewer scenarios at once: --parallel 1"
	}
	return text
}

// place is an address for messages: what is secret is in its query or its
// fragment.
func place(u *url.URL) string { return u.Scheme + "://" + u.Host + u.Path }
