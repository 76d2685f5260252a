package prove

import (
	"context"
	"errors"

	"github.com/scopeproof/scopeproof/internal/refserver/defect"
)

func oneByLoad(context.Context, defect.Defect) (Result, error) {
	return Result{}, errors.New("not yet")
}
