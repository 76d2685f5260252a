package target_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scopeproof/scopeproof/target"
)

func TestOverridesComeInOrder(t *testing.T) {
	file := []byte("name: file\nversion: file\nexternal: {issuer: https://file.example}\nchoices: {unknown_scope: ignore}\n")
	overrides, err := target.Overrides([]string{
		"PATH=/bin", "SCOPEPROOF_NAME=env", "SCOPEPROOF_VERSION=", "SCOPEPROOF_CHOICES_UNKNOWN_SCOPE=reject",
		"SCOPEPROOF_USERS_ADA_USERNAME=ada", "SCOPEPROOF_OUT=reports", "SCOPEPROOF_SERVICE_HOST=10.0.0.1", "SCOPEPROOF_PORT_8080_TCP=x",
	}, []string{"name=flag", "scopes.read:appointments=calendar.read", "capabilities.as.device=false", "login.pages=3",
		"clients.register.static=true", "clients.actors={Planner: {id: a}}", "authorization_server.clock_skew=3s"})
	if err != nil {
		t.Fatal(err)
	}
	d, err := target.Parse("t.yaml", file, overrides...)
	if err != nil {
		t.Fatal(err)
	}
	got := []any{d.Name, d.Version, d.Choices, d.Users["Ada"].Username, d.Scopes, d.Capabilities, d.Login.Pages, d.Clients.Actors["Planner"].ID}
	want := []any{"flag", "file", map[target.ChoiceName]string{"unknown_scope": "reject"}, "ada",
		map[string]string{"read:appointments": "calendar.read"}, map[target.Capability]string{"as.device": "false"}, 3, "a"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestOverridesThatNameNoKeyAreErrors(t *testing.T) {
	_, err := target.Overrides(
		[]string{"SCOPEPROOF_AUTHORISATION_SERVER_ISSUER=https://a.example"}, // it may be somebody else's
		[]string{"authorization_server.isuer=x", "issuer=x", "hush", "choices.unknown=x", "name.first=x", "=x"})
	var problems *target.Problems
	if !errors.As(err, &problems) || len(problems.List) != 6 {
		t.Fatalf("got %v, want 6 problems", err)
	}
	for _, want := range []string{
		`--set authorization_server.isuer: got an unknown key`,
		`hint: did you mean "authorization_server.issuer"?`,
		`hint: did you mean "external.issuer", "authorization_server.issuer" or "tokens.issuer"?`,
		`--set choices.unknown: got an unknown choice, want one of `,
		`--set name.first: got a key inside "name"`,
		`--set: got a text without "="`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("got:\n%v\nwant in it:\n%s", err, want)
		}
	}
}

func TestVariablesThatNobodyKnowsAreNamed(t *testing.T) {
	strays := target.Strays([]string{
		"PATH=/bin", "SCOPEPROOF_NAME=x", "SCOPEPROOF_PORT_80_TCP=x", "SCOPEPROOF_OUT=x", "SCOPEPROOF_LISTEN=x", "SCOPEPROOF_EMPTYY=",
		"SCOPEPROOF_LSITEN=hush", "SCOPEPROOF_AUTHORISATION_SERVER_ISSUER=hush", "SCOPEPROOF_WHATEVER_ELSE=hush",
	}, []string{"SCOPEPROOF_LISTEN"})
	var got []string
	for _, p := range strays {
		got = append(got, p.File+" "+p.Hint)
		if strings.Contains(p.String(), "hush") {
			t.Errorf("got %s, want no value", p)
		}
	}
	want := []string{
		`SCOPEPROOF_AUTHORISATION_SERVER_ISSUER did you mean "SCOPEPROOF_AUTHORIZATION_SERVER_ISSUER"?`,
		`SCOPEPROOF_LSITEN did you mean "SCOPEPROOF_LISTEN"?`,
		`SCOPEPROOF_WHATEVER_ELSE `,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestOverrideProblemsNameWhereTheValueComesFrom(t *testing.T) {
	_, err := target.Parse("t.yaml", []byte(external),
		target.Override{Key: "login.driver", Value: "robot", From: "SCOPEPROOF_LOGIN_DRIVER"},
		target.Override{Key: "judged", Value: "many", From: "--set judged"},
		target.Override{Key: "users", Value: "{", From: "--set users"})
	if err == nil {
		t.Fatal("got no error")
	}
	for _, want := range []string{
		`SCOPEPROOF_LOGIN_DRIVER: login.driver: got "robot"`,
		`--set judged: judged: got "many", want a whole number`,
		`--set users: got what is not YAML`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("got:\n%v\nwant in it:\n%s", err, want)
		}
	}
}

func TestEveryKeyHasAnEnvironmentVariableOfItsOwn(t *testing.T) {
	seen := map[string]string{}
	for _, key := range target.Keys() {
		name := target.EnvironmentPrefix + strings.ToUpper(strings.ReplaceAll(key, ".", "_"))
		if other, twice := seen[name]; twice {
			t.Errorf("%s is %q and %q", name, other, key)
		}
		seen[name] = key
	}
	if len(seen) < 200 {
		t.Errorf("got %d keys, want all of them", len(seen))
	}
}
