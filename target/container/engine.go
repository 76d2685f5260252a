package container

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/moby/moby/client"
	"github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/log"

	"github.com/scopeproof/scopeproof/target"
)

// buildLines is how many of the last lines of a failed build an error shows.
const buildLines = 15

// silenced keeps testcontainers from writing to standard error, which it does
// through a logger that the whole process shares.
var silenced = sync.OnceFunc(func() { log.SetDefault(log.NewNoopLogger()) })

// Engine reports whether a container engine answers; if not, the error is
// *[target.Unavailable].
func Engine(ctx context.Context) error {
	p, err := provider(ctx)
	if err != nil {
		return err
	}
	return p.Close()
}

func provider(ctx context.Context) (p *testcontainers.DockerProvider, err error) {
	silenced()
	unavailable := func(reason any) error {
		first, _, _ := strings.Cut(strings.TrimSpace(fmt.Sprint(reason)), "\n")
		return &target.Unavailable{
			What: "container engine", Got: first, Want: "Docker, or an engine that speaks its API",
			Hint: `start Docker, or set DOCKER_HOST; "scopeproof test" without a target needs none`,
		}
	}
	defer func() {
		if reason := recover(); reason != nil { // testcontainers panics where it finds no engine
			p, err = nil, unavailable(reason)
		}
	}()
	p, err = testcontainers.NewDockerProvider(testcontainers.WithLogger(log.NewNoopLogger()))
	if err != nil {
		return nil, unavailable(err)
	}
	if _, err := p.Client().Ping(ctx, client.PingOptions{}); err != nil {
		p.Close()
		return nil, unavailable(err)
	}
	if err := asked(p.Client().DaemonHost()); err != nil {
		p.Close()
		return nil, unavailable(err)
	}
	return p, nil
}

// asked is an error where $DOCKER_HOST names another engine than the one that
// answers: testcontainers looks for one elsewhere if that one does not. Its own
// property tc.host goes first.
func asked(answers string) error {
	host := os.Getenv("DOCKER_HOST")
	if host == "" || host == answers || testcontainers.ReadConfig().Config.TestcontainersHost == answers {
		return nil
	}
	return fmt.Errorf("no answer from %s, which DOCKER_HOST names", host)
}

// ensureImage builds an image from its context where the engine has none of its
// name. Images without a context are pulled when they are started.
func (g *group) ensureImage(ctx context.Context, image, build string) error {
	if build == "" {
		return nil
	}
	p, err := provider(ctx)
	if err != nil {
		return err
	}
	defer p.Close()
	name := os.Getenv("TESTCONTAINERS_HUB_IMAGE_NAME_PREFIX")
	if name != "" {
		name = strings.TrimSuffix(name, "/") + "/"
	}
	name += image // what testcontainers starts when it is told to start image
	if _, err := p.Client().ImageInspect(ctx, name); err == nil {
		return nil
	}
	archive, err := g.buildContext(build)
	if err != nil {
		return err
	}
	repo, tag := name, "latest"
	if at := strings.LastIndexByte(name, ':'); at > strings.LastIndexByte(name, '/') {
		repo, tag = name[:at], name[at+1:]
	}
	var output bytes.Buffer
	_, err = p.BuildImage(ctx, &testcontainers.ContainerRequest{FromDockerfile: testcontainers.FromDockerfile{
		ContextArchive: archive, Repo: repo, Tag: tag, KeepImage: true, BuildLogWriter: &output,
	}})
	if err != nil {
		return &target.Unavailable{
			What: "image " + image, Got: err.Error() + lastLines(output.String(), buildLines), Want: "it to be built from " + build,
			Hint: "build it by hand, or pull it, under this name", Err: err,
		}
	}
	return nil
}

// folder is the folder that paths in the target file are relative to.
func (g *group) folder() (fs.FS, error) {
	if g.description.Bundle != "" {
		return target.BundledFiles(g.description.Bundle)
	}
	return os.DirFS(filepath.Dir(g.description.File)), nil
}

// within is a path of the target file as a path in its folder, or in the folder
// that is returned in its place: a path may lead out of it.
func (g *group) within(path string) (fs.FS, string, error) {
	path = filepath.ToSlash(filepath.Clean(path))
	if g.description.Bundle == "" && !fs.ValidPath(path) {
		full := path
		if !filepath.IsAbs(full) {
			full = filepath.Join(filepath.Dir(g.description.File), path)
		}
		return os.DirFS(filepath.Dir(full)), filepath.Base(full), nil
	}
	files, err := g.folder()
	return files, path, err
}

// buildContext is the build context as an archive, without what npm installed.
func (g *group) buildContext(build string) (*bytes.Reader, error) {
	files, root, err := g.within(build)
	if err != nil {
		return nil, err
	}
	sub, err := fs.Sub(files, root)
	if err != nil {
		return nil, err
	}
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	err = fs.WalkDir(sub, ".", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (entry.Name() == "node_modules" || entry.Name() == ".git"):
			return fs.SkipDir
		case !entry.Type().IsRegular():
			return nil
		}
		return addFile(w, sub, path)
	})
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return nil, fmt.Errorf("%s: container.build: %q: %w", g.description.File, build, err)
	}
	return bytes.NewReader(archive.Bytes()), nil
}

func addFile(w *tar.Writer, files fs.FS, path string) error {
	data, err := fs.ReadFile(files, path)
	if err != nil {
		return err
	}
	mode := int64(0o644)
	if info, err := fs.Stat(files, path); err == nil && info.Mode()&0o100 != 0 {
		mode = 0o755
	}
	if err := w.WriteHeader(&tar.Header{Name: path, Mode: mode, Size: int64(len(data))}); err != nil {
		return err
	}
	_, err = w.Write(data)
	return err
}
