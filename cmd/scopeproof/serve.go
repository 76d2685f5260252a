package main

import (
	"net"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"github.com/scopeproof/scopeproof/internal/refserver"
	"github.com/scopeproof/scopeproof/internal/refserver/defect"
)

const aboutServe = `Runs the reference authorization server with its calendar and contacts APIs,
for others to develop against, until it is interrupted. Keys are made anew at
each start and nothing is kept. It is not for production: the passwords of its
users are printed.`

func (a *app) serveCommand() *cobra.Command {
	var f *flags
	cmd := newCommand("serve", "Run the reference server for others to develop against", aboutServe, `
  scopeproof serve --listen 127.0.0.1:8080
  scopeproof serve --defect refresh-compares-with-request`, none,
		func(cmd *cobra.Command, _ []string) error { return a.serve(cmd, f.s) })
	f = newFlags(cmd)
	f.text(&f.s.listen, "listen", "ADDRESS", "127.0.0.1:0", "where to listen; port 0 takes a free one")
	f.text(&f.s.issuer, "issuer", "URL", "", "the issuer, where it is not http:// and the address")
	f.text(&f.s.adminKey, "admin-key", "KEY", "", "the bearer token of /admin; default: a random one")
	f.word(&f.s.tokens, "tokens", []string{"jwt", "opaque"}, "the format of access tokens")
	f.Var(list{&f.s.defects, "ID", ""}, "defect", "switch a seeded defect on")
	return complete(cmd, map[string]completion{"tokens": words("jwt", "opaque"), "defect": completeList(defectIDs)})
}

func (a *app) serve(cmd *cobra.Command, s *settings) error {
	o := refserver.Options{TokenFormat: s.tokens, Listen: s.listen, Issuer: s.issuer, AdminKey: s.adminKey}
	if err := checkServe(s); err != nil {
		return err
	}
	var fault *defect.Defect
	if len(s.defects) == 1 {
		if err := knownDefects(s.defects); err != nil {
			return err
		}
		d, _ := defect.Find(s.defects[0])
		fault, o.Policy, o.With = &d, d.Policy(), d.With
	}
	server, err := refserver.Start(cmd.Context(), o)
	if err != nil {
		return usage("", "%v", err)
	}
	defer server.Close()
	a.introduce(server, s, fault)
	<-cmd.Context().Done()
	return nil
}

func checkServe(s *settings) error {
	host, _, err := net.SplitHostPort(s.listen)
	switch {
	case err != nil:
		return usage("", "--listen: got %q, want host:port, such as 127.0.0.1:8080", s.listen)
	case len(s.defects) > 1:
		return usage("", "--defect: got %d defects, want one", len(s.defects))
	}
	if s.issuer == "" {
		if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
			return usage("name it as its users do: --issuer http://127.0.0.1:8080", "--listen: got %q, which is every address, want --issuer as well", s.listen)
		}
		return nil
	}
	u, err := url.Parse(s.issuer)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return usage("", "--issuer: got %q, want an origin, such as http://127.0.0.1:8080", s.issuer)
	}
	return nil
}

// introduce prints what one must know to use the server.
func (a *app) introduce(server *refserver.Server, s *settings, fault *defect.Defect) {
	issuer, at := server.Issuer(), strings.TrimSuffix(server.Issuer(), "/")
	a.printf("issuer     %s\n", issuer)
	if server.URL() != at {
		a.printf("listening  %s\n", server.URL())
	}
	if fault != nil {
		a.printf("defect     %s: %s (breaks %s)\n", fault.ID, fault.Text, strings.Join(fault.Breaks, ", "))
	}
	a.printf("tokens     %s\n", s.tokens)
	if s.adminKey == "" {
		a.printf("admin key  %s\n", server.AdminKey())
	}
	a.printf(`
users      ada / ada-password   may do everything
           bo / bo-password     may read appointments
           cy / cy-password     may do nothing

clients    planner / planner-secret   every scope; also client credentials
           viewer / viewer-secret     openid, read:appointments
           pocket                     public, every scope
           house / house-secret       first-party: no consent page
           robot / robot-secret       client credentials, read:appointments
           their redirect URI is http://127.0.0.1:9/cb; /register makes others

metadata   %[1]s/.well-known/oauth-authorization-server
           %[1]s/.well-known/openid-configuration
authorize  %[1]s/authorize
token      %[1]s/token
calendar   %[1]s/calendar/appointments
contacts   %[1]s/contacts/contacts
grants     %[1]s/account/grants

Ctrl-C ends it.
`, at)
}
