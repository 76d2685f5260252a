package refserver

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// Operation is a method on a route of an API. ID is the item's id, empty where
// the route names none.
type Operation struct {
	API    string
	Method string
	// Route is the path below the API with "{id}" for an item's id.
	Route string
	ID    string
}

// Requirement is what an operation asks of a token.
type Requirement struct {
	// Scope is needed in whole.
	Scope ScopeSet
	// UserBound operations need a token that a resource owner granted.
	UserBound bool
	// Public operations need no token.
	Public bool
	// ACR is the authentication context class that is needed (RFC 9470 section 3);
	// empty: any.
	ACR string
}

// Principal is what an API knows of whoever presents a valid access token.
type Principal struct {
	// Subject is empty if the token names none.
	Subject  string
	ClientID string
	Audience []string
	Scope    ScopeSet
	Roles    []string
	// ACR is the authentication context class of the user; empty: not known.
	ACR string
	// Key is the thumbprint of the key that the token is bound to; empty: none.
	Key string
}

// Outcome is the answer of an operation that was carried out. Body is written as
// JSON; nil: no body.
type Outcome struct {
	Status int
	Body   any
}

// APIPolicy is every decision about scope that an API takes.
type APIPolicy struct {
	// Method is the method that a request counts as (RFC 9110 section 9.1).
	Method func(r *http.Request) string
	// Operation names the operation that a request asks for. The status is 0,
	// 308 (the route is where the path has no slash at its end), 404 (no such
	// route), 405 (no such method) or another refusal (RFC 9110 sections 9.1,
	// 15.4.9 and 15.5.6).
	Operation func(api, method, path string) (Operation, int)
	// Requirement is what the operation needs (RFC 6749 section 7).
	Requirement func(op Operation, r *http.Request) Requirement
	// PartRequirement is what an operation within a batch needs; need is what it needs alone (RFC 9700 section 2.3).
	PartRequirement func(op Operation, need Requirement) Requirement
	// ClaimedScope reads the scope of a token's claims (RFC 9068 section 2.2.3, RFC 8693 section 4.2).
	ClaimedScope func(claims map[string]any) (ScopeSet, error)
	// AudienceFits says whether a token is meant for the API (RFC 9068 section 4).
	AudienceFits func(audience []string, own string) bool
	// HeldScope is the scope that counts for a request (RFC 6749 section 7).
	HeldScope func(p Principal) ScopeSet
	// Covers says whether the scope held is enough (RFC 6749 sections 3.3 and 7).
	Covers func(held, required ScopeSet) bool
	// Admits says whether the principal may do it at all (RFC 9700 sections 2.3 and 4.15).
	Admits func(p Principal, op Operation, need Requirement, covered bool) bool
	// Owner is whose objects the principal acts on (RFC 9700 section 4.15).
	Owner func(p Principal) string
	// Visible says whether an object of somebody may be touched (RFC 9068 section 4).
	Visible func(p Principal, actsFor, owner string) bool
	// ListsOthers says whether a list may hold objects of others than whom the
	// principal acts for: then Visible is asked of everybody.
	ListsOthers func(p Principal) bool
	// Executed is the operation carried out once op was allowed (RFC 9110 section 9.1).
	Executed func(op Operation, r *http.Request) Operation
	// Told is how the outcome of an operation that was carried out is told (RFC
	// 9110 section 15.3).
	Told func(p Principal, op Operation, done Outcome) Outcome
	// Refused is what a refused operation still does and says of the object (RFC 6749 section 7).
	Refused func(op Operation, act func() Outcome) Outcome
	// ChallengedScope is the scope attribute of the challenge, if it has one (RFC 6750 section 3.1).
	ChallengedScope func(held, required ScopeSet) ScopeSet

	Tokens    TokenPolicy
	Challenge ChallengePolicy
}

// Routes that are served in a way of their own.
const (
	batchRoute = "/appointments/batch"
	notesRoute = "/appointments/{id}/notes"
	eraseRoute = "/appointments/erase"
	// ConfirmRoute confirms an appointment.
	ConfirmRoute = "/appointments/{id}/confirm"
)

// HighACR is the authentication context class of a user who signed in for the
// very request that asked for it (RFC 9470 section 4).
const HighACR = "high"

// routes are the operations there are: API, route, method, and what it needs.
var routes = map[string]map[string]map[string]Requirement{
	CalendarAPI: {
		"/appointments": {
			"GET": {Scope: ScopeSet{ReadAppointments}}, "HEAD": {Scope: ScopeSet{ReadAppointments}},
			"POST": {Scope: ScopeSet{WriteAppointments}}, "OPTIONS": {Public: true},
		},
		"/appointments/{id}": {
			"GET": {Scope: ScopeSet{ReadAppointments}}, "HEAD": {Scope: ScopeSet{ReadAppointments}},
			"PUT": {Scope: ScopeSet{WriteAppointments}}, "PATCH": {Scope: ScopeSet{WriteAppointments}},
			"DELETE": {Scope: ScopeSet{WriteAppointments}}, "OPTIONS": {Public: true},
		},
		"/appointments/move": {
			"POST": {Scope: ScopeSet{ReadAppointments, WriteAppointments}}, "OPTIONS": {Public: true},
		},
		notesRoute: {
			"GET": {Scope: ScopeSet{ReadAppointments}}, "HEAD": {Scope: ScopeSet{ReadAppointments}},
			"POST": {Scope: ScopeSet{WriteAppointments}}, "OPTIONS": {Public: true},
		},
		ConfirmRoute: {"POST": {Scope: ScopeSet{WriteAppointments, ReadSummary}}, "OPTIONS": {Public: true}},
		// A batch needs a token; what it does needs scope.
		batchRoute: {"POST": {}, "OPTIONS": {Public: true}},
		eraseRoute: {"POST": {Scope: ScopeSet{WriteAppointments}, ACR: HighACR}, "OPTIONS": {Public: true}},
		"/me":      {"GET": {Scope: ScopeSet{ReadAppointments}, UserBound: true}, "OPTIONS": {Public: true}},
		"/summary": {"GET": {Scope: ScopeSet{ReadSummary}}, "OPTIONS": {Public: true}},
	},
	ContactsAPI: {
		"/contacts":     {"GET": {Scope: ScopeSet{ReadContacts}}, "OPTIONS": {Public: true}},
		"/appointments": {"GET": {Scope: ScopeSet{ReadAppointments}}, "OPTIONS": {Public: true}},
	},
}

// itemID is what an appointment's id looks like; nothing else is a route.
var itemID = regexp.MustCompile(`^[A-Za-z0-9-]{1,64}$`)

// RouteOf returns the route of an escaped path below an API, taken literally:
// no trailing slash, no dot segments, no other case. It is empty if there is
// none.
func RouteOf(api, path string) (route, id string) {
	if _, ok := routes[api][path]; ok {
		return path, ""
	}
	rest, ok := strings.CutPrefix(path, "/appointments/")
	if !ok || api != CalendarAPI {
		return "", ""
	}
	if item, nested := strings.CutSuffix(rest, "/notes"); nested && itemID.MatchString(item) {
		return notesRoute, item
	}
	if item, nested := strings.CutSuffix(rest, "/confirm"); nested && itemID.MatchString(item) {
		return ConfirmRoute, item
	}
	if itemID.MatchString(rest) {
		return "/appointments/{id}", rest
	}
	return "", ""
}

// MethodsOf returns the methods of a route, sorted.
func MethodsOf(api, route string) []string {
	var methods []string
	for method := range routes[api][route] {
		methods = append(methods, method)
	}
	slices.Sort(methods)
	return methods
}

func conformantAPI() APIPolicy {
	p := APIPolicy{Tokens: conformantTokens(), Challenge: conformantChallenge()}
	// Choice: no other place than the request line names a method.
	p.Method = func(r *http.Request) string { return r.Method }
	p.Operation = func(api, method, path string) (Operation, int) {
		route, id := RouteOf(api, path)
		op := Operation{API: api, Method: method, Route: route, ID: id}
		if route == "" {
			return op, http.StatusNotFound
		}
		if _, ok := routes[api][route][method]; !ok {
			return op, http.StatusMethodNotAllowed
		}
		return op, 0
	}
	p.Requirement = func(op Operation, _ *http.Request) Requirement { return routes[op.API][op.Route][op.Method] }
	p.PartRequirement = func(_ Operation, need Requirement) Requirement { return need }
	p.ClaimedScope = claimedScope
	p.AudienceFits = func(audience []string, own string) bool { return slices.Contains(audience, own) }
	p.HeldScope = func(p Principal) ScopeSet { return p.Scope }
	p.Covers = func(held, required ScopeSet) bool { return held.Covers(required) }
	p.Admits = func(p Principal, _ Operation, need Requirement, covered bool) bool {
		return covered && (!need.UserBound || userBound(p))
	}
	p.Owner = func(p Principal) string {
		if userBound(p) {
			return "user/" + p.Subject
		}
		return "client/" + p.ClientID
	}
	p.Visible = func(_ Principal, actsFor, owner string) bool { return actsFor == owner }
	p.ListsOthers = func(Principal) bool { return false }
	p.Executed = func(op Operation, _ *http.Request) Operation { return op }
	p.Told = func(_ Principal, _ Operation, done Outcome) Outcome { return done }
	p.Refused = func(Operation, func() Outcome) Outcome { return Outcome{} }
	// Choice: the challenge names the scope that the operation needs.
	p.ChallengedScope = func(_, required ScopeSet) ScopeSet { return required }
	return p
}

// userBound is false for a token in which the client is its own subject, as RFC
// 9068 section 2.2 has it where no resource owner is involved.
func userBound(p Principal) bool { return p.Subject != "" && p.Subject != p.ClientID }

// claimedScope reads "scope" and, if there is none, "scp". Choice: an array of
// strings is understood, one scope token to a member.
func claimedScope(claims map[string]any) (ScopeSet, error) {
	value, ok := claims["scope"]
	if !ok {
		value, ok = claims["scp"]
	}
	if !ok {
		return nil, nil
	}
	switch value := value.(type) {
	case string:
		return NewScopeSet(strings.Split(value, " ")...).Without(""), nil
	case []any:
		set := make(ScopeSet, 0, len(value))
		for _, member := range value {
			token, ok := member.(string)
			if !ok {
				return nil, fmt.Errorf("scope claim: got a %T in an array, want a string", member)
			}
			set = append(set, token)
		}
		return set.Without(""), nil
	}
	return nil, fmt.Errorf("scope claim: got a %T, want a string or an array of strings", value)
}
