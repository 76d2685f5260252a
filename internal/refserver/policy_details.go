package refserver

// DetailsPolicy is every decision about authorization details (RFC 9396).
type DetailsPolicy struct {
	// Known checks each detail of a request (RFC 9396 section 5).
	Known func(asked Details) error
	// Beside is what is asked where there are both scopes and details (RFC 9396 section 3.1: both).
	Beside func(scope ScopeSet, details Details) (ScopeSet, Details)
	// ConsentNeeded says whether the user must be asked about details (RFC 9396 section 3.1).
	ConsentNeeded func(q ConsentQuestion) bool
	// Items is what the consent page says of each detail, in order (RFC 9396 section 3.1).
	Items func(q ConsentQuestion) []DetailItem
	// Granted is what an answer grants; accepted is what it grants of the scope (RFC 9396 section 3.1).
	Granted func(asked, ticked Details, accepted ScopeSet) Details
	// Redeemed are the details of the token that a code buys; nil asked: the request has none (RFC 9396 section 6).
	Redeemed func(granted, asked Details) (Details, error)
	// Refreshed are the details of a refreshed token; nil asked: the request has none (RFC 9396 section 6).
	Refreshed func(granted, asked Details) (Details, error)
	// Reported are the details in token response and access token (RFC 9396 sections 7 and 9).
	Reported func(i Issue) Details
}

// DetailItem is one detail on the consent page.
type DetailItem struct {
	// Index is its place in the request.
	Index int
	Text  string
	// Hidden items are sent with the form but not shown.
	Hidden bool
}

func conformantDetails() DetailsPolicy {
	return DetailsPolicy{
		Known: func(asked Details) error {
			for _, d := range asked {
				if d.Type != CalendarAccess || len(d.Actions) == 0 || d.Limit <= 0 || !calendarActions().Covers(ScopeSet(d.Actions)) {
					return Refuse("invalid_authorization_details", "an authorization detail is unknown or not complete")
				}
			}
			return nil
		},
		Beside: func(scope ScopeSet, details Details) (ScopeSet, Details) { return scope, details },
		// Choice: details are asked about each time.
		ConsentNeeded: func(q ConsentQuestion) bool { return len(q.Details) > 0 },
		Items: func(q ConsentQuestion) []DetailItem {
			items := make([]DetailItem, len(q.Details))
			for i, d := range q.Details {
				items[i] = DetailItem{Index: i, Text: d.text()}
			}
			return items
		},
		Granted: func(_, ticked Details, _ ScopeSet) Details { return ticked },
		// Choice: a narrower detail is honoured, a wider one is an error.
		Redeemed:  within,
		Refreshed: within,
		Reported:  func(i Issue) Details { return i.Details },
	}
}

// within is what is asked of the details granted, or all of them.
func within(granted, asked Details) (Details, error) {
	if asked == nil {
		return granted, nil
	}
	for _, d := range asked {
		if !granted.allow(d) {
			return nil, Refuse("invalid_authorization_details", "the authorization details exceed what is granted")
		}
	}
	return asked, nil
}
