package refserver

import (
	"crypto/hmac"
	"crypto/subtle"
	"net/http"
	"strings"
)

type loginForm struct{ Transaction, To, Secret, Problem string }

func (s *Server) showLogin(w http.ResponseWriter, r *http.Request) {
	current := s.session(w, r)
	form := loginForm{Transaction: r.URL.Query().Get("tx"), To: r.URL.Query().Get("to"), Secret: s.formSecret(current)}
	send(w, http.StatusOK, form.page())
}

// login checks name and password and gives the browser a new session.
func (s *Server) login(w http.ResponseWriter, r *http.Request) {
	form, err := readForm(r)
	if err != nil {
		s.page(w, http.StatusBadRequest, errorPage, "The form cannot be read.")
		return
	}
	before := s.session(w, r)
	if !hmac.Equal([]byte(form.Get("csrf")), []byte(s.formSecret(before))) {
		s.page(w, http.StatusForbidden, errorPage, "This form belongs to another session.")
		return
	}
	user, ok := s.password(form.Get("username"), form.Get("password"))
	if !ok {
		again := loginForm{Transaction: form.Get("tx"), To: form.Get("to"), Secret: s.formSecret(before), Problem: "Wrong user name or password."}
		send(w, http.StatusUnauthorized, again.page())
		return
	}
	current := s.newSession(w, user.Name)
	s.sessions.drop(before.id)
	tx, ok := s.transaction(form.Get("tx"))
	if !ok {
		http.Redirect(w, r, afterLogin(form.Get("to")), http.StatusSeeOther)
		return
	}
	tx.mu.Lock()
	own := tx.session == before.id
	if own {
		tx.session, tx.loggedIn = current.id, true
	}
	tx.mu.Unlock()
	if !own {
		s.page(w, http.StatusForbidden, errorPage, "This request was begun in another session.")
		return
	}
	s.proceed(w, r, tx, current)
}

// afterLogin is a page of ours to go on to: the one that sent the browser to
// login, if it is one that does.
func afterLogin(to string) string {
	if page, _, _ := strings.Cut(to, "?"); page == "/backchannel" {
		return to
	}
	return "/account/grants"
}

// password returns the user with that name and password.
func (s *Server) password(name, password string) (User, bool) {
	user, ok := s.parties.user(name)
	return user, ok && subtle.ConstantTimeCompare([]byte(password), []byte(user.password)) == 1
}
