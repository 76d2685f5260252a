package report_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/scopeproof/scopeproof/conformance"
	"github.com/scopeproof/scopeproof/features"
	"github.com/scopeproof/scopeproof/report"
	"github.com/scopeproof/scopeproof/target"
	"github.com/scopeproof/scopeproof/target/embedded"
)

// wiretap sees everything raw, and collects the secrets by means of its own:
// it shares nothing with what redacts.
type wiretap struct {
	target.Source
	next http.RoundTripper

	mu      sync.Mutex
	secrets map[string]string // value → where it was seen
}

// Open has the run reach its target through the wiretap.
func (w *wiretap) Open(ctx context.Context) (*target.Target, error) {
	t, err := w.Source.Open(ctx)
	if err != nil {
		return nil, err
	}
	w.next = http.DefaultTransport.(*http.Transport).Clone()
	t.Transport = w
	w.saw("admin key", t.Variables["admin_key"])
	return t, nil
}

// RoundTrip listens.
func (w *wiretap) RoundTrip(req *http.Request) (*http.Response, error) {
	var sent []byte
	if req.Body != nil {
		sent, _ = io.ReadAll(req.Body)
		req.Body = io.NopCloser(bytes.NewReader(sent))
	}
	w.request(req, sent)
	resp, err := w.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	_ = resp.Body.Close()
	resp.Body = io.NopCloser(bytes.NewReader(got))
	w.body(got)
	for _, c := range resp.Cookies() {
		w.saw("Set-Cookie "+c.Name, c.Value)
	}
	w.url(resp.Header.Get("Location"))
	return resp, nil
}

func (w *wiretap) request(req *http.Request, body []byte) {
	w.url(req.URL.String())
	if id, password, ok := req.BasicAuth(); ok {
		w.saw("password of "+id, password)
	}
	if _, credentials, ok := strings.Cut(req.Header.Get("Authorization"), " "); ok {
		w.saw("Authorization", credentials)
	}
	for _, c := range req.Cookies() {
		w.saw("Cookie "+c.Name, c.Value)
	}
	if strings.Contains(req.Header.Get("Content-Type"), "urlencoded") {
		if form, err := url.ParseQuery(string(body)); err == nil {
			w.values(form)
		}
	}
	w.body(body)
}

// names are those that the reference server and the clients use.
var names = []string{
	"access_token", "refresh_token", "id_token", "token", "code", "code_verifier", "client_secret", "password", "csrf", "tx", "id_token_hint",
	"registration_access_token", "assertion", "client_assertion",
}

func (w *wiretap) values(form url.Values) {
	for name, list := range form {
		if slices.Contains(names, name) {
			for _, value := range list {
				w.saw(name, value)
			}
		}
	}
}

func (w *wiretap) url(raw string) {
	if u, err := url.Parse(raw); err == nil {
		w.values(u.Query())
		if fragment, err := url.ParseQuery(u.Fragment); err == nil {
			w.values(fragment)
		}
	}
}

var field = regexp.MustCompile(`name="(csrf|tx)" value="([^"]*)"`)

func (w *wiretap) body(data []byte) {
	for _, m := range field.FindAllStringSubmatch(string(data), -1) {
		w.saw(m[1], html.UnescapeString(m[2]))
	}
	var v any
	if json.Unmarshal(data, &v) == nil {
		w.json("", v)
	}
}

func (w *wiretap) json(name string, v any) {
	switch v := v.(type) {
	case map[string]any:
		for key, member := range v {
			w.json(key, member)
		}
	case []any:
		for _, item := range v {
			w.json(name, item)
		}
	case string:
		if slices.Contains(names, name) {
			w.saw(name, v)
		}
	}
}

func (w *wiretap) saw(where, value string) {
	if len(value) < 6 {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.secrets == nil {
		w.secrets = map[string]string{}
	}
	w.secrets[value] = where
}

// needles are the secrets as they might be written in a file, by their first
// six bytes. What a feature file says is none.
func (w *wiretap) needles(t *testing.T) map[string][][2]string {
	t.Helper()
	var public strings.Builder
	if err := fs.WalkDir(features.Files, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(features.Files, path)
		public.Write(text)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	found := map[string][][2]string{}
	for value, where := range w.secrets {
		if strings.Contains(public.String(), value) {
			continue
		}
		inJSON, _ := json.Marshal(value)
		for _, form := range []string{
			value, url.QueryEscape(value), url.PathEscape(value), html.EscapeString(value), strings.Trim(string(inJSON), `"`),
			strings.TrimRight(base64.StdEncoding.EncodeToString([]byte(value)), "="), base64.RawURLEncoding.EncodeToString([]byte(value)),
		} {
			if entry := [2]string{form, where}; !slices.Contains(found[form[:6]], entry) {
				found[form[:6]] = append(found[form[:6]], entry)
			}
		}
	}
	return found
}

func TestNoSecretOfARunIsInItsReports(t *testing.T) {
	if testing.Short() {
		t.Skip("it plays rules")
	}
	some := []string{"REF-*", "CONS-0*", "EDIT-06", "CLM-0*", "CC-*"}
	for _, c := range []struct {
		defect, tokens string
		rules          []string // none: all, with the exchanges of what did not hold
	}{{"", "opaque", some}, {"revoked-grant-lives-on", "jwt", some}, {"userinfo-returns-everything", "opaque", nil}} {
		t.Run(c.defect+"/"+c.tokens, func(t *testing.T) {
			t.Parallel()
			options := []embedded.Option{embedded.Tokens(c.tokens)}
			if c.defect != "" {
				options = append(options, embedded.Defect(c.defect))
			}
			w := &wiretap{Source: embedded.Reference(options...)}
			run, err := conformance.Run(t.Context(), w, conformance.With(conformance.Options{
				Rules: c.rules, Seed: 1, Trace: c.rules != nil,
			}))
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			if err := report.WriteDir(dir, run); err != nil {
				t.Fatal(err)
			}
			if len(w.secrets) < 100 {
				t.Errorf("got %d secrets from the wire, want some hundreds", len(w.secrets))
			}
			needles := w.needles(t)
			for _, name := range []string{"report.json", "report.html", "junit.xml", "summary.md"} {
				data, err := os.ReadFile(filepath.Join(dir, name))
				if err != nil {
					t.Fatal(err)
				}
				t.Logf("%s: %d bytes, %d secrets", name, len(data), len(w.secrets))
				scan(t, name, string(data), needles)
			}
			for name, text := range everythingWritten(t, run) {
				scan(t, name, text, needles)
			}
			if _, planted := plant(w); scanQuietly(planted, needles) == 0 {
				t.Error("a secret that was put into a text is not found in it")
			}
		})
	}
}

// everythingWritten is what else there is to write of a run: every format, the
// longest text, what is shown while it goes, entries for what does not hold, and
// the run merged with itself and compared with another.
func everythingWritten(t *testing.T, run *conformance.Report) map[string]string {
	t.Helper()
	all := map[string]string{}
	add := func(name string, write func(io.Writer) error) {
		var out bytes.Buffer
		if err := write(&out); err != nil {
			t.Fatal(err)
		}
		all[name] = out.String()
	}
	merged, err := report.Merge([]report.File{{Name: "a", Rules: run}, {Name: "b", Rules: run}})
	if err != nil {
		t.Fatal(err)
	}
	empty := *run
	empty.Rules = nil
	for from, other := range map[string]*conformance.Report{"nothing": &empty, "itself": run} {
		d, err := report.NewDiff(report.File{Name: "a", Rules: other}, report.File{Name: "b", Rules: run}, 0)
		if err != nil {
			t.Fatal(err)
		}
		add("the diff from "+from, func(w io.Writer) error {
			return errors.Join(report.DiffText(w, d, report.TextOptions{Verbose: true}), report.DiffMarkdown(w, d), report.DiffJSON(w, d))
		})
	}
	for _, f := range report.Formats() {
		add(f.Name, func(w io.Writer) error { return f.Rules(w, run) })
		add("merged "+f.Name, func(w io.Writer) error { return f.Rules(w, merged) })
	}
	for _, width := range []int{80, 100_000} { // short lines could cut a secret in two
		o := report.TextOptions{Verbose: true, Trace: true, Width: width, Color: true}
		add(fmt.Sprintf("the longest text, %d columns", width), func(w io.Writer) error { return report.Text(w, run, o) })
		add(fmt.Sprintf("the last screen, %d columns", width), func(w io.Writer) error { return report.Text(w, run, report.TextOptions{Height: 50, Width: width}) })
	}
	add("what is shown on the way", func(w io.Writer) error {
		for _, v := range run.Rules {
			if _, err := fmt.Fprintln(w, report.Line(v), report.Played(v, report.TextOptions{Width: 100_000})); err != nil {
				return err
			}
		}
		return nil
	})
	add("the comparison", func(w io.Writer) error {
		runs := []*conformance.Report{run, &empty}
		return errors.Join(report.CompareText(w, runs, true), report.CompareMarkdown(w, runs, true), report.CompareHTML(w, runs, true))
	})
	add("entries for --expect", func(w io.Writer) error {
		return conformance.WriteExpect(w, conformance.Baseline(run, report.Divergence))
	})
	return all
}

// plant is a secret of a run, and a text with its base64 in it.
func plant(w *wiretap) (value, text string) {
	for value, where := range w.secrets {
		if where == "Authorization" {
			continue
		}
		return value, "a text with " + base64.StdEncoding.EncodeToString([]byte(value)) + " in it"
	}
	return "", ""
}

// scanQuietly counts the needles in a text.
func scanQuietly(text string, needles map[string][][2]string) int {
	n := 0
	for i := 0; i+6 <= len(text); i++ {
		for _, needle := range needles[text[i:i+6]] {
			if strings.HasPrefix(text[i:], needle[0]) {
				n++
			}
		}
	}
	return n
}

// scan looks for needles at every byte of a file.
func scan(t *testing.T, name, data string, needles map[string][][2]string) {
	t.Helper()
	shown := 0
	for i := 0; i+6 <= len(data) && shown < 10; i++ {
		for _, needle := range needles[data[i:i+6]] {
			if strings.HasPrefix(data[i:], needle[0]) {
				t.Errorf("%s shows a secret (%s): …%s…", name, needle[1], data[max(0, i-60):min(len(data), i+len(needle[0])+20)])
				shown++
			}
		}
	}
}
