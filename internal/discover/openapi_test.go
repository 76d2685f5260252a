package discover_test

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scopeproof/scopeproof/internal/discover"
	"github.com/scopeproof/scopeproof/internal/refserver"
	"github.com/scopeproof/scopeproof/target"
	"github.com/scopeproof/scopeproof/target/embedded"
)

func TestAnOpenAPIDocumentBecomesTheFileOfAnAPI(t *testing.T) {
	document, err := os.ReadFile("testdata/orders.yaml")
	if err != nil {
		t.Fatal(err)
	}
	data, err := discover.DescribeAPI(document)
	if err != nil {
		t.Fatal(err)
	}
	d, err := target.Parse("t.yaml", data)
	if err != nil {
		t.Fatalf("%v\n%s", err, data)
	}
	if !d.OnlyAPI() || d.Name != "Orders $${env.HOME} API" || d.API.BaseURL != "https://shop.example/v1" {
		t.Errorf("got %q at %s, want the API of the document, and no variable of ours in its title", d.Name, d.API.BaseURL)
	}
	if diff := cmp.Diff(map[string]string{"read:appointments": "orders:read", "write:appointments": "orders:write"}, d.Scopes); diff != "" {
		t.Errorf("scopes (-want +got):\n%s", diff)
	}
	order := map[string]any{"due": "2030-01-01T10:00:00Z", "kind": "small", "subject": "${marker}"}
	for i := range d.API.Operations {
		delete(d.API.Operations[i].JSON, "parts") // as deep as is looked
	}
	want := []target.Operation{
		{Name: "list", Method: "GET", Path: "/orders", AllOf: "orders:read"},
		{Name: "create", Method: "POST", Path: "/orders", AllOf: "orders:write", JSON: order, ID: "/data/id"},
		{Name: "read", Method: "GET", Path: "/orders/${id}", AnyOf: "orders:read orders:admin"},
		{Name: "replace", Method: "PUT", Path: "/orders/${id}", AllOf: "orders:write", JSON: order},
		{Name: "move", Method: "POST", Path: "/orders/${id}/cancel", AllOf: "orders:read orders:write"},
		{Name: "notes", Method: "GET", Path: "/orders/${id}/lines", AllOf: "orders:read"},
		{Name: "annotate", Method: "POST", Path: "/orders/${id}/lines", AllOf: "orders:write", JSON: map[string]any{"text": "${marker}", "count": 2}},
	}
	if diff := cmp.Diff(want, d.API.Operations); diff != "" {
		t.Errorf("operations (-want +got):\n%s", diff)
	}
	further := []target.FurtherOperation{
		{Name: "patch-orders-orderId", Method: "PATCH", Path: "/orders/${id}", AllOf: "orders:admin orders:write"},
		{Name: "sumUp", Method: "GET", Path: "/totals", AllOf: "orders:admin"},
	}
	if diff := cmp.Diff(further, d.API.Further); diff != "" {
		t.Errorf("further (-want +got):\n%s", diff)
	}
	for _, why := range []string{
		"#   DELETE /orders/{orderId}: needs no token", "#   GET /customers: needs no scope of OAuth 2.0",
		"#   POST /customers: is about other things",
	} {
		if !strings.Contains(string(data), why) {
			t.Errorf("got\n%s\nwant in it %s", data, why)
		}
	}
}

func TestWhatIsNoDocumentWithScopesIsRefused(t *testing.T) {
	for _, tt := range []struct{ name, document, want string }{
		{"nothing", "", "got openapi \"\""},
		{"no document", "[1]", "got what is no OpenAPI document"},
		{"Swagger 2", `{"swagger": "2.0", "paths": {}}`, `got openapi ""`},
		{"another file", `{"openapi": "3.0.0", "paths": {"/x": {"$ref": "/etc/passwd"}}}`, "got what is no OpenAPI document"},
		{"no scopes", `{"openapi": "3.0.0", "info": {"title": "x", "version": "1"}, "paths": {"/x": {"get": {"responses": {}}}}}`, "got no path on which a method needs a scope"},
		{"a scheme that is not there", `{"openapi": "3.0.0", "paths": {"/x": {"get": {"security": [{"no": ["a"]}]}}}}`, "got no path"},
		{"a path that is none", `{"openapi": "3.0.0", "paths": {"0": {"get": {"security": [{"o": ["a"]}]}}}, "components": {"securitySchemes": {"o": {"type": "oauth2"}}}}`, "got no path"},
		{"scopes that are none", `{"openapi": "3.0.0", "paths": {"/x": {"get": {"security": [{"o": ["a b\""]}]}}}, "components": {"securitySchemes": {"o": {"type": "oauth2"}}}}`, "got no path"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := discover.DescribeAPI([]byte(tt.document)); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want an error with %s", err, tt.want)
			}
		})
	}
}

func FuzzDescribeAPI(f *testing.F) {
	document, err := os.ReadFile("testdata/orders.yaml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(document)
	f.Add([]byte(`{"openapi": "3.0.0", "paths": {"/\u2028${x}\"": {"get": {"security": [{"o": ["a"]}]}}}, "components": {"securitySchemes": {"o": {"type": "oauth2"}}}}`))
	f.Fuzz(func(t *testing.T, document []byte) {
		if _, err := discover.DescribeAPI(document); err != nil && strings.Contains(err.Error(), "would be written is wrong") {
			t.Error(err)
		}
	})
}

func TestAnAPIThatTrustsNobodyIsToldWhom(t *testing.T) {
	api, err := refserver.StartAPI(t.Context(), refserver.APIOptions{Issuer: "https://login.example"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { api.Close() })
	d, err := target.Parse("t.yaml", []byte(`
name: x
tokens: {listen: "127.0.0.1:0"}
api: {base_url: "`+api.URL()+`", operations: [{name: list, method: GET, path: /appointments, all_of: "read:appointments"}]}
`))
	if err != nil {
		t.Fatal(err)
	}
	up, err := embedded.API(d).Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { up.Close() })
	found, err := discover.Observe(t.Context(), up)
	if err != nil {
		t.Fatal(err)
	}
	want := "it has to trust the issuer " + up.Issuer + ", by its keys at " + up.Issuer + "/jwks"
	if text := strings.Join(found.Hints, "\n"); !strings.Contains(text, want) {
		t.Errorf("got the hints %q, want in them %q", text, want)
	}
}
