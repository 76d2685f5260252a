package report

import (
	"time"

	"github.com/scopeproof/scopeproof/oauth"
)

// flowSteps are the sentences of a scenario in which a refresh yields more than
// was granted.
func flowSteps() []string {
	return []string{
		`Given Ada has granted Planner only "read:appointments" of "read:appointments write:appointments"`,
		`When Planner refreshes its token asking for "read:appointments write:appointments"`,
		`Then Planner holds no scope beyond "read:appointments"`,
		`And Ada's calendar is unchanged`,
	}
}

// flowExchanges are its exchanges, as they are recorded.
func flowExchanges() []oauth.Exchange {
	says := func(text string) *string { return &text }
	const read, both = "read:appointments", "read:appointments write:appointments"
	form := []oauth.Param{{Name: "Content-Type", Value: "application/x-www-form-urlencoded"}}
	var list []oauth.Exchange
	add := func(step int, actor, to, purpose, method, url string, request oauth.Message, status int, response oauth.Message, facts oauth.ScopeFacts) {
		facts.Step = step
		n := len(list) + 1
		list = append(list, oauth.Exchange{
			Number: n, Actor: actor, To: to, Purpose: purpose, Started: moment(n), Duration: time.Duration(n) * time.Millisecond,
			Method: method, URL: url, Request: request, Status: status, Response: response, ScopeFacts: facts,
		})
	}
	server := func(step int, actor, purpose, method, path string, body string, status int, response oauth.Message, facts oauth.ScopeFacts) {
		request := oauth.Message{Body: body}
		if body != "" {
			request.Header = form
		}
		add(step, actor, "authorization server", purpose, method, issuer+path, request, status, response, facts)
	}
	to := func(location string) oauth.Message {
		return oauth.Message{Header: []oauth.Param{{Name: "Location", Value: location}}}
	}
	bearer := oauth.Message{Header: []oauth.Param{{Name: "Authorization", Value: "Bearer ‹sha256:1b4f0e98›"}}}
	challenged := oauth.Message{Header: []oauth.Param{{Name: "Www-Authenticate", Value: `Bearer error="insufficient_scope", scope="calendar.read"`}}}
	const sent = "is sent by Planner to authorize"

	server(1, "scopeproof", "registers Planner", "POST", "/clients", "", 201, oauth.Message{Body: `{}`}, oauth.ScopeFacts{})
	server(1, "Ada", sent, "GET", "/auth?scope=read%3Aappointments+write%3Aappointments", "", 303, to("/login"), oauth.ScopeFacts{Endpoint: "authorization", Requested: says(both)})
	server(1, "Ada", sent, "GET", "/login", "", 200, oauth.Message{Body: "<form>" + hostile}, oauth.ScopeFacts{})
	server(1, "Ada", sent, "POST", "/login", "username=ada&password=‹sha256:04e94b2e›", 303, to("/consent"), oauth.ScopeFacts{})
	server(1, "Ada", sent, "POST", "/consent", "scope=read%3Aappointments", 303, to("https://client.example/cb?code=‹sha256:305d0abd›&state=x"), oauth.ScopeFacts{Posted: says(read)})
	server(1, "Planner", "redeems its code", "POST", "/token", "grant_type=authorization_code&code=‹sha256:305d0abd›", 200,
		oauth.Message{Body: `{"scope":"read:appointments"}`}, oauth.ScopeFacts{Endpoint: "token", Held: says(both), Granted: says(read)})
	refresh := tokenExchange(0)
	server(2, "Planner", "refreshes its token", "POST", "/token", refresh.Request.Body, 200, refresh.Response,
		oauth.ScopeFacts{Endpoint: "token", Held: says(read), Requested: says(both), Granted: says(both)})
	server(3, "Planner", "introspects a token", "POST", "/introspect", "token=‹sha256:1b4f0e98›", 200,
		oauth.Message{Body: `{"active":true}`}, oauth.ScopeFacts{Endpoint: "introspection", Held: says(both), Effective: says(both)})
	add(3, "Planner", "API", "tries create", "POST", "http://127.0.0.1:9090/appointments", bearer, 201, oauth.Message{Body: `{"id":"a2"}`},
		oauth.ScopeFacts{Operation: "create", Held: says(both), Needs: []string{"write:appointments"}, Effective: says("write:appointments")})
	for range 3 {
		add(3, "Planner", "API", "tries summary", "GET", "http://127.0.0.1:9090/summary", bearer, 403, challenged,
			oauth.ScopeFacts{Operation: "summary", Held: says(both), Needs: []string{"calendar.read", hostile}})
	}
	return list
}
