package target

import (
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/scopeproof/scopeproof/internal/spelling"
	"github.com/scopeproof/scopeproof/oauth"
)

// featureScopes are the scopes that features and the bundled APIs speak of.
func featureScopes() []string {
	return []string{
		"read:appointments", "write:appointments", "calendar.read", "read:contacts", "appointments-admin",
		"openid", "profile", "email", "address", "phone", "offline_access",
	}
}

// Canonical returns a set with the names that features use in place of the
// target's own.
func (d *Description) Canonical(set oauth.ScopeSet) oauth.ScopeSet {
	if len(d.Scopes) == 0 {
		return set
	}
	back := map[oauth.ScopeToken]oauth.ScopeToken{}
	for ours, own := range d.Scopes {
		back[oauth.ScopeToken(own)] = oauth.ScopeToken(ours)
	}
	return set.Map(func(t oauth.ScopeToken) oauth.ScopeToken {
		if ours, ok := back[t]; ok {
			return ours
		}
		return t
	})
}

// InFeatureNames returns a copy in which what is said of scopes of the authorization
// server, its clients and its users is said by the names that features use.
func (d *Description) InFeatureNames() *Description {
	own := *d
	if len(d.Scopes) == 0 {
		return &own
	}
	rename := func(scope *string) { *scope = d.Canonical(oauth.FieldsScope(*scope)).String() }
	as := &own.AuthorizationServer
	for _, scope := range []*string{
		&as.DefaultScope, &as.AlwaysAsked, &as.AlwaysGranted, &as.RequiredScopes, &as.UserOnlyScopes, &as.ConfidentialOnlyScopes,
		&as.PrivilegedScopes, &as.ExoticScope, &as.Decoys, &as.Refresh.Scope,
	} {
		rename(scope)
	}
	as.CustomClaims = maps.Clone(as.CustomClaims)
	for claim, scope := range as.CustomClaims {
		rename(&scope)
		as.CustomClaims[claim] = scope
	}
	own.Clients.Actors = maps.Clone(d.Clients.Actors)
	for name, client := range own.Clients.Actors {
		rename(&client.Scope)
		own.Clients.Actors[name] = client
	}
	own.Users = maps.Clone(d.Users)
	for name, user := range own.Users {
		if user.Permissions != nil {
			permissions := *user.Permissions
			rename(&permissions)
			user.Permissions = &permissions
		}
		own.Users[name] = user
	}
	return &own
}

// Includes is the hierarchy of scopes, by the names that features use.
func (d *Description) Includes() oauth.Hierarchy {
	includes := map[oauth.ScopeToken]oauth.ScopeSet{}
	for parent, children := range d.Hierarchy {
		for _, t := range d.Canonical(oauth.NewScopeSet(oauth.ScopeToken(parent))).Tokens() {
			includes[t] = includes[t].Union(d.Canonical(oauth.FieldsScope(children)))
		}
	}
	return oauth.NewHierarchy(includes)
}

// Included are the scopes that include others, by the names that features use, each
// with all that it includes.
func (r *Resolved) Included() map[oauth.ScopeToken]Finding {
	var found map[oauth.ScopeToken]Finding
	for parent, children := range r.Hierarchy.Included() {
		if found == nil {
			found = map[oauth.ScopeToken]Finding{}
		}
		found[parent] = Finding{Value: children.String(), Source: "declared: hierarchy"}
	}
	return found
}

// checkHierarchy judges which scopes are said to include others.
func (r *reader) checkHierarchy(d *Description) {
	if len(d.Hierarchy) == 0 {
		return
	}
	known, h := spokenOf(d), d.Includes()
	if h.Closure(oauth.NewScopeSet("read:appointments")).Has("write:appointments") {
		r.at("hierarchy", "map a scope that only reads to read:appointments, under scopes",
			"got that the scope to read includes the one to write, want it the other way round, or neither: rules try what a token to read must not do")
	}
	for _, parent := range slices.Sorted(maps.Keys(d.Hierarchy)) {
		at, children := "hierarchy."+parent, oauth.FieldsScope(d.Hierarchy[parent])
		if scope, err := oauth.ParseScope(parent); err != nil || scope.Len() != 1 {
			r.at(at, "", "got the key %q, want one scope token (RFC 6749 section 3.3)", parent)
			continue
		}
		if children.IsEmpty() {
			r.at(at, "", "got nothing, want the scopes that %q includes", parent)
		}
		token := d.Canonical(oauth.NewScopeSet(oauth.ScopeToken(parent)))
		switch {
		case !token.Intersect(d.Canonical(children)).IsEmpty():
			r.at(at, "", "got %q among the scopes that it includes, want others alone", parent)
		case !token.Intersect(h.Below(token)).IsEmpty():
			r.at(at, "", "got %q, of which one includes %q again, want no circle", d.Hierarchy[parent], parent)
		}
		for _, name := range append([]oauth.ScopeToken{oauth.ScopeToken(parent)}, children.Tokens()...) {
			if !slices.Contains(known, string(name)) {
				r.at(at, didYouMean(string(name), known), "got %q, of which nothing else in the file and no rule speaks, want one of %s", name, spelling.Listed(known))
			}
		}
	}
}

// spokenOf are the scopes that features speak of, and those that the file has
// elsewhere than in its hierarchy.
func spokenOf(d *Description) []string {
	all := featureScopes()
	for ours := range d.Scopes {
		all = append(all, ours)
	}
	others := *d
	others.Hierarchy = nil
	var look func(v reflect.Value, check string)
	look = func(v reflect.Value, check string) {
		switch v.Kind() {
		case reflect.Pointer:
			if !v.IsNil() {
				look(v.Elem(), check)
			}
		case reflect.Struct:
			for _, f := range fieldsOf(v.Type()) {
				look(v.Field(f.index), f.check)
			}
		case reflect.Map:
			for _, key := range v.MapKeys() {
				look(v.MapIndex(key), check)
			}
		case reflect.Slice:
			for i := range v.Len() {
				look(v.Index(i), check)
			}
		case reflect.String:
			if check == "scope" || check == "scope_token" {
				all = append(all, strings.Fields(v.String())...)
			}
		}
	}
	look(reflect.ValueOf(others), "")
	slices.Sort(all)
	return slices.Compact(all)
}
