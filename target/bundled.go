package target

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/scopeproof/scopeproof/internal/spelling"
)

// servers are the bundled targets. A folder with a go.mod cannot be embedded,
// so images are named one by one.
//
//go:embed servers/*/*.yaml servers/*/*.tmpl
//go:embed servers/go-oauth2/image/Dockerfile
//go:embed servers/glewlwyd/image/Dockerfile servers/glewlwyd/image/*.conf
//go:embed servers/node-oidc-provider/image/Dockerfile servers/node-oidc-provider/image/package*.json servers/node-oidc-provider/image/*.js
//go:embed servers/express-oauth2-jwt-bearer/image/Dockerfile servers/express-oauth2-jwt-bearer/image/package*.json servers/express-oauth2-jwt-bearer/image/*.js
//go:embed servers/django-oauth-toolkit/image/Dockerfile all:servers/django-oauth-toolkit/image/project
var servers embed.FS

// Bundled returns the names of the bundled targets, sorted.
func Bundled() []string {
	found, err := fs.Glob(servers, "servers/*/target.yaml")
	if err != nil {
		panic(err) // the pattern is a constant
	}
	var names []string
	for _, file := range found {
		names = append(names, path.Base(path.Dir(file)))
	}
	slices.Sort(names)
	return names
}

// BundledFile returns a file of a bundled target: BundledFile("hydra/target.yaml").
func BundledFile(name string) ([]byte, error) {
	if server, _, _ := strings.Cut(name, "/"); !slices.Contains(Bundled(), server) {
		return nil, fmt.Errorf("got %q, want a bundled target: %s", server, spelling.Listed(Bundled()))
	}
	return servers.ReadFile(path.Join("servers", name))
}

// BundledFiles is the folder of a bundled target.
func BundledFiles(name string) (fs.FS, error) {
	if !slices.Contains(Bundled(), name) {
		return nil, fmt.Errorf("got %q, want a bundled target: %s", name, spelling.Listed(Bundled()))
	}
	return fs.Sub(servers, path.Join("servers", name))
}

// LoadBundled reads the target file of a bundled target; see [Parse].
func LoadBundled(name string, overrides ...Override) (*Description, error) {
	data, err := BundledFile(name + "/target.yaml")
	if err != nil {
		return nil, err
	}
	d, err := Parse("bundled:"+name+"/target.yaml", data, overrides...)
	if err != nil {
		return nil, err
	}
	d.Bundle = name
	return d, nil
}
