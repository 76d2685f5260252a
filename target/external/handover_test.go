package external_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/scopeproof/scopeproof/target"
	"github.com/scopeproof/scopeproof/target/external"
)

// over is the target as another process gets it.
func over(t *testing.T, as *target.Target) *target.Target {
	t.Helper()
	h, err := as.HandOver()
	if err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(h)
	if err != nil {
		t.Fatal(err)
	}
	var there target.Handover
	if err := json.Unmarshal(data, &there); err != nil {
		t.Fatal(err)
	}
	return open(t, external.TakeOver(there))
}

func TestTargetIsTakenOver(t *testing.T) {
	as := reference(t)
	got := over(t, as)
	if got.Issuer != as.Issuer || got.Kind != as.Kind || got.API.BaseURL != as.API.BaseURL || got.API.TrustKey == nil {
		t.Errorf("got %+v with the API %+v, want the target that was handed over", got, got.API)
	}
	if len(got.Description.Users) != len(as.Description.Users) || got.Variables["admin_key"] != as.Variables["admin_key"] {
		t.Errorf("got users %v, want those of the target that was handed over", got.Description.Users)
	}
	reads := token(t, as, "planner", "read:appointments")
	if status := call(t, got.API, "list", reads); status != http.StatusOK {
		t.Errorf("list with the scope: got %d, want 200", status)
	}
	if err := got.Close(); err != nil {
		t.Fatal(err)
	}
	if status := call(t, as.API, "list", reads); status != http.StatusOK {
		t.Errorf("after the copy was closed: got %d, want 200: it ends nothing", status)
	}
}

func TestCalendarOfOursIsStartedByEach(t *testing.T) {
	as := open(t, external.Description(describe(t, reference(t).Issuer, "")))
	got := over(t, as)
	if !got.API.Ours || got.API.BaseURL == as.API.BaseURL {
		t.Errorf("got the API %+v, want a calendar of its own", got.API)
	}
	reads := token(t, as, "planner", "read:appointments")
	if status := call(t, got.API, "list", reads); status != http.StatusOK {
		t.Errorf("list with the scope: got %d, want 200", status)
	}
}

func TestTargetOfThisProcessOnlyIsNotHandedOver(t *testing.T) {
	as := reference(t)
	own := *as
	own.Transport = http.DefaultTransport
	if _, err := own.HandOver(); err == nil {
		t.Error("got no error for a target with a transport of its own")
	}
}
