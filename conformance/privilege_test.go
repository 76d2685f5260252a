package conformance

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scopeproof/scopeproof/internal/actor"
	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

func TestPrivilegeIsWhatWasObserved(t *testing.T) {
	api := &target.ResourceServer{}
	at := &target.Resolved{Target: &target.Target{API: api}}
	list := target.Operation{Name: "list", Method: "GET", Path: "/list", AllOf: "read"}
	create := target.Operation{Name: "create", Method: "POST", Path: "/list", AllOf: "read write"}
	token := func(scope string, uses ...actor.Use) actor.Token {
		return actor.Token{Scope: oauth.FieldsScope(scope), Uses: uses}
	}
	served := func(op target.Operation) actor.Use { return actor.Use{API: api, Operation: op, Served: true} }
	refused := func(op target.Operation) actor.Use { return actor.Use{API: api, Operation: op, Refused: true} }
	var u usage
	u.add(at, []actor.Token{
		token("openid read", served(list), refused(create)),
		token("read write", served(list), served(create)),
		token("write", served(create), refused(list)),
		token("read write share"),
		token("spare idle", refused(list)),
		token("", refused(list), actor.Use{API: api, Operation: create}),
	})
	want := &Privilege{
		Operations: []OperationUse{
			{
				API: "API", Name: "create", Method: "POST", Path: "/list", Declared: []string{"read write"}, Served: 2, Refused: 1,
				Sufficient: []string{"write"}, Insufficient: []string{"read"}, Undeclared: []string{"write"},
			},
			{
				API: "API", Name: "list", Method: "GET", Path: "/list", Declared: []string{"read"}, Served: 2, Refused: 3,
				Sufficient: []string{"read"}, Insufficient: []string{"", "write", "idle spare"},
			},
		},
		Scopes: []ScopeUse{
			{Scope: "idle", Tokens: 1, NeededBy: []string{}},
			{Scope: "openid", Protocol: true, Tokens: 1, NeededBy: []string{}},
			{Scope: "read", Tokens: 3, Exercised: 2, NeededBy: []string{"API list"}},
			{Scope: "share", Tokens: 1, NeededBy: []string{}},
			{Scope: "spare", Tokens: 1, NeededBy: []string{}},
			{Scope: "write", Tokens: 3, Exercised: 2, NeededBy: []string{"API create"}},
		},
	}
	got := u.privilege(oauth.FieldsScope("openid"))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if diff := cmp.Diff([]string{"idle", "share", "spare"}, got.Unneeded()); diff != "" {
		t.Errorf("unneeded (-want +got)\n%s", diff)
	}
	if got := got.Unexercised(); len(got) != 0 {
		t.Errorf("unexercised: got %q, want none", got)
	}
	if got := got.Undeclared(); len(got) != 1 || got[0].Name != "create" {
		t.Errorf("undeclared: got %v, want create", got)
	}
}

func TestAScopeThatAnOperationNeedsMayStayUnexercised(t *testing.T) {
	api := &target.ResourceServer{}
	at := &target.Resolved{Target: &target.Target{API: api}}
	remove := target.Operation{Name: "delete", Method: "DELETE", Path: "/x", AnyOf: "write admin"}
	var u usage
	u.add(at, []actor.Token{{Scope: oauth.FieldsScope("admin"), Uses: []actor.Use{{API: api, Operation: remove}}}})
	p := u.privilege(oauth.ScopeSet{})
	if got := p.Unexercised(); len(got) != 1 || got[0] != "admin" {
		t.Errorf("got %q, want admin: it was issued, it is declared to be enough, and it opened nothing", got)
	}
}

func TestNoTokenAtAnAPINoPrivilege(t *testing.T) {
	var u usage
	u.add(&target.Resolved{Target: &target.Target{}}, []actor.Token{{Scope: oauth.FieldsScope("read")}})
	if p := u.privilege(oauth.ScopeSet{}); p != nil {
		t.Errorf("got %+v, want nothing", p)
	}
}
