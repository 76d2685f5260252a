package loadtest

import (
	"encoding/json"
	"testing"

	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

func TestWhatAnAPIShowsIsJudged(t *testing.T) {
	s, op := bare(target.Description{}), target.Operation{Name: "list"}
	shown := s.Shows(op, nil, Shown{
		Rule: "MINE", Seen: Answer{Status: 200, Body: []byte(`["ada's","everybody's"]`)}, Own: []string{"ada's", "hidden"},
		Never: []Mark{{"bo's", "OTHERS", "an object of Bo"}, {"everybody's", "OTHERS", "an object of all"}},
	})
	for _, tt := range []struct {
		name   string
		status int
		body   string
		want   Class
		rule   string
	}{
		{"the same", 200, `["ada's","everybody's"]`, AsExpected, ""},
		{"in another order", 200, `["everybody's","ada's"]`, AsExpected, ""},
		{"more of one's own", 200, `["ada's","everybody's","new"]`, AsExpected, ""},
		{"more, on another page", 200, `["everybody's","new","newer","newest"]`, AsExpected, ""},
		{"another's", 200, `["ada's","bo's"]`, Leak, "OTHERS"},
		{"nothing", 200, ``, FalseRefusal, "MINE"},
		{"less", 200, `["everybody's"]`, FalseRefusal, "MINE"},
		{"refused", 403, ``, FalseRefusal, "MINE"},
		{"at fault", 500, `["bo's"]`, Fault, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			expectClass(t, shown(Answer{Status: tt.status, Body: []byte(tt.body)}), tt.want, tt.rule)
		})
	}
	remains := s.Remains("RSM-02", op, nil)
	expectClass(t, remains(Answer{Status: 200}), AsExpected, "")
	expectClass(t, remains(Answer{Status: 404}), Leak, "RSM-02")
	expectClass(t, remains(Answer{Status: 403}), FalseRefusal, "RSM-02")
}

func TestATokenIsOfWhomItWasIssuedTo(t *testing.T) {
	planner, viewer := &Client{Client: oauth.Client{Name: "Planner", ID: "p"}}, &Client{Client: oauth.Client{Name: "Viewer", ID: "v"}}
	s := bare(target.Description{})
	s.holders = &holders{}
	for _, known := range []struct {
		holder Holder
		claims string
	}{
		{Holder{planner, "Ada"}, `{"sub":"ada","client_id":"p","scope":"r"}`},
		{Holder{planner, "Ada"}, `{"sub":"ada","client_id":"p","scope":"w"}`},
		{Holder{planner, "Ada"}, `{"sub":"bo","client_id":"p","scope":"r"}`}, // several were issued at once
		{Holder{planner, "Bo"}, `{"sub":"bo","client_id":"p","scope":"r"}`},
		{Holder{viewer, "Ada"}, `{"sub":"ada","client_id":"v","scope":"r"}`},
		{Holder{viewer, ""}, `{"sub":"made-up-1","scope":"r"}`},
	} {
		s.holders.learn(known.holder, []byte(jwtWith(known.claims)))
	}
	read := oauth.MustParseScope("r")
	for _, tt := range []struct {
		name   string
		holder Holder
		claims string
		want   Class
	}{
		{"one's own", Holder{planner, "Ada"}, `{"sub":"ada","client_id":"p","scope":"r"}`, AsExpected},
		{"of another person", Holder{planner, "Ada"}, `{"sub":"bo","client_id":"p","scope":"r"}`, Leak},
		{"of another client", Holder{planner, "Ada"}, `{"sub":"ada","client_id":"v","scope":"r"}`, Leak},
		{"of another person, without scope", Holder{planner, "Ada"}, `{"sub":"bo","client_id":"p"}`, Leak},
		{"made up anew", Holder{viewer, ""}, `{"sub":"made-up-2","scope":"r"}`, AsExpected},
		{"of whom nothing is known", Holder{viewer, "Bo"}, `{"sub":"ada","scope":"r"}`, AsExpected},
		{"nobody's in particular", Holder{}, `{"sub":"ada","scope":"r"}`, AsExpected},
	} {
		t.Run(tt.name, func(t *testing.T) {
			judge := s.Issues(Grant{Rule: "WHOSE", Asked: read, Must: read, May: read, Holder: tt.holder})
			right, _ := json.Marshal(map[string]string{"access_token": jwtWith(`{"sub":"ada","client_id":"p","scope":"r"}`), "token_type": "Bearer", "scope": "r"})
			judge(Answer{Status: 200, Body: right}) // what is learnt of it must hide nothing
			body, _ := json.Marshal(map[string]string{"access_token": jwtWith(tt.claims), "token_type": "Bearer", "scope": "r"})
			rule := ""
			if tt.want == Leak {
				rule = "WHOSE"
			}
			expectClass(t, judge(Answer{Status: 200, Body: body}), tt.want, rule)
		})
	}
}
