package loadtest

import (
	"cmp"
	"encoding/base64"
	"net/http"
	"strings"
	"testing"

	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

// bare is a stage for judging alone.
func bare(d target.Description) *Stage {
	return &Stage{Target: &target.Resolved{Target: &target.Target{Description: &d}}}
}

func jwtWith(claims string) string {
	return "eyJhbGciOiJub25lIn0." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + ".c2lnbmF0dXJl"
}

func tokenBody(token, scope string) string {
	return `{"access_token":"` + token + `","token_type":"bearer","scope":` + scope + `}`
}

func TestIssuesJudgesTokenResponses(t *testing.T) {
	read, both := oauth.MustParseScope("r"), oauth.MustParseScope("r w")
	exact := Grant{Rule: "GRANT-01", Denied: "GRANT-03", Asked: read, Must: read, May: read}
	due := Grant{Rule: "CC-01", Asked: both, May: read, Refusal: RefusalIsDue}
	lawful := due
	lawful.Refusal = RefusalIsLawful
	for _, tt := range []struct {
		name   string
		grant  Grant
		status int
		body   string
		want   Class
		rule   string
	}{
		{"exactly what was asked", exact, 200, tokenBody("opaque", `"r"`), AsExpected, ""},
		{"a scope more", exact, 200, tokenBody("opaque", `"r w"`), Leak, "GRANT-01"},
		{"a scope that looks alike", exact, 200, tokenBody("opaque", `"R"`), Leak, "GRANT-01"},
		{"a scope less", exact, 200, tokenBody("opaque", `""`), FalseRefusal, "GRANT-03"},
		{"no scope means what was asked", exact, 200, `{"access_token":"x","token_type":"Bearer"}`, AsExpected, ""},
		{"no scope means too much", due, 200, `{"access_token":"x","token_type":"Bearer"}`, Leak, "CC-01"},
		{"what is always granted", exact, 200, tokenBody("opaque", `"always r"`), AsExpected, ""},
		{"an array hides nothing", exact, 200, tokenBody("opaque", `["r","w"]`), Leak, "GRANT-01"},
		{"an escape hides nothing", exact, 200, tokenBody("opaque", `"r \u0077"`), Leak, "GRANT-01"},
		{"the token says the same", exact, 200, tokenBody(jwtWith(`{"scope":"r"}`), `"r"`), AsExpected, ""},
		{"the token says more", exact, 200, tokenBody(jwtWith(`{"scope":"r w"}`), `"r"`), Leak, "GRANT-01"},
		{"the token says more in scp", exact, 200, tokenBody(jwtWith(`{"scp":["r","w"]}`), `"r"`), Leak, "GRANT-01"},
		{"the token says less", exact, 200, tokenBody(jwtWith(`{"scope":""}`), `"r"`), FalseRefusal, "GRANT-03"},
		{"the token says nothing", exact, 200, tokenBody(jwtWith(`{"sub":"x"}`), `"r"`), AsExpected, ""},
		{"the token says it twice", exact, 200, tokenBody(jwtWith(`{"scope":"r","scope":"w"}`), `"r"`), Fault, ""},
		{"dots, but no JWT", exact, 200, tokenBody("a.b.c", `"r"`), AsExpected, ""},
		{"a leak in an answer that refuses", exact, 400, `{"error":"x","access_token":"a","token_type":"Bearer","scope":"w"}`, Leak, "GRANT-01"},
		{"refused", exact, 400, `{"error":"invalid_scope"}`, FalseRefusal, "GRANT-03"},
		{"refused with nothing", exact, 403, ``, FalseRefusal, "GRANT-03"},
		{"refused as it should be", due, 400, `{"error":"invalid_scope"}`, AsExpected, ""},
		{"refused in other words", due, 400, `{"error":"invalid_request"}`, AsExpected, ""},
		{"refused for another reason", due, 401, `{"error":"invalid_client"}`, Fault, ""},
		{"the client is not known any more", exact, 401, `{"error":"invalid_client"}`, Fault, ""},
		{"narrowed where refusing is due", due, 200, tokenBody("opaque", `"r"`), Fault, ""},
		{"too much where refusing is due", due, 200, tokenBody("opaque", `"r w"`), Leak, "CC-01"},
		{"narrowed where both are lawful", lawful, 200, tokenBody("opaque", `"r"`), AsExpected, ""},
		{"the server is at fault", exact, 503, `{"error":"temporarily_unavailable"}`, Fault, ""},
		{"too many requests", exact, 429, ``, Fault, ""},
		{"a redirect", exact, 302, ``, Fault, ""},
		{"garbage", exact, 200, `<html>`, Fault, ""},
		{"nothing", exact, 200, ``, Fault, ""},
		{"scope is there twice", exact, 200, `{"access_token":"x","token_type":"Bearer","scope":"r","scope":"w"}`, Fault, ""},
		{"neither token nor error", exact, 200, `{}`, Fault, ""},
		{"another kind of token", exact, 200, `{"access_token":"x","token_type":"mac","scope":"r"}`, Fault, ""},
		{"an odd status", exact, 201, tokenBody("opaque", `"r"`), Fault, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := bare(target.Description{AuthorizationServer: target.AuthorizationServer{AlwaysGranted: "always"}})
			expectClass(t, s.Issues(tt.grant)(Answer{Status: tt.status, Body: []byte(tt.body)}), tt.want, tt.rule)
		})
	}
}

func expectClass(t *testing.T, got Verdict, class Class, rule string) {
	t.Helper()
	if got.kept() {
		got.Class = AsExpected
	}
	if got.Class != class || got.Rule != rule {
		t.Errorf("got %s %q (%s), want %s %q", got.Class, got.Rule, got.Message, class, rule)
	}
	if class != AsExpected && got.Message == "" {
		t.Error("got no message")
	}
}

func TestTheTargetsOwnNamesAreJudged(t *testing.T) {
	s := bare(target.Description{Scopes: map[string]string{"r": "calendar.read"}})
	read := oauth.MustParseScope("r")
	judge := s.Issues(Grant{Rule: "X", Asked: read, Must: read})
	expectClass(t, judge(Answer{Status: 200, Body: []byte(tokenBody("x", `"calendar.read"`))}), AsExpected, "")
	expectClass(t, judge(Answer{Status: 200, Body: []byte(tokenBody("x", `"r"`))}), Leak, "X")
}

func TestAPIAnswersAreJudged(t *testing.T) {
	s := bare(target.Description{})
	insufficient := http.Header{"Www-Authenticate": {`Bearer error="insufficient_scope"`}}
	invalid := http.Header{"Www-Authenticate": {`Bearer error="invalid_token"`}}
	for _, tt := range []struct {
		name   string
		expect Expectation
		answer Answer
		want   Class
		rule   string
	}{
		{"served as due", s.Serves("A", target.Operation{Name: "list"}, nil), Answer{Status: 201}, AsExpected, ""},
		{"refused though covered", s.Serves("A", target.Operation{Name: "list"}, nil), Answer{Status: 403}, FalseRefusal, "A"},
		{"hidden though covered", s.Serves("A", target.Operation{Name: "list"}, nil), Answer{Status: 404}, FalseRefusal, "A"},
		{"at fault", s.Serves("A", target.Operation{Name: "list"}, nil), Answer{Status: 500}, Fault, ""},
		{"bad request", s.Serves("A", target.Operation{Name: "list"}, nil), Answer{Status: 400}, Fault, ""},
		{"refused as due", s.Refuses("B", target.Operation{Name: "list"}, nil, ""), Answer{Status: 403, Header: insufficient}, AsExpected, ""},
		{"refused without a token", s.Refuses("B", target.Operation{Name: "list"}, nil, ""), Answer{Status: 401}, AsExpected, ""},
		{"served though not covered", s.Refuses("B", target.Operation{Name: "list"}, nil, ""), Answer{Status: 204}, Leak, "B"},
		{"refused, and shown all the same", s.Refuses("B", target.Operation{Name: "list"}, nil, "secret"), Answer{Status: 403, Body: []byte(`{"title":"secret"}`)}, Leak, "B"},
		{"refused for another reason", s.Refuses("B", target.Operation{Name: "list"}, nil, ""), Answer{Status: 403, Header: invalid}, Fault, ""},
		{"busy", s.Refuses("B", target.Operation{Name: "list"}, nil, ""), Answer{Status: 503}, Fault, ""},
		{"a login page", s.Refuses("B", target.Operation{Name: "list"}, nil, ""), Answer{Status: 302}, Fault, ""},
	} {
		t.Run(tt.name, func(t *testing.T) { expectClass(t, tt.expect(tt.answer), tt.want, tt.rule) })
	}
}

func TestIntrospectionIsJudged(t *testing.T) {
	s := bare(target.Description{})
	answered := func(body string) Answer { return Answer{Status: 200, Body: []byte(body)} }
	exact := s.Introspects("I", oauth.MustParseScope("r w"), answered(`{"active":true,"scope":"r w"}`))
	silent := s.Introspects("I", oauth.MustParseScope("r w"), answered(`{"active":true}`))
	ada := s.Introspects("I", oauth.MustParseScope("r"), answered(`{"active":true,"scope":"r","sub":"ada","client_id":"planner"}`))
	inactive := s.IntrospectsInactive("I")
	for _, tt := range []struct {
		expect Expectation
		body   string
		want   Class
		rule   string
	}{
		{exact, `{"active":true,"scope":"w r"}`, AsExpected, ""},
		{exact, `{"active":true,"scope":"r w x"}`, Leak, "I"},
		{exact, `{"active":true,"scope":"r"}`, FalseRefusal, "I"},
		{exact, `{"active":true}`, FalseRefusal, "I"},
		{silent, `{"active":true}`, AsExpected, ""},
		{exact, `{"active":false}`, FalseRefusal, "I"},
		{exact, `{"active":"true","scope":"r w"}`, Fault, ""},
		{exact, `{"active":true,"scope":"r w","scope":"r"}`, Fault, ""},
		{exact, `no`, Fault, ""},
		{ada, `{"scope":"r","active":true,"client_id":"planner","sub":"\u0061da"}`, AsExpected, ""},
		{ada, `{"active":true,"scope":"r","sub":"bo","client_id":"planner"}`, Leak, "I"},
		{ada, `{"active":true,"scope":"r","sub":"ada","client_id":"viewer"}`, Leak, "I"},
		{ada, `{"active":true,"scope":"r"}`, AsExpected, ""},
		{inactive, `{"active":false}`, AsExpected, ""},
		{inactive, `{"active":true,"scope":"r"}`, Leak, "I"},
		{inactive, `{"active":false,"scope":"r"}`, Leak, "I"},
	} {
		expectClass(t, tt.expect(Answer{Status: 200, Body: []byte(tt.body)}), tt.want, tt.rule)
	}
	expectClass(t, exact(Answer{Status: 401}), Fault, "")
}

func TestWhatNobodyIsToldIsJudged(t *testing.T) {
	s := bare(target.Description{})
	op := target.Operation{Name: "read", Method: "GET"}
	others := s.Withholds("CONC-11", op, nil, "an object of another")
	for _, tt := range []struct {
		name   string
		expect Expectation
		answer Answer
		want   Class
	}{
		{"another's object is not there", others, Answer{Status: 404}, AsExpected},
		{"another's object is forbidden", others, Answer{Status: 403}, AsExpected},
		{"another's object is served", others, Answer{Status: 200}, Leak},
		{"the API is in trouble", others, Answer{Status: 503}, Fault},
		{"a stranger is refused", s.TellsNothing("INTR-05"), Answer{Status: 401}, AsExpected},
		{"a stranger is told that nothing is active", s.TellsNothing("INTR-05"), Answer{Status: 200, Body: []byte(`{"active":false}`)}, AsExpected},
		{"a stranger is told", s.TellsNothing("INTR-05"), Answer{Status: 200, Body: []byte(`{"active":true}`)}, Leak},
		{"too many strangers", s.TellsNothing("INTR-05"), Answer{Status: 429}, Fault},
	} {
		if v := tt.expect(tt.answer); cmp.Or(v.Class, AsExpected) != tt.want {
			t.Errorf("%s: got %q (%s), want %q", tt.name, v.Class, v.Message, tt.want)
		}
	}
}

func TestSamplesShowNoSecret(t *testing.T) {
	token, secret, refresh := jwtWith(`{"scope":"r"}`), "s3cr3t/with+signs", "refresh-token-0123456789"
	r := Request{
		Method: "POST", URL: "https://user:pass@as.example/token?access_token=" + token,
		Header: http.Header{
			"Authorization": {"Basic " + base64.StdEncoding.EncodeToString([]byte("id:"+secret))}, "X-Api-Key": {secret},
			"Content-Type": {"application/x-www-form-urlencoded"},
		},
		Body: []byte("grant_type=refresh_token&scope=r+w&client_secret=s3cr3t%2Fwith%2Bsigns&refresh_token=" + refresh),
	}
	for _, body := range []string{
		`{"access_token":"` + token + `","refresh_token":"` + refresh + `","scope":"r","unknown":{"k":["` + secret + `"]}}`,
		`<html>` + refresh + ` ` + token + ` opaque-token-abcdefghijklmnop</html>`,
		`{"error_description":"` + token + ` is no good, nor is ` + refresh + `"}`,
		`{"access_token":"` + token + `"`,
	} {
		s := &samples{}
		s.keep(Verdict{Class: Leak, Rule: "X", Message: "m"}, r, Answer{Status: 200, Header: http.Header{"Set-Cookie": {"sid=" + secret}}, Body: []byte(body)}, nil, epoch)
		e := s.taken()[0].Exchange
		shown := e.URL + e.Request.Body + e.Response.Body
		for _, h := range append(e.Request.Header, e.Response.Header...) {
			shown += h.Value
		}
		for _, hidden := range []string{token, secret, refresh, "s3cr3t", "user:pass", "abcdefghijklmnop"} {
			if strings.Contains(shown, hidden) {
				t.Errorf("%s: the sample shows %q: %s", clip(body), hidden, shown)
			}
		}
		if !strings.Contains(e.Request.Body, "scope=r+w") {
			t.Errorf("the sample does not show what was asked for: %s", e.Request.Body)
		}
	}
}

func TestSamplesAreTheFirstFewOfEachClass(t *testing.T) {
	s := &samples{}
	for range 3 * samplesEach {
		s.keep(Verdict{Class: Fault}, Request{}, Answer{}, nil, epoch)
		s.keep(Verdict{Class: Leak, Rule: "A"}, Request{}, Answer{}, nil, epoch)
		s.keep(Verdict{Class: Leak, Rule: "B"}, Request{}, Answer{}, nil, epoch)
	}
	list := s.taken()
	if len(list) != 3*samplesEach || list[0].Class != "leak" || list[2*samplesEach].Class != "fault" {
		t.Errorf("got %d samples, want %d leaks of each rule and then as many faults", len(list), samplesEach)
	}
}

func TestDevicesAreToldToWait(t *testing.T) {
	s := bare(target.Description{})
	pends, starts := s.Pends("DEV-01", "DEV-02"), s.StartsDevice("DEV-01", "DEV-02")
	for _, tt := range []struct {
		name   string
		expect Expectation
		status int
		body   string
		want   Class
		rule   string
	}{
		{"nobody has decided", pends, 400, `{"error":"authorization_pending"}`, AsExpected, ""},
		{"it polls too often", pends, 400, `{"error":"slow_down"}`, AsExpected, ""},
		{"its time is over", pends, 400, `{"error":"expired_token"}`, AsExpected, ""},
		{"a token that nobody approved", pends, 200, tokenBody("x", `"r"`), Leak, "DEV-01"},
		{"a token in a refusal", pends, 400, `{"error":"authorization_pending","access_token":"x"}`, Leak, "DEV-01"},
		{"refused for good", pends, 400, `{"error":"access_denied"}`, FalseRefusal, "DEV-02"},
		{"the server is in trouble", pends, 503, ``, Fault, ""},
		{"garbage", pends, 400, `no`, Fault, ""},
		{"a request begins", starts, 200, `{"device_code":"a","user_code":"b"}`, AsExpected, ""},
		{"no request begins", starts, 400, `{"error":"invalid_scope"}`, FalseRefusal, "DEV-02"},
		{"a token at once", starts, 200, `{"device_code":"a","user_code":"b","access_token":"x"}`, Leak, "DEV-01"},
		{"half an answer", starts, 200, `{"device_code":"a"}`, Fault, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			expectClass(t, tt.expect(Answer{Status: tt.status, Body: []byte(tt.body)}), tt.want, tt.rule)
		})
	}
}

func TestUserInfoTellsTheClaimsOfTheScope(t *testing.T) {
	s := bare(target.Description{})
	claims := func(seen string) Expectation {
		expect, err := s.Tells(Claims{
			Rule: "CLM-03", Mixed: "GRANT-07", Denied: "CLM-02", Seen: Answer{Status: 200, Body: []byte(seen)}, May: ClaimsOf(oauth.MustParseScope("openid email")),
		})
		if err != nil {
			t.Fatal(err)
		}
		return expect
	}
	const mine = `{"sub":"ada","email":"ada@example","iat":1}`
	for _, tt := range []struct {
		name, seen, body string
		status           int
		want             Class
		rule             string
	}{
		{"the same", mine, mine, 200, AsExpected, ""},
		{"in another order, a moment later", mine, `{"iat":2,"email":"ada@example","sub":"ada"}`, 200, AsExpected, ""},
		{"what is about no person", mine, `{"sub":"ada","email":"ada@example","rat":7}`, 200, AsExpected, ""},
		{"a claim of another scope", mine, `{"sub":"ada","email":"ada@example","name":"Ada"}`, 200, Leak, "CLM-03"},
		{"another person", mine, `{"sub":"bo","email":"ada@example"}`, 200, Leak, "GRANT-07"},
		{"another person's claim", mine, `{"sub":"ada","email":"bo@example"}`, 200, Leak, "GRANT-07"},
		{"too much, also alone", `{"sub":"ada","name":"Ada"}`, `{"sub":"ada","name":"Ada"}`, 200, Leak, "CLM-03"},
		{"a claim less", mine, `{"sub":"ada"}`, 200, FalseRefusal, "CLM-02"},
		{"refused", mine, ``, 401, FalseRefusal, "CLM-02"},
		{"trouble", mine, ``, 502, Fault, ""},
		{"garbage", mine, `no`, 200, Fault, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			expectClass(t, claims(tt.seen)(Answer{Status: tt.status, Body: []byte(tt.body)}), tt.want, tt.rule)
		})
	}
}

// The server may have taken a refresh token whose answer was lost: that it refuses
// it then says nothing.
func TestAFamilyOutlivesTheServersTrouble(t *testing.T) {
	s := bare(target.Description{})
	read := oauth.MustParseScope("r")
	again := func() *family {
		return &family{token: "1", steps: []preparedStep{{Request{}, s.grantJudge(Grant{Rule: "REF-03", Denied: "REF-01", Asked: read, Must: read, May: read}), false, false}}}
	}
	issued := Answer{Status: 200, Body: []byte(`{"access_token":"a","token_type":"Bearer","scope":"r","refresh_token":"2"}`)}
	refused := Answer{Status: 400, Body: []byte(`{"error":"invalid_grant"}`)}
	judge := func(f *family, a Answer, want Class, more bool) {
		t.Helper()
		f.Next()
		v, goesOn := f.Judge(a)
		if v.kept() {
			v.Class = AsExpected
		}
		if v.Class != want || goesOn != more {
			t.Errorf("got %s and %v, want %s and %v", v.Class, goesOn, want, more)
		}
	}
	f := again()
	judge(f, Answer{Status: 500}, Fault, true)
	judge(f, refused, AsExpected, false)
	f = again()
	judge(f, Answer{Status: 500}, Fault, true)
	judge(f, issued, AsExpected, true)
	if f.token != "2" {
		t.Errorf("goes on with the token %q, want the new one", f.token)
	}
	judge(f, refused, FalseRefusal, false)
	f = again()
	if !f.Unanswered() {
		t.Error("ends with a lost answer")
	}
	judge(f, refused, AsExpected, false)
}
