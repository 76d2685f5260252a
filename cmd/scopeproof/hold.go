package main

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/url"
	"os"
	"regexp"
	"sort"
	"strings"
	"sync"

	"github.com/scopeproof/scopeproof/conformance"
	"github.com/scopeproof/scopeproof/oauth"
)

// holder collects the secrets of scenarios that did not conform, so that the
// commands of report.html can be run while the target is held.
type holder struct {
	mu      sync.Mutex
	secrets map[string]string // by digest
}

func (h *holder) keep(s conformance.Secrets) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.secrets == nil {
		h.secrets = map[string]string{}
	}
	for digest, value := range s {
		h.secrets[digest] = value
	}
}

// wait writes the values to a file that only the user can read, and waits for
// the interruption. The file is gone when it returns.
func (h *holder) wait(ctx context.Context, a *app, r *conformance.Report) error {
	file, err := os.CreateTemp("", "scopeproof-hold-*.sh") // mode 0600
	if err != nil {
		return fmt.Errorf("the values are written: %w", err)
	}
	defer os.Remove(file.Name())
	_, err = file.WriteString(h.script(r))
	if closing := file.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return fmt.Errorf("the values are written: %w", err)
	}
	a.say("%s is held at %s until Ctrl-C\n    the values of the failing exchanges are in %s", r.Target.Name, r.Target.Issuer, file.Name())
	<-ctx.Done()
	return nil
}

// script is a shell script that defines ISSUER, and a function that sets the
// values of one exchange.
func (h *holder) script(r *conformance.Report) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# The values behind the commands of report.html. Secret: this file goes with the target.\n")
	fmt.Fprintf(&b, "# Usage:  . FILE; use RULE.SCENARIO.EXCHANGE   (\"use\" alone lists what there is)\n")
	fmt.Fprintf(&b, "export ISSUER=%s\n", shell(r.Target.Issuer))
	var cases, names strings.Builder
	for _, v := range r.Rules {
		for n, s := range v.Scenarios {
			for _, e := range s.Exchanges {
				values := h.values(e)
				if len(values) == 0 {
					continue
				}
				name := fmt.Sprintf("%s.%d.%d", v.ID, n+1, e.Number)
				fmt.Fprintf(&names, "  echo %s\n", shell(name+"  "+e.Actor+" "+e.Purpose))
				fmt.Fprintf(&cases, "%s) export %s ;;\n", name, strings.Join(values, " "))
			}
		}
	}
	fmt.Fprintf(&b, "use() { case \"$1\" in\n%s*)\n%s  ;;\nesac; }\n", cases.String(), names.String())
	return b.String()
}

var (
	digested  = regexp.MustCompile(`‹sha256:[0-9a-f]{8}›`)
	parameter = regexp.MustCompile(`^[A-Za-z_]{1,40}$`)
)

// values are the assignments of the variables that the command of an exchange
// has.
func (h *holder) values(e oauth.Exchange) []string {
	found := map[string]string{}
	for _, header := range e.Request.Header {
		secret := h.secrets[digested.FindString(header.Value)]
		scheme, _, _ := strings.Cut(header.Value, " ")
		switch {
		case secret == "" || !strings.EqualFold(header.Name, "Authorization"):
		case strings.EqualFold(scheme, "Basic"):
			if decoded, err := base64.StdEncoding.DecodeString(secret); err == nil {
				id, password, _ := strings.Cut(string(decoded), ":")
				found["CLIENT_ID"], found["CLIENT_SECRET"] = id, password
			}
		default:
			found["TOKEN"] = secret
		}
	}
	for _, text := range []string{e.Request.Body, query(e.URL)} {
		form, err := url.ParseQuery(text)
		if err != nil {
			continue
		}
		for name, values := range form {
			if secret := h.secrets[digested.FindString(values[0])]; secret != "" && parameter.MatchString(name) {
				found[strings.Replace(strings.ToUpper(name), "ACCESS_TOKEN", "TOKEN", 1)] = secret
			}
		}
	}
	var list []string
	for name, value := range found {
		list = append(list, name+"="+shell(value))
	}
	sort.Strings(list)
	return list
}

func query(raw string) string {
	_, q, _ := strings.Cut(raw, "?")
	return q
}

// shell quotes text for a shell.
func shell(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }
