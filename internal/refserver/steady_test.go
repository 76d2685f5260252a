package refserver_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/scopeproof/scopeproof/internal/refserver"
)

func TestAHeldTokenIsAskedAboutOnce(t *testing.T) {
	var asked atomic.Int64
	var active atomic.Bool
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		fmt.Fprintf(w, `{"active":%v,"scope":"read:appointments","sub":"ada"}`, active.Load())
	}))
	t.Cleanup(server.Close)
	api, err := refserver.StartAPI(t.Context(), refserver.APIOptions{IntrospectionEndpoint: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(api.Close)
	list := func(token string) int {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, api.URL()+"/appointments", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer "+token)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		return response.StatusCode
	}
	release, second := api.Hold("one"), api.Hold("one")
	want(t, "while it is inactive", list("one"), 401)
	active.Store(true)
	want(t, "once it is active", list("one"), 200)
	want(t, "again", list("one"), 200)
	want(t, "asked, inactive and active", asked.Load(), int64(2))
	want(t, "another token", list("two"), 200)
	want(t, "another token again", list("two"), 200)
	want(t, "asked about another each time", asked.Load(), int64(4))
	active.Store(false)
	release()
	release()
	want(t, "held by somebody still", list("one"), 200)
	second()
	want(t, "held by nobody", list("one"), 401)
	defer api.Hold("one")()
	want(t, "held anew", list("one"), 401)
}
