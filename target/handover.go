package target

import (
	"errors"
	"maps"
	"slices"
)

// Handover is a target that runs, in a form that another process can take over:
// a shard of a load, here or on another machine. It holds the secrets of the
// target file and is itself one. Its form is no promise: both processes are of
// the same version.
type Handover struct {
	Kind        Kind
	Description *Description // variables replaced
	File        string       // of the description, for messages
	Issuer      string
	Metadata    map[string]any
	Variables   map[string]string
	// API and OtherAPI are the resource servers; nil: none, or our calendar API,
	// which each process starts for itself.
	API, OtherAPI *ResourceServer
}

// HandOver returns what another process needs to act on the target. The target
// stays the caller's to close. A target that only Go code can act on, by a
// user-agent or a transport of its own, cannot be handed over; one whose pages a
// browser plays can, and whoever takes it over plays them.
func (t *Target) HandOver() (Handover, error) {
	if t.UserAgent != nil && t.Description.Login.Driver != "browser" || t.Transport != nil {
		return Handover{}, errors.New("got a target with a user-agent or a transport of its own, which only this process has")
	}
	h := Handover{
		Kind: t.Kind, Description: t.Description, File: t.Description.File, Issuer: t.Issuer,
		Metadata: t.Metadata, Variables: t.Variables, OtherAPI: t.OtherAPI,
	}
	if t.API != nil && !t.API.Ours {
		h.API = t.API
	}
	return h, nil
}

// Target is the target that was handed over. It has no API where that is our
// calendar's, and ends nothing when it is closed.
func (h Handover) Target() (*Target, error) {
	if h.Description == nil || h.Issuer == "" {
		return nil, errors.New("got a target without description or issuer, want both")
	}
	d := *h.Description
	d.File = h.File
	t := &Target{Description: &d, Kind: h.Kind, Issuer: h.Issuer, Metadata: maps.Clone(h.Metadata), Variables: maps.Clone(h.Variables)}
	t.API, t.OtherAPI = t.again(h.API), t.again(h.OtherAPI)
	return t, nil
}

// again is a resource server with the functions that the description's controls
// are.
func (t *Target) again(s *ResourceServer) *ResourceServer {
	if s == nil {
		return nil
	}
	described := t.Description.API
	if described == nil {
		described = &API{}
	}
	own := *s
	own.Operations = slices.Clone(s.Operations)
	with := t.server(described)
	own.SetReachable, own.TrustKey = with.SetReachable, with.TrustKey
	return &own
}
