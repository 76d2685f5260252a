package defect

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/scopeproof/scopeproof/internal/refserver"
)

// paths are faults of a guard that looks at another path, or at another method,
// than what is done in the end.
var paths = []Defect{
	{
		ID:     "item-guard-without-slash",
		Text:   "The guard's pattern for one appointment ends at the id; the router takes a slash after it, too.",
		Breaks: []string{"RSV-06"},
		Shows:  `Planner's request was answered with 204`,
		Apply: func(p *refserver.Policy) {
			operation := p.API.Operation
			p.API.Operation = func(api, method, sent string) (refserver.Operation, int) {
				op, status := operation(api, method, strings.TrimSuffix(sent, "/"))
				if strings.HasSuffix(sent, "/") && op.ID != "" {
					op.Route += "/" // which has no entry in the table of requirements
					return op, status
				}
				return operation(api, method, sent)
			}
		},
	},
	{
		ID:     "guard-before-decoding",
		Text:   "The guard compares the path as it was sent; the router decodes it first.",
		Breaks: []string{"RSV-06"},
		Shows:  `the answer (200) shows an appointment of Ada`,
		Apply: func(p *refserver.Policy) {
			operation := p.API.Operation
			p.API.Operation = func(api, method, sent string) (refserver.Operation, int) {
				plain, err := url.PathUnescape(sent)
				if err != nil || plain == sent {
					return operation(api, method, sent)
				}
				op, status := operation(api, method, plain)
				op.Route = sent // which has no entry in the table of requirements
				return op, status
			}
		},
	},
	{
		ID:     "path-from-a-header",
		Text:   "The framework takes the path from X-Original-URL if there is one; the guard looks at the path of the request.",
		Breaks: []string{"RSV-06"},
		Shows:  `the answer (200) shows an appointment of Ada`,
		Apply: func(p *refserver.Policy) {
			operation := p.API.Operation
			p.API.Operation = func(api, method, sent string) (refserver.Operation, int) {
				if sent == "/" {
					return refserver.Operation{API: api, Method: method, Route: sent}, 0
				}
				return operation(api, method, sent)
			}
			p.API.Executed = func(op refserver.Operation, r *http.Request) refserver.Operation {
				if op.Route != "/" {
					return op
				}
				op.Method = http.MethodOptions // there is nothing at the root
				_, named, _ := strings.Cut(r.Header.Get("X-Original-URL"), "/"+op.API)
				if named != "" {
					op.Method = r.Method
					op.Route, op.ID = refserver.RouteOf(op.API, named)
				}
				return op
			}
		},
	},
	{
		ID:     "methods-in-small-letters",
		Text:   "The guard knows methods in capitals, and asks for read:appointments for any other; the router takes them in small letters as well.",
		Breaks: []string{"RSV-05"},
		Shows:  `an appointment of Ada is gone or changed: got 404`,
		Apply: func(p *refserver.Policy) {
			p.API.Method = func(r *http.Request) string { return strings.ToUpper(r.Method) }
			requiring(p, func(_ refserver.Operation, r *http.Request, need *refserver.Requirement) {
				if r.Method != strings.ToUpper(r.Method) {
					need.Scope = refserver.ScopeSet{refserver.ReadAppointments}
				}
			})
		},
	},
	{
		ID:     "inner-network-trusted",
		Text:   "A request that comes from the machine itself, by X-Forwarded-For, needs no scope.",
		Breaks: []string{"RSM-14"},
		Shows:  `Planner's request was answered with 201`,
		Apply: func(p *refserver.Policy) {
			requiring(p, func(_ refserver.Operation, r *http.Request, need *refserver.Requirement) {
				if strings.HasPrefix(r.Header.Get("X-Forwarded-For"), "127.") {
					need.Scope = nil
				}
			})
		},
	},
	{
		ID:     "challenge-names-every-scope",
		Text:   "The challenge names every scope that the API knows.",
		Breaks: []string{"RSC-04", "STEP-01"},
		Shows:  `the challenge to "create" names the scope "read:appointments write:appointments calendar.read"`,
		Apply: func(p *refserver.Policy) {
			p.API.ChallengedScope = func(_, _ refserver.ScopeSet) refserver.ScopeSet {
				return refserver.ScopeSet{refserver.ReadAppointments, refserver.WriteAppointments, refserver.ReadSummary}
			}
		},
	},
	{
		ID:     "small-letters-pass-the-gateway",
		Text:   "The gateway checks the scope of what begins with Bearer, and leaves the rest to the API, which only looks whether the token is good.",
		Breaks: []string{"RSC-12"},
		Shows:  `Planner's request was answered with 201`,
		Apply: func(p *refserver.Policy) {
			requiring(p, func(_ refserver.Operation, r *http.Request, need *refserver.Requirement) {
				if strings.HasPrefix(r.Header.Get("Authorization"), "bearer ") {
					need.Scope = nil
				}
			})
		},
	},
}
