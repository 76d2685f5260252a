package refserver

import "net/http"

// ManagePolicy is every decision about managed grants (Grant Management for
// OAuth 2.0, draft 03).
type ManagePolicy struct {
	// Asked checks grant_management_action and grant_id (draft, Authorization Error Response).
	Asked func(action, grantID string) (string, error)
	// Reaches says whether a client may merge or replace a grant of a user (draft, Authorization Error Response).
	Reaches func(found bool, g Grant, user, client string) error
	// PageNeeded says whether somebody must be asked for an action (draft, Authorization Request: what the resource
	// owner consented to in the actual request).
	PageNeeded func(action string, prompt []string) bool
	// NewID names a new grant (draft, Token Response; concurrent grants are separate).
	NewID func(user, client string, random string) string
	// GrantID is the id that the token response reports; empty: none (draft, Token Response).
	GrantID func(action, id string, random string) string
	// Held is what the grant holds after an action that was allowed (draft, Authorization Request).
	Held func(action string, held, accepted ScopeSet) ScopeSet
	// Earlier is what an earlier authorization keeps, whether its refresh token lives, and whether all of it ends (draft, Authorization Request).
	Earlier func(o ManagedOutcome, current ScopeSet) (kept ScopeSet, refreshable, revoked bool)
	// Allowed says whether a token may query (GET) or revoke (DELETE) a grant (draft, API authorization).
	Allowed func(method string, held ScopeSet, client string, g Grant) error
	// Shown is the scope that a query reports (draft, Query Status of a Grant).
	Shown func(g Grant) ScopeSet
	// Ends says whether revoking the grant ends an authorization, of which latest is the last one made (draft, Revoke Grant).
	Ends func(latest bool) bool
}

// ManagedOutcome is what came of a request with a grant management action.
type ManagedOutcome struct {
	Action  string
	Allowed bool
	// Accepted is what was accepted now.
	Accepted ScopeSet
}

// The actions of grant_management_action.
const (
	CreateGrant  = "create"
	MergeGrant   = "merge"
	ReplaceGrant = "replace"
)

func conformantManage() ManagePolicy {
	return ManagePolicy{
		Asked: func(action, grantID string) (string, error) {
			switch {
			case action == "" && grantID == "":
				return "", nil
			case action == CreateGrant && grantID == "", (action == MergeGrant || action == ReplaceGrant) && grantID != "":
				return action, nil
			}
			return "", Refuse("invalid_request", "grant_management_action and grant_id do not fit together")
		},
		Reaches: func(found bool, g Grant, user, client string) error {
			if !found || g.User != user || g.Client != client {
				return Refuse("invalid_grant_id", "there is no such grant")
			}
			return nil
		},
		PageNeeded: func(string, []string) bool { return true },
		NewID:      func(_, _ string, random string) string { return random },
		GrantID:    func(_, id string, _ string) string { return id },
		Held: func(action string, held, accepted ScopeSet) ScopeSet {
			if action == MergeGrant {
				return held.Or(accepted)
			}
			return accepted
		},
		// Choice: access tokens from before a merge live on, those from before a replacement end.
		Earlier: func(o ManagedOutcome, current ScopeSet) (ScopeSet, bool, bool) {
			switch {
			case !o.Allowed || o.Action == CreateGrant:
				return current, true, false
			case o.Action == MergeGrant:
				return current, false, false
			}
			return nil, false, true
		},
		Allowed: managementAllowed,
		Shown:   func(g Grant) ScopeSet { return g.Scope },
		Ends:    func(bool) bool { return true },
	}
}

func managementAllowed(method string, held ScopeSet, client string, g Grant) error {
	needed := QueryGrants
	if method == http.MethodDelete {
		needed = RevokeGrants
	}
	if !held.Has(needed) || g.Client != client {
		return Refuse("insufficient_scope", "the token does not allow this, or the grant is another client's")
	}
	return nil
}
