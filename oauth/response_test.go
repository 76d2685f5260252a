package oauth

import "testing"

func TestTroubleOfTheServerIsNoAnswer(t *testing.T) {
	for status, want := range map[int]bool{400: true, 401: true, 404: true, 408: false, 429: false, 500: false, 503: false} {
		for _, body := range []string{`{"error":"invalid_grant"}`, "", "busy"} {
			_, refused, err := ParseTokenResponse(status, "application/json", []byte(body))
			if (refused != nil && err == nil) != want {
				t.Errorf("%d %q: got %v, %v, want a refusal: %t", status, body, refused, err, want)
			}
		}
	}
}
