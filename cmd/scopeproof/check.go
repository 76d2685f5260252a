package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/scopeproof/scopeproof/internal/discover"
	"github.com/scopeproof/scopeproof/target"
	"github.com/scopeproof/scopeproof/target/bringup"
	"github.com/scopeproof/scopeproof/target/browser"
)

const aboutCheck = `Brings the target up, has each user log in and consent once, and lists what was
found: capabilities and open choices, each with how it is known. No rule is
judged.

Exit codes: 0 everything could be played, 2 usage, 3 it could not.`

func (a *app) checkCommand() *cobra.Command {
	var f *flags
	cmd := newCommand("check [TARGET]", "Bring a target up, log in, consent, and list what it can do", aboutCheck, `
  scopeproof check my-target.yaml
  scopeproof check my-target.yaml --set login.form.login.username=email`, atMostOne,
		func(cmd *cobra.Command, args []string) error {
			f.s.target = a.targetOf(args)
			return a.check(cmd, f.s)
		})
	f = newFlags(cmd)
	f.word(&f.s.format, "format", []string{"text", "json"}, "what goes to standard output")
	f.Var(list{&f.s.defects, "ID", ""}, "defect", "switch a seeded defect of the embedded reference on")
	f.override()
	f.s.securing.flags(f)
	cmd.ValidArgsFunction = completeTargets
	return complete(cmd, map[string]completion{"format": words("text", "json"), "defect": completeList(defectIDs)})
}

func (a *app) check(cmd *cobra.Command, s *settings) (err error) {
	if err := s.securing.secure(); err != nil {
		return err
	}
	overrides, d, err := a.describe(cmd, s)
	if err != nil {
		return err
	}
	a.starting(d)
	t, err := played(s.target, pictures(), overrides...).Open(cmd.Context())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.Close()) }()
	found, err := discover.Observe(cmd.Context(), t)
	var failed *discover.Failure
	if errors.As(err, &failed) && s.format != "json" {
		for _, o := range failed.Before {
			pagesText(a.stdout, o.Name, o.Pages)
		}
		pagesText(a.stdout, failed.Who, failed.Pages)
	}
	if err != nil {
		return err
	}
	if s.format == "json" {
		return encode(a.stdout, found)
	}
	return foundText(a.stdout, found)
}

// played is a target whose pages are played in a browser where its file says so. A
// picture of a page at which that got stuck is left in the folder.
func played(nameOrPath, pictures string, overrides ...target.Override) target.Source {
	return browser.Source(bringup.Named(nameOrPath, overrides...), browser.Screenshots(pictures))
}

// pictures is where pictures of pages are left that have no report to lie beside.
func pictures() string { return filepath.Join(os.TempDir(), "scopeproof") }

// starting says that containers are started, which takes a while.
func (a *app) starting(d *target.Description) {
	if d.Container != nil {
		a.say("starting %s (%s)", d.Name, d.Container.Image)
	}
}

func foundText(w io.Writer, f *discover.Found) error {
	fmt.Fprintf(w, "%s is ready at %s (%s)\n", harmless(strings.TrimSpace(f.Name+" "+f.Version)), harmless(f.Issuer), f.Kind)
	if f.Defect != "" {
		fmt.Fprintf(w, "with a defect: %s\n", f.Defect)
	}
	if len(f.Owners) > 0 {
		fmt.Fprintf(w, "\nUsers, each asked once for %q\n", f.Owners[0].Asked)
	}
	for _, o := range f.Owners {
		fmt.Fprintf(w, "  %-4s %s\n", o.Name, harmless(ownerText(o)))
	}
	shown := ""
	for _, o := range f.Owners {
		if kinds := kindsOf(o.Pages); kinds != shown { // whoever sees the same as the one before needs no list
			pagesText(w, o.Name, o.Pages)
			shown = kinds
		}
	}
	apiText(w, f.API)
	if err := capabilitiesText(w, f); err != nil {
		return err
	}
	if l := f.Limits; l.Answers > 0 {
		fmt.Fprintf(w, "\nThe server limited the rate of requests: %d answers of 429, or 503 with Retry-After; waiting took %v\n",
			l.Answers, (time.Duration(l.WaitedMS) * time.Millisecond).Round(100*time.Millisecond))
	}
	for _, hint := range f.Hints {
		fmt.Fprintf(w, "\nhint: %s\n", hint)
	}
	return nil
}

// capabilitiesText lists what the target can do, and what it does where a standard
// leaves it open.
func capabilitiesText(w io.Writer, f *discover.Found) error {
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintln(t, "\nCapabilities")
	for _, c := range target.Capabilities() {
		if found, ok := f.Capabilities[c.Name]; ok {
			fmt.Fprintf(t, "  %s\t%s\t%s\t%s\n", c.Name, found.Value, found.Source, c.Text)
		}
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(t, "\nOpen choices")
	for _, c := range target.Choices() {
		found, ok := f.Choices[c.Name]
		if !ok {
			found = target.Finding{Value: "unknown", Source: "could not be seen; declare it in choices"}
		}
		if seen, mixed := f.Mixed[c.Name]; mixed {
			found = target.Finding{Value: "mixed", Source: "observed: " + seen}
		}
		fmt.Fprintf(t, "  %s\t%s\t%s\t%s\n", c.Name, found.Value, found.Source, c.Text)
		for _, way := range target.Ways() {
			if other, ok := f.ChoicesByWay[way][c.Name]; ok {
				fmt.Fprintf(t, "    %s\t%s\t%s\t%s\n", way, other.Value, other.Source, "on this way alone")
			}
		}
	}
	if len(f.Hierarchy) > 0 {
		fmt.Fprintln(t, "\nScopes that include others")
	}
	for _, token := range slices.Sorted(maps.Keys(f.Hierarchy)) {
		fmt.Fprintf(t, "  %s\t%s\t%s\n", token, f.Hierarchy[token].Value, f.Hierarchy[token].Source)
	}
	return t.Flush()
}

// apiText says which resource server there is.
func apiText(w io.Writer, api *discover.API) {
	fmt.Fprintln(w, "\nAPI")
	if api == nil {
		fmt.Fprintln(w, "  none: rules about an API do not apply")
	} else {
		whose := "the target's own"
		if api.Ours {
			whose = "ours, told to trust this issuer"
		}
		fmt.Fprintf(w, "  %s (%s): %s\n  honours %q\n", api.BaseURL, whose, strings.Join(api.Operations, ", "), api.Opened)
	}
}

func ownerText(o discover.Owner) string {
	if o.Refused != "" {
		return "was refused: " + o.Refused
	}
	did := "had a session"
	if o.LoginPages > 0 {
		did = "logged in"
	}
	asked := "was not asked for consent"
	if o.ConsentPages > 0 {
		asked = "consented"
	}
	return fmt.Sprintf("%s as %s, %s, and the token is good for %q", did, o.Username, asked, o.Granted)
}
