package oauth

import "time"

// Exchange is one recorded request and its response. Secrets are replaced by
// their digests ([Digest]) before it is made, so it can be shown.
type Exchange struct {
	Number   int           `json:"number"`            // from 1, in the order sent, in one scenario
	Actor    string        `json:"actor"`             // who sent it: "Planner", "Ada"
	To       string        `json:"to"`                // who answered: "authorization server", "API"
	Purpose  string        `json:"purpose,omitempty"` // what for: "refreshes its token"
	Started  time.Time     `json:"started"`           // when the request was sent
	Duration time.Duration `json:"duration_ns"`       // until the body was read
	Method   string        `json:"method"`            // HTTP method
	URL      string        `json:"url"`               // absolute
	Request  Message       `json:"request"`           // as sent
	Status   int           `json:"status"`            // 0 when there was no response
	Response Message       `json:"response"`          // as received
	Failure  string        `json:"failure,omitempty"` // why there was no response

	// What the exchange says of scope, in the names that features use, read off the
	// message above after its secrets were replaced. A nil pointer: it says nothing.
	ScopeFacts
}

// ScopeFacts are what an exchange says of scope.
type ScopeFacts struct {
	// Endpoint is what of the authorization server answered: "authorization",
	// "token", "introspection", "userinfo" …; empty where it is none of those that
	// have a name.
	Endpoint string `json:"endpoint,omitempty"`
	// Operation is what of an API was asked for: "list".
	Operation string `json:"operation,omitempty"`
	// Requested is the scope that the request asks for (RFC 6749 section 3.3).
	Requested *string `json:"requested,omitempty"`
	// Posted are the scopes, of those that were asked for, that a browser's form
	// names: on a consent page those that are agreed to.
	Posted *string `json:"posted,omitempty"`
	// Granted is the scope that the response says was granted (RFC 6749 section 5.1);
	// of a registration, the one that the client may have (RFC 7591 section 3.2.1).
	Granted *string `json:"granted,omitempty"`
	// Held is what the token or the code that the request presents, or asks about,
	// was granted or asked for with.
	Held *string `json:"held,omitempty"`
	// Effective is what the token was shown to be good for: the scope in an
	// introspection response, empty for a token that is not active (RFC 7662 section
	// 2.2), or what an operation needs that was served.
	Effective *string `json:"effective,omitempty"`
	// Needs are the scopes, as the target is described, each of which is enough for
	// the operation.
	Needs []string `json:"needs,omitempty"`
	// Step is the sentence of the scenario that the request was made for, counted
	// from 1; 0: none.
	Step int `json:"step,omitempty"`
}

// Message is the header and body of a request or of a response.
type Message struct {
	Header []Param `json:"header,omitempty"` // sorted by name
	Body   string  `json:"body,omitempty"`   // at most 8 KiB; longer ones end in "…"
}
