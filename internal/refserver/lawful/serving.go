package lawful

import (
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/scopeproof/scopeproof/internal/refserver"
)

// serving are choices about what an API does with a request and how it answers.
var serving = []Choice{
	{
		ID: "list-filtered", Text: "The list shows what a token may read: to one that may read nothing it is empty, and not refused.",
		Source: "RFC 6749 section 7 (what is served must be covered), RFC 9110 section 15.3.1",
		Apply: func(p *refserver.Policy) {
			needing(p, func(op refserver.Operation, need *refserver.Requirement) {
				if lists(op) {
					need.Scope = nil
				}
			})
			telling(p, func(by refserver.Principal, op refserver.Operation, done *refserver.Outcome) {
				if lists(op) && !by.Scope.Has(refserver.ReadAppointments) {
					done.Body = []refserver.Appointment{}
				}
			})
		},
	},
	{
		ID: "writing-includes-reading", Text: "Who may write may read as well: reading takes either scope.",
		Source:   "RFC 6749 section 3.3 (scopes are defined by the server)",
		Declares: map[string]string{"api.operations": eitherReads},
		Apply: func(p *refserver.Policy) {
			covers := p.API.Covers
			p.API.Covers = func(held, required refserver.ScopeSet) bool {
				return covers(held, required) || slices.Equal(required, []string{refserver.ReadAppointments}) && held.Has(refserver.WriteAppointments)
			}
		},
	},
	{
		ID: "deleting-needs-both", Text: "Who deletes has to be allowed to read as well: the answer holds what was there.",
		Source:   "RFC 6749 section 7 (the resource server validates that the scope covers the requested resource; what covers it, its documentation says)",
		Declares: map[string]string{"api.operations": deletingReads},
		Apply: func(p *refserver.Policy) {
			needing(p, func(op refserver.Operation, need *refserver.Requirement) {
				if op.Method == http.MethodDelete && op.Route == "/appointments/{id}" {
					need.Scope = need.Scope.Or(refserver.ScopeSet{refserver.ReadAppointments})
				}
			})
		},
	},
	{
		ID: "minutes-of-leeway", Text: "The API takes tokens for five minutes after they have expired, as clocks may differ.",
		Source: "RFC 9068 section 4 (a few minutes of leeway)",
		Apply: func(p *refserver.Policy) {
			in := p.API.Tokens.InTime
			p.API.Tokens.InTime = func(begins, expires, now time.Time) bool { return in(begins, expires.Add(5*time.Minute), now) }
		},
	},
	{
		ID: "head-not-allowed", Text: "HEAD is not offered.",
		Source: "RFC 9110 section 15.5.6",
		Apply: func(p *refserver.Policy) {
			statuses(p, func(method, _ string) int { return onlyFor(method == http.MethodHead, http.StatusMethodNotAllowed) })
		},
	},
	{
		ID: "options-not-allowed", Text: "OPTIONS is not offered.",
		Source: "RFC 9110 section 9.1 (all methods but GET and HEAD are optional)",
		Apply: func(p *refserver.Policy) {
			statuses(p, func(method, _ string) int { return onlyFor(method == http.MethodOptions, http.StatusMethodNotAllowed) })
		},
	},
	{
		ID: "options-needs-token", Text: "OPTIONS needs a token like every other method.",
		Source: "RFC 9110 section 9.3.7, RFC 6750 section 3",
		Apply: func(p *refserver.Policy) {
			needing(p, func(op refserver.Operation, need *refserver.Requirement) {
				need.Public = need.Public && op.Method != http.MethodOptions
			})
		},
	},
	{
		ID: "options-described", Text: "OPTIONS is answered 200 with a description of the route.",
		Source: "RFC 9110 section 9.3.7 (content is not defined)",
		Apply: func(p *refserver.Policy) {
			telling(p, func(_ refserver.Principal, op refserver.Operation, done *refserver.Outcome) {
				if op.Method == http.MethodOptions {
					*done = refserver.Outcome{Status: http.StatusOK, Body: map[string]any{"methods": refserver.MethodsOf(op.API, op.Route)}}
				}
			})
		},
	},
	{
		ID: "unknown-method-not-implemented", Text: "A method that the server does not know is answered 501.",
		Source: "RFC 9110 sections 9.1 and 15.6.2",
		Apply: func(p *refserver.Policy) {
			known := []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
			statuses(p, func(method, _ string) int { return onlyFor(!slices.Contains(known, method), http.StatusNotImplemented) })
		},
	},
	{
		ID: "unknown-routes-forbidden", Text: "A gateway answers 403 to every route and method that it has not been told of.",
		Source: "RFC 9110 section 15.5.4",
		Apply: func(p *refserver.Policy) {
			operation := p.API.Operation
			p.API.Operation = func(api, method, sent string) (refserver.Operation, int) {
				op, status := operation(api, method, sent)
				return op, onlyFor(status != 0, http.StatusForbidden)
			}
		},
	},
	{
		ID: "odd-paths-refused", Text: "A path that is not in its normal form is a bad request.",
		Source: "RFC 9110 section 15.5.1, RFC 3986 section 6.2.2",
		Apply: func(p *refserver.Policy) {
			statuses(p, func(_, sent string) int {
				return onlyFor(strings.ContainsAny(sent, "%;") || path.Clean(sent) != sent, http.StatusBadRequest)
			})
		},
	},
	{
		ID: "odd-paths-put-in-order", Text: "A path is put in its normal form before anything looks at it: a slash at the end, dots and percent-encoding do not matter.",
		Source: "RFC 3986 section 6.2.2",
		Apply: func(p *refserver.Policy) {
			operation := p.API.Operation
			p.API.Operation = func(api, method, sent string) (refserver.Operation, int) {
				plain, err := url.PathUnescape(sent)
				if err != nil {
					return refserver.Operation{}, http.StatusBadRequest
				}
				return operation(api, method, path.Clean("/"+plain))
			}
		},
	},
	{
		ID: "slash-at-the-end-redirected", Text: "A path with a slash at its end is redirected to the one without, whoever asks.",
		Source: "RFC 9110 section 15.4.9",
		Apply: func(p *refserver.Policy) {
			statuses(p, func(_, sent string) int { return onlyFor(strings.HasSuffix(sent, "/"), http.StatusPermanentRedirect) })
		},
	},
	{
		ID: "method-override-honoured", Text: "A POST may name another method in X-HTTP-Method-Override; the scope is that of the method named.",
		Source: "RFC 9110 section 9.1 (the method counts), practice",
		Apply: func(p *refserver.Policy) {
			p.API.Method = func(r *http.Request) string {
				if named := r.Header.Get("X-HTTP-Method-Override"); named != "" && r.Method == http.MethodPost {
					return strings.ToUpper(named)
				}
				return r.Method
			}
		},
	},
	{
		ID: "batch-multi-status", Text: "A batch is answered 207.",
		Source: "RFC 4918 section 13",
		Apply: func(p *refserver.Policy) {
			telling(p, func(_ refserver.Principal, op refserver.Operation, done *refserver.Outcome) {
				if strings.HasSuffix(op.Route, "/batch") && done.Status == http.StatusOK {
					done.Status = http.StatusMultiStatus
				}
			})
		},
	},
	{
		ID: "batch-needs-everything", Text: "A batch needs every scope that a part of it could need, and is refused as a whole without.",
		Source: "RFC 6749 section 7",
		Apply: func(p *refserver.Policy) {
			needing(p, func(op refserver.Operation, need *refserver.Requirement) {
				if strings.HasSuffix(op.Route, "/batch") {
					need.Scope = refserver.ScopeSet{refserver.ReadAppointments, refserver.WriteAppointments}
				}
			})
		},
	},
	{
		ID: "changes-answered-otherwise", Text: "A change is answered 204 without a body, and a deletion 200 with what was deleted.",
		Source: "RFC 9110 sections 9.3.4 and 9.3.5",
		Apply: func(p *refserver.Policy) {
			telling(p, func(_ refserver.Principal, op refserver.Operation, done *refserver.Outcome) {
				switch {
				case done.Status == http.StatusOK && (op.Method == http.MethodPut || op.Method == http.MethodPatch):
					*done = refserver.Outcome{Status: http.StatusNoContent}
				case done.Status == http.StatusNoContent && op.Method == http.MethodDelete:
					*done = refserver.Outcome{Status: http.StatusOK, Body: map[string]string{"deleted": op.ID}}
				}
			})
		},
	},
	{
		ID: "created-without-body", Text: "What was created is named by the Location of the answer, which has no body.",
		Source:   "RFC 9110 sections 9.3.3 and 15.3.2",
		Declares: map[string]string{"api.further": "[]"}, // which takes an id out of the body
		Apply: func(p *refserver.Policy) {
			telling(p, func(_ refserver.Principal, op refserver.Operation, done *refserver.Outcome) {
				if done.Status == http.StatusCreated && op.ID == "" {
					done.Body = nil
				}
			})
		},
	},
	{
		ID: "deletion-cancels", Text: "A deleted appointment is no longer listed, and is shown as cancelled to whoever has its id.",
		Source: "RFC 9110 section 9.3.5 (what becomes of the data is the server's own)",
		Apply: func(p *refserver.Policy) {
			var cancelled sync.Map
			gone := func(id string) bool { _, ok := cancelled.Load(id); return ok }
			executed := p.API.Executed
			p.API.Executed = func(op refserver.Operation, r *http.Request) refserver.Operation {
				if op = executed(op, r); op.Method == http.MethodDelete {
					op.Method = http.MethodGet
				}
				return op
			}
			telling(p, func(_ refserver.Principal, op refserver.Operation, done *refserver.Outcome) {
				switch body := done.Body.(type) {
				case refserver.Appointment:
					if op.Method == http.MethodDelete {
						cancelled.Store(op.ID, true)
						*done = refserver.Outcome{Status: http.StatusNoContent}
					} else if gone(body.ID) {
						done.Body = map[string]string{"id": body.ID, "title": body.Title, "status": "cancelled"}
					}
				case []refserver.Appointment:
					done.Body = slices.DeleteFunc(body, func(item refserver.Appointment) bool { return gone(item.ID) })
				}
			})
		},
	},
	{
		ID: "list-in-pages", Text: "The list is an object that holds a page of appointments and says whether there are more.",
		Source: "RFC 9110 section 15.3.1 (the form of what is served is the API's own)",
		Apply: func(p *refserver.Policy) {
			telling(p, func(_ refserver.Principal, op refserver.Operation, done *refserver.Outcome) {
				if items, ok := done.Body.([]refserver.Appointment); ok && lists(op) {
					done.Body = map[string]any{"kind": "calendar#appointments", "items": items, "next": nil, "limit": 100}
				}
			})
		},
	},
	{
		ID: "list-lags", Text: "The list is an index of its own, which shows a new appointment a moment after it was made.",
		Source: "RFC 9110 section 15.3.2 (the new resource is identified by the answer, and nothing says when it is listed)",
		Apply:  func(p *refserver.Policy) { lagging(p, 300*time.Millisecond) },
	},
}

// eitherReads is what the file of an API says where reading takes either scope.
const eitherReads = `
- {name: list, method: GET, path: /appointments, any_of: "read:appointments write:appointments"}
- {name: read, method: GET, path: "/appointments/${id}", any_of: "read:appointments write:appointments"}
- {name: create, method: POST, path: /appointments, all_of: write:appointments, json: {title: "${marker}", start: "2030-01-01T10:00:00Z"}, id: /id}
- {name: replace, method: PUT, path: "/appointments/${id}", all_of: write:appointments, json: {title: "${marker}", start: "2030-01-02T10:00:00Z"}}
- {name: change, method: PATCH, path: "/appointments/${id}", all_of: write:appointments, json: {title: "${marker}"}}
- {name: delete, method: DELETE, path: "/appointments/${id}", all_of: write:appointments}
- {name: move, method: POST, path: /appointments/move, all_of: read:appointments write:appointments, json: {id: "${id}", to: "2030-01-03T10:00:00Z"}}
- {name: notes, method: GET, path: "/appointments/${id}/notes", any_of: "read:appointments write:appointments"}
- {name: annotate, method: POST, path: "/appointments/${id}/notes", all_of: write:appointments, json: {text: "${marker}"}}
- {name: me, method: GET, path: /me, any_of: "read:appointments write:appointments"}
- {name: summary, method: GET, path: /summary, all_of: calendar.read}
`

// deletingReads is what the file of an API says where deleting needs both scopes.
const deletingReads = `
- {name: list, method: GET, path: /appointments, all_of: read:appointments}
- {name: read, method: GET, path: "/appointments/${id}", all_of: read:appointments}
- {name: create, method: POST, path: /appointments, all_of: write:appointments, json: {title: "${marker}", start: "2030-01-01T10:00:00Z"}, id: /id}
- {name: replace, method: PUT, path: "/appointments/${id}", all_of: write:appointments, json: {title: "${marker}", start: "2030-01-02T10:00:00Z"}}
- {name: change, method: PATCH, path: "/appointments/${id}", all_of: write:appointments, json: {title: "${marker}"}}
- {name: delete, method: DELETE, path: "/appointments/${id}", all_of: read:appointments write:appointments}
- {name: move, method: POST, path: /appointments/move, all_of: read:appointments write:appointments, json: {id: "${id}", to: "2030-01-03T10:00:00Z"}}
- {name: notes, method: GET, path: "/appointments/${id}/notes", all_of: read:appointments}
- {name: annotate, method: POST, path: "/appointments/${id}/notes", all_of: write:appointments, json: {text: "${marker}"}}
- {name: me, method: GET, path: /me, all_of: read:appointments}
- {name: summary, method: GET, path: /summary, all_of: calendar.read}
`

// lists says that an operation is reading the list.
func lists(op refserver.Operation) bool {
	return op.Route == "/appointments" && (op.Method == http.MethodGet || op.Method == http.MethodHead)
}

// onlyFor is a status, or 0 where it does not apply.
func onlyFor(applies bool, status int) int {
	if applies {
		return status
	}
	return 0
}

// statuses answers a request before it is anything more than a method and a
// path; 0: as ever.
func statuses(p *refserver.Policy, status func(method, path string) int) {
	operation := p.API.Operation
	p.API.Operation = func(api, method, path string) (refserver.Operation, int) {
		op, known := operation(api, method, path)
		if other := status(method, path); other != 0 {
			return op, other
		}
		return op, known
	}
}

// needing changes what operations need.
func needing(p *refserver.Policy, change func(refserver.Operation, *refserver.Requirement)) {
	requirement := p.API.Requirement
	p.API.Requirement = func(op refserver.Operation, r *http.Request) refserver.Requirement {
		need := requirement(op, r)
		change(op, &need)
		return need
	}
}

// telling changes how the outcome of an operation is told.
func telling(p *refserver.Policy, change func(refserver.Principal, refserver.Operation, *refserver.Outcome)) {
	told := p.API.Told
	p.API.Told = func(by refserver.Principal, op refserver.Operation, done refserver.Outcome) refserver.Outcome {
		done = told(by, op, done)
		change(by, op, &done)
		return done
	}
}

// lagging leaves an appointment out of lists until it is so old.
func lagging(p *refserver.Policy, age time.Duration) {
	var mu sync.Mutex
	made := map[string]time.Time{}
	telling(p, func(_ refserver.Principal, op refserver.Operation, done *refserver.Outcome) {
		mu.Lock()
		defer mu.Unlock()
		switch body := done.Body.(type) {
		case refserver.Appointment:
			if op.Method == http.MethodPost && op.Route == "/appointments" {
				made[body.ID] = time.Now()
			}
		case []refserver.Appointment:
			done.Body = slices.DeleteFunc(body, func(item refserver.Appointment) bool { return time.Since(made[item.ID]) < age })
		}
	})
}
