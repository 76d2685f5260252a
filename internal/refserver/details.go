package refserver

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

const rich Feature = "authorization_details"

func richRequests() part {
	return part{
		feature: rich,
		metadata: func(_ *Server, m map[string]any) {
			m["authorization_details_types_supported"] = []string{CalendarAccess}
		},
	}
}

// CalendarAccess is the one type of authorization details that there is.
const CalendarAccess = "calendar_access"

// calendarActions are the actions of CalendarAccess.
func calendarActions() ScopeSet { return ScopeSet{"list", "create", "delete"} }

// Detail is one of the authorization details of RFC 9396 section 2: so many
// appointments, for these actions.
type Detail struct {
	Type    string   `json:"type"`
	Actions []string `json:"actions,omitempty"`
	// Limit is the most appointments that may be touched.
	Limit int `json:"limit,omitempty"`
	// Locations are where it is good (RFC 9396 section 2.2).
	Locations []string `json:"locations,omitempty"`
}

// Details are the authorization details of a request or a grant.
type Details []Detail

func (d Detail) text() string {
	return fmt.Sprintf("In the calendar, %s at most %d appointments at a time", strings.Join(d.Actions, " and "), d.Limit)
}

// allow says whether one of d covers another.
func (d Details) allow(other Detail) bool {
	return slices.ContainsFunc(d, func(own Detail) bool {
		return own.Type == other.Type && other.Limit > 0 && other.Limit <= own.Limit &&
			len(other.Actions) > 0 && ScopeSet(own.Actions).Covers(ScopeSet(other.Actions))
	})
}

// readDetails reads the parameter authorization_details; nil if there is none. A
// server that does not know it ignores it (RFC 6749 section 3.1).
func (s *Server) readDetails(form url.Values) (Details, error) {
	raw := form.Get("authorization_details")
	if raw == "" || !s.has(rich) {
		return nil, nil
	}
	details := Details{}
	decoder := json.NewDecoder(strings.NewReader(raw))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&details); err != nil || details == nil {
		return nil, Refuse("invalid_authorization_details", "the authorization details cannot be read")
	}
	return details, s.policy.Details.Known(details)
}

// ticked are the details that a consent form accepts, by their index.
func ticked(asked Details, r *http.Request) Details {
	var found Details
	for i, d := range asked {
		if slices.Contains(r.PostForm["authorization_details"], strconv.Itoa(i)) {
			found = append(found, d)
		}
	}
	return found
}
