package embedded_test

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/scopeproof/scopeproof/target"
	"github.com/scopeproof/scopeproof/target/embedded"
)

func open(t *testing.T, source target.Source) *target.Target {
	t.Helper()
	got, err := source.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := got.Close(); err != nil {
			t.Error(err)
		}
	})
	return got
}

// get returns the status and the body of an answer.
func get(t *testing.T, url, token string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

func TestReferenceIsReadyWhenOpened(t *testing.T) {
	got := open(t, embedded.Reference())
	if got.Issuer == "" || got.Metadata["issuer"] != got.Issuer || got.Description.AuthorizationServer.Issuer != got.Issuer {
		t.Errorf("got issuer %q and metadata %v, want the same in both", got.Issuer, got.Metadata["issuer"])
	}
	if got.API == nil || got.API.BaseURL != got.Issuer+"/calendar" || got.API.TrustKey == nil {
		t.Errorf("got API %+v, want the calendar, which can be told a key", got.API)
	}
	if got.OtherAPI == nil || got.Description.AuthorizationServer.OtherResource != got.OtherAPI.Resource {
		t.Errorf("got other API %+v, want the contacts", got.OtherAPI)
	}
	if got.Description.Container != nil || got.Description.Embedded == nil {
		t.Errorf("got a container in the description, want embedded")
	}
	if status, _ := get(t, got.API.BaseURL+"/appointments", ""); status != http.StatusUnauthorized {
		t.Errorf("GET appointments without a token: got %d, want 401", status)
	}
}

func TestReferenceControlCallsAreUnderstood(t *testing.T) {
	got := open(t, embedded.Reference())
	d := got.Description
	user := map[string]string{
		"user.username": "dee", "user.password": "dee-password", "user.subject": "dee", "user.claims": `{"name":"Dee"}`, "user.roles": `["writer"]`,
		"scope": "read:appointments write:appointments", "client.id": "planner", "removed": "write:appointments", "seconds": "60",
	}
	for _, step := range []struct {
		name string
		call *target.Call
	}{
		{"create_user", d.Control.CreateUser}, {"set_permissions", d.Control.SetPermissions}, {"limit_client", d.Control.LimitClient},
		{"advance_clock", d.Control.AdvanceClock}, {"reset_clock", d.Control.ResetClock},
	} {
		if _, err := got.Perform(t.Context(), *step.call, user); err != nil {
			t.Errorf("%s: %v", step.name, err)
		}
	}
	key := `{"kty":"EC","crv":"P-256","kid":"k","alg":"ES256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"}`
	if err := got.API.TrustKey(t.Context(), []byte(key)); err != nil {
		t.Error(err)
	}
	client, err := got.Perform(t.Context(), *d.Clients.Register.HTTP, map[string]string{"client.first_party": "true"})
	if err == nil && client["client_id"] == "" {
		t.Error("got no client_id, want one")
	}
}

func TestUnknownDefectIsAnError(t *testing.T) {
	_, err := embedded.Reference(embedded.Defect("NO-SUCH")).Open(t.Context())
	if err == nil || !strings.Contains(err.Error(), "NO-SUCH") {
		t.Errorf("got %v, want an error that names it", err)
	}
}

func TestDefectIsSwitchedOn(t *testing.T) {
	got := open(t, embedded.Reference(embedded.Defect("consent-ignores-boxes")))
	if !strings.Contains(got.Defect, "boxes on the consent page are never read") {
		t.Errorf("got the text %q, want the defect's", got.Defect)
	}
}

func TestADefectBringsTheExtraFeatureThatItIsIn(t *testing.T) {
	plain, faulty := open(t, embedded.Reference()), open(t, embedded.Reference(embedded.Defect("claims-parameter-skips-consent")))
	if plain.Metadata["claims_parameter_supported"] == true || faulty.Metadata["claims_parameter_supported"] != true {
		t.Errorf("got the claims parameter %v, and with the defect %v, want it with the defect alone",
			plain.Metadata["claims_parameter_supported"], faulty.Metadata["claims_parameter_supported"])
	}
	if got := faulty.Description.Embedded.With; !slices.Equal(got, []string{"claims_parameter"}) {
		t.Errorf("got the description with %q, want it to name the feature", got)
	}
}

func TestDescriptionIsNotChangedByOpening(t *testing.T) {
	d, err := target.Parse("t.yaml", []byte("name: x\nembedded: {tokens: opaque}\ncapabilities: {as.device: false}\n"))
	if err != nil {
		t.Fatal(err)
	}
	got := open(t, embedded.Description(d))
	if len(d.Capabilities) != 1 || d.Users != nil || d.AuthorizationServer.Issuer != "" {
		t.Errorf("got %+v, want what was written", d)
	}
	if c := got.Description.Capabilities; c["as.device"] != "false" || c["token.format"] != "opaque" {
		t.Errorf("got capabilities %v, want the file's, and opaque tokens", c)
	}
	if got.Description.Users["Ada"].Username != "ada" {
		t.Errorf("got users %v, want the reference's", got.Description.Users)
	}
}

func TestAFeatureThatIsLeftOutIsNotAdvertised(t *testing.T) {
	got := open(t, embedded.Reference(embedded.Without("introspection", "refresh")))
	if got.Metadata["introspection_endpoint"] != nil || got.Metadata["revocation_endpoint"] == nil {
		t.Errorf("got metadata %v, want no introspection and revocation", got.Metadata)
	}
	if list, _ := got.Metadata["grant_types_supported"].([]any); len(list) == 0 || slices.Contains(list, any("refresh_token")) {
		t.Errorf("got grant types %v, want some without refresh_token", list)
	}
	if _, err := embedded.Reference(embedded.Without("nonsense")).Open(t.Context()); err == nil || !strings.Contains(err.Error(), "introspection") {
		t.Errorf("got error %v, want one that lists the features", err)
	}
}
