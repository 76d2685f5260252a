package refserver

import (
	"crypto/rand"
	"net/http"
	"net/url"
	"strings"
)

// newTransaction begins a transaction with what needs no checking.
func newTransaction(client Client, redirectURI string, form url.Values) *transaction {
	return &transaction{
		id: rand.Text(), client: client, redirectURI: redirectURI, params: form, sentRedirect: form.Get("redirect_uri"),
		state: form.Get("state"), nonce: form.Get("nonce"), challenge: form.Get("code_challenge"),
		responseType: ScopeSet{"code"}, prompt: strings.Fields(form.Get("prompt")),
		include: form.Get("include_granted_scopes") == "true", claims: form.Get("claims"), hint: form.Get("login_hint"),
	}
}

// resources are the APIs that the request is about.
func (tx *transaction) resources() []string {
	var all []string
	for _, t := range tx.targets {
		all = append(all, t.resource)
	}
	return all
}

// combination asks what a new authorization is made of; class is how the user was
// authenticated.
func (tx *transaction) combination(q ConsentQuestion, o ConsentOutcome, class string) Combination {
	return Combination{
		Client: tx.client, User: q.User, Resource: q.Resource, Accepted: o.Accepted, Include: tx.include,
		Shown: o.Shown, ACR: class, Grant: o.Grant,
	}
}

// resolve returns the parameters that count: those that were pushed, those of a
// request object, or those that were sent. pushed says that there is a
// request_uri of the server's own.
func (s *Server) resolve(client Client, sent url.Values) (form url.Values, pushed bool, err error) {
	uri := sent.Get("request_uri")
	if uri == "" {
		form, err = s.unwrap(client, sent)
		return form, false, err
	}
	if !s.has(pushing) || !strings.HasPrefix(uri, requestURN) {
		return nil, false, Refuse("request_uri_not_supported", "request objects by reference are not supported")
	}
	form, err = s.pulled(client, sent)
	return form, true, err
}

// readForm reads a form from the body alone.
func readForm(r *http.Request) (url.Values, error) {
	r.Body = http.MaxBytesReader(nil, r.Body, 1<<20)
	if err := r.ParseForm(); err != nil {
		return nil, Refuse("invalid_request", "the form cannot be read")
	}
	return r.PostForm, once(r.PostForm)
}

// once refuses parameters that are there more than once (RFC 6749 section 3.2),
// resource excepted (RFC 8707 section 2); about scope the policy decides.
func once(form url.Values) error {
	for name, values := range form {
		if len(values) > 1 && name != "resource" && name != "scope" {
			return Refuse("invalid_request", "a parameter is repeated")
		}
	}
	return nil
}

// readAuthorization checks the request and settles what of its scope can be
// decided without a user.
func (s *Server) readAuthorization(tx *transaction, form url.Values) error {
	var err error
	if tx.responseType, err = s.readResponseType(tx.client, form.Get("response_type")); err != nil {
		return err
	}
	if err := once(form); err != nil {
		return err
	}
	if err := s.policy.PAR.Required(tx.client, tx.pushed); err != nil {
		return err
	}
	switch method := form.Get("code_challenge_method"); {
	case tx.challenge == "" && tx.responseType.Has("code") && (tx.client.Public || method != ""):
		return Refuse("invalid_request", "a public client needs a code_challenge")
	case tx.challenge != "" && method != "S256":
		return Refuse("invalid_request", "the code_challenge_method must be S256")
	case tx.responseType.Has("id_token") && tx.nonce == "":
		return Refuse("invalid_request", "an ID token from here needs a nonce")
	}
	if tx.prompt, err = s.policy.Prompt(tx.prompt); err != nil {
		return err
	}
	if hasPrompt(tx.prompt, "none") {
		if err := s.policy.OpenID.SilentHint(form.Get("id_token_hint")); err != nil {
			return err
		}
	}
	if tx.targets, err = s.targets(form); err != nil {
		return err
	}
	tx.named = len(named(form)) > 0
	if tx.managed, err = s.readManaged(form); err != nil {
		return err
	}
	if tx.details, err = s.readDetails(form); err != nil {
		return err
	}
	if tx.names, err = s.readClaims(form); err != nil {
		return err
	}
	return s.readScope(tx, form)
}

// scopeParameter is the scope of a request: what is shown to the resource owner,
// and what is issued, which are the same.
func (s *Server) scopeParameter(form url.Values) (shown, issued string, err error) {
	if values := form["scope"]; len(values) > 1 {
		return s.policy.RepeatedScope(values)
	}
	return form.Get("scope"), form.Get("scope"), nil
}

// readScope settles the scope as far as that needs no user.
func (s *Server) readScope(tx *transaction, form url.Values) error {
	shown, issued, err := s.scopeParameter(form)
	if err != nil {
		return err
	}
	asked, err := s.policy.ParseScope(shown)
	if err != nil {
		return err
	}
	if shown != issued {
		beyond, err := s.policy.ParseScope(issued)
		if err != nil {
			return err
		}
		tx.beyond = beyond.Minus(asked)
	}
	tx.requested, tx.text = asked, shown
	tx.omitted = s.policy.Omitted(form.Has("scope"), strings.TrimSpace(shown))
	switch {
	case len(tx.details) > 0:
		asked, tx.details = s.policy.Details.Beside(asked, tx.details)
	case tx.omitted:
		if err := s.policy.OmittedScope(AuthorizationCode); err != nil {
			return err
		}
		asked = s.policy.DefaultScope(tx.client)
	}
	return s.limitScope(tx, asked)
}

// limitScope takes out of a scope what needs no user to be taken out.
func (s *Server) limitScope(tx *transaction, asked ScopeSet) error {
	excess := s.policy.ClientExcess
	if tx.pushed {
		excess = s.policy.PAR.ClientExcess
	}
	asked, err := s.screened(AuthorizationCode, tx.client, s.known(tx.targets), asked, excess, func() error {
		if len(tx.details) > 0 {
			return nil
		}
		return s.policy.NothingLeft(false)
	})
	if err != nil {
		return err
	}
	asked = s.policy.OfflineAccess(OfflineQuestion{Client: tx.client, Prompt: tx.prompt, Asked: asked})
	if !tx.responseType.Equal(ScopeSet{"code"}) {
		if err := s.policy.Front.WithoutOpenID(tx.responseType, asked); err != nil {
			return err
		}
		asked = s.policy.Front.OfflineAccess(tx.responseType, asked)
	}
	s.share(tx.targets, asked)
	return nil
}
