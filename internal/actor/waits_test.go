package actor

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"
)

var (
	tokens     = endpoint{"POST", "https", "as.example", "/token"}
	pages      = endpoint{"GET", "https", "as.example", "/authorize"}
	errOverdue = errors.New("no whole answer within 10s")
)

const server = "authorization server"

// silentFor waits in vain so often, each time anew.
func silentFor(w *waits, at endpoint, times int) {
	for range times {
		time.Sleep(time.Microsecond) // the clock has to go on
		w.asked(at, server, time.Now(), errOverdue, errOverdue)
	}
}

func TestAnEndpointIsGivenUpAfterAFewSilences(t *testing.T) {
	w := newWaits()
	silentFor(w, tokens, enough-1)
	if err := w.ask(t.Context(), tokens, server); err != nil {
		t.Fatalf("got %v, want it asked once more", err)
	}
	silentFor(w, tokens, 1)
	hold(w, tokens)
	if err := w.ask(t.Context(), tokens, server); err == nil || !strings.Contains(err.Error(), "given up after 3 times in a row at this endpoint: no whole answer within 10s") {
		t.Errorf("got %v, want it given up", err)
	}
	if err := w.ask(t.Context(), pages, server); err != nil {
		t.Errorf("got %v at another endpoint, want it asked", err)
	}
	if err := w.ask(regardless(t.Context()), tokens, server); err != nil {
		t.Errorf("got %v where the target is put right, want it asked", err)
	}
	silentFor(w, pages, 1)
	hold(w, pages)
	if err := w.ask(t.Context(), pages, server); err == nil || !strings.Contains(err.Error(), "at this server") {
		t.Errorf("got %v after nothing of the server answered, want another endpoint given up at once", err)
	}
	w.forget()
	if err := w.ask(t.Context(), tokens, server); err != nil {
		t.Errorf("got %v of a target that was changed", err)
	}
}

// hold makes the last wait at an endpoint one that was long.
func hold(w *waits, at endpoint) { w.at[at].silent.took = time.Hour }

func TestAnAnswerInBetweenEndsTheStreak(t *testing.T) {
	w := newWaits()
	silentFor(w, tokens, enough-1)
	w.asked(tokens, server, time.Now(), nil, nil)
	silentFor(w, tokens, 1)
	hold(w, tokens)
	if err := w.ask(t.Context(), tokens, server); err != nil {
		t.Errorf("got %v, want it asked", err)
	}
}

func TestWhatIsUnderWayTogetherCountsOnce(t *testing.T) {
	w := newWaits()
	began := time.Now()
	for range 2 * enough {
		w.asked(tokens, server, began, errOverdue, errOverdue)
	}
	hold(w, tokens)
	if err := w.ask(t.Context(), tokens, server); err != nil {
		t.Errorf("got %v after one silence that several heard, want it asked", err)
	}
}

func TestOneRequestFindsOutWhetherAnEndpointIsBack(t *testing.T) {
	w := newWaits()
	silentFor(w, tokens, enough)
	hold(w, tokens)
	w.at[tokens].silent.ended = time.Now().Add(-2 * time.Hour)
	if err := w.ask(t.Context(), tokens, server); err != nil {
		t.Fatalf("got %v after a while, want it asked", err)
	}
	if err := w.ask(t.Context(), tokens, server); err == nil {
		t.Error("a second request was made as well, want one at a time")
	}
	w.asked(tokens, server, time.Now(), nil, nil)
	if err := w.ask(t.Context(), tokens, server); err != nil {
		t.Errorf("got %v of an endpoint that answers again", err)
	}
}

// spend is a look that takes longer than it may, most of it at one endpoint; or one
// in time.
func spend(s *Stage, at endpoint, late bool) {
	limit := time.Hour
	if late {
		limit = time.Microsecond
	}
	ctx, end := s.Within(context.Background(), limit, errors.New("it took longer than 1m0s"))
	defer end()
	note(ctx, visit{at, server, time.Hour}, nil)
	note(ctx, visit{endpoint{path: "/elsewhere"}, server, time.Minute}, nil)
	if late {
		<-ctx.Done()
	}
}

func TestWhereLooksSpendTheirTimeIsGivenUp(t *testing.T) {
	s := &Stage{waits: newWaits()}
	for range enough {
		spend(s, tokens, true)
		spend(s, pages, false) // in time
	}
	s.waits.at[tokens].late.took = time.Hour
	if err := s.waits.ask(t.Context(), tokens, server); err == nil || !strings.Contains(err.Error(), "it took longer than 1m0s") {
		t.Errorf("got %v, want it given up", err)
	}
	if err := s.waits.ask(t.Context(), pages, server); err != nil {
		t.Errorf("got %v where looks end in time, want it asked", err)
	}
	s = &Stage{waits: newWaits()}
	for range enough {
		spend(s, tokens, true)
		spend(s, tokens, false)
	}
	if err := s.waits.ask(t.Context(), tokens, server); err != nil {
		t.Errorf("got %v where every other look ends in time, want it asked", err)
	}
}
