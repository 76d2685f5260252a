package report

import "github.com/scopeproof/scopeproof/conformance"

// Dir is an option that writes the reports of a run into a directory, as
// [WriteDir] does:
//
//	conformance.Test(t, bringup.File("target.yaml"), report.Dir("out"))
func Dir(dir string) conformance.Option {
	return conformance.OnReport(func(r *conformance.Report) error { return WriteDir(dir, r) })
}
