package target

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

const excerpt = 300 // bytes of an answer that an error shows

// jsonVariables are the variables whose value is JSON: alone in a JSON string
// they take its place.
func jsonVariables() []string {
	return []string{"seconds", "jwk", "client.first_party", "client.confidential", "reachable", "user.claims", "user.roles"}
}

// Request returns the request with its variables replaced by expand, such as
// [Target.Expand]. In a URL what a variable stands for is escaped, unless the
// URL begins with it. In JSON a string that is one variable with brackets,
// "${scope[]}", becomes the list of its words, and in a list the words are items of it; one that is ${seconds},
// ${jwk}, ${reachable}, ${client.first_party}, ${client.confidential},
// ${user.claims} or ${user.roles} becomes that JSON value.
func (c Call) Request(ctx context.Context, expand func(string) (string, error)) (*http.Request, error) {
	target, err := ExpandURL(c.URL, expand)
	if err != nil {
		return nil, fmt.Errorf("url: %w", err)
	}
	body, media, err := c.body(expand)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, c.MethodOrDefault(), target, body)
	if err != nil {
		return nil, err
	}
	if media != "" {
		request.Header.Set("Content-Type", media)
	}
	request.Header.Set("Accept", "application/json")
	for name, text := range c.Headers {
		value, err := expand(text)
		if err != nil {
			return nil, fmt.Errorf("headers.%s: %w", name, err)
		}
		request.Header.Set(name, value)
	}
	if c.Basic != "" {
		user, password, _ := strings.Cut(c.Basic, ":")
		if user, err = expand(user); err != nil {
			return nil, fmt.Errorf("basic: %w", err)
		}
		if password, err = expand(password); err != nil {
			return nil, fmt.Errorf("basic: %w", err)
		}
		request.SetBasicAuth(user, password)
	}
	return request, nil
}

// MethodOrDefault is the method, POST if none is given.
func (c Call) MethodOrDefault() string {
	if c.Method == "" {
		return http.MethodPost
	}
	return c.Method
}

func (c Call) body(expand func(string) (string, error)) (io.Reader, string, error) {
	switch {
	case c.Form != nil:
		form := url.Values{}
		for name, text := range c.Form {
			value, err := expand(text)
			if err != nil {
				return nil, "", fmt.Errorf("form.%s: %w", name, err)
			}
			form.Set(name, value)
		}
		return strings.NewReader(form.Encode()), "application/x-www-form-urlencoded", nil
	case c.JSON != nil:
		value, err := ExpandJSON(c.JSON, expand)
		if err != nil {
			return nil, "", fmt.Errorf("json: %w", err)
		}
		data, err := json.Marshal(value)
		if err != nil {
			return nil, "", fmt.Errorf("json: %w", err)
		}
		return bytes.NewReader(data), "application/json", nil
	}
	return nil, "", nil
}

// ExpandURL replaces the variables of a URL and escapes what they stand for, in
// the path or the query, unless the URL begins with it.
func ExpandURL(text string, expand func(string) (string, error)) (string, error) {
	parts, err := segments(text)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, part := range parts {
		if !part.variable {
			b.WriteString(part.text)
			continue
		}
		value, err := expand("${" + part.text + "}")
		switch {
		case err != nil:
			return "", err
		case b.Len() == 0:
		case strings.Contains(b.String(), "?"):
			value = url.QueryEscape(value)
		default:
			value = url.PathEscape(value)
		}
		b.WriteString(value)
	}
	return b.String(), nil
}

// ExpandJSON returns a copy of a JSON value with the variables in it replaced;
// see [Call.Request].
func ExpandJSON(value any, expand func(string) (string, error)) (any, error) {
	switch v := value.(type) {
	case string:
		return expandJSONText(v, expand)
	case map[string]any:
		made := make(map[string]any, len(v))
		for key, member := range v {
			expanded, err := ExpandJSON(member, expand)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", key, err)
			}
			made[key] = expanded
		}
		return made, nil
	case []any:
		made := make([]any, 0, len(v))
		for i, item := range v {
			expanded, err := ExpandJSON(item, expand)
			if err != nil {
				return nil, fmt.Errorf("[%d]: %w", i, err)
			}
			words, isList := expanded.([]string) // which only "${…[]}" becomes
			if !isList {
				made = append(made, expanded)
			}
			for _, word := range words {
				made = append(made, word)
			}
		}
		return made, nil
	}
	return value, nil
}

func expandJSONText(text string, expand func(string) (string, error)) (any, error) {
	name, alone := strings.CutPrefix(text, "${")
	name, closed := strings.CutSuffix(name, "}")
	if !alone || !closed || strings.ContainsAny(name, "${}") {
		return expand(text)
	}
	if list, ok := strings.CutSuffix(name, "[]"); ok {
		value, err := expand("${" + list + "}")
		// An empty list is [], not null.
		return append([]string{}, strings.Fields(value)...), err
	}
	value, err := expand(text)
	if err != nil || !slices.Contains(jsonVariables(), name) {
		return value, err
	}
	if !json.Valid([]byte(value)) {
		return nil, fmt.Errorf("got a value of ${%s} that is not JSON", name)
	}
	return json.RawMessage(value), nil
}

// Succeeded reports whether a status means success.
func (c Call) Succeeded(status int) bool {
	if len(c.Expect) == 0 {
		return status >= 200 && status < 300
	}
	return slices.Contains(c.Expect, status)
}

// Captured takes the values that Capture names from an answer. A pointer (RFC
// 6901) that leads nowhere, or to null, and a header field that is not there,
// capture nothing.
func (c Call) Captured(reply *Reply) (map[string]string, error) {
	captured := map[string]string{}
	inBody := false
	for name, from := range c.Capture {
		if from == "" || strings.HasPrefix(from, "/") {
			inBody = true
		} else if value := reply.Header.Get(from); value != "" {
			captured[name] = value
		}
	}
	if !inBody {
		return captured, nil
	}
	var document any
	decoder := json.NewDecoder(bytes.NewReader(reply.Body))
	decoder.UseNumber()
	whole := decoder.Decode(&document) == nil
	if _, err := decoder.Token(); !whole || err != io.EOF { // more may follow what is JSON
		return nil, fmt.Errorf("got an answer of %d bytes that is not JSON, want JSON to capture from", len(reply.Body))
	}
	for name, pointer := range c.Capture {
		if pointer != "" && !strings.HasPrefix(pointer, "/") {
			continue
		}
		switch value := pointed(document, pointer).(type) {
		case nil:
		case string:
			captured[name] = value
		case map[string]any, []any:
			return nil, fmt.Errorf("capture.%s: got an object or a list at %q, want a text, a number, true or false", name, pointer)
		default:
			captured[name] = fmt.Sprint(value)
		}
	}
	return captured, nil
}

// pointed returns what a JSON pointer (RFC 6901) leads to, or nil.
func pointed(document any, pointer string) any {
	if pointer == "" {
		return document
	}
	if !strings.HasPrefix(pointer, "/") {
		return nil
	}
	for step := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		if strings.Contains(step, "~") {
			step = strings.NewReplacer("~1", "/", "~0", "~").Replace(step)
		}
		switch v := document.(type) {
		case map[string]any:
			document = v[step]
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i < 0 || i >= len(v) || step != strconv.Itoa(i) { // no "+1", no "01"
				return nil
			}
			document = v[i]
		default:
			return nil
		}
	}
	return document
}

// Perform makes a call, and those before it, with the target's variables and
// extra ones, and returns what was captured.
func (t *Target) Perform(ctx context.Context, call Call, extra map[string]string) (map[string]string, error) {
	s := t.session(extra)
	err := t.succeed(ctx, s, call)
	for name := range s.Variables {
		if !slices.Contains(call.Captures(), name) {
			delete(s.Variables, name)
		}
	}
	return s.Variables, err
}

// session is a new one, with cookies and variables of its own.
func (t *Target) session(extra map[string]string) *Session {
	jar, err := cookiejar.New(nil)
	if err != nil {
		panic(err) // cookiejar.New only fails by its options
	}
	variables := maps.Clone(extra)
	if variables == nil {
		variables = map[string]string{}
	}
	return &Session{Expand: t.Expand, Send: t.sendCall, Jar: jar, Variables: variables}
}

// succeed makes a call that has to succeed, within [SetupTimeout] with those
// before it.
func (t *Target) succeed(ctx context.Context, s *Session, call Call) error {
	ctx, cancel := context.WithTimeout(ctx, SetupTimeout)
	defer cancel()
	_, err := s.Succeed(ctx, call)
	var refused *CallError
	if errors.As(err, &refused) {
		refused.Text = t.withoutSecrets(refused.Reply.Body, s.Variables)
	}
	return err
}

// sendCall sends the request of a call with a client of its own, and follows
// redirects that the call does not expect.
func (t *Target) sendCall(_ context.Context, call Call, request *http.Request) (*Reply, error) {
	client := &http.Client{Transport: t.Transport}
	if slices.ContainsFunc(call.Expect, func(status int) bool { return status >= 300 && status < 400 }) {
		client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, err // net/http names the method and the redacted URL
	}
	defer response.Body.Close()
	body, err := ReadAnswer(response.Body)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", request.Method, request.URL.Redacted(), err)
	}
	return &Reply{Status: response.StatusCode, Header: response.Header, Body: body}, nil
}

// withoutSecrets is the beginning of an answer, for an error.
func (t *Target) withoutSecrets(body []byte, extra map[string]string) string {
	text := strings.Join(strings.Fields(string(body)), " ")
	for _, set := range []map[string]string{t.Variables, extra} {
		for name, value := range set {
			secret := name == "admin_key" || strings.Contains(name, "secret") || strings.Contains(name, "password")
			if secret && value != "" {
				text = strings.ReplaceAll(text, value, "…")
			}
		}
	}
	if len(text) > excerpt {
		text = strings.ToValidUTF8(text[:excerpt], "") + "…"
	}
	return strconv.Quote(text)
}
