package layout

// ours is the path of the module.
const ours = "github.com/scopeproof/scopeproof"

// folders are those of the first level. Hidden ones, and those that .gitignore
// names, do not count.
var folders = []string{
	"cmd", "conformance", "docs", "features", "internal", "loadtest", "oauth", "report", "scenarios", "steps", "target",
}

// everything marks a package that may import all of ours.
const everything = "*"

// house says which packages of ours a package may import. Arrows point towards
// the vocabulary. Rows bind files that are no tests.
var house = map[string][]string{
	"oauth":            {},
	"target":           {"internal/spelling", "oauth"},
	"target/embedded":  {"internal/spelling", "target", "oauth", "internal/refserver", "internal/refserver/defect", "internal/refserver/lawful"},
	"target/external":  {"target", "oauth", "target/embedded"}, // it supplies what the target lacks
	"target/container": {"target", "oauth", "target/embedded"},
	"target/browser":   {"target", "oauth", "internal/useragent"},
	"target/bringup":   {"internal/spelling", "target", "target/embedded", "target/external", "target/container"},

	"internal/useragent": {"target", "oauth"},
	"internal/race":      {},
	"internal/lean":      {},
	"internal/spelling":  {},
	"internal/actor":     {"internal/race", "internal/spelling", "internal/useragent", "target", "oauth"},

	"features":    {},
	"steps":       {"internal/actor", "target", "oauth"},
	"conformance": {"features", "steps", "internal/actor", "internal/spelling", "target", "oauth"},
	"loadtest":    {"internal/actor", "internal/lean", "internal/spelling", "target", "oauth"},
	"scenarios":   {"internal/spelling", "loadtest", "target", "oauth"},

	// What report writes holds exchanges and findings: its exported signatures
	// name types of oauth and target.
	"report": {"conformance", "loadtest", "oauth", "target"},

	// The judged shares no code with the judge: a parsing bug in both would
	// cancel out. They meet over HTTP only.
	"internal/refserver":        {},
	"internal/refserver/defect": {"internal/refserver"},
	"internal/refserver/lawful": {"internal/refserver"},

	"internal/prove":    {"conformance", "internal/spelling", "loadtest", "scenarios", "target", "target/embedded", "internal/refserver", "internal/refserver/defect", "internal/refserver/lawful"},
	"internal/discover": {"target", "internal/actor", "internal/useragent", "oauth"},
	"internal/cluster":  {},
	"internal/layout":   {},
	"internal/bench":    {"loadtest", "target", "oauth"},
	"cmd/scopeproof":    {everything},
}

// library is one that is kept to some packages, by the beginning of its import
// path. With no packages it is for tests alone.
type library struct {
	path string
	in   []string
}

// libraries are all that there are. The first that fits decides.
var libraries = []library{
	{"github.com/cucumber/", []string{"steps", "conformance"}},
	{"github.com/tsenart/vegeta/", []string{"loadtest"}},
	{"github.com/HdrHistogram/", []string{"loadtest"}},
	{"github.com/prometheus/", []string{"loadtest"}},
	{"gonum.org/", []string{"loadtest"}},
	{"github.com/testcontainers/", []string{"target/container"}},
	{"github.com/moby/", []string{"target/container"}},
	{"github.com/go-jose/", []string{"internal/refserver", "internal/refserver/defect"}},
	{"github.com/lestrrat-go/", []string{"internal/actor"}}, // another than the reference server's
	{"github.com/PuerkitoBio/goquery", []string{"internal/useragent"}},
	{"golang.org/x/net/html", []string{"internal/useragent"}},
	{"github.com/getkin/kin-openapi/", []string{"internal/discover"}},
	{"go.yaml.in/yaml/", []string{"target", "conformance"}},
	{"github.com/spf13/", []string{"cmd/scopeproof"}},
	{"github.com/vbauerster/mpb/", []string{"cmd/scopeproof"}},
	{"golang.org/x/term", []string{"cmd/scopeproof"}},
	{"k8s.io/", []string{"internal/cluster"}},
	{"sigs.k8s.io/yaml", []string{"internal/cluster"}},        // as kubectl prints manifests
	{"github.com/go-logr/logr", []string{"internal/cluster"}}, // silences client-go's log
	{"golang.org/x/sys/", []string{"loadtest"}},               // a timer that is an event like those of connections
	{"golang.org/x/sync/", []string{"conformance", "loadtest", "internal/prove", "internal/discover"}},
	{"golang.org/x/perf/benchmath", []string{"report"}},
	{"github.com/google/go-cmp/", nil},
	{"github.com/invopop/jsonschema", nil},
	{"github.com/santhosh-tekuri/jsonschema/", nil},
	{"github.com/chromedp/", []string{"target/browser"}},
	{"github.com/rogpeppe/go-internal/", nil},
}

// apart are the libraries that someone who imports a package must not have to
// compile, through any other package.
var apart = map[string][]string{
	"conformance":     {"github.com/tsenart/vegeta/", "github.com/testcontainers/", "github.com/moby/", "github.com/spf13/cobra"},
	"loadtest":        {"github.com/cucumber/godog", "github.com/testcontainers/", "github.com/moby/"},
	"target/embedded": {"github.com/tsenart/vegeta/", "github.com/testcontainers/", "github.com/moby/", "github.com/cucumber/godog"},
	"target/external": {"github.com/tsenart/vegeta/", "github.com/testcontainers/", "github.com/moby/", "github.com/cucumber/godog"},
}

// public are packages whose exported API names no internal type, so that users
// can write values of their own.
var public = []string{"oauth", "target", "conformance", "loadtest", "scenarios", "report"}

// The limits on files that are neither tests nor generated, in lines.
const (
	longestFile     = 500
	longestFunction = 60
)
