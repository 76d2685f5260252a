package refserver_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/scopeproof/scopeproof/internal/refserver"
)

const callback = "http://127.0.0.1:9/cb"

// rig is a server, an administrator and some browsers.
type rig struct {
	*testing.T
	*refserver.Server
}

func start(t *testing.T, o refserver.Options) rig {
	t.Helper()
	s, err := refserver.Start(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return rig{t, s}
}

// client is a registered client.
type client struct{ id, secret string }

var planner = client{"planner", "planner-secret"}

// call sends a request and returns the status, the JSON body and the headers.
func (r rig) call(method, address string, header http.Header, body io.Reader) (int, map[string]any, http.Header) {
	r.Helper()
	if strings.HasPrefix(address, "/") {
		address = r.Issuer() + address
	}
	request, err := http.NewRequest(method, address, body)
	if err != nil {
		r.Fatal(err)
	}
	for name, values := range header {
		request.Header[name] = values
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		r.Fatal(err)
	}
	defer response.Body.Close()
	raw, _ := io.ReadAll(response.Body)
	var object map[string]any
	if json.Unmarshal(raw, &object) != nil {
		object = map[string]any{"raw": string(raw)}
	}
	return response.StatusCode, object, response.Header
}

func (r rig) admin(method, path string, body any) map[string]any {
	r.Helper()
	raw, _ := json.Marshal(body)
	status, answer, _ := r.call(method, path, http.Header{"Authorization": {"Bearer " + r.AdminKey()}}, bytes.NewReader(raw))
	if status >= 300 {
		r.Fatalf("%s %s: got %d %v", method, path, status, answer)
	}
	return answer
}

// post sends a form as a client.
func (r rig) post(path string, c client, form url.Values) (int, map[string]any) {
	r.Helper()
	header := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
	if c.secret == "" {
		form.Set("client_id", c.id)
	} else {
		header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(c.id+":"+c.secret)))
	}
	status, answer, _ := r.call("POST", path, header, strings.NewReader(form.Encode()))
	return status, answer
}

// api calls an API with an access token and returns the status.
func (r rig) api(method, address, token, body string) int {
	r.Helper()
	status, _, _ := r.call(method, address, http.Header{"Authorization": {"Bearer " + token}}, strings.NewReader(body))
	return status
}

// browser is a user-agent with a cookie jar. It stops at the client's redirect.
type browser struct {
	rig
	http       *http.Client
	user       string
	answered   url.Values // what the client was sent
	fragment   bool       // it came in the fragment
	page, last string     // the page that is shown and its address
}

func (r rig) browser(user string) *browser {
	jar, _ := cookiejar.New(nil)
	b := &browser{rig: r, user: user, http: &http.Client{Jar: jar}}
	b.http.CheckRedirect = func(request *http.Request, _ []*http.Request) error {
		if strings.HasPrefix(request.URL.String(), callback) {
			b.answered, b.fragment = request.URL.Query(), request.URL.Fragment != ""
			if b.fragment {
				b.answered, _ = url.ParseQuery(request.URL.EscapedFragment())
			}
			return http.ErrUseLastResponse
		}
		return nil
	}
	return b
}

func (b *browser) open(response *http.Response, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
	defer response.Body.Close()
	raw, _ := io.ReadAll(response.Body)
	b.page, b.last = string(raw), response.Request.URL.Path
	if b.last == "/login" && b.answered == nil && strings.Contains(b.page, `name="password"`) && !strings.Contains(b.page, "Wrong") {
		form := url.Values{"username": {b.user}, "password": {b.user + "-password"}, "csrf": {b.hidden("csrf")}, "tx": {b.hidden("tx")}}
		if strings.Contains(b.page, `name="to"`) {
			form.Set("to", b.hidden("to"))
		}
		b.open(b.http.PostForm(b.Issuer()+"/login", form))
	}
}

func (b *browser) hidden(name string) string {
	match := regexp.MustCompile(`name="` + name + `" value="([^"]*)"`).FindStringSubmatch(b.page)
	if match == nil {
		b.Fatalf("no field %q in %s", name, b.page)
	}
	return match[1]
}

// listed are the scopes on the consent page.
func (b *browser) listed() []string {
	var scopes []string
	for _, match := range regexp.MustCompile(`type="checkbox" name="scope" value="([^"]*)"`).FindAllStringSubmatch(b.page, -1) {
		scopes = append(scopes, match[1])
	}
	return scopes
}

// authorize opens the authorization endpoint; the answer or the page is left in b.
func (b *browser) authorize(c client, scope string, more ...string) {
	b.Helper()
	b.visit(request(c, scope, more...))
}

// request is an authorization request; more are names and values in place of
// what it has, a name a second time adds a value.
func request(c client, scope string, more ...string) url.Values {
	query := url.Values{"response_type": {"code"}, "client_id": {c.id}, "redirect_uri": {callback}, "state": {"s"}}
	if scope != "" {
		query.Set("scope", scope)
	}
	sum := sha256.Sum256([]byte("verifier"))
	query.Set("code_challenge", base64.RawURLEncoding.EncodeToString(sum[:]))
	query.Set("code_challenge_method", "S256")
	named := url.Values{}
	for i := 0; i < len(more); i += 2 {
		named.Add(more[i], more[i+1])
		query[more[i]] = named[more[i]]
	}
	return query
}

// visit opens the authorization endpoint with a query.
func (b *browser) visit(query url.Values) {
	b.Helper()
	b.answered = nil
	b.open(b.http.Get(b.Issuer() + "/authorize?" + query.Encode()))
}

// decide answers the consent page: every listed scope but those declined.
func (b *browser) decide(decision string, declined ...string) {
	b.Helper()
	form := url.Values{"tx": {b.hidden("tx")}, "csrf": {b.hidden("csrf")}, "decision": {decision}}
	for _, scope := range b.listed() {
		if !slices.Contains(declined, scope) {
			form.Add("scope", scope)
		}
	}
	for _, match := range regexp.MustCompile(`name="claim" value="([^"]*)"`).FindAllStringSubmatch(b.page, -1) {
		if !slices.Contains(declined, "claim "+match[1]) {
			form.Add("claim", match[1])
		}
	}
	for _, match := range regexp.MustCompile(`name="authorization_details" value="([^"]*)"`).FindAllStringSubmatch(b.page, -1) {
		if !slices.Contains(declined, "detail "+match[1]) {
			form.Add("authorization_details", match[1])
		}
	}
	b.open(b.http.PostForm(b.Issuer()+"/consent", form))
}

// redeem trades the code that was sent; more are added to the request.
func (b *browser) redeem(c client, more ...string) map[string]any {
	b.Helper()
	if b.answered.Get("code") == "" {
		b.Fatalf("no code: %v; page %s %s", b.answered, b.last, b.page)
	}
	form := url.Values{
		"grant_type": {"authorization_code"}, "code": {b.answered.Get("code")}, "redirect_uri": {callback}, "code_verifier": {"verifier"},
	}
	for i := 0; i < len(more); i += 2 {
		form.Add(more[i], more[i+1])
	}
	_, answer := b.post("/token", c, form)
	return answer
}

// grant takes the whole way and returns the token response.
func (b *browser) grant(c client, scope string, declined ...string) map[string]any {
	b.Helper()
	b.authorize(c, scope, "prompt", "consent")
	if b.last != "/consent" {
		b.Fatalf("got %s and %v, want the consent page", b.last, b.answered)
	}
	b.decide("allow", declined...)
	return b.redeem(c)
}

func (r rig) refresh(c client, token any, scope string, more ...string) (int, map[string]any) {
	r.Helper()
	text, _ := token.(string)
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {text}}
	for i := 0; i < len(more); i += 2 {
		form.Add(more[i], more[i+1])
	}
	if scope != "" {
		form.Set("scope", scope)
	}
	return r.post("/token", c, form)
}

// register makes a client through the administrator.
func (r rig) register(scope string, more map[string]any) client {
	r.Helper()
	body := map[string]any{
		"client_name": "Planner " + rand.Text()[:4], "scope": scope, "redirect_uris": []string{callback},
		"grant_types": []string{"authorization_code", "refresh_token", "client_credentials"},
	}
	for name, value := range more {
		body[name] = value
	}
	answer := r.admin("POST", "/admin/clients", body)
	secret, _ := answer["client_secret"].(string)
	return client{answer["client_id"].(string), secret}
}

func basic(user string) http.Header {
	return http.Header{"Authorization": {"Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+user+"-password"))}}
}
