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
