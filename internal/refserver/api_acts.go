package refserver

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
)

// mostParts bounds how many operations a batch holds.
const mostParts = 20

// carryOut does what op says for whoever the principal acts for.
func (a *api) carryOut(op Operation, r *http.Request, p Principal) Outcome {
	if op.Route == batchRoute && op.Method == http.MethodPost {
		return a.batch(r, p)
	}
	return a.perform(op, r.Body, p)
}

// perform does one thing.
func (a *api) perform(op Operation, body io.Reader, p Principal) Outcome {
	if op.Method == http.MethodOptions {
		return Outcome{http.StatusNoContent, nil}
	}
	if a.name == ContactsAPI {
		if op.Route == "/contacts" {
			return Outcome{http.StatusOK, []map[string]string{{"id": "c1", "name": "Grace Example"}}}
		}
		return Outcome{http.StatusOK, []map[string]string{{"id": "m1", "with": "Grace Example"}}}
	}
	owner := a.policy.Owner(p)
	visible := func(of string) bool { return a.policy.Visible(p, owner, of) }
	list := func() []Appointment {
		if a.policy.ListsOthers(p) {
			return a.calendar.list(visible)
		}
		return a.calendar.own(owner, visible)
	}
	if op.Route == "/me" {
		return Outcome{http.StatusOK, map[string]any{"sub": p.Subject, "appointments": len(list())}}
	}
	if op.Route == "/summary" {
		return Outcome{http.StatusOK, map[string]any{"appointments": len(list())}}
	}
	switch op.Method {
	case http.MethodGet, http.MethodHead:
		if op.ID == "" {
			return Outcome{http.StatusOK, list()}
		}
		item, ok := a.calendar.get(op.ID, visible)
		if ok && op.Route == notesRoute {
			return Outcome{http.StatusOK, map[string]any{"notes": append([]string{}, item.notes...)}}
		}
		return found(item, ok)
	case http.MethodDelete:
		if _, ok := a.calendar.remove(op.ID, visible); !ok {
			return missing()
		}
		return Outcome{http.StatusNoContent, nil}
	}
	return a.change(op, body, owner, visible)
}

// change carries out an operation that has a body.
func (a *api) change(op Operation, body io.Reader, owner string, visible func(string) bool) Outcome {
	var sent struct {
		Appointment
		To   string `json:"to"`
		Text string `json:"text"`
	}
	if err := json.NewDecoder(io.LimitReader(body, 64<<10)).Decode(&sent); err != nil && !errors.Is(err, io.EOF) {
		return Outcome{http.StatusBadRequest, map[string]string{"error": "invalid_request"}}
	}
	switch {
	case op.Route == "/appointments/move":
		return found(a.calendar.change(sent.ID, visible, func(item *Appointment) { item.Start = sent.To }))
	case op.Route == eraseRoute:
		return found(a.calendar.remove(sent.ID, visible))
	case op.Route == notesRoute:
		done := found(a.calendar.change(op.ID, visible, func(item *Appointment) {
			item.notes = slices.Concat(item.notes, []string{sent.Text})
		}))
		if done.Status == http.StatusOK {
			done = Outcome{http.StatusCreated, map[string]string{"text": sent.Text}}
		}
		return done
	case op.Route == ConfirmRoute:
		return found(a.calendar.change(op.ID, visible, func(item *Appointment) { item.Confirmed = true }))
	case op.Method == http.MethodPut:
		return found(a.calendar.change(op.ID, visible, func(item *Appointment) { item.Title, item.Start = sent.Title, sent.Start }))
	case op.Method == http.MethodPatch:
		return found(a.calendar.change(op.ID, visible, func(item *Appointment) {
			if sent.Title != "" {
				item.Title = sent.Title
			}
			if sent.Start != "" {
				item.Start = sent.Start
			}
		}))
	}
	return Outcome{http.StatusCreated, a.calendar.add(owner, sent.Appointment)}
}

// batch does several things, each of which is allowed or refused by itself.
func (a *api) batch(r *http.Request, p Principal) Outcome {
	var sent struct {
		Operations []json.RawMessage `json:"operations"`
	}
	if json.NewDecoder(io.LimitReader(r.Body, 64<<10)).Decode(&sent) != nil || len(sent.Operations) > mostParts {
		return Outcome{http.StatusBadRequest, map[string]string{"error": "invalid_request"}}
	}
	type result struct {
		Status int `json:"status"`
		Body   any `json:"body,omitempty"`
	}
	results := []result{}
	for _, raw := range sent.Operations {
		done := a.part(raw, r, p)
		results = append(results, result(done))
	}
	return Outcome{http.StatusOK, map[string]any{"results": results}}
}

// part does one operation of a batch.
func (a *api) part(raw []byte, r *http.Request, p Principal) Outcome {
	var wanted struct{ Method, ID string }
	if json.Unmarshal(raw, &wanted) != nil {
		return Outcome{http.StatusBadRequest, nil}
	}
	path := "/appointments"
	if wanted.ID != "" {
		path += "/" + wanted.ID
	}
	op, status := a.policy.Operation(a.name, wanted.Method, path)
	if status != 0 {
		return Outcome{status, nil}
	}
	need := a.policy.PartRequirement(op, a.policy.Requirement(op, r))
	if reason := a.lacks(p, op, need); reason != "" {
		return Outcome{a.policy.Challenge.Status(Refusal{
			Reason: reason, Op: op, Need: need, Held: p.Scope, Scheme: schemeOf(r), Path: path,
			Exists: func() bool { return a.calendar.exists(op.ID) },
		}), nil}
	}
	return a.perform(op, bytes.NewReader(raw), p)
}

func found(item Appointment, ok bool) Outcome {
	if !ok {
		return missing()
	}
	return Outcome{http.StatusOK, item}
}

func missing() Outcome { return Outcome{http.StatusNotFound, map[string]string{"error": "not_found"}} }
