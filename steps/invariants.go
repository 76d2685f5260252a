package steps

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/scopeproof/scopeproof/internal/actor"
	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

// Invariant is one of the statements that hold after every step, and the rule
// that a breach is charged to.
type Invariant struct {
	ID, Text, Rule string
}

// Invariants is the table of owners.
func Invariants() []Invariant {
	return []Invariant{
		{"INV-1", "what a token is good for was asked for", "GRANT-01"},
		{"INV-2a", "and was agreed to on the page that was shown", "CONS-02"},
		{"INV-2b", "or, without a page, had been agreed to before", "CONS-12"},
		{"INV-2c", "and the resource owner may grant it", "ROLE-01"},
		{"INV-2d", "and the client may have it", "CLI-01"},
		{"INV-3a", "a scope in the response is what the token is good for", "GRANT-03"},
		{"INV-3b", "without one the token is good for what was asked", "GRANT-02"},
		{"INV-3c", "the same goes for a token in a redirect", "IMPL-01"},
		{"INV-4", "the claims of the token say the same as the response", "GRANT-04"},
		{"INV-5", "a refreshed token is good for no more than the first one", "REF-03"},
		{"INV-9a", "an exchanged token is good for no more than the token it was made from", "TX-01"},
		{"INV-9b", "an assertion buys no more than its client was granted before", "ASRT-01"},
		{"INV-6e", "nor does a code from before yield what was taken out", "EDIT-08"},
		{"INV-6f", "nor a request from before that was decided on a device", "EDIT-09"},
		{"INV-6a", "nor for what was taken out of the grant since", "EDIT-01"},
		{"INV-6b", "nor for anything after the grant was revoked", "EDIT-06"},
		{"INV-6c", "nor for what the resource owner may no longer do", "ROLE-06"},
		{"INV-6d", "nor for what the client may no longer have", "REF-12"},
		{"INV-7", "a token names the client and the person it was issued for", "GRANT-07"},
		{"INV-8a", "a refusal at the authorization endpoint carries no code", "CONS-03"},
		{"INV-8c", "nor any token, where tokens were asked for there", "IMPL-04"},
		{"INV-8b", "a refusal at the token endpoint carries no token", "REF-10"},
		{"INV-9", "a scope that is named is well written", "SYN-01"},
		{"INV-10", "and is one string", "SYN-02"},
	}
}

func owning(id string) string {
	for _, i := range Invariants() {
		if i.ID == id {
			return i.Rule
		}
	}
	panic("steps: no invariant " + id) // a typing error in this package
}

// breach charges an invariant's owner, once for each message.
func (w *World) breach(id, format string, args ...any) {
	b := Breach{Rule: owning(id), Message: fmt.Sprintf(format, args...)}
	for _, seen := range w.breaches {
		if seen == b {
			return
		}
	}
	w.breaches = append(w.breaches, b)
}

// consentKey is what consent is given for.
type consentKey struct {
	owner  *actor.Owner
	client *actor.Client
	other  bool
}

// ledger is what a fair observer knows was agreed to.
type ledger struct {
	refreshing bool
	consents   map[consentKey]oauth.ScopeSet
	removed    map[consentKey]oauth.ScopeSet
	revoked    map[consentKey]int                      // number of issues of the client when it was revoked, plus one
	agreed     map[*actor.Authorization]oauth.ScopeSet // when each was made
	held       map[*actor.Issue]oauth.ScopeSet         // what each token was good for when it was new
	checked    map[*actor.Issue]bool
	before     map[*actor.Authorization]bool // made before a scope was taken out of the grant
	denied     map[consentKey]bool           // at least once
	trusted    map[consentKey]oauth.ScopeSet // held through a password, which is no consent that is remembered
}

// consent records what the resource owner agreed to on a page.
func (l *ledger) consent(w *World, a *actor.Authorization) {
	key := consentKey{a.Owner, a.Client, a.Other}
	switch {
	case a.Refused == nil || !a.Refused.Tokens:
	case a.ResponseType != "" && a.ResponseType != "code":
		w.breach("INV-8c", "%s was refused with %s and given a token or a code", a.Client.Name, a.Refused)
	default:
		w.breach("INV-8a", "%s was refused with %s and given a code", a.Client.Name, a.Refused)
	}
	if a.Code == "" && a.Front == nil && a.Pending == nil {
		return
	}
	if len(a.Resources) > 1 || a.Unaimed {
		defer l.consentBoth(key, a)
	}
	defer func() { l.agreed[a] = l.consents[key] }()
	unasked := w.target().Capabilities["consent.ui"].Value == "none" // what is approved without a page is as good as agreed to
	if unasked || a.WasAsked() && (a.Code != "" || a.Front != nil || a.Answered) {
		agreed := a.Decision.Grants(offered(w, a))
		l.consents[key] = l.consents[key].Union(agreed)
		if l.removed != nil {
			l.removed[key] = l.removed[key].Minus(agreed)
		}
	}
}

// offered is what a page was about: where nothing was asked for that is known, the
// scopes that it lists, or the default.
func offered(w *World, a *actor.Authorization) oauth.ScopeSet {
	counts := w.countsAs(a.Asked.Union(a.Beside), a.Other)
	shown, lists := a.Shown()
	switch {
	case !lists:
		return counts
	case !counts.Equal(a.Asked.Union(a.Beside)):
		return shown
	}
	return counts.Union(shown.Intersect(w.hierarchy().Below(counts))) // what it includes may be decided on its own
}

// countsAs is what a request for a scope may lawfully come to: where the server
// knows nothing of it, that is a request without scope (RFC 6749 section 3.3).
func (w *World) countsAs(asked oauth.ScopeSet, other bool) oauth.ScopeSet {
	known := w.cast.KnownAtAPI()
	if other {
		known = w.cast.KnownScopes()
	}
	if asked.Intersect(known).IsEmpty() {
		return asked.Union(w.target().DefaultScope)
	}
	return asked
}

// consentBoth notes for the other API what was agreed to for both.
func (l *ledger) consentBoth(key consentKey, a *actor.Authorization) {
	both := key
	both.other = !key.other
	l.consents[both] = l.consents[both].Union(l.agreed[a])
	l.agreed[a] = l.consents[both]
}

// current is what a grant comes to now.
func (l *ledger) current(o *actor.Owner, c *actor.Client) oauth.ScopeSet {
	return l.consents[consentKey{o, c, false}]
}

func (l *ledger) remove(o *actor.Owner, c *actor.Client, removed oauth.ScopeSet) {
	key := consentKey{o, c, false}
	for _, a := range c.Authorizations {
		if a.Owner == o {
			l.before[a] = true
		}
	}
	if l.removed == nil {
		l.removed = map[consentKey]oauth.ScopeSet{}
	}
	l.consents[key] = l.consents[key].Minus(removed)
	l.trusted[key] = l.trusted[key].Minus(removed)
	l.removed[key] = l.removed[key].Union(removed)
}

func (l *ledger) revoke(o *actor.Owner, c *actor.Client) {
	key := consentKey{o, c, false}
	if l.revoked == nil {
		l.revoked = map[consentKey]int{}
	}
	l.consents[key], l.trusted[key] = oauth.ScopeSet{}, oauth.ScopeSet{}
	l.revoked[key] = len(c.Issues) + 1
}

// checkInvariants looks at every token that was issued since the last time.
func (w *World) checkInvariants(ctx context.Context) {
	if w.cut || w.round > 0 {
		return // the API cannot tell what a token is good for, or this set-up was judged before
	}
	for _, name := range actor.ClientNames() {
		c, ok := w.cast.Known(name)
		if !ok {
			continue
		}
		for _, i := range c.Issues {
			if w.ledger.checked[i] {
				continue
			}
			w.ledger.checked[i] = true
			if err := w.checkIssue(ctx, i); err != nil && w.trouble == nil {
				w.trouble = err
			}
		}
	}
}

func (w *World) checkIssue(ctx context.Context, i *actor.Issue) error {
	if i.Refused != nil {
		if i.Refused.Tokens {
			w.breach("INV-8b", "%s was refused with %s and given a token", i.Client.Name, i.Refused)
		}
		return nil
	}
	seen, err := i.Observe(ctx, w.epoch)
	if err != nil {
		return err
	}
	held := w.plain(seen.Effective, i.Wanted())
	w.checkAccounts(i, seen)
	w.checkWriting(i, seen)
	switch i.Grant {
	case oauth.RefreshTokenGrant:
		w.checkRefreshed(i, held)
	case oauth.AuthorizationCode, oauth.Implicit, oauth.DeviceCode, oauth.CIBA:
		w.checkGranted(i, held)
	default:
		w.checkUnasked(i, held)
	}
	w.ledger.held[i] = held
	return nil
}

// bounded is a breach where held exceeds a limit.
func (w *World) bounded(id string, i *actor.Issue, held, limit oauth.ScopeSet, what string, unless bool) {
	if extra := w.beyond(held, limit); !unless && !extra.IsEmpty() {
		hint := w.mayInclude(extra, limit)
		if id == "INV-2d" && !i.Client.Registered.Present {
			hint += "; if clients are not registered for scopes here, the target file can say so with capabilities: {fx.clients.scope_limits: false}"
		}
		w.breach(id, "%s holds %q, %s %q: %q is too much%s", i.Client.Name, held, what, limit, extra, hint)
	}
}

// checkAccounts is INV-3, INV-4 and INV-7.
func (w *World) checkAccounts(i *actor.Issue, seen *actor.Observation) {
	held, name := seen.Effective, i.Client.Name
	says, silent, claimed := "INV-3a", "INV-3b", "INV-4"
	if i.Grant == oauth.Implicit {
		says, silent, claimed = "INV-3c", "INV-3c", "INV-3c"
	}
	if i.Told.Present && !w.agrees(w.plain(i.Told.Set, i.Wanted()), w.plain(held, i.Wanted()), seen) {
		w.breach(says, "%s was told %q and holds %q", name, i.Told.Set, held)
	}
	wanted := func(one oauth.ScopeSet) bool { return w.agrees(one, held, seen) }
	if !i.Told.Present && !wanted(i.Wanted()) && !slices.ContainsFunc(i.Repeated, wanted) && !(i.Grant != oauth.RefreshTokenGrant && i.Omitted && i.Authorization == nil) {
		w.breach(silent, "%s was told nothing, which means %q, and holds %q", name, i.Wanted(), held)
	}
	// A claim need not name scopes that mean nothing at the API (RFC 9068 section 2.2.3).
	if jwt := seen.JWT; jwt != nil && (!w.within(*jwt, i.Means()) || !w.within(i.Means().Minus(w.cast.ProtocolScopes()), *jwt)) {
		w.breach(claimed, "the claims of %s's token say %q and the response %q", name, *jwt, i.Means())
	}
	w.checkNames(i, stringClaim(seen.Claims, "sub"), stringClaim(seen.Claims, "client_id"))
	if in := seen.Introspected; in != nil && in.Active {
		sub, _ := in.Claims["sub"].(string)
		id, _ := in.Claims["client_id"].(string)
		w.checkNames(i, sub, id)
	}
}

// agrees reports whether what is said of a token is what it is good for.
func (w *World) agrees(said, held oauth.ScopeSet, seen *actor.Observation) bool {
	return w.within(held, said) && said.Minus(held).SubsetOf(seen.Covers)
}

// checkNames is INV-7: an account of a token that names a person or a client
// names the right one. The empty string names nobody.
func (w *World) checkNames(i *actor.Issue, sub, client string) {
	if i.Owner != nil && i.Owner.Subject != "" && sub != "" && sub != i.Owner.Subject {
		w.breach("INV-7", "%s's token names %q, want %q", i.Client.Name, sub, i.Owner.Subject)
	}
	if client != "" && client != i.Client.ID {
		w.breach("INV-7", "%s's token names another client", i.Client.Name)
	}
}

func stringClaim(claims map[string]json.RawMessage, name string) string {
	var s string
	_ = json.Unmarshal(claims[name], &s) // another type names nobody
	return s
}

// checkUnasked is INV-1, INV-2 and INV-9 for a token that no page led to: of
// client credentials, a password, an assertion or an exchange.
func (w *World) checkUnasked(i *actor.Issue, held oauth.ScopeSet) {
	always := oauth.FieldsScope(w.target().Description.AuthorizationServer.AlwaysGranted)
	asked := w.countsAs(i.Asked, i.Other).Union(always)
	if i.Subject != nil { // it may be given all of its token where it asked for less (RFC 8693 section 2.2.1)
		asked = asked.Union(w.ledger.held[i.Subject])
	}
	w.bounded("INV-1", i, held, asked, "it asked for", i.Omitted)
	w.bounded("INV-2d", i, held, i.Client.Scope, "it may have", !w.limits(i.Client))
	w.checkRole("INV-2c", i, held)
	key := consentKey{i.Owner, i.Client, i.Other}
	switch i.Grant {
	case oauth.PasswordGrant:
		w.ledger.trusted[key] = w.ledger.trusted[key].Union(held)
	case oauth.TokenExchange:
		// At another API a name means something else.
		elsewhere := i.Other != i.Subject.Other
		w.bounded("INV-9a", i, held, w.ledger.held[i.Subject].Union(always), "and its subject token held",
			elsewhere || w.target().Choices[target.TokenExchangeBound].Value != "subset")
	case oauth.JWTBearer:
		accessor := w.ledger.consents[key].Union(w.ledger.trusted[key]).Union(always).Union(w.implied())
		w.bounded("INV-9b", i, held, accessor, i.Owner.Name+" had granted it", i.Client.FirstParty || !w.capable("fx.clients.fresh") || w.target().Capabilities["consent.ui"].Value == "none")
	}
}

// checkGranted is INV-1 and INV-2 for a token that a resource owner was asked
// for: from a code of any kind.
func (w *World) checkGranted(i *actor.Issue, held oauth.ScopeSet) {
	a := i.Authorization
	if a == nil {
		w.breach("INV-2b", "%s holds %q, and nobody was asked", i.Client.Name, held)
		return
	}
	if notSignedIn(a) {
		return // what was issued is not for i.Owner, but for whoever is signed in at that browser
	}
	key := consentKey{i.Owner, a.Client, i.Other}
	agreed := w.ledger.agreed[a]
	always := oauth.FieldsScope(w.target().Description.AuthorizationServer.AlwaysGranted)
	asked := w.countsAs(a.Asked.Union(a.Beside), a.Other).Union(always)
	if a.Union || w.unites() {
		asked = asked.Union(agreed).Union(w.implied())
	}
	implied := always.Union(w.implied())
	w.bounded("INV-1", i, held, asked, "asked for", a.Omitted)
	within := held.Intersect(w.hierarchy().Closure(asked))
	consent := w.target().Capabilities["consent.ui"].Value
	if consent != "none" && !a.Client.FirstParty {
		id, what := "INV-2b", i.Owner.Name+" had agreed to"
		if a.WasAsked() {
			id, what = "INV-2a", i.Owner.Name+" agreed to"
		}
		w.bounded(id, i, within, agreed.Union(implied), what, consent == "all_or_nothing" || consent == target.Unknown || !w.capable("fx.clients.fresh"))
	}
	if removed := w.removed(key).Intersect(within); !removed.IsEmpty() && w.ledger.before[a] {
		id := "INV-6e"
		if a.Pending != nil {
			id = "INV-6f"
		}
		w.breach(id, "%s holds %q from a code from before %s took back %q", i.Client.Name, held, i.Owner.Name, removed)
	}
	w.bounded("INV-2d", i, within, a.May, "may have", !w.limits(a.Client))
	w.checkRole("INV-2c", i, within)
}

// limits says that it is known which scopes a client may have. A registration
// that was told of none says nothing.
func (w *World) limits(c *actor.Client) bool {
	return w.capable("fx.clients.scope_limits") && (w.registrations[c.Name] == nil || c.Registered.Present)
}

// unites says that the target adds what was granted before without being asked.
func (w *World) unites() bool {
	return w.target().Choices["incremental"].Value == "union" && w.target().Description.AuthorizationServer.IncrementalParameter == ""
}

func (w *World) checkRole(id string, i *actor.Issue, held oauth.ScopeSet) {
	if i.Owner == nil || !i.Owner.Limited {
		return
	}
	if i.Other {
		return // the roles of the fixture are about the first API
	}
	w.bounded(id, i, held.Minus(w.cast.ProtocolScopes()), i.Owner.Permissions, i.Owner.Name+" may grant", false)
}

// checkRefreshed is INV-5 and INV-6 for a refreshed token.
func (w *World) checkRefreshed(i *actor.Issue, held oauth.ScopeSet) {
	root := i.Root()
	as := w.target().Description.AuthorizationServer
	granted := w.ledger.held[root].Union(oauth.FieldsScope(as.Refresh.Scope + " " + as.AlwaysGranted))
	client, began := root.Client, root.Number
	if a := root.Authorization; a != nil {
		client, began = a.Client, a.Number
		if !root.Asked.IsEmpty() { // the code was redeemed for a part of it, which need not be all that the grant holds
			granted = granted.Union(w.hierarchy().Meet(w.ledger.agreed[a], a.Asked))
		}
		if len(a.Resources) > 1 { // the first token was for one API alone (RFC 8707 section 2.2)
			granted = granted.Union(w.ledger.agreed[a])
		}
	}
	w.bounded("INV-5", i, held, granted, "was granted", false)
	within := held.Intersect(w.hierarchy().Closure(granted))
	key := consentKey{i.Owner, client, i.Other}
	if removed := w.removed(key); !removed.Intersect(within).IsEmpty() {
		w.breach("INV-6a", "%s holds %q after %s took back %q", i.Client.Name, held, i.Owner.Name, removed)
	}
	if at := w.ledger.revoked[key]; at > 0 && began < at-1 {
		w.breach("INV-6b", "%s holds %q after %s revoked the grant", i.Client.Name, held, i.Owner.Name)
	}
	w.checkRole("INV-6c", i, within)
	w.bounded("INV-6d", i, within, i.Client.Scope.Union(oauth.FieldsScope(as.AlwaysGranted)), "may have now", !w.limits(i.Client))
}
