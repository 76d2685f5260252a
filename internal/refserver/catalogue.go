package refserver

// The APIs of the reference server. Their audience is the issuer followed by a
// slash and the name.
const (
	CalendarAPI = "calendar"
	ContactsAPI = "contacts"
)

// The scopes that the reference server and its APIs give a meaning to.
const (
	OpenID            = "openid"
	Profile           = "profile"
	Email             = "email"
	Address           = "address"
	Phone             = "phone"
	OfflineAccess     = "offline_access"
	ReadAppointments  = "read:appointments"
	WriteAppointments = "write:appointments"
	ShareAppointments = "share:appointments"
	BasicAppointments = "basic:appointments"
	ReadContacts      = "read:contacts"
	// ExportAppointments is only for clients that can keep a secret.
	ExportAppointments = "export:appointments"
	// ExoticScope has every kind of punctuation that a scope may have (RFC 6749
	// section 3.3) and means something else elsewhere.
	ExoticScope = "urn:example:channel=HBO&urn:example:rating=G,PG-13"
	// ReadSummary has a dot, which means something else in a regular expression.
	ReadSummary = "calendar.read"
	// QueryGrants and RevokeGrants open the grant management API.
	QueryGrants  = "grant_management_query"
	RevokeGrants = "grant_management_revoke"
)

// DepartmentClaim is the one claim of our own; it is released with "profile".
const DepartmentClaim = "https://scopeproof.example/department"

// Scope describes one scope token at one API.
type Scope struct {
	Token string
	// API is CalendarAPI, ContactsAPI, or empty for a scope of OpenID Connect.
	API string
	// Text is what the consent page says of the scope.
	Text string
	// UserOnly scopes are never issued to a client acting for itself.
	UserOnly bool
	// Required scopes cannot be deselected: who declines one declines all.
	Required bool
	// Privileged scopes are not given by open registration.
	Privileged bool
	// Confidential scopes are not given to public clients.
	Confidential bool
}

// scopes is the catalogue. The same name at two APIs is two scopes.
var scopes = [...]Scope{
	{Token: OpenID, Text: "Know who you are"},
	{Token: Profile, Text: "See your name, picture and other profile data"},
	{Token: Email, Text: "See your e-mail address"},
	{Token: Address, Text: "See your postal address"},
	{Token: Phone, Text: "See your phone number"},
	{Token: OfflineAccess, Text: "Keep this access while you are away"},
	{Token: ReadAppointments, API: CalendarAPI, Text: "Read your appointments in the calendar"},
	{Token: WriteAppointments, API: CalendarAPI, Text: "Create, change and delete your appointments in the calendar"},
	{Token: ShareAppointments, API: CalendarAPI, Text: "Share your appointments in the calendar with others", UserOnly: true},
	{Token: BasicAppointments, API: CalendarAPI, Text: "Know that you use the calendar (required)", Required: true},
	{Token: ReadSummary, API: CalendarAPI, Text: "See how many appointments the calendar holds for you"},
	{Token: "read:appointments:all", API: CalendarAPI, Text: "Read the appointments of everybody in the calendar"},
	{Token: "read:appointments:own", API: CalendarAPI, Text: "Read the appointments in the calendar that you created"},
	{Token: "read:appointment", API: CalendarAPI, Text: "Read one single appointment in the calendar"},
	{Token: "unread:appointments", API: CalendarAPI, Text: "Mark appointments in the calendar as unread"},
	{Token: "READ:APPOINTMENTS", API: CalendarAPI, Text: "READ THE APPOINTMENTS of the former calendar"},
	{Token: "appointments-admin", API: CalendarAPI, Text: "Administer the appointments in the calendar", Privileged: true},
	{Token: ExportAppointments, API: CalendarAPI, Text: "Export the whole calendar at once", Confidential: true},
	{Token: ExoticScope, API: CalendarAPI, Text: "See what the calendar holds of a channel, up to an age"},
	{Token: ReadContacts, API: ContactsAPI, Text: "Read your contacts in the address book"},
	{Token: ReadAppointments, API: ContactsAPI, Text: "Read your appointments in the address book"},
}

// IsOIDC says whether token is one of the scopes that OpenID Connect Core
// defines (sections 3.1.2.1, 5.4 and 11).
func IsOIDC(token string) bool {
	switch token {
	case OpenID, Profile, Email, Address, Phone, OfflineAccess:
		return true
	}
	return false
}

// ScopesAt returns the scopes that can be asked for with the given API as the
// resource: its own and those of OpenID Connect.
func ScopesAt(api string) ScopeSet {
	switch api {
	case CalendarAPI:
		return calendarScopes
	case ContactsAPI:
		return contactsScopes
	}
	return catalogued(api)
}

// What a catalogue that does not change says, so that it is not put together for
// each request.
var (
	calendarScopes = catalogued(CalendarAPI)
	contactsScopes = catalogued(ContactsAPI)
	everyScope     = calendarScopes.Or(contactsScopes)
)

func catalogued(api string) ScopeSet {
	var tokens []string
	for _, s := range scopes {
		if s.API == "" || s.API == api {
			tokens = append(tokens, s.Token)
		}
	}
	return NewScopeSet(tokens...)
}

// AllScopes returns every scope token that is known at any API.
func AllScopes() ScopeSet { return everyScope }

// ScopeAt describes token at api; the zero value if it is not known there.
func ScopeAt(api, token string) Scope {
	for _, s := range scopes {
		if s.Token == token && (s.API == "" || s.API == api) {
			return s
		}
	}
	return Scope{}
}

// described is the first scope of the catalogue with that name.
func described(token string) Scope {
	for _, s := range scopes {
		if s.Token == token {
			return s
		}
	}
	return Scope{}
}

// ClaimsOf returns the names of the claims that a scope asks for (OpenID
// Connect Core section 5.4), and our own DepartmentClaim with "profile".
func ClaimsOf(token string) []string {
	switch token {
	case Profile:
		return []string{"name", "family_name", "given_name", "middle_name", "nickname", "preferred_username", "profile",
			"picture", "website", "gender", "birthdate", "zoneinfo", "locale", "updated_at", DepartmentClaim}
	case Email:
		return []string{"email", "email_verified"}
	case Address:
		return []string{"address"}
	case Phone:
		return []string{"phone_number", "phone_number_verified"}
	}
	return nil
}

// ClaimsFor returns those claims of u that scope asks for. Claims that u does
// not have are left out (OpenID Connect Core section 5.3.2).
func ClaimsFor(u User, scope ScopeSet) map[string]any {
	claims := map[string]any{}
	for _, token := range scope {
		for _, name := range ClaimsOf(token) {
			if value, ok := u.Claims[name]; ok {
				claims[name] = value
			}
		}
	}
	return claims
}
