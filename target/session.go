package target

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

// Session makes calls one after the other, which share variables and cookies.
type Session struct {
	// Expand replaces variables, such as [Target.Expand].
	Expand func(text string, variables map[string]string) (string, error)
	// Send sends the request of a call and returns the answer.
	Send func(ctx context.Context, call Call, request *http.Request) (*Reply, error)
	// Jar holds the cookies.
	Jar http.CookieJar
	// Variables are those that calls know beside the ones of Expand. What calls
	// capture is added.
	Variables map[string]string
}

// Reply is the answer to a call.
type Reply struct {
	Status int
	Header http.Header
	Body   []byte
}

// Do makes a call, whatever the answer. Of the calls before it each has to
// succeed.
func (s *Session) Do(ctx context.Context, call Call) (*Reply, error) {
	request, err := s.Request(ctx, call)
	if err != nil {
		return nil, err
	}
	reply, err := s.Send(ctx, call, request)
	if err != nil {
		return nil, err
	}
	if cookies := (&http.Response{Header: reply.Header}).Cookies(); len(cookies) > 0 {
		s.Jar.SetCookies(request.URL, cookies)
	}
	return reply, nil
}

// Succeed makes a call that has to succeed, once or for each text of Each, and
// captures.
func (s *Session) Succeed(ctx context.Context, call Call) (*Reply, error) {
	if len(call.Each) == 0 {
		return s.succeed(ctx, call)
	}
	var last *Reply
	for _, text := range call.Each {
		s.variables()["each"] = text
		reply, err := s.succeed(ctx, call)
		if err != nil {
			return nil, fmt.Errorf("%q: %w", text, err)
		}
		last = reply
	}
	return last, nil
}

func (s *Session) succeed(ctx context.Context, call Call) (*Reply, error) {
	reply, err := s.Do(ctx, call)
	if err != nil {
		return nil, err
	}
	if !call.Succeeded(reply.Status) {
		return nil, &CallError{Call: call, Reply: reply}
	}
	captured, err := call.Captured(reply)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", call.MethodOrDefault(), call.URL, err)
	}
	maps.Copy(s.variables(), captured)
	return reply, nil
}

// Request makes the calls that come before a call, and returns the request of the
// call itself, with its cookies.
func (s *Session) Request(ctx context.Context, call Call) (*http.Request, error) {
	for _, first := range call.First {
		if _, err := s.Succeed(ctx, first); err != nil {
			return nil, err
		}
	}
	expand := func(text string) (string, error) { return s.Expand(text, s.variables()) }
	if err := s.readCookies(call, expand); err != nil {
		return nil, fmt.Errorf("%s %s: %w", call.MethodOrDefault(), call.URL, err)
	}
	request, err := call.Request(ctx, expand)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", call.MethodOrDefault(), call.URL, err)
	}
	for _, cookie := range s.Jar.Cookies(request.URL) {
		request.AddCookie(cookie)
	}
	return request, nil
}

// readCookies sets the variables ${cookie.NAME} that a call mentions to what its
// cookies are: empty where there is none of that name.
func (s *Session) readCookies(call Call, expand func(string) (string, error)) error {
	var names []string
	call.anyText(func(text string) bool {
		if strings.Contains(text, "${cookie.") {
			for _, found := range cookieVariable.FindAllStringSubmatch(text, -1) {
				names = append(names, found[1])
			}
		}
		return false
	})
	if len(names) == 0 {
		return nil
	}
	address, err := ExpandURL(call.URL, expand)
	if err != nil {
		return err
	}
	at, err := url.Parse(address)
	if err != nil {
		return fmt.Errorf("url: %w", err)
	}
	for _, name := range names {
		s.variables()["cookie."+name] = ""
	}
	for _, cookie := range s.Jar.Cookies(at) {
		s.variables()["cookie."+cookie.Name] = cookie.Value
	}
	return nil
}

func (s *Session) variables() map[string]string {
	if s.Variables == nil {
		s.Variables = map[string]string{}
	}
	return s.Variables
}

// CallError says that a call was answered, and not with success.
type CallError struct {
	Call  Call
	Reply *Reply
	Text  string // the beginning of the answer, without secrets; may be empty
}

// Error names the call as the file has it: what its variables stand for may be
// secret.
func (e *CallError) Error() string {
	want := "2xx"
	if len(e.Call.Expect) > 0 {
		want = strings.Trim(fmt.Sprint(e.Call.Expect), "[]")
	}
	got := strings.TrimSpace(fmt.Sprintf("%d %s %s", e.Reply.Status, http.StatusText(e.Reply.Status), e.Text))
	return fmt.Sprintf("%s %s: got %s, want %s", e.Call.MethodOrDefault(), e.Call.URL, got, want)
}

// Captures are the names of what a call captures, and the calls before it.
func (c Call) Captures() []string {
	names := laterCaptures(c.First)
	for name := range c.Capture {
		names = append(names, name)
	}
	return names
}

func laterCaptures(calls []Call) (names []string) {
	for _, call := range calls {
		names = append(names, call.Captures()...)
	}
	return names
}

// cookieVariable is a variable that stands for a cookie.
var cookieVariable = regexp.MustCompile(`\$\{cookie\.([^{}]+)\}`)
