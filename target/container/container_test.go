package container_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/moby/moby/client"

	"github.com/scopeproof/scopeproof/target"
	"github.com/scopeproof/scopeproof/target/container"
)

// image is what the tests build and remove.
const image = "scopeproof/container-test:1"

// folder returns a folder with a target file and the build context of a server,
// or skips where no engine answers.
func folder(t *testing.T, file string) string {
	t.Helper()
	if err := container.Engine(t.Context()); err != nil {
		if os.Getenv("SCOPEPROOF_REQUIRE_DOCKER") == "1" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	dir := t.TempDir()
	build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-o", filepath.Join(dir, "image", "server"), "./testdata/server")
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux")
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	write(t, filepath.Join(dir, "image", "Dockerfile"), "FROM scratch\nCOPY server /server\nENTRYPOINT [\"/server\"]\n")
	write(t, filepath.Join(dir, "server.conf.tmpl"), "issuer ${issuer}, key $${KEY}\n")
	write(t, filepath.Join(dir, "target.yaml"), file)
	return dir
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func get(t *testing.T, url string) string {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func TestContainerComesUpAndGoesAway(t *testing.T) {
	dir := folder(t, fmt.Sprintf(`
name: tiny
container:
  image: %[1]s
  build: ./image
  command: [serve, --issuer, "${issuer}"]
  env: {ISSUER: "${issuer}", KEY: "${admin_key}", PEER: "http://companion:8080/ready"}
  ports: {public: 8080, second: 8081}
  ready: {http: /ready, port: public, log: server is up}
  files: {./server.conf.tmpl: /etc/server.conf}
  with:
    - {name: companion, image: "%[1]s", build: ./image, ports: {http: 8080}, ready: {http: /ready}}
authorization_server: {issuer: "http://127.0.0.1:${port.public}"}
`, image))
	removeImage(t, image)
	got, err := container.File(filepath.Join(dir, "target.yaml")).Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if want := "issuer " + got.Issuer + ", key ${KEY}\n"; get(t, got.Issuer+"/file") != want {
		t.Errorf("got the file %q, want %q", get(t, got.Issuer+"/file"), want)
	}
	if got.Kind != target.KindContainer || got.API == nil || !got.API.Ours || got.Variables["port.second"] == "" {
		t.Errorf("got %+v, want a container with our API", got)
	}
	if err := got.Close(); err != nil {
		t.Error(err)
	}
	if _, err := http.Get(got.Issuer + "/ready"); err == nil {
		t.Error("the server answers after Close")
	}
}

func removeImage(t *testing.T, name string) {
	t.Helper()
	engine, err := client.New(client.FromEnv)
	if err != nil {
		t.Fatal(err)
	}
	defer engine.Close()
	// A cleanup comes after the test's own context; the image need not be there.
	_, _ = engine.ImageRemove(context.Background(), name, client.ImageRemoveOptions{Force: true})
}

func TestContainerThatDoesNotComeUp(t *testing.T) {
	t.Cleanup(func() { removeImage(t, image) })
	for _, test := range []struct {
		name, container, issuer string
		want                    []string
	}{
		{"it dies", `env: {DIE: "1", KEY: "${admin_key}"}, ports: {p: 8080}`, "", []string{
			"container tiny: got that it ended with status 3", "| cannot open the database", "key: …", "hint: see container.command",
		}},
		{"it is never ready", `env: {ISSUER: "${issuer}"}, ports: {p: 8080}, ready: {http: /nothing, timeout: 1s}`, "", []string{
			"/nothing: 404 Not Found", "| server is up", "want it to be ready within 1s",
		}},
		{"a line never appears", `env: {ISSUER: "${issuer}"}, ports: {p: 8080}, ready: {log: we are ready, timeout: 1s}`, "", []string{
			`got no line with "we are ready" in its log`,
		}},
		{"it listens elsewhere", `env: {ISSUER: "${issuer}"}, ports: {p: 8081}, ready: {timeout: 1s}`, "", []string{"want it to be ready within 1s"}},
		{"it has another issuer", `env: {ISSUER: "http://localhost:8080"}, ports: {p: 8080}`, "", []string{
			`issuer: got "http://localhost:8080"`, "the hosts differ (localhost, 127.0.0.1)",
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := folder(t, fmt.Sprintf("name: tiny\ncontainer: {image: %q, build: image, %s}\n", image, test.container))
			start := time.Now()
			got, err := container.File(filepath.Join(dir, "target.yaml")).Open(t.Context())
			if err == nil {
				t.Fatalf("got %+v, want an error", got)
			}
			var unavailable *target.Unavailable
			var mismatch *target.IssuerMismatch
			if !errors.As(err, &unavailable) && !errors.As(err, &mismatch) {
				t.Errorf("got %T, want unavailable or an issuer mismatch", err)
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got:\n%v\nwant in it:\n%s", err, want)
				}
			}
			if took := time.Since(start); took > 30*time.Second {
				t.Errorf("took %s", took)
			}
		})
	}
}

func TestImageThatCannotBeBuilt(t *testing.T) {
	dir := folder(t, "name: tiny\ncontainer: {image: scopeproof/container-test:bad, build: ./image, ports: {p: 8080}}\n")
	write(t, filepath.Join(dir, "image", "Dockerfile"), "FROM scratch\nCOPY nothing /nothing\n")
	_, err := container.File(filepath.Join(dir, "target.yaml")).Open(t.Context())
	var unavailable *target.Unavailable
	if !errors.As(err, &unavailable) || !strings.Contains(err.Error(), "want it to be built from ./image") {
		t.Errorf("got %v, want unavailable", err)
	}
}

func TestNoEngine(t *testing.T) {
	err := container.Engine(t.Context())
	if err == nil {
		t.Skip("an engine answers")
	}
	var unavailable *target.Unavailable
	if !errors.As(err, &unavailable) || !strings.Contains(err.Error(), "hint: start Docker, or set DOCKER_HOST") {
		t.Errorf("got %v, want unavailable with a hint", err)
	}
	d, err := target.LoadBundled("reference")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := container.Description(d).Open(t.Context()); !errors.As(err, &unavailable) {
		t.Errorf("got %v, want unavailable", err)
	}
}

// Another engine than the one that is named may be on another machine, or somebody
// else's.
func TestNoOtherEngineStandsInForTheOneThatIsNamed(t *testing.T) {
	t.Setenv("DOCKER_HOST", "tcp://127.0.0.1:9")
	err := container.Engine(t.Context())
	var unavailable *target.Unavailable
	if !errors.As(err, &unavailable) {
		t.Errorf("got %v, want unavailable: nobody answers there", err)
	}
}

// The engine is taken to be on another machine where its host is a name.
func TestTheEngineIsOnAnotherMachine(t *testing.T) {
	name, err := os.Hostname()
	if err == nil {
		_, err = net.LookupHost(name)
	}
	if err != nil {
		t.Skip(err)
	}
	dir := folder(t, fmt.Sprintf("name: tiny\ncontainer: {image: %q, build: image, env: {ISSUER: \"${issuer}\"}, ports: {p: 8080}, ready: {http: /ready}}\n", image))
	t.Setenv("TESTCONTAINERS_HOST_OVERRIDE", name)
	got, err := container.File(filepath.Join(dir, "target.yaml")).Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if want := "http://" + name + ":"; !strings.HasPrefix(got.Issuer, want) {
		t.Errorf("got the issuer %s, want it to begin with %s", got.Issuer, want)
	}
	if err := got.Close(); err != nil {
		t.Error(err)
	}
}
