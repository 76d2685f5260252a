package steps

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/scopeproof/scopeproof/internal/actor"
	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

// registerMetadata adds the steps about what servers publish of their scopes, and
// what becomes of it.
func registerMetadata(r registrar, w *World) {
	r.When(`^(\w+) asks (\w+) for each scope that (the server|the API) advertises$`, w.asksForEach)
	r.Then(`^each of them was known$`, w.eachWasKnown)
	r.Then(`^the metadata lists (scopes one by one|what signing in needs|the same in both places)$`, w.metadataLists)
	r.Then(`^the metadata that (\w+)'s refusal names, if any, is that of the API$`, w.challengeNamesMetadata)
	r.Then(`^(\w+)'s tokens are for different APIs$`, w.differentAPIs)
}

// unadvertised is one scope of the fixture that the server's list leaves out: one
// that opens something, if there is any.
func (w *World) unadvertised() string {
	left := w.cast.Unadvertised()
	if telling := left.Intersect(w.cast.APIScopes()); !telling.IsEmpty() {
		left = telling
	}
	if left.IsEmpty() {
		return ""
	}
	return string(left.Tokens()[0])
}

// documents are the metadata documents that there are, about the server and
// about the APIs.
func (w *World) documents(ctx context.Context) ([]*actor.Document, error) {
	var all []*actor.Document
	for _, name := range []string{"oauth-authorization-server", "openid-configuration"} {
		d, err := w.cast.Metadata(ctx, name)
		if err != nil {
			return nil, err
		}
		all = append(all, d)
	}
	for _, api := range []*target.ResourceServer{w.target().API, w.target().OtherAPI} {
		if !w.capable("rs.prm") || api == nil || api.MetadataURL == "" {
			continue
		}
		d, err := w.cast.ResourceMetadata(ctx, api)
		if err != nil {
			return nil, err
		}
		all = append(all, d)
	}
	return slices.DeleteFunc(all, func(d *actor.Document) bool { return !d.Found() }), nil
}

func (w *World) metadataLists(ctx context.Context, what string) error {
	all, err := w.documents(ctx)
	if err != nil {
		return err
	}
	if len(all) == 0 {
		return fmt.Errorf("there is no metadata at the well-known places")
	}
	switch what {
	case "what signing in needs":
		return w.listsSigningIn()
	case "the same in both places":
		return w.listsTheSame(ctx)
	}
	for _, d := range all {
		if err := w.listsOneByOne(d); err != nil {
			return err
		}
	}
	return nil
}

// listsOneByOne is RFC 8414 section 2 and, for each member, RFC 6749 section 3.3.
func (w *World) listsOneByOne(d *actor.Document) error {
	where := place(d)
	listed, _, err := w.cast.Scopes(d)
	if err != nil {
		return violation("the metadata at %s: %v", where, err)
	}
	for n, token := range listed {
		if set, err := scope(string(token)); err != nil || set.Len() != 1 {
			return violation("the metadata at %s lists %q, want one scope", where, token)
		}
		if slices.Contains(listed[:n], token) {
			return lenient("the metadata at %s lists %q twice", where, token)
		}
	}
	return nil
}

// place is where a document was found, without the host: that is another each
// time.
func place(d *actor.Document) string {
	u, err := url.Parse(d.URL)
	if err != nil {
		return d.URL
	}
	return u.Path
}

// listsSigningIn is OpenID Connect Discovery section 3: what Core defines should
// be listed if it is supported. What the claims tell is supported.
func (w *World) listsSigningIn() error {
	texts := func(name string) []any { list, _ := w.target().Metadata[name].([]any); return list }
	listed := texts("scopes_supported")
	want := []oauth.ScopeToken{"openid"}
	for _, s := range []oauth.ScopeToken{"profile", "email", "address", "phone"} {
		if slices.ContainsFunc(actor.Claims(s), func(name string) bool { return slices.Contains(texts("claims_supported"), any(name)) }) {
			want = append(want, s)
		}
	}
	for _, s := range want {
		if !slices.Contains(listed, any(string(s))) {
			return violation("the metadata lists %q, and not %q, which the server supports", listed, s)
		}
	}
	return nil
}

// listsTheSame compares the two documents about the server, where both list
// scopes.
func (w *World) listsTheSame(ctx context.Context) error {
	var sets []oauth.ScopeSet
	for _, name := range []string{"oauth-authorization-server", "openid-configuration"} {
		d, err := w.cast.Metadata(ctx, name)
		if err != nil {
			return err
		}
		if listed := w.advertised(d); len(listed) > 0 {
			sets = append(sets, oauth.NewScopeSet(listed...))
		}
	}
	if len(sets) == 2 && !sets[0].Equal(sets[1]) {
		return violation("the metadata lists %q in the one place and %q in the other", sets[0], sets[1])
	}
	return nil
}

// advertised is what a document lists; one string in place of a list is read as
// it is meant, since another rule is about that.
func (w *World) advertised(d *actor.Document) []oauth.ScopeToken {
	listed, raw, err := w.cast.Scopes(d)
	var text string
	if err != nil && json.Unmarshal(raw, &text) == nil {
		return oauth.FieldsScope(text).Tokens()
	}
	return listed
}

// asksForEach asks for every scope of a list, first for all together and then for
// each that was not granted, with a client and for a resource owner who may have
// it, as far as that can be arranged.
func (w *World) asksForEach(ctx context.Context, client, owner, where string) error {
	o, c, err := w.pair(ctx, owner, client)
	if err != nil {
		return err
	}
	d, err := w.list(ctx, where)
	if err != nil {
		return err
	}
	may, err := w.permit(ctx, c, o, oauth.NewScopeSet(w.advertised(d)...))
	if err != nil {
		return err
	}
	w.batch = nil
	if may.IsEmpty() {
		return nil
	}
	raw := may.Raw()
	together, err := w.ask(ctx, request{client: client, owner: owner, scope: &raw})
	if err != nil {
		return err
	}
	for _, token := range may.Tokens() {
		out := *together
		if !grants(together, token) { // who refuses all of them for one does not say for which
			alone, err := w.askForOne(ctx, client, owner, token, where)
			if err != nil {
				return err
			}
			out = *alone
		}
		out.how = string(token)
		w.batch = append(w.batch, &out) // what it opens is not looked at: it need not open anything here
	}
	return nil
}

// askForOne asks for one scope at the API, and then at the other one where the
// list is the server's: it may belong to that.
func (w *World) askForOne(ctx context.Context, client, owner string, token oauth.ScopeToken, where string) (*outcome, error) {
	raw := oauth.RawScope(token)
	if token != "openid" && w.cast.ProtocolScopes().Has(token) {
		raw = "openid " + raw
	}
	r := request{client: client, owner: owner, scope: &raw}
	out, err := w.ask(ctx, r)
	if err == nil && !grants(out, token) && where == "the server" && w.target().OtherAPI != nil {
		r.other = true
		out, err = w.ask(ctx, r)
	}
	if machine := actor.Machine(client); err == nil && !grants(out, token) && w.capable("as.cc") && w.stage.HasClient(machine) {
		if other, err := w.askAsMachine(ctx, machine, token); err != nil || grants(other, token) {
			return other, err
		}
	}
	return out, err
}

// askAsMachine asks for a scope that nobody may grant: it may be for clients that
// act for themselves.
func (w *World) askAsMachine(ctx context.Context, machine string, token oauth.ScopeToken) (*outcome, error) {
	c, err := w.client(ctx, machine)
	if err != nil {
		return nil, err
	}
	if w.capable("fx.clients.scope_limits") && w.capable("ctl.client_admin") && !c.Scope.Has(token) {
		if err := w.cast.LimitClient(ctx, c, c.Scope.Union(oauth.NewScopeSet(token))); err != nil {
			return nil, err
		}
	}
	raw := oauth.RawScope(token)
	return w.ask(ctx, request{client: machine, scope: &raw, alone: true})
}

// grants reports whether a request led to a scope.
func grants(o *outcome, token oauth.ScopeToken) bool {
	return o.refusal() == nil && o.issue.Means().Has(token)
}

// list is the document that a sentence speaks of: for the server the one that the
// run began with.
func (w *World) list(ctx context.Context, where string) (*actor.Document, error) {
	if where == "the API" {
		return w.cast.ResourceMetadata(ctx, w.target().API)
	}
	raw, err := json.Marshal(w.target().Metadata["scopes_supported"])
	return &actor.Document{Members: map[string]json.RawMessage{"scopes_supported": raw}}, err
}

// permit lets the client ask for scopes and the owner hand them out, where the
// target can be told; what they still may not have is left out, and so is what
// has rules of its own about when it is given. A client that we did not register
// may have what the target file says.
func (w *World) permit(ctx context.Context, c *actor.Client, o *actor.Owner, wanted oauth.ScopeSet) (oauth.ScopeSet, error) {
	as := w.target().Description.AuthorizationServer
	wanted = wanted.Minus(oauth.FieldsScope("offline_access " + as.Refresh.Scope + " " + as.PrivilegedScopes))
	limits := w.capable("fx.clients.scope_limits")
	if limits && w.capable("ctl.client_admin") {
		if err := w.cast.LimitClient(ctx, c, c.Scope.Union(wanted)); err != nil {
			return wanted, err
		}
	}
	if limits || !w.capable("fx.clients.fresh") {
		wanted = wanted.Intersect(c.Scope)
	}
	if o.Limited {
		protocol := w.cast.ProtocolScopes()
		if w.capable("ctl.role_admin") {
			if err := o.SetPermissions(ctx, o.Permissions.Union(wanted.Minus(protocol))); err != nil {
				return wanted, err
			}
		}
		wanted = wanted.Intersect(o.Permissions.Union(protocol))
	}
	return wanted, nil
}

// eachWasKnown wants every scope of a list granted to who may have it.
func (w *World) eachWasKnown(context.Context) error {
	for n, o := range w.batch {
		if r := o.refusal(); r != nil {
			return numbered(n, o, violation("%s was refused with %s, and %q is advertised", o.client.Name, r, o.how))
		}
		if !grants(o, oauth.ScopeToken(o.how)) {
			return numbered(n, o, violation("%s was told %q, and %q is advertised", o.client.Name, o.issue.Means(), o.how))
		}
	}
	return nil
}

// challengeNamesMetadata follows the resource_metadata of a challenge (RFC 9728
// sections 3.3 and 5.1). Clients are known to take a parent for the resource.
func (w *World) challengeNamesMetadata(ctx context.Context, client string) error {
	if w.last == nil {
		return fmt.Errorf("%s asked nothing of the API", client)
	}
	if w.last.Served() {
		return fmt.Errorf("%s was not refused: got %d", client, w.last.Status)
	}
	address, named := w.last.Challenge.Get("resource_metadata")
	if !named {
		return nil
	}
	d, err := w.cast.Document(ctx, address)
	if err != nil {
		return err
	}
	if !d.Found() {
		return violation("the refusal of %s names metadata at %s, where there is none: got %d", client, place(d), d.Status)
	}
	var resource string
	_ = json.Unmarshal(d.Members["resource"], &resource) // another type names nothing
	api := w.target().API
	switch {
	case resource == api.Resource || resource == api.BaseURL:
	case resource != "" && strings.HasPrefix(api.BaseURL+"/", strings.TrimSuffix(resource, "/")+"/"):
		return lenient("the refusal of %s names the metadata of %q, want that of %q", client, resource, api.BaseURL)
	default:
		return violation("the refusal of %s names the metadata of %q, want that of %q", client, resource, api.BaseURL)
	}
	return nil
}

// differentAPIs compares the audience of a client's first token with that of its
// latest: neither may contain the other (RFC 9068 section 5).
func (w *World) differentAPIs(ctx context.Context, client string) error {
	first, err := w.first(ctx, client)
	if err != nil {
		return err
	}
	latest, err := w.issued(client)
	if err != nil {
		return err
	}
	var all [2][]string
	for n, i := range []*actor.Issue{first, latest} {
		seen, err := i.Observe(ctx, w.epoch)
		if err != nil {
			return err
		}
		if seen.Claims == nil {
			return fmt.Errorf("%s's token has no claims that can be read", client)
		}
		var aud any
		_ = json.Unmarshal(seen.Claims["aud"], &aud) // what is no JSON names nobody
		if all[n] = audiences(aud); len(all[n]) == 0 {
			return violation("%s's token names no audience, want the API that it is for", client)
		}
	}
	within := func(a, b []string) bool {
		return !slices.ContainsFunc(a, func(one string) bool { return !slices.Contains(b, one) })
	}
	if within(all[0], all[1]) || within(all[1], all[0]) {
		return violation("%s's tokens for two APIs are for %q and %q, want different ones", client, all[0], all[1])
	}
	return nil
}
