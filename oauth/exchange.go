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
}

// Message is the header and body of a request or of a response.
type Message struct {
	Header []Param `json:"header,omitempty"` // sorted by name
	Body   string  `json:"body,omitempty"`   // at most 8 KiB; longer ones end in "…"
}
