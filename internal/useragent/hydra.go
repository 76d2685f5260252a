package useragent

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

// hydraDriver is the login and consent application of a server like Ory Hydra,
// which has no pages of its own and asks over an admin API.
//
// What is granted here is the application's word, and the server has to believe
// it. So a decision that adds scopes, which stands for a tampered form, adds
// none: it would show a fault of ours. The capability consent.driver is "api".
type hydraDriver struct {
	admin *url.URL
}

func newHydraDriver(t *target.Target, admin string) (target.UserAgent, error) {
	expanded, err := t.Expand(admin, nil)
	if err != nil {
		return nil, fmt.Errorf("login.admin: %w", err)
	}
	base, err := url.Parse(strings.TrimSuffix(expanded, "/"))
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" {
		return nil, fmt.Errorf("login.admin: got %q, want the URL of the admin API%s", expanded, hint("login.driver hydra_admin needs it"))
	}
	return &hydraDriver{admin: base}, nil
}

// errStopped ends a visit at the consent page.
var errStopped = errors.New("stopped at consent")

// Visit ends at the redirect URI, or at a page of the server, which is an error
// page.
func (d *hydraDriver) Visit(ctx context.Context, visit target.Visit) (*target.Arrival, error) {
	b, first, err := opened(visit)
	if err != nil {
		return nil, err
	}
	v := &hydraVisit{Visit: visit, admin: d.admin, transport: b.transport}
	b.intercept = v.intercept
	redirect, p, err := b.follow(ctx, first)
	switch {
	case errors.Is(err, errStopped):
	case err != nil:
		return nil, err
	case redirect != nil:
		v.arrival.Redirect = redirect
	default:
		p.end(&v.arrival)
	}
	return &v.arrival, nil
}

type hydraVisit struct {
	target.Visit
	admin     *url.URL
	transport http.RoundTripper
	arrival   target.Arrival
}

func (v *hydraVisit) intercept(ctx context.Context, next *url.URL) (*url.URL, error) {
	query := next.Query()
	if challenge := query.Get("login_challenge"); challenge != "" {
		return v.signIn(ctx, challenge)
	}
	if challenge := query.Get("consent_challenge"); challenge != "" {
		return v.consent(ctx, challenge)
	}
	return nil, nil
}

// signIn accepts a login. With a session there was none to see: the server says
// whom it knows.
func (v *hydraVisit) signIn(ctx context.Context, challenge string) (*url.URL, error) {
	var asked struct {
		Skip    bool   `json:"skip"`
		Subject string `json:"subject"`
	}
	if err := v.call(ctx, http.MethodGet, "login", "", challenge, nil, &asked); err != nil {
		return nil, err
	}
	subject := asked.Subject
	if !asked.Skip {
		v.arrival.LoginPages++
		subject = v.Owner.Subject
		if subject == "" {
			subject = v.Owner.Username
		}
	}
	return v.answer(ctx, "login", "accept", challenge, map[string]any{
		"subject": subject, "remember": true, "remember_for": 3600, // seconds
	})
}

// consentRequest is what the server asks at consent.
type consentRequest struct {
	Skip      bool     `json:"skip"`
	Requested []string `json:"requested_scope"`
	Audience  []string `json:"requested_access_token_audience"`
}

// consent answers a request for consent. One that is to be skipped is no page.
func (v *hydraVisit) consent(ctx context.Context, challenge string) (*url.URL, error) {
	var asked consentRequest
	if err := v.call(ctx, http.MethodGet, "consent", "", challenge, nil, &asked); err != nil {
		return nil, err
	}
	offered := oauth.FieldsScope(strings.Join(asked.Requested, " "))
	var decision oauth.ConsentDecision
	if !asked.Skip {
		page := target.ConsentPage{Scopes: offered, Lists: true, Boxes: true}
		v.arrival.ConsentPages = append(v.arrival.ConsentPages, page)
		if v.StopAtConsent {
			return nil, errStopped
		}
		if v.Decide != nil {
			decision = v.Decide(page)
		}
	}
	if decision.Deny {
		return v.answer(ctx, "consent", "reject", challenge, map[string]any{
			"error": "access_denied", "error_description": "The resource owner denied the request",
		})
	}
	grants := decision.Grants(offered)
	granted := make([]string, 0, len(asked.Requested))
	for _, scope := range asked.Requested {
		if grants.Has(oauth.ScopeToken(scope)) {
			granted = append(granted, scope)
		}
	}
	audience := asked.Audience
	if audience == nil {
		audience = []string{}
	}
	return v.answer(ctx, "consent", "accept", challenge, map[string]any{
		"grant_scope": granted, "grant_access_token_audience": audience,
		"remember": true, "remember_for": 0, // without end
		"session": map[string]any{"id_token": openedClaims(v.Owner.Claims, grants)},
	})
}

// answer puts an answer and returns where the browser is to go.
func (v *hydraVisit) answer(ctx context.Context, kind, act, challenge string, body any) (*url.URL, error) {
	var next struct {
		RedirectTo string `json:"redirect_to"`
	}
	if err := v.call(ctx, http.MethodPut, kind, act, challenge, body, &next); err != nil {
		return nil, err
	}
	to, err := url.Parse(next.RedirectTo)
	if err != nil || to.Host == "" {
		return nil, fmt.Errorf("admin API: %s %s: got no redirect_to, want a URL to go on with", act, kind)
	}
	return to, nil
}

// call makes one call of the admin API.
func (v *hydraVisit) call(ctx context.Context, method, kind, act, challenge string, body, into any) error {
	u := v.admin.JoinPath("admin/oauth2/auth/requests", kind, act)
	u.RawQuery = url.Values{kind + "_challenge": {challenge}}.Encode()
	var reader io.Reader
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			return err
		}
		reader = bytes.NewReader(data)
	}
	req, err := http.NewRequestWithContext(ctx, method, u.String(), reader)
	if err != nil {
		return fmt.Errorf("admin API: %w", plain(err))
	}
	req.Header.Set("Accept", "application/json")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := v.transport.RoundTrip(req)
	if err != nil {
		return fmt.Errorf("admin API: %s %s: %w%s", method, place(u), plain(err), hint("check login.admin"))
	}
	defer resp.Body.Close()
	data, err := target.ReadAnswer(resp.Body)
	if err != nil {
		return fmt.Errorf("admin API: %s %s: %w", method, place(u), err)
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("admin API: %s %s: got %d %q, want 200", method, place(u), resp.StatusCode, adminProblem(data))
	}
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("admin API: %s %s: got an answer that is not the JSON it should be: %w", method, place(u), err)
	}
	return nil
}

// adminProblem is what an error of the admin API says. Its other members may
// hold challenges.
func adminProblem(body []byte) string {
	var problem struct {
		Error       any    `json:"error"`
		Description string `json:"error_description"`
	}
	if json.Unmarshal(body, &problem) != nil {
		return shorten(collapse(strings.ToValidUTF8(string(body), "\uFFFD")), 120)
	}
	name, _ := problem.Error.(string)
	return shorten(collapse(name+" "+problem.Description), 200)
}

// openedClaims are the claims that scopes open to a client (OpenID Connect Core
// section 5.4). Without openid there are none.
func openedClaims(claims map[string]any, granted oauth.ScopeSet) map[string]any {
	opened := map[string]any{}
	if !granted.Has("openid") {
		return opened
	}
	for scope, names := range map[oauth.ScopeToken][]string{
		"profile": {"name", "family_name", "given_name", "middle_name", "nickname", "preferred_username", "profile", "picture",
			"website", "gender", "birthdate", "zoneinfo", "locale", "updated_at"},
		"email":   {"email", "email_verified"},
		"address": {"address"},
		"phone":   {"phone_number", "phone_number_verified"},
	} {
		for _, name := range names {
			if value, ok := claims[name]; ok && granted.Has(scope) {
				opened[name] = value
			}
		}
	}
	return opened
}
