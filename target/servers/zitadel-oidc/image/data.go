package main

import (
	"slices"
	"strings"

	"golang.org/x/text/language"

	"github.com/zitadel/oidc/v3/example/server/storage"
	"github.com/zitadel/oidc/v3/pkg/oidc"
)

const (
	calendar = "read:appointments write:appointments"
	// decoys are scopes that no operation of the calendar needs: who compares loosely takes one for another.
	decoys = "read:appointments:all read:appointments:own read:appointment unread:appointments READ:APPOINTMENTS appointments-admin"

	exotic = "urn:example:channel=HBO&urn:example:rating=G,PG-13"
	export = "export:appointments" // for clients with a secret alone

	redirect       = "http://127.0.0.1:9/cb"
	legacyRedirect = "https://legacy.example/cb"
)

// registration is what a client may have. A scope of OpenID Connect is allowed to all of them by the library.
type registration struct {
	scopes []string
	grants []oidc.GrantType
}

var registrations = func() map[string]registration {
	both, all := strings.Fields(calendar), strings.Fields(calendar+" "+decoys+" "+exotic)
	confidential := append(slices.Clone(all), export)
	public := []oidc.GrantType{oidc.GrantTypeCode, oidc.GrantTypeRefreshToken, oidc.GrantTypeDeviceCode}
	web := append(slices.Clone(public), oidc.GrantTypeTokenExchange)
	machine := []oidc.GrantType{oidc.GrantTypeClientCredentials}
	return map[string]registration{
		"planner": {confidential, web},
		"rival":   {confidential, web},
		"viewer":  {both[:1], web},
		"pocket":  {all, public},
		"legacy":  {confidential, append(slices.Clone(public), oidc.GrantTypeImplicit)},
		"robot":   {both[:1], machine},
		"worker":  {confidential, machine},
	}
}()

// register makes the clients known to the example: those with a secret, and Pocket, which has none.
func register() {
	for id := range registrations {
		switch id {
		case "pocket":
			storage.RegisterClients(storage.NativeClient(id, redirect))
		case "legacy":
			storage.RegisterClients(storage.WebClient(id, id+"-secret", legacyRedirect))
		default:
			storage.RegisterClients(storage.WebClient(id, id+"-secret", redirect))
		}
	}
}

// users are three people. The example's page for devices takes the username for the id, so these are the
// same; and it exchanges tokens of administrators alone, so all are.
type users struct{}

func (users) GetUserByID(id string) *storage.User {
	switch id {
	case "ada":
		return person(id, "Ada", "Lovelace", language.BritishEnglish)
	case "bo":
		return person(id, "Bo", "Berg", language.Swedish)
	case "cy":
		return person(id, "Cy", "Cole", language.AmericanEnglish)
	}
	return nil
}

func (u users) GetUserByUsername(name string) *storage.User { return u.GetUserByID(name) }
func (users) ExampleClientID() string                       { return storage.ServiceUserID }

func person(id, first, last string, locale language.Tag) *storage.User {
	return &storage.User{
		ID: id, Username: id, Password: id + "-password", FirstName: first, LastName: last,
		Email: id + "@people.example", EmailVerified: true, Phone: "+44 20 7946 0000", PhoneVerified: true,
		PreferredLanguage: locale, IsAdmin: true,
	}
}
