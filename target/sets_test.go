package target

import (
	"strings"
	"testing"
)

// Static clients in sets have the number of their set in their ids, and nowhere else.
func TestSetsOfClients(t *testing.T) {
	const clients = `
name: calendar
external: {issuer: "https://as.example"}
clients:
  register: {static: true}
  sets: 3
  actors: {Planner: {id: "planner-${set}", secret: "s-${set}"}}
users: {Ada: {username: ada}}
login: {driver: manual}
`
	d, err := Parse("calendar.yaml", []byte(clients))
	if err != nil {
		t.Fatal(err)
	}
	if d, err = d.WithVariables(nil); err != nil {
		t.Fatal(err)
	}
	if got := d.Clients.InSet("Planner", 2); got.ID != "planner-2" || got.Secret != "s-2" {
		t.Errorf("got the client %q with the secret %q, want planner-2 with s-2", got.ID, got.Secret)
	}
	for _, c := range []struct{ what, from, to, want string }{
		{"an id without the set", "planner-${set}", "planner", `clients.actors.Planner.id: got "planner", want ${set} in it`},
		{"no sets", "  sets: 3\n", "", "clients.actors.Planner.id: got the unknown variable ${set}"},
		{"sets of clients that are registered", "{static: true}", "{dynamic: {}}", "clients.sets: got 3, want nothing, because clients are not static"},
		{"the set elsewhere", "username: ada", `username: "ada-${set}"`, "users.Ada.username: got the unknown variable ${set}"},
	} {
		_, err := Parse("calendar.yaml", []byte(strings.Replace(clients, c.from, c.to, 1)))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want an error with %q", c.what, err, c.want)
		}
	}
}
