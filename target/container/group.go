package container

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/netip"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"
	"github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/log"
	tcnetwork "github.com/testcontainers/testcontainers-go/network"

	"github.com/scopeproof/scopeproof/target"
)

const (
	stopTimeout = 30 * time.Second // for all containers of a target to be gone
	killAfter   = 0                // what a server is given to stop by itself: it keeps nothing
)

// group is a target's container and its companions.
type group struct {
	description *target.Description // every variable replaced
	variables   map[string]string
	host        string         // where the ports are
	reachesUs   bool           // the containers know this machine as engineHost
	ports       map[string]int // host ports of the target's container, by name
	running     []*running
	network     *testcontainers.DockerNetwork
}

// running is one container.
type running struct {
	name  string
	ctr   *testcontainers.DockerContainer
	ready target.Ready
	ports map[string]int // host ports by name
}

// start starts the companions in order, each when the one before is ready, and
// then the target's own container.
func (g *group) start(ctx context.Context) error {
	c := g.description.Container
	if len(c.With) > 0 {
		n, err := tcnetwork.New(ctx)
		if err != nil {
			return fmt.Errorf("make a network: %w", err)
		}
		g.network = n
	}
	for _, with := range c.With {
		ports, err := freePorts(with.Ports)
		if err != nil {
			return err
		}
		as := target.Container{Image: with.Image, Build: with.Build, Command: with.Command, Env: with.Env, Ports: with.Ports, Ready: with.Ready}
		if err := g.run(ctx, with.Name, as, ports); err != nil {
			return err
		}
	}
	return g.run(ctx, g.description.Name, *c, g.ports)
}

// run starts one container and waits until it is ready.
func (g *group) run(ctx context.Context, name string, c target.Container, ports map[string]int) error {
	if err := g.ensureImage(ctx, c.Image, c.Build); err != nil {
		return err
	}
	files, err := g.files(c.Files)
	if err != nil {
		return err
	}
	options := []testcontainers.ContainerCustomizer{
		testcontainers.WithLogger(log.NewNoopLogger()),
		testcontainers.WithEnv(c.Env),
		testcontainers.WithFiles(files...),
		g.bound(c.Ports, ports),
	}
	if len(c.Command) > 0 {
		options = append(options, testcontainers.WithCmd(c.Command...))
	}
	if g.network != nil {
		options = append(options, tcnetwork.WithNetwork([]string{hostName(name)}, g.network))
	}
	ctr, err := testcontainers.Run(ctx, c.Image, options...)
	r := &running{name: name, ctr: ctr, ready: c.Ready, ports: ports}
	if ctr != nil {
		g.running = append(g.running, r)
	}
	if err != nil {
		return g.notStarted(ctx, r, c.Image, err)
	}
	return g.wait(ctx, r)
}

// hostName is the name by which containers on the network reach another.
func hostName(name string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x80 && (unicode.IsLetter(r) || unicode.IsDigit(r) || r == '.' || r == '_') {
			return r
		}
		return '-'
	}, name)
}

// bound binds each port of a container to the host port of the same name, on the
// loopback interface alone unless that is another machine's.
func (g *group) bound(inside, outside map[string]int) testcontainers.CustomizeRequestOption {
	return func(request *testcontainers.GenericContainerRequest) error {
		bindings := network.PortMap{}
		for name, port := range inside {
			p, err := network.ParsePort(strconv.Itoa(port) + "/tcp")
			if err != nil {
				return err
			}
			request.ExposedPorts = append(request.ExposedPorts, p.String())
			interfaces := netip.IPv4Unspecified()
			if g.host == loopback {
				interfaces = netip.MustParseAddr(loopback)
			}
			bindings[p] = []network.PortBinding{{HostIP: interfaces, HostPort: strconv.Itoa(outside[name])}}
		}
		request.HostConfigModifier = func(host *container.HostConfig) {
			host.PortBindings = bindings
			if g.reachesUs { // engines of desktops know the name, others have to be told
				host.ExtraHosts = append(host.ExtraHosts, engineHost+":host-gateway")
			}
		}
		return nil
	}
}

// files are what is copied into a container. In a file whose name ends in
// ".tmpl" the variables are replaced.
func (g *group) files(paths map[string]string) ([]testcontainers.ContainerFile, error) {
	var files []testcontainers.ContainerFile
	for from, to := range paths {
		folder, path, err := g.within(from)
		if err != nil {
			return nil, err
		}
		data, err := fs.ReadFile(folder, path)
		if err == nil && strings.HasSuffix(from, ".tmpl") {
			var text string
			text, err = (&target.Target{Variables: g.variables}).Expand(string(data), nil)
			data = []byte(text)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: container.files: %w", g.description.File, err)
		}
		files = append(files, testcontainers.ContainerFile{Reader: bytes.NewReader(data), ContainerFilePath: to, FileMode: 0o644})
	}
	return files, nil
}

// notStarted says why a container did not start.
func (g *group) notStarted(ctx context.Context, r *running, image string, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	hint := "see whether the engine can pull and run the image"
	if strings.Contains(err.Error(), "ryuk") {
		hint = "testcontainers' reaper did not start: see whether the engine can run its image"
	}
	return &target.Unavailable{What: "container " + r.name, Got: err.Error() + g.logs(r), Want: "it to start from the image " + image, Hint: hint, Err: err}
}

// logs are the last lines of what a container wrote, secrets removed.
func (g *group) logs(r *running) string {
	if r.ctr == nil {
		return ""
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return lastLines(g.withoutSecrets(logText(ctx, r.ctr)), logLines)
}

// logText is everything that a container wrote, or nothing where that cannot be
// read.
func logText(ctx context.Context, ctr *testcontainers.DockerContainer) string {
	reader, err := ctr.Logs(ctx)
	if err != nil {
		return ""
	}
	defer reader.Close()
	data, err := io.ReadAll(io.LimitReader(reader, logLimit))
	if err != nil && len(data) == 0 {
		return ""
	}
	return string(data)
}

func (g *group) withoutSecrets(text string) string {
	if key := g.variables["admin_key"]; key != "" {
		text = strings.ReplaceAll(text, key, "…")
	}
	return text
}

// stop ends the containers, the last started first.
func (g *group) stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	var problems []error
	for i := len(g.running) - 1; i >= 0; i-- {
		if err := g.running[i].ctr.Terminate(ctx, testcontainers.StopTimeout(killAfter)); err != nil {
			problems = append(problems, fmt.Errorf("stop the container %s: %w", g.running[i].name, err))
		}
	}
	g.running = nil
	if g.network != nil {
		if err := g.network.Remove(ctx); err != nil {
			problems = append(problems, fmt.Errorf("remove the network: %w", err))
		}
		g.network = nil
	}
	return errors.Join(problems...)
}
