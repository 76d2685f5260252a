package report

import (
	"bytes"
	"flag"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files and the schemas anew")

// golden compares output with a file and, with -update, writes the file.
func golden(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v; hint: go test ./report -update writes it", err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s is out of date (-want +got); hint: go test ./report -update writes it\n%s", path, diff)
	}
}

// output is what a writer writes.
func output(t *testing.T, write func(io.Writer) error) []byte {
	t.Helper()
	var buf bytes.Buffer
	if err := write(&buf); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func TestFormatsAreAsTheGoldenFiles(t *testing.T) {
	r, load := fixture(), loadFixture()
	for _, c := range []struct {
		file  string
		write func(io.Writer) error
	}{
		{"report.txt", func(w io.Writer) error { return Text(w, r, TextOptions{}) }},
		{"report.verbose.color.txt", func(w io.Writer) error { return Text(w, r, TextOptions{Color: true, Width: 100, Verbose: true}) }},
		{"report.json", func(w io.Writer) error { return JSON(w, r) }},
		{"junit.xml", func(w io.Writer) error { return JUnit(w, r) }},
		{"summary.md", func(w io.Writer) error { return Markdown(w, r) }},
		{"lines.txt", func(w io.Writer) error {
			for _, v := range r.Rules {
				if _, err := io.WriteString(w, Line(v)+"\n"); err != nil {
					return err
				}
			}
			return nil
		}},
		{"load.txt", func(w io.Writer) error { return LoadText(w, load, TextOptions{}) }},
		{"load.json", func(w io.Writer) error { return LoadJSON(w, load) }},
		{"load.md", func(w io.Writer) error { return LoadMarkdown(w, load) }},
	} {
		t.Run(c.file, func(t *testing.T) {
			golden(t, filepath.Join("testdata", c.file), output(t, c.write))
		})
	}
}

// luminance is the relative luminance of a colour (WCAG 2.1).
func luminance(t *testing.T, colour string) float64 {
	t.Helper()
	digits := strings.TrimPrefix(colour, "#")
	if len(digits) == 3 {
		digits = string([]byte{digits[0], digits[0], digits[1], digits[1], digits[2], digits[2]})
	}
	sum := 0.0
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		n, err := strconv.ParseUint(digits[2*i:2*i+2], 16, 8)
		if err != nil {
			t.Fatal(err)
		}
		c := float64(n) / 255
		if c <= 0.04045 {
			sum += weight * c / 12.92
			continue
		}
		sum += weight * math.Pow((c+0.055)/1.055, 2.4)
	}
	return sum
}
