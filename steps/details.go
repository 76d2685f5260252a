package steps

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
)

// detailed is the manner to ask for authorization details of the target (RFC
// 9396 section 2).
func detailed(name string) manner[request] {
	return manner[request]{"with the " + name + " details", func(r *request, _ []string) error { r.details = name; return nil }}
}

// detailsNamed are the declared authorization details of a name, as they are
// sent.
func (w *World) detailsNamed(name string) []any {
	d := w.target().Description.AuthorizationServer.Details
	return []any{map[string]map[string]any{"smaller": d.Smaller, "plain": d.Plain, "larger": d.Larger}[name]}
}

// receivesDetails judges the authorization details that the response, the token
// and introspection speak of (RFC 9396 sections 7 and 9). A server may leave out
// values and add others, so that only what is more than wanted is too much.
func (w *World) receivesDetails(ctx context.Context, o *outcome, which string) error {
	if r := o.refusal(); r != nil {
		if which == "the plain" {
			return violation("%s was refused with %s, want a token with authorization details", o.client.Name, r)
		}
		return nil
	}
	seen, err := w.look(ctx, o)
	if err != nil {
		return err
	}
	said := []struct {
		by   string
		list []map[string]any
	}{{by: "the response", list: w.ourDetails(o.issue.Response.Details)}, {by: "the token", list: w.ourDetails(seen.Claims["authorization_details"])}}
	if in := seen.Introspected; in != nil && in.Active {
		raw, err := json.Marshal(in.Claims["authorization_details"])
		if err != nil {
			return err
		}
		said = append(said, struct {
			by   string
			list []map[string]any
		}{"introspection", w.ourDetails(raw)})
	}
	for _, account := range said {
		for _, d := range account.list {
			if which == "no" {
				return excess("%s holds authorization details that were not granted: %s says %s", o.client.Name, account.by, asJSON(d))
			}
			if more := w.beyondPlain(d); more != "" {
				return excess("%s holds larger authorization details than the plain ones: %s says %q is %s", o.client.Name, account.by, more, asJSON(d[more]))
			}
		}
	}
	if which == "the plain" && len(said[0].list) == 0 {
		return violation("%s was told of no authorization details, want those that were granted", o.client.Name)
	}
	return nil
}

// ourDetails are those of the type that the target declares.
func (w *World) ourDetails(raw json.RawMessage) []map[string]any {
	var all, ours []map[string]any
	if json.Unmarshal(raw, &all) != nil {
		return nil // nothing that is a list of details
	}
	kind := w.target().Description.AuthorizationServer.Details.Plain["type"]
	for _, d := range all {
		if d["type"] == kind {
			ours = append(ours, d)
		}
	}
	return ours
}

// beyondPlain is the member in which a detail is as the larger ones are, and not
// as the plain ones; empty: there is none.
func (w *World) beyondPlain(d map[string]any) string {
	as := w.target().Description.AuthorizationServer.Details
	for _, name := range slices.Sorted(maps.Keys(as.Larger)) {
		large := as.Larger[name]
		if !reflect.DeepEqual(asRead(large), asRead(as.Plain[name])) && reflect.DeepEqual(d[name], asRead(large)) {
			return name
		}
	}
	return ""
}

// asRead is a value of the description as JSON reads it.
func asRead(value any) any {
	var read any
	if err := json.Unmarshal([]byte(asJSON(value)), &read); err != nil {
		return value
	}
	return read
}

func asJSON(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	return string(text)
}
