package target_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/scopeproof/scopeproof/target"
)

const external = "name: x\nexternal: {issuer: https://as.example}\n"

func TestBundledTargetsParse(t *testing.T) {
	if got := target.Bundled(); !slices.Contains(got, "reference") || !slices.IsSorted(got) {
		t.Fatalf("got bundled targets %q, want them sorted, with the reference", got)
	}
	for _, name := range target.Bundled() {
		d, err := target.LoadBundled(name)
		if err != nil {
			t.Error(err)
			continue
		}
		if d.Bundle != name {
			t.Errorf("%s: got bundle %q", name, d.Bundle)
		}
		if d.Container.Build != "" {
			if _, err := target.BundledFile(name + "/" + filepath.Clean(d.Container.Build) + "/Dockerfile"); err != nil {
				t.Errorf("%s: the build context is not in the program: %v", name, err)
			}
		}
	}
	if _, err := target.LoadBundled("nosuch"); err == nil || !strings.Contains(err.Error(), `"reference"`) {
		t.Errorf("got %v, want an error that lists the bundled targets", err)
	}
}

func TestParseReadsValues(t *testing.T) {
	d, err := target.Parse("t.yaml", []byte("\ufeff"+`
name: x
version: 2.10
container:
  image: a/b:1
  ports: {public: 80}
  ready: {timeout: 90s}
  env: {DEBUG: true, N: 1}
  command: [serve, "${issuer}", 5]
users: {Bo: {username: bo, permissions: ""}, Cy: {username: cy, claims: {updated_at: 1, born: 1999-01-01, list: [a, 1.5, null]}}}
capabilities: {as.device: false, fx.users: 3, token.format: jwt}
clients: {actors: {House: {first_party: true, grant_types: [authorization_code]}}}
`))
	if err != nil {
		t.Fatal(err)
	}
	empty, yes := "", true
	want := &target.Description{
		File: "t.yaml", Name: "x", Version: "2.10",
		Container: &target.Container{
			Image: "a/b:1", Ports: map[string]int{"public": 80}, Ready: target.Ready{Timeout: target.Duration(90 * time.Second)},
			Env: map[string]string{"DEBUG": "true", "N": "1"}, Command: []string{"serve", "${issuer}", "5"},
		},
		Users: map[string]target.User{
			"Bo": {Username: "bo", Permissions: &empty},
			"Cy": {Username: "cy", Claims: map[string]any{"updated_at": 1, "born": "1999-01-01", "list": []any{"a", 1.5, nil}}},
		},
		Capabilities: map[target.Capability]string{"as.device": "false", "fx.users": "3", "token.format": "jwt"},
		Clients: target.Clients{Actors: map[string]target.ClientDescription{
			"House": {FirstParty: &yes, GrantTypes: []string{"authorization_code"}},
		}},
	}
	d.Positions = nil // they are for messages
	if diff := cmp.Diff(want, d); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestParseGivesAllProblemsAtOnce(t *testing.T) {
	_, err := target.Parse("target.yaml", []byte(`name: x
external: {issuer: "as.example"}
extenal: {}
choices: {unknown_scope: rejects, no_such: yes}
users:
  Eve: {username: eve}
  Ada: {password: [hush]}
container: {image: a, ports: {public: web}}
`))
	var problems *target.Problems
	if !errors.As(err, &problems) {
		t.Fatalf("got %v, want problems", err)
	}
	var got []string
	for _, p := range problems.List {
		got = append(got, p.String())
	}
	want := []string{
		`target.yaml:2:20: external.issuer: got "as.example", want an absolute http or https URL`,
		`target.yaml:3:1: extenal: got an unknown key, want "name", "version", "embedded", "external", "container", "setup", "authorization_server", "clients", "users", "login", "api", "tokens", "other_api", "scopes", "hierarchy", "choices", "choices_by_way", "capabilities", "control", "parallel" or "judged"` + "\n    hint: did you mean \"external\"?",
		`target.yaml:4:26: choices.unknown_scope: got "rejects", want "ignore" or "reject"` + "\n    hint: did you mean \"reject\"?",
		`target.yaml:4:35: choices.no_such: got an unknown choice, want `,
		`target.yaml:6:3: users.Eve: got an unknown user, want "Ada", "Bo" or "Cy"`,
		`target.yaml:7:8: users.Ada.username: got nothing, want this key`,
		`target.yaml:7:19: users.Ada.password: got a list, want a text`,
		`target.yaml:8:39: container.ports.public: got "web", want a whole number`,
	}
	for i := range want {
		if i >= len(got) || !strings.HasPrefix(got[i], want[i]) {
			t.Errorf("problem %d:\n got %s\nwant %s", i, slices.Concat(got, make([]string, len(want)))[i], want[i])
		}
	}
	if len(got) != len(want) {
		t.Errorf("got %d problems, want %d:\n%s", len(got), len(want), err)
	}
}

func TestParseRefuses(t *testing.T) {
	further := `api:
  base_url: https://api.example
  operations: [{name: list, method: GET, path: /orders, all_of: a}]
  further:
    - name: close
      method: POST
      path: /orders/${order}/close
      all_of: a
      json: {by: "${marker}"}
      first: [{url: "${api}/orders", headers: {Authorization: "Bearer ${token}"}, capture: {order: /id}}]
      effect: {method: GET, url: "${api}/orders/${order}"}
`
	container := "name: x\ncontainer: {image: a, ports: {public: 80, admin: 81}}\n"
	for _, test := range []struct{ name, file, want string }{
		{"an empty file", "", "t.yaml: got an empty file, want a target description"},
		{"a file of comments", "# nothing\n", "t.yaml: got an empty file"},
		{"a null document", "---\n", "t.yaml: got an empty file"},
		{"a list", "- a\n", "t.yaml:1:1: got a list, want a mapping"},
		{"two documents", external + "---\nname: y\n", "got a second document, want one"},
		{"what is not YAML", "name: x\nexternal: {issuer: [\n", "t.yaml:2:1: got what is not YAML: did not find expected node content"},
		{"a tab", "name: x\n\texternal: {}\n", "got what is not YAML"},
		{"an anchor", "name: &n x\nversion: *n\n", "t.yaml:1:7: got a YAML anchor or alias"},
		{"a merge key", external + "users: {<<: {}}\n", `users: got a YAML merge key`},
		{"a tag", "name: !!binary aGk=\nexternal: {issuer: https://a.example}\n", "name: got a value of the type !!binary, want a text"},
		{"a duplicate key", external + "name: y\n", "t.yaml:3:1: name: got the key a second time, want it once (also on line 1)"},
		{"no name", "external: {issuer: https://as.example}\n", "t.yaml:1:1: name: got nothing, want this key"},
		{"no way up", "name: x\n", `got no way up, want one of the keys "embedded", "external" or "container"`},
		{"tokens of nothing", external + "tokens: {}\n", "tokens: got it without api, want the API that takes the tokens"},
		{"tokens beside an authorization server", external + "tokens: {}\napi: {base_url: https://a.example, operations: []}\n", "external: got it beside an API alone, want it left out"},
		{"users of an API alone", "name: x\napi: {base_url: https://a.example, operations: []}\nusers: {Ada: {username: ada}}\n", "users: got it beside an API alone, want it left out"},
		{"no address", "name: x\ntokens: {listen: 9700}\napi: {base_url: https://a.example, operations: []}\n", `tokens.listen: got "9700", want host:port, such as 127.0.0.1:9700`},
		{"a further operation twice", external + further + "    - {name: list, method: GET, path: totals, all_of: a}\n", `api.further[1].name: got "list" a second time, want each operation once`},
		{"a further operation elsewhere", external + further + "    - {name: sum, method: GET, path: totals, all_of: a}\n", `api.further[1].path: got "totals", want a path that begins with "/"`},
		{"a further operation for nothing", external + further + "    - {name: sum, method: GET, path: /totals}\n", "api.further[1]: got no scope, want all_of or any_of"},
		{"a variable that no call captures", external + further + "    - {name: sum, method: GET, path: \"/totals/${order}\", all_of: a}\n", "api.further[1].path: got the unknown variable ${order}"},
		{"two ways up", external + "embedded: {}\n", "got embedded and external, want one of"},
		{"a null mapping", "name: x\nembedded:\n", `embedded: got nothing, want a mapping of keys to values` + "\n    hint: write \"{}\""},
		{"a bad duration", "name: x\ncontainer: {image: a, ports: {p: 1}, ready: {timeout: 5}}\n", `container.ready.timeout: got "5", want a duration such as "10s"`},
		{"a bad truth", external + "clients: {register: {static: yes}}\n", `clients.register.static: got "yes", want true or false`},
		{"a negative number", external + "judged: -1\n", "judged: got -1, want no negative number"},
		{"a way that there is not", external + "choices_by_way: {devices: {unknown_scope: ignore}}\n", `choices_by_way.devices: got an unknown way, want "authorization_request"`},
		{"another answer", external + "choices_by_way: {device: {unknown_scope: drop}}\n", `choices_by_way.device.unknown_scope: got "drop", want "ignore" or "reject"`},
		{"a choice of no way", external + "choices_by_way: {device: {code_scope: ignores}}\n", `choices_by_way.device.code_scope: got a choice that no way to ask shows`},
		{"an unknown driver", external + "login: {driver: hydra}\n", `login.driver: got "hydra", want "form", "browser", "api", "hydra_admin" or "manual"`},
		{"an unknown capability", external + "capabilities: {as.devices: true}\n", `hint: did you mean "as.device"?`},
		{"a capability's value", external + "capabilities: {as.device: 1}\n", `capabilities.as.device: got "1", want "true" or "false"`},
		{"a capability's number", external + "capabilities: {fx.users: many}\n", `capabilities.fx.users: got "many", want a whole number`},
		{"a capability's word", external + "capabilities: {consent.ui: fine}\n", `want "none", "all_or_nothing" or "granular"`},
		{"an unknown client", external + "clients: {actors: {planner: {}}}\n", `hint: did you mean "Planner"?`},
		{"an unknown endpoint", external + "authorization_server: {endpoints: {token: https://a.example}}\n", `got an unknown endpoint, want "authorization_endpoint"`},
		{"an unknown operation", external + "api: {base_url: https://a.example, operations: [{name: lists, method: GET, path: /x, all_of: a}]}\n", `api.operations[0].name: got "lists", want "list"`},
		{"an unknown method", external + "api: {base_url: https://a.example, operations: [{name: list, method: get, path: /x, all_of: a}]}\n", `api.operations[0].method: got "get"`},
		{"an operation without scope", external + "api: {base_url: https://a.example, operations: [{name: list, method: GET, path: /x}]}\n", `api.operations[0]: got no scope`},
		{"an operation with both", external + "api: {base_url: https://a.example, operations: [{name: list, method: GET, path: /x, all_of: a, any_of: b}]}\n", `got all_of and any_of, want one of them`},
		{"a slash at the end", external + "api: {base_url: https://a.example/, operations: []}\n", `want no slash at the end`},
		{"a scope with two spaces", external + "authorization_server: {decoys: 'a  b'}\n", `want scope tokens separated by single spaces`},
		{"a scope with a quote", external + "authorization_server: {required_scopes: 'a\"b'}\n", `authorization_server.required_scopes: got scope`},
		{"two tokens for one", external + "scopes: {'read:appointments': a b}\n", `scopes.read:appointments: got "a b", want one scope token`},
		{"a control call without url", external + "control: {revoke_grant: {method: DELETE}}\n", `control.revoke_grant.url: got nothing, want this key`},
		{"two bodies", external + "control: {revoke_grant: {url: 'https://a.example', json: {}, form: {a: b}}}\n", `got json and form`},
		{"a pointer", external + "control: {revoke_grant: {url: 'https://a.example', capture: {id: id}}}\n", `want a JSON pointer such as "/client_id"`},
		{"an unknown variable", container + "authorization_server: {issuer: 'http://127.0.0.1:${port.pubic}'}\n", "got the unknown variable ${port.pubic}, want one of"},
		{"a variable that is not closed", external + "version: '${issuer'\n", `got "${" without "}"`},
		{"a variable of another place", external + "version: '${jwk}'\n", "got the unknown variable ${jwk}"},
		{"an issuer with a query", "name: x\nexternal: {issuer: 'https://as.example?a=b'}\n", "want no query and no fragment (RFC 8414 section 2)"},
		{"several ports and no issuer", container, "authorization_server.issuer: got nothing, want the issuer"},
		{"a port that is none", "name: x\ncontainer: {image: a, ports: {p: 70000}}\n", "got 70000, want a port from 1 to 65535"},
		{"no ports", "name: x\ncontainer: {image: a, ports: {}}\n", "container.ports: got no port"},
		{"a ready port that is none", "name: x\ncontainer: {image: a, ports: {public: 1}, ready: {http: /, port: publik}}\n", `hint: did you mean "public"?`},
		{"a driver without its admin API", external + "login: {driver: hydra_admin}\n", "login.admin: got nothing"},
		{"a static client without id", external + "clients: {register: {static: true}, actors: {Planner: {}}}\n", "clients.actors.Planner.id: got nothing"},
		{"two ways to register", external + "clients: {register: {static: true, dynamic: {}}, actors: {Planner: {id: a}}}\n", "clients.register: got dynamic and static, want one of them"},
		{"a key nobody can tell", external + "api: {base_url: https://a.example, operations: [], trusts_harness_key: true}\n", "want control.trust_key"},
		{"an incremental parameter without value", external + "authorization_server: {incremental_parameter: include}\n", `want "name=value"`},
		{"not a number in JSON", external + "users: {Ada: {username: a, claims: {x: .nan}}}\n", "want a value that JSON has"},
	} {
		t.Run(test.name, func(t *testing.T) {
			d, err := target.Parse("t.yaml", []byte(test.file))
			var problems *target.Problems
			if !errors.As(err, &problems) || d != nil {
				t.Fatalf("got %v, %v, want problems and no description", d, err)
			}
			if !strings.Contains(err.Error(), test.want) {
				t.Errorf("got:\n%v\nwant in it:\n%s", err, test.want)
			}
		})
	}
}

func TestParseNeverShowsSecrets(t *testing.T) {
	_, err := target.Parse("t.yaml", []byte(`name: x
external: {issuer: "https://user:hush@as.example?x#y", extra: hush}
users: {Ada: {username: a, password: {hush: hush}}}
clients:
  register: {dynamic: {initial_access_token: [hush]}}
  actors: {Planner: {id: p, secret: "${hush"}}
control: {revoke_grant: {url: "http://user:hush@[", basic: hush, headers: [hush], form: {a: [hush]}}}
`), target.Override{Key: "clients.actors.Planner.secret", Value: "${hush", From: "--set clients.actors.Planner.secret"})
	if err == nil {
		t.Fatal("got no error")
	}
	if strings.Contains(err.Error(), "hush") {
		t.Errorf("got a secret in:\n%v", err)
	}
	_, err = target.Parse("t.yaml", []byte("name: x\nexternal: {issuer: 'https://user:hush@as.example?x#y'}\n"))
	if err == nil || strings.Contains(err.Error(), "hush") {
		t.Errorf("got no error, or a secret in:\n%v", err)
	}
}

func TestLoadNamesTheFile(t *testing.T) {
	_, err := target.Load(filepath.Join(t.TempDir(), "none.yaml"))
	if err == nil || !strings.Contains(err.Error(), "none.yaml: got no such file or directory, want a target file") {
		t.Errorf("got %v", err)
	}
	path := filepath.Join(t.TempDir(), "target.yaml")
	if err := os.WriteFile(path, []byte(external), 0o600); err != nil {
		t.Fatal(err)
	}
	d, err := target.Load(path)
	if err != nil || d.File != path {
		t.Errorf("got %+v, %v, want the file's path in it", d, err)
	}
}

func TestAComposeFileIsAnsweredWithWhatToDoInstead(t *testing.T) {
	_, err := target.Parse("target.yaml", []byte("name: mine\ncompose: docker-compose.yml\nexternal: {issuer: https://as.example}\n"))
	if err == nil || !strings.Contains(err.Error(), "hint: Compose files are not read: list their services under container.with") {
		t.Errorf("got %v, want a hint", err)
	}
}
