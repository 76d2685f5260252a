package orders

import (
	"testing"

	"github.com/scopeproof/scopeproof/conformance"
	"github.com/scopeproof/scopeproof/target/bringup"
)

func TestScopes(t *testing.T) { conformance.Test(t, bringup.File("target.yaml")) }
