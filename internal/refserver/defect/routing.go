package defect

import (
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/scopeproof/scopeproof/internal/refserver"
)

// routing are faults of how the API finds out what a request is about to do.
var routing = []Defect{
	{
		ID:     "patch-outside-the-group",
		Text:   "PATCH was added outside of the group of routes that the scope check is mounted on.",
		Breaks: []string{"RSV-01", "GRANT-06", "RSM-02", "RSM-17", "RSV-07"},
		Shows:  `PATCH /appointments/${id} is served to a token with "read:appointments": got 200`,
		Apply: func(p *refserver.Policy) {
			requiring(p, func(op refserver.Operation, _ *http.Request, need *refserver.Requirement) {
				if op.Method == http.MethodPatch {
					need.Scope = nil
				}
			})
		},
	},
	{
		ID:     "head-unprotected",
		Text:   "HEAD falls through to a handler without any check.",
		Breaks: []string{"RSV-02", "GRANT-06", "RSV-01"},
		Shows:  `HEAD is served to Planner (list): got 200`,
		Apply: func(p *refserver.Policy) {
			requiring(p, func(op refserver.Operation, _ *http.Request, need *refserver.Requirement) {
				if op.Method == http.MethodHead {
					need.Public = true
				}
			})
		},
	},
	{
		ID:     "options-runs-handler",
		Text:   "OPTIONS is answered by the handler for GET, without a check.",
		Breaks: []string{"RSV-03"},
		Shows:  `the answer (200) shows an appointment of Ada`,
		Apply: func(p *refserver.Policy) {
			p.API.Executed = func(op refserver.Operation, _ *http.Request) refserver.Operation {
				if op.Method == http.MethodOptions {
					op.Method = http.MethodGet
				}
				return op
			}
			showToNobody(p)
		},
	},
	{
		ID:     "method-override-unchecked",
		Text:   "The scope is checked for the method on the wire, but the one in X-HTTP-Method-Override is carried out.",
		Breaks: []string{"RSV-04"},
		Shows:  `an appointment of Ada is gone or changed: got 404`,
		Apply: func(p *refserver.Policy) {
			p.API.Executed = func(op refserver.Operation, r *http.Request) refserver.Operation {
				if override := overridden(r); override != "" {
					op.Method = override
				}
				return op
			}
		},
	},
	{
		ID:     "method-override-trusted",
		Text:   "The guard looks the scope up for the method that X-HTTP-Method-Override names, and the one on the wire is carried out.",
		Breaks: []string{"RSV-04"},
		Shows:  `an appointment of Ada is gone or changed: got 404`,
		Apply: func(p *refserver.Policy) {
			requirement := p.API.Requirement
			p.API.Requirement = func(op refserver.Operation, r *http.Request) refserver.Requirement {
				if overridden(r) == http.MethodGet {
					op.Method = http.MethodGet
				}
				return requirement(op, r)
			}
		},
	},
	{
		ID:     "unknown-method-reads",
		Text:   "A method that is not known runs the handler for reading, without a check.",
		Breaks: []string{"RSV-05"},
		Shows:  `the answer (200) shows an appointment of Ada`,
		Apply: func(p *refserver.Policy) {
			operation := p.API.Operation
			p.API.Operation = func(api, method, path string) (refserver.Operation, int) {
				if known(method) {
					return operation(api, method, path)
				}
				return operation(api, http.MethodGet, path)
			}
			requiring(p, func(_ refserver.Operation, r *http.Request, need *refserver.Requirement) {
				need.Public = need.Public || !known(r.Method)
			})
			showToNobody(p)
		},
	},
	{
		ID:     "acl-on-raw-path",
		Text:   "The scope is looked up by the path as it was sent, and the path is put in order afterwards: other spellings need none.",
		Breaks: []string{"RSV-06"},
		Shows:  `the answer (200) shows an appointment of Ada`,
		Apply: func(p *refserver.Policy) {
			operation := p.API.Operation
			p.API.Operation = func(api, method, sent string) (refserver.Operation, int) {
				op, status := operation(api, method, sent)
				if status != http.StatusNotFound {
					return op, status
				}
				op, status = operation(api, method, inOrder(sent))
				op.Route = sent // which has no entry in the table of requirements
				return op, status
			}
		},
	},
	{
		ID:     "refused-after-the-deed",
		Text:   "The check runs after the operation was carried out: a deletion that is refused has deleted.",
		Breaks: []string{"RSV-07", "GRANT-06", "ROLE-08", "RSM-02", "RSM-17", "RST-11", "RSV-01", "RSV-04", "RSV-06"},
		Shows:  `an appointment of Ada is gone or changed: got 404`,
		Apply: func(p *refserver.Policy) {
			p.API.Refused = func(op refserver.Operation, act func() refserver.Outcome) refserver.Outcome {
				if op.Method == http.MethodDelete {
					act()
				}
				return refserver.Outcome{}
			}
		},
	},
	{
		ID:     "batch-needs-reading",
		Text:   "The parts of a batch are checked for the scope of the batch, which is read:appointments.",
		Breaks: []string{"RSV-08"},
		Shows:  `an appointment of Ada is gone or changed: got 404`,
		Apply: func(p *refserver.Policy) {
			p.API.PartRequirement = func(_ refserver.Operation, need refserver.Requirement) refserver.Requirement {
				need.Scope = refserver.ScopeSet{refserver.ReadAppointments}
				return need
			}
		},
	},
	{
		ID:     "csv-export-unchecked",
		Text:   "The export that answers Accept: text/csv needs no scope.",
		Breaks: []string{"RSV-09"},
		Shows:  `Planner's request was answered with 200`,
		Apply: func(p *refserver.Policy) {
			requiring(p, func(_ refserver.Operation, r *http.Request, need *refserver.Requirement) {
				if strings.Contains(r.Header.Get("Accept"), "text/csv") {
					need.Scope = nil
				}
			})
		},
	},
}

// showToNobody shows every appointment to a request without a token.
func showToNobody(p *refserver.Policy) {
	visible := p.API.Visible
	p.API.Visible = func(by refserver.Principal, actsFor, owner string) bool {
		return by.Subject == "" && by.ClientID == "" || visible(by, actsFor, owner)
	}
	p.API.ListsOthers = func(by refserver.Principal) bool { return by.Subject == "" && by.ClientID == "" }
}

func known(method string) bool {
	return slices.Contains([]string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}, method)
}

// overridden is the method that a request names besides its own.
func overridden(r *http.Request) string {
	for _, name := range []string{"X-HTTP-Method-Override", "X-Method-Override", "X-HTTP-Method"} {
		if method := r.Header.Get(name); method != "" {
			return strings.ToUpper(method)
		}
	}
	return strings.ToUpper(r.URL.Query().Get("_method"))
}

// inOrder undoes the spellings of a path that routers tolerate.
func inOrder(sent string) string {
	sent, _, _ = strings.Cut(sent, ";")
	if plain, err := url.PathUnescape(sent); err == nil {
		sent = plain
	}
	sent = path.Clean("/" + strings.TrimSuffix(sent, ".json"))
	segments := strings.Split(sent, "/")
	segments[1] = strings.ToLower(segments[1])
	return strings.Join(segments, "/")
}
