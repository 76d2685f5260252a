package oauth

import (
	"slices"
	"testing"
)

func TestChallengesAreReadWhereverTheyStand(t *testing.T) {
	for header, want := range map[string][]Challenge{
		`Bearer`: {{Scheme: "Bearer"}},
		`Bearer realm="a, b", error=invalid_token`:         {{"Bearer", []Param{{"realm", "a, b"}, {"error", "invalid_token"}}}},
		`Negotiate YIIG==, Bearer realm="x"`:               {{"Negotiate", []Param{{"", "YIIG=="}}}, {"Bearer", []Param{{"realm", "x"}}}},
		`NTLM, Bearer`:                                     {{Scheme: "NTLM"}, {Scheme: "Bearer"}},
		`Bearer error="first", Error="second"`:             {{"Bearer", []Param{{"error", "first"}, {"Error", "second"}}}},
		`Bearer realm = "x" error="y"`:                     {{"Bearer", []Param{{"realm", "x"}, {"error", "y"}}}},
		`Bearer realm="x", DPoP algs="ES256", error="lost`: {{"Bearer", []Param{{"realm", "x"}}}},
		`Basic dGVzdA, realm="x"`:                          {{"Basic", []Param{{"", "dGVzdA"}}}},
		`realm="x"`:                                        nil,
	} {
		got, _ := ParseChallenges(header)
		if !slices.EqualFunc(got, want, func(a, b Challenge) bool { return a.Scheme == b.Scheme && slices.Equal(a.Params, b.Params) }) {
			t.Errorf("%s: got %q, want %q", header, got, want)
		}
	}
	for header, refused := range map[string]bool{`realm="x"`: true, `Bearer "x"`: true, `Bearer realm="x`: true, `Bearer a="b"c`: true, `Basic dGVzdA, realm="x"`: true, ``: false, ` , ,`: false} {
		if _, err := ParseChallenges(header); (err != nil) != refused {
			t.Errorf("%s: got %v, want an error: %t", header, err, refused)
		}
	}
}
