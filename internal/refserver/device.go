package refserver

import (
	"crypto/hmac"
	"crypto/rand"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// devices is the device authorization grant (RFC 8628).
func devices() part {
	return part{
		feature: "device",
		routes: func(s *Server, mux *http.ServeMux) {
			mux.HandleFunc("POST /device_authorization", s.authorizeDevice)
			mux.HandleFunc("GET /device", s.showUserCode)
			mux.HandleFunc("POST /device", s.enterUserCode)
		},
		metadata: func(s *Server, m map[string]any) {
			m["device_authorization_endpoint"] = s.at("/device_authorization")
		},
		grants: map[string]grant{DeviceCode: func(s *Server, q tokenRequest) (tokenResponse, error) {
			return s.poll(q, DeviceCode, q.form.Get("device_code"))
		}},
	}
}

// userCodeLetters are the letters of user codes: no vowels, so that they make no
// words (RFC 8628 section 6.1).
const userCodeLetters = "BCDFGHJKLMNPQRSTVWXZ"

// authorizeDevice is the device authorization endpoint (RFC 8628 section 3.1).
func (s *Server) authorizeDevice(w http.ResponseWriter, r *http.Request) {
	form, client, err := s.authenticated(r)
	if err != nil {
		writeError(w, err)
		return
	}
	p, err := s.begin(DeviceCode, client, form)
	if err != nil {
		writeError(w, err)
		return
	}
	s.keep(p)
	now := s.clock.now()
	code := newUserCode()
	s.userCodes.put(plainUserCode(code), p, now.Add(pendingLifetime), now)
	writeJSON(w, http.StatusOK, map[string]any{
		"device_code": p.handle, "user_code": code,
		"verification_uri":          s.at("/device"),
		"verification_uri_complete": s.at("/device?user_code=" + url.QueryEscape(code)),
		"expires_in":                int(pendingLifetime / time.Second),
		"interval":                  int(pendingInterval / time.Second),
	})
}

// newUserCode returns eight random letters, a hyphen in the middle.
func newUserCode() string {
	raw := make([]byte, 8)
	rand.Read(raw)
	for i, b := range raw {
		raw[i] = userCodeLetters[int(b)%len(userCodeLetters)]
	}
	return string(raw[:4]) + "-" + string(raw[4:])
}

// plainUserCode is a user code as it is compared: what a person adds to it does
// not matter (RFC 8628 section 6.1).
func plainUserCode(typed string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(userCodeLetters, r) {
			return r
		}
		return -1
	}, strings.ToUpper(typed))
}

type userCodeForm struct {
	Secret, Code, Problem string
	Complete              bool
}

// showUserCode asks for the user code. One in the address is filled in; it is
// the user who sends it (RFC 8628 section 3.3.1).
func (s *Server) showUserCode(w http.ResponseWriter, r *http.Request) {
	code := r.URL.Query().Get("user_code")
	s.page(w, http.StatusOK, userCodePage, userCodeForm{
		Secret: s.formSecret(s.session(w, r)), Code: code, Complete: code != "",
	})
}

func (s *Server) enterUserCode(w http.ResponseWriter, r *http.Request) {
	form, err := readForm(r)
	current := s.session(w, r)
	if err != nil || !hmac.Equal([]byte(form.Get("csrf")), []byte(s.formSecret(current))) {
		s.page(w, http.StatusForbidden, errorPage, "This form belongs to another session.")
		return
	}
	p, ok := s.userCodes.get(plainUserCode(form.Get("user_code")), s.clock.now())
	if !ok {
		s.page(w, http.StatusBadRequest, userCodePage, userCodeForm{
			Secret: s.formSecret(current), Code: form.Get("user_code"), Problem: "No device waits with this code.",
		})
		return
	}
	s.proceed(w, r, s.decideOn(p, current, form.Get("complete") == "true"), current)
}
