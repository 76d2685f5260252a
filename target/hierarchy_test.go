package target_test

import (
	"strings"
	"testing"

	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

func TestAHierarchyIsReadByTheNamesOfFeatures(t *testing.T) {
	d, err := target.Parse("t.yaml", []byte(external+`
scopes: {read:appointments: calendar.read, write:appointments: calendar.events}
authorization_server: {decoys: calendar}
hierarchy: {calendar: "calendar.events calendar.settings", calendar.events: calendar.read}
clients: {actors: {Planner: {scope: calendar calendar.settings}}}
`))
	if err != nil {
		t.Fatal(err)
	}
	got := d.Includes().Closure(oauth.NewScopeSet("calendar")).String()
	if want := "calendar calendar.settings read:appointments write:appointments"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := d.Includes().Closure(oauth.NewScopeSet("read:appointments")).String(); got != "read:appointments" {
		t.Errorf("a scope that includes nothing: got %q, want it alone", got)
	}
}

func TestScopesMayBeWrittenByTheNamesOfTheTargetEverywhere(t *testing.T) {
	d, err := target.Parse("t.yaml", []byte(external+`
scopes: {read:appointments: notes.read, write:appointments: notes.write}
authorization_server: {user_only_scopes: notes.write, decoys: notes, refresh: {scope: notes.read}, custom_claims: {shelf: notes.read}}
users: {Bo: {username: bo, permissions: notes.read profile}, Ada: {username: ada}}
clients: {actors: {Viewer: {id: v, scope: openid notes.read}}}
`))
	if err != nil {
		t.Fatal(err)
	}
	got := d.InFeatureNames()
	as := got.AuthorizationServer
	for _, tt := range []struct{ what, got, want string }{
		{"user_only_scopes", as.UserOnlyScopes, "write:appointments"},
		{"decoys", as.Decoys, "notes"},
		{"refresh.scope", as.Refresh.Scope, "read:appointments"},
		{"custom_claims", as.CustomClaims["shelf"], "read:appointments"},
		{"permissions", *got.Users["Bo"].Permissions, "profile read:appointments"},
		{"a client's scope", got.Clients.Actors["Viewer"].Scope, "openid read:appointments"},
		{"the description itself", *d.Users["Bo"].Permissions + ", " + d.Clients.Actors["Viewer"].Scope, "notes.read profile, openid notes.read"},
	} {
		if tt.got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.what, tt.got, tt.want)
		}
	}
	if got.Users["Ada"].Permissions != nil {
		t.Errorf("permissions that are left out: got %q, want none still", *got.Users["Ada"].Permissions)
	}
}

func TestAHierarchyIsChecked(t *testing.T) {
	for _, tt := range []struct{ name, hierarchy, want string }{
		{"itself", "{openid: openid}", `t.yaml:3:21: hierarchy.openid: got "openid" among the scopes that it includes, want others alone`},
		{"itself by its own name", "{write:appointments: calendar}", `got "write:appointments" among the scopes`},
		{"a circle", "{openid: profile, profile: email, email: openid}", `hierarchy.profile: got "email", of which one includes "profile" again, want no circle`},
		{"nothing", `{openid: ""}`, `hierarchy.openid: got nothing, want the scopes that "openid" includes`},
		{"a list", "{openid: [email]}", "hierarchy.openid: got a list, want a text"},
		{"two parents", `{"openid email": profile}`, `got the key "openid email", want one scope token`},
		{"an odd child", `{openid: "a  b"}`, "want scope tokens separated by single spaces"},
		{"a child that nobody knows", "{write:appointments: reed:appointments}", `hierarchy.write:appointments: got "reed:appointments", of which nothing else in the file and no rule speaks, want one of`},
		{"what it may have been", "{write:appointments: reed:appointments}", `hint: did you mean "read:appointments"?`},
		{"reading that writes", "{read:appointments: calendar}", "hierarchy: got that the scope to read includes the one to write, want it the other way round"},
		{"a parent that nobody knows", "{calender: email}", `hint: did you mean "calendar"?`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := target.Parse("t.yaml", []byte(external+"hierarchy: "+tt.hierarchy+"\nscopes: {write:appointments: calendar}\n"))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v\nwant an error with %q", err, tt.want)
			}
		})
	}
}
