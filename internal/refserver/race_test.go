package refserver_test

import (
	"bytes"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/scopeproof/scopeproof/internal/refserver"
)

// dwell is how long each request stays between look and change: long enough for
// every other one to be there.
const dwell = 10 * time.Millisecond

// slow is a server on which every request dwells between look and change, with
// what is locked there locked.
func slow(t *testing.T) rig {
	t.Helper()
	p := refserver.Conformant()
	p.Race.Between = func(refserver.Step) time.Duration { time.Sleep(dwell); return refserver.Never }
	return start(t, refserver.Options{Policy: p})
}

// together runs f so many times at once.
func together(n int, f func(i int)) {
	var all sync.WaitGroup
	begin := make(chan struct{})
	for i := range n {
		all.Go(func() {
			<-begin
			f(i)
		})
	}
	close(begin)
	all.Wait()
}

func TestACodeIsGoodOnceAlsoAtOnce(t *testing.T) {
	r := slow(t)
	b := r.browser("ada")
	b.authorize(planner, both)
	b.decide("allow")
	var good atomic.Int64
	together(8, func(int) {
		status, _ := r.post("/token", planner, url.Values{
			"grant_type": {"authorization_code"}, "code": {b.answered.Get("code")}, "redirect_uri": {callback}, "code_verifier": {"verifier"},
		})
		if status == http.StatusOK {
			good.Add(1)
		}
	})
	want(t, "redeemed", good.Load(), 1)
}

func TestARefreshTokenIsReplacedOnceAlsoAtOnce(t *testing.T) {
	r := slow(t)
	token := r.browser("ada").grant(planner, "offline_access "+both)
	var next sync.Map
	together(8, func(i int) {
		if status, answer := r.refresh(planner, token["refresh_token"], ""); status == http.StatusOK {
			next.Store(i, answer["refresh_token"])
		}
	})
	n := 0
	next.Range(func(_, token any) bool {
		n++
		status, _ := r.refresh(planner, token, "")
		want(t, "after reuse was seen", status, http.StatusBadRequest)
		return true
	})
	want(t, "refreshed", n, 1)
}

func TestAChangeOfTheGrantIsNotUndoneByARefreshUnderWay(t *testing.T) {
	for _, c := range []struct {
		name, path, method, body string
		left                     any
	}{
		{"edit", "/account/api/grants/planner/remove", http.MethodPost, `{"scope":"` + wa + `"}`, "200 offline_access " + ra},
		{"revocation", "/account/api/grants/planner", http.MethodDelete, "", "400 <nil>"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := slow(t)
			token := r.browser("ada").grant(planner, "offline_access "+both)
			var next any
			together(2, func(i int) {
				if i == 1 {
					status, _, _ := r.call(c.method, c.path, basic("ada"), strings.NewReader(c.body))
					want(t, "changed", status < 300, true)
					return
				}
				if status, answer := r.refresh(planner, token["refresh_token"], ""); status == http.StatusOK {
					next = answer["refresh_token"]
				}
			})
			if next == nil {
				return // the change came first, and ended it
			}
			status, after := r.refresh(planner, next, "")
			want(t, "what the refresh left", pair(status, after["scope"]), c.left)
		})
	}
}

func TestAPageIsAnsweredOnceAlsoAtOnce(t *testing.T) {
	r := slow(t)
	b := r.browser("ada")
	b.authorize(planner, both)
	form := url.Values{"tx": {b.hidden("tx")}, "csrf": {b.hidden("csrf")}, "scope": {ra, wa}}
	var codes atomic.Int64
	together(6, func(i int) {
		own := url.Values{"tx": form["tx"], "csrf": form["csrf"], "scope": form["scope"], "decision": {[]string{"allow", "deny"}[i%2]}}
		request, _ := http.NewRequest(http.MethodPost, r.Issuer()+"/consent", bytes.NewReader([]byte(own.Encode())))
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		client := &http.Client{Jar: b.http.Jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		response, err := client.Do(request)
		if err != nil {
			t.Error(err)
			return
		}
		response.Body.Close()
		if to, _ := response.Location(); to != nil && (to.Query().Has("code") || to.Query().Has("error")) {
			codes.Add(1)
		}
	})
	want(t, "answers that count", codes.Load(), 1)
}

func TestNoConsentIsLostAtOnce(t *testing.T) {
	r := slow(t)
	b := r.browser("ada")
	b.authorize(planner, ra)
	b.decide("allow")
	scopes := []string{wa, "email", "profile"}
	forms := make([]url.Values, len(scopes))
	for i, scope := range scopes {
		b.authorize(planner, scope)
		forms[i] = url.Values{"tx": {b.hidden("tx")}, "csrf": {b.hidden("csrf")}, "scope": {scope}, "decision": {"allow"}}
	}
	together(len(scopes), func(i int) {
		client := &http.Client{Jar: b.http.Jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		response, err := client.PostForm(r.Issuer()+"/consent", forms[i])
		if err != nil {
			t.Error(err)
			return
		}
		response.Body.Close()
	})
	b.authorize(planner, ra, "include_granted_scopes", "true")
	union := strings.Fields(b.redeem(planner)["scope"].(string))
	slices.Sort(union)
	want(t, "union", union, []string{"email", "profile", ra, wa})
}

func TestADeviceCodeIsGoodOnceAlsoAtOnce(t *testing.T) {
	r := slow(t)
	_, d := r.device(planner, both)
	b := r.browser("ada")
	b.enter(d)
	b.decide("allow")
	var good atomic.Int64
	together(8, func(int) {
		if status, _ := d.poll(""); status == http.StatusOK {
			good.Add(1)
		}
	})
	want(t, "issued", good.Load(), 1)
}

func TestAPushedRequestIsGoodOnceAlsoAtOnce(t *testing.T) {
	r := slow(t)
	b := r.browser("ada")
	b.grant(planner, both)
	uri, _ := r.push(planner, request(planner, ra))
	address := r.Issuer() + "/authorize?" + brought(planner, uri).Encode()
	var codes atomic.Int64
	together(8, func(int) {
		client := &http.Client{Jar: b.http.Jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		response, err := client.Get(address)
		if err != nil {
			t.Error(err)
			return
		}
		response.Body.Close()
		if to, _ := response.Location(); to != nil && to.Query().Has("code") {
			codes.Add(1)
		}
	})
	want(t, "codes", codes.Load(), 1)
}
