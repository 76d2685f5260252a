package bringup_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/moby/moby/client"

	"github.com/scopeproof/scopeproof/target"
	"github.com/scopeproof/scopeproof/target/bringup"
	"github.com/scopeproof/scopeproof/target/container"
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

func file(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "target.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestFileChoosesTheWayUp(t *testing.T) {
	embedded := open(t, bringup.File(file(t, "name: mine\nembedded: {tokens: opaque}\nchoices: {unknown_scope: reject}\n")))
	if embedded.Kind != target.KindEmbedded || embedded.Description.Name != "mine" || embedded.Description.Capabilities["token.format"] != "opaque" {
		t.Errorf("got %+v, want the embedded server by our name, with opaque tokens", embedded.Description)
	}
	if got := embedded.Description.Choices; got["unknown_scope"] != "reject" || got["empty_grant"] != "error" {
		t.Errorf("got choices %v, want the file's before the reference's", got)
	}
	external := open(t, bringup.File(file(t, "name: there\nexternal: {issuer: https://elsewhere.example}\n"),
		target.Override{Key: "external.issuer", Value: embedded.Issuer}))
	if external.Kind != target.KindExternal || external.Issuer != embedded.Issuer {
		t.Errorf("got %s at %s, want external at %s", external.Kind, external.Issuer, embedded.Issuer)
	}
}

func TestAnAPIUnderTestHasTheReferenceInFrontOfIt(t *testing.T) {
	got := open(t, bringup.File(file(t, `
name: orders
embedded: {}
api:
  base_url: https://orders.example
  operations: [{name: list, method: GET, path: /orders, all_of: "read:appointments"}]
`)))
	if got.API.BaseURL != "https://orders.example" || got.API.Ours || got.Metadata["token_endpoint"] == nil {
		t.Errorf("got API %+v, want the one of the file behind the reference server", got.API)
	}
}

func TestNamed(t *testing.T) {
	if got := open(t, bringup.Named("", target.Override{Key: "name", Value: "ours"})); got.Kind != target.KindEmbedded || got.Description.Name != "ours" {
		t.Errorf("got %s %q, want the embedded reference", got.Kind, got.Description.Name)
	}
	var problems *target.Problems
	_, err := bringup.Named("keycloak").Open(t.Context())
	if !errors.As(err, &problems) || !strings.Contains(err.Error(), strings.Join(target.Bundled(), ", ")) {
		t.Errorf("got %v, want the names that there are", err)
	}
	_, err = bringup.Named("none.yaml").Open(t.Context())
	if !errors.As(err, &problems) || !strings.Contains(err.Error(), "none.yaml: got no such file") {
		t.Errorf("got %v, want that there is no such file", err)
	}
	for meant, got := range map[string]string{"hydra": "hydar", "node-oidc-provider": "node", file(t, "name: near\n"): ""} {
		if got == "" {
			got = strings.TrimSuffix(meant, "yaml") + "yml"
		}
		_, err = bringup.Named(got).Open(t.Context())
		if !errors.As(err, &problems) || !strings.Contains(err.Error(), fmt.Sprintf("did you mean %q?", meant)) {
			t.Errorf("%s: got %v, want %s as what was meant", got, err, meant)
		}
	}
	_, err = bringup.Named("", target.Override{Key: "nme", Value: "x", From: "--set nme"}).Open(t.Context())
	if !errors.As(err, &problems) || !strings.Contains(err.Error(), `--set nme: got an unknown key`) {
		t.Errorf("got %v, want that there is no such key", err)
	}
}

func TestBundledTargetsComeUp(t *testing.T) {
	required := os.Getenv("SCOPEPROOF_REQUIRE_DOCKER") == "1"
	if err := container.Engine(t.Context()); err != nil {
		if required {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	for _, name := range target.Bundled() {
		t.Run(name, func(t *testing.T) {
			d, err := bringup.Load(name)
			if err != nil {
				t.Fatal(err)
			}
			if !required {
				skipWithoutImage(t, d.Container.Image)
			}
			got := open(t, bringup.Named(name))
			for _, endpoint := range []string{"authorization_endpoint", "token_endpoint"} {
				if got.Metadata[endpoint] == nil {
					t.Errorf("got no %s", endpoint)
				}
			}
			if got.API == nil || got.API.TrustKey == nil && got.API.Mint == nil {
				t.Errorf("got API %+v, want one that takes tokens of ours", got.API)
			}
		})
	}
}

// skipWithoutImage skips a target whose image would have to be pulled or built.
func skipWithoutImage(t *testing.T, image string) {
	t.Helper()
	engine, err := client.New(client.FromEnv)
	if err != nil {
		t.Fatal(err)
	}
	defer engine.Close()
	if _, err := engine.ImageInspect(t.Context(), image); err != nil {
		t.Skipf("the engine does not have the image %s: %v", image, err)
	}
}
