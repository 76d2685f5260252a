package actor

import (
	"testing"

	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

// TestWhatLooksLikeAScopeLooksLikeTheTargetsOwn also holds that it is known by the
// features' name when it comes back.
func TestWhatLooksLikeAScopeLooksLikeTheTargetsOwn(t *testing.T) {
	description := &target.Description{Scopes: map[string]string{"read:appointments": "cal.read", "write:appointments": "cal.edit"}}
	description.AuthorizationServer.Decoys = "read:appointments:all"
	c := &Cast{Stage: &Stage{Target: &target.Resolved{Target: &target.Target{Description: description}}}}
	for _, row := range []struct{ name, ours, own string }{
		{"a scope", "write:appointments", "cal.edit"},
		{"in capitals", "WRITE:APPOINTMENTS", "CAL.EDIT"},
		{"with capitals", "Write:Appointments", "Cal.Edit"},
		{"two that a comma joins", "read:appointments,write:appointments", "cal.read,cal.edit"},
		{"one that goes on", "write:appointments*", "cal.edit*"},
		{"a pattern", "write:*", "cal.*"},
		{"a pattern of the end", "*:appointments", "*.edit"},
		{"a decoy that is known so", "read:appointments:all", "read:appointments:all"},
		{"what resembles nothing", "x-unknown:scope", "x-unknown:scope"},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := c.Wire(oauth.RawScope("openid " + row.ours)); got != "openid "+row.own {
				t.Errorf("got %q, want %q", got, "openid "+row.own)
			}
			if got := c.Canonical(row.own); !got.Equal(oauth.FieldsScope(row.ours)) {
				t.Errorf("got %q back, want %q", got, row.ours)
			}
		})
	}
}
