package container_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/moby/moby/client"
	"github.com/testcontainers/testcontainers-go"

	"github.com/scopeproof/scopeproof/conformance"
	"github.com/scopeproof/scopeproof/target/container"
)

// runAndEnd is what a process of its own does in [TestNothingIsLeftBehind]: the program,
// which is interrupted, stopped by a mistake, or killed.
func runAndEnd(path, how string) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	_, err := conformance.Run(ctx, container.File(path), conformance.With(conformance.Options{
		Rules: []string{"DISC-01"},
		Hold: func(context.Context, *conformance.Report, *conformance.Held) error {
			time.Sleep(2 * time.Second) // to be looked at
			switch how {
			case "panic":
				panic("a mistake")
			case "wait":
				<-ctx.Done()
			}
			return nil
		},
	}))
	return err
}

// A target of two containers, a network and a volume leaves nothing of it, however
// the run ends: at once where the process can see to it, else when the reaper
// notices that it is gone.
func TestNothingIsLeftBehind(t *testing.T) {
	if path, how, ok := strings.Cut(os.Getenv("SCOPEPROOF_TEST_RUN"), "|"); ok {
		if err := runAndEnd(path, how); err != nil {
			t.Fatal(err)
		}
		return
	}
	if testing.Short() {
		t.Skip("the reaper takes its time")
	}
	const image = "scopeproof/container-test:volume"
	t.Cleanup(func() { removeImage(t, image) })
	for _, c := range []struct {
		name, how string
		container string // what more is said of it
		signal    os.Signal
		reaped    bool
	}{
		{name: "it ends"},
		{name: "the target does not come up", container: `env: {SLOW: "1"}, ready: {http: /ready, timeout: 12s}`},
		{name: "it panics", how: "panic"},
		{name: "it is interrupted", how: "wait", signal: os.Interrupt},
		{name: "it is interrupted while the target comes up", container: `env: {SLOW: "1"}, ready: {http: /ready}`, signal: os.Interrupt},
		{name: "it is killed", how: "wait", signal: syscall.SIGKILL, reaped: true},
	} {
		if c.container == "" {
			c.container = `env: {ISSUER: "${issuer}"}, ready: {http: /ready}`
		}
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := folder(t, fmt.Sprintf(`
name: tiny
container:
  {image: %[1]q, build: ./image, ports: {public: 8080}, %[2]s,
  with: [{name: companion, image: %[1]q, build: ./image, ports: {http: 8080}, ready: {http: /ready}}]}
`, image, c.container))
			write(t, filepath.Join(dir, "image", "Dockerfile"), "FROM scratch\nCOPY server /server\nVOLUME /data\nENTRYPOINT [\"/server\"]\n")
			// A session of its own, whose reaper does not wait for others of this run.
			session := "scopeproof-" + strconv.FormatInt(time.Now().UnixNano(), 16)
			run := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestNothingIsLeftBehind$")
			run.Env = append(os.Environ(), "SCOPEPROOF_TEST_RUN="+filepath.Join(dir, "target.yaml")+"|"+c.how,
				"TESTCONTAINERS_SESSION_ID="+session, "RYUK_RECONNECTION_TIMEOUT=2s")
			var output strings.Builder
			run.Stdout, run.Stderr = &output, &output
			if err := run.Start(); err != nil {
				t.Fatal(err)
			}
			e := engineOf(t, session)
			if !e.becomes(func() bool { return e.all().whole() }) {
				_ = run.Process.Kill()
				t.Fatalf("got %+v, want two containers, each with a volume, and a network\n%s", e.all(), output.String())
			}
			there := e.all()
			if c.signal != nil {
				if err := run.Process.Signal(c.signal); err != nil {
					t.Fatal(err)
				}
			}
			_ = run.Wait() // it may end as it likes
			left := func() things { return e.left(there) }
			if got := left(); !c.reaped && !got.none() {
				t.Errorf("got %+v when it had ended, want nothing left\n%s", got, output.String())
			}
			if !e.becomes(func() bool { return left().none() }) {
				t.Errorf("got %+v a minute later, want nothing left\n%s", left(), output.String())
			}
		})
	}
}

// things are what one session has at the engine: the ids of containers, and the
// names of networks and of volumes. The reaper is none of them.
type things struct{ containers, networks, volumes []string }

func (a things) whole() bool {
	return len(a.containers) == 2 && len(a.networks) == 1 && len(a.volumes) == 2
}

func (a things) none() bool { return len(a.containers)+len(a.networks)+len(a.volumes) == 0 }

type engine struct {
	t       *testing.T
	client  *client.Client
	session client.Filters
}

func engineOf(t *testing.T, session string) *engine {
	t.Helper()
	c, err := client.New(client.FromEnv)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return &engine{t, c, client.Filters{}.Add("label", "org.testcontainers.sessionId="+session)}
}

// all is everything of the session. Volumes are found at the containers.
func (e *engine) all() things {
	e.t.Helper()
	var found things
	containers, err := e.client.ContainerList(e.t.Context(), client.ContainerListOptions{All: true, Filters: e.session})
	if err != nil {
		e.t.Fatal(err)
	}
	for _, c := range containers.Items {
		if c.Labels["org.testcontainers.ryuk"] == "true" || c.Labels["org.testcontainers.reaper"] == "true" {
			continue
		}
		found.containers = append(found.containers, c.ID)
		for _, m := range c.Mounts {
			found.volumes = append(found.volumes, m.Name)
		}
	}
	networks, err := e.client.NetworkList(e.t.Context(), client.NetworkListOptions{Filters: e.session})
	if err != nil {
		e.t.Fatal(err)
	}
	for _, n := range networks.Items {
		if n.Name == testcontainers.ReaperDefault {
			continue // where testcontainers makes one for reapers, all sessions share it
		}
		found.networks = append(found.networks, n.Name)
	}
	return found
}

// left is what is still there, also of what was there before.
func (e *engine) left(before things) things {
	e.t.Helper()
	now := e.all()
	now.volumes = nil
	for _, name := range before.volumes {
		if _, err := e.client.VolumeInspect(e.t.Context(), name, client.VolumeInspectOptions{}); err == nil {
			now.volumes = append(now.volumes, name)
		}
	}
	return now
}

// becomes waits a minute for something to be so.
func (e *engine) becomes(so func() bool) bool {
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		if so() {
			return true
		}
	}
	return false
}
