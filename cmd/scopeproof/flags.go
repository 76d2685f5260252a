package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/scopeproof/scopeproof/internal/spelling"
	"github.com/scopeproof/scopeproof/target"
)

// settings are the values of all flags. A flag has the same name and meaning in
// every command that has it.
type settings struct {
	target                string
	rules, skip           []string
	features              []string
	out, format           string
	expect, writeExpect   string
	openapi               string
	strict, hold          bool
	verbose, trace        bool
	parallel, times       int
	timeout, roundsWithin time.Duration
	seed                  int64
	defects, lawful       []string
	set                   []string
	load, list, uncut     bool
	steps, areas          bool
	scenarios, thresholds []string
	rate                  float64
	duration              time.Duration
	listen, issuer        string
	adminKey, tokens      string
	clients, users, names []string
	redirectURI, driver   string
	endpoints             []string
	pod                   elsewhere
	securing              securing
}

// chooseSeed takes a seed at random where none was given.
func (s *settings) chooseSeed() {
	if s.seed == 0 {
		s.seed = rand.Int64N(1<<53-1) + 1 // exact in a JSON number
	}
}

// flag reads itself from the command line and from the environment, with
// messages of its own.
type flag[T any] struct {
	to    *T
	kind  string
	read  func(string) (T, error)
	write func(T) string
}

func (f flag[T]) Set(text string) error {
	v, err := f.read(text)
	if err != nil {
		return fmt.Errorf("got %q, want %w", text, err)
	}
	*f.to = v
	return nil
}
func (f flag[T]) String() string {
	if f.to == nil {
		return ""
	}
	return f.write(*f.to)
}
func (f flag[T]) Type() string { return f.kind }

// list is a flag that may be repeated, and whose values may be separated, unless
// separator is empty.
type list struct {
	to              *[]string
	kind, separator string
}

func (l list) Set(text string) error {
	parts := []string{text}
	if l.separator != "" {
		parts = strings.Split(text, l.separator)
	}
	before := len(*l.to)
	for _, p := range parts {
		if p = strings.TrimSpace(p); p != "" {
			*l.to = append(*l.to, p)
		}
	}
	if len(*l.to) == before {
		return fmt.Errorf("got nothing, want %s", l.kind)
	}
	return nil
}
func (l list) String() string {
	if l.to == nil {
		return ""
	}
	return strings.Join(*l.to, ",")
}
func (l list) Type() string { return l.kind }

// flags adds flags to a command.
type flags struct {
	*pflag.FlagSet
	s *settings
}

func newFlags(cmd *cobra.Command) *flags {
	cmd.Flags().SortFlags = false
	return &flags{FlagSet: cmd.Flags(), s: &settings{}}
}

// add adds a flag; a letter after the name, as in "verbose,v", is short for it.
func (f *flags) add(v pflag.Value, name, help string) *pflag.Flag {
	name, letter, _ := strings.Cut(name, ",")
	f.VarP(v, name, letter, help)
	return f.Lookup(name)
}

func (f *flags) text(to *string, name, kind, value, help string) {
	*to = value
	f.add(flag[string]{to, kind, func(t string) (string, error) { return t, nil }, func(t string) string { return t }}, name, help)
}

func (f *flags) yes(to *bool, name, help string) {
	read := func(t string) (bool, error) {
		v, err := strconv.ParseBool(t)
		if err != nil {
			err = fmt.Errorf("true or false")
		}
		return v, err
	}
	f.add(flag[bool]{to, "bool", read, strconv.FormatBool}, name, help).NoOptDefVal = "true"
}

func (f *flags) word(to *string, name string, allowed []string, help string) {
	*to = allowed[0]
	read := func(t string) (string, error) {
		if !slices.Contains(allowed, t) {
			return "", fmt.Errorf("%s", spelling.Listed(allowed))
		}
		return t, nil
	}
	f.add(flag[string]{to, strings.Join(allowed, "|"), read, func(t string) string { return t }}, name, help)
}

// number adds a whole number from 1 that is 0 unless it is given.
func (f *flags) number(to *int, name, help string) {
	read := func(t string) (int, error) {
		n, err := strconv.Atoi(t)
		if err != nil || n < 1 {
			return 0, fmt.Errorf("a whole number from 1")
		}
		return n, nil
	}
	write := func(n int) string {
		if n == 0 {
			return ""
		}
		return strconv.Itoa(n)
	}
	f.Var(flag[int]{to, "N", read, write}, name, help)
}

// fileOnly says that a flag names one file, which the environment cannot know.
func (f *flags) fileOnly(name string) {
	if err := f.SetAnnotation(name, noEnvironment, nil); err != nil {
		panic(err) // there is no such flag
	}
}

const noEnvironment = "scopeproof_no_environment"

func (f *flags) period(to *time.Duration, name string, value time.Duration, help string) {
	*to = value
	read := func(t string) (time.Duration, error) {
		d, err := time.ParseDuration(t)
		if err != nil || d <= 0 {
			return 0, fmt.Errorf("a duration above 0, such as 30s")
		}
		return d, nil
	}
	f.Var(flag[time.Duration]{to, "D", read, time.Duration.String}, name, help)
}

// The flags that several commands have.

func (f *flags) chooseRules() {
	f.Var(list{&f.s.rules, "ID,ID", ","}, "rules", "choose rules by id or pattern: REF-*,CONS-02")
	f.Var(list{&f.s.skip, "ID,ID", ","}, "skip", "leave rules out by id or pattern")
}

func (f *flags) override() {
	f.Var(list{&f.s.set, "KEY=VALUE", "\n"}, "set", "override one key of the target file (repeatable)")
}

func (f *flags) outputs(files string, formats ...string) {
	f.text(&f.s.out, "out", "DIR", "", "write "+files+" there")
	f.word(&f.s.format, "format", formats, "what goes to standard output")
}

func (f *flags) seeded() {
	read := func(t string) (int64, error) {
		n, err := strconv.ParseInt(t, 10, 64)
		if err != nil || n < 0 {
			return 0, fmt.Errorf("a whole number from 0")
		}
		return n, nil
	}
	f.Var(flag[int64]{&f.s.seed, "N", read, func(n int64) string { return strconv.FormatInt(n, 10) }}, "seed", "order what is random by it; 0 takes one at random, and the report prints it")
}

func (f *flags) parallelism() {
	f.number(&f.s.parallel, "parallel", "how many scenarios are played at once")
	f.s.parallel = 2 * runtime.GOMAXPROCS(0)
	f.Lookup("parallel").DefValue = strconv.Itoa(f.s.parallel)
}

func (f *flags) rounds() {
	f.period(&f.s.roundsWithin, "rounds-within", 2*time.Second, "how long a scenario about races is played again and again, at most as often as its feature says")
}

// variable is the environment variable of a flag.
func variable(name string) string {
	return target.EnvironmentPrefix + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
}

// patient is a flag that keeps what is wrong with its value until all were read:
// pflag would end with the first that it cannot.
type patient struct {
	pflag.Value
	name  string
	wrong *wrongs
}

func (p patient) Set(text string) error {
	if err := p.Value.Set(text); err != nil {
		p.wrong.add(p.name, "", "%v", err)
	}
	return nil
}

// patiently has the flags of all commands read to the end, also if one is wrong.
func (a *app) patiently(root *cobra.Command) {
	for _, c := range everyCommand(root) {
		c.Flags().VisitAll(func(f *pflag.Flag) { f.Value = patient{f.Value, f.Name, &a.wrong} })
	}
}

// listOf is what a flag lists that is a list.
func listOf(f *pflag.Flag) (values []string, ok bool) {
	v := f.Value
	if p, wrapped := v.(patient); wrapped {
		v = p.Value
	}
	l, ok := v.(list)
	if !ok {
		return nil, false
	}
	return *l.to, true
}

// fromEnvironment sets the flags that were not given from the environment. An
// empty variable counts as unset. What is wrong with values is kept.
func (a *app) fromEnvironment(cmd *cobra.Command) {
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		value := a.env(variable(f.Name))
		if f.Changed || value == "" || builtIn(f) {
			return
		}
		before := len(a.wrong.list)
		_ = f.Value.Set(value)
		for i := range a.wrong.list[before:] {
			a.wrong.list[before+i].File = variable(f.Name)
		}
		f.Changed = true
	})
}

// looksAtAll is the annotation of a command that reports what is wrong with the
// values of flags together with what they mean.
const looksAtAll = "scopeproof:looks-at-all"

// builtIn reports whether a flag has no environment variable.
func builtIn(f *pflag.Flag) bool {
	_, fileOnly := f.Annotations[noEnvironment]
	return fileOnly || f.Name == "help" || f.Name == "version"
}

func (a *app) env(name string) string {
	for _, entry := range slices.Backward(a.environment) {
		if n, value, _ := strings.Cut(entry, "="); n == name {
			return value
		}
	}
	return ""
}

// overrides are the keys of the target file that the environment and --set
// change. A variable that is a flag of some command is none of them.
func (a *app) overrides(cmd *cobra.Command, s *settings) ([]target.Override, error) {
	ours := flagVariables(cmd)
	var rest []string
	for _, entry := range a.environment {
		if name, _, _ := strings.Cut(entry, "="); !slices.Contains(ours, name) {
			rest = append(rest, entry)
		}
	}
	return target.Overrides(rest, s.set)
}

// flagVariables are the variables of the flags of all commands, and of TARGET.
func flagVariables(cmd *cobra.Command) []string {
	all := []string{variable("target")}
	for _, c := range everyCommand(cmd.Root()) {
		c.Flags().VisitAll(func(f *pflag.Flag) {
			if !builtIn(f) {
				all = append(all, variable(f.Name))
			}
		})
	}
	return all
}

// warnOfStrays says which variables of the environment look like ours, and are not.
func (a *app) warnOfStrays(cmd *cobra.Command) {
	if cmd.Hidden || strings.HasPrefix(cmd.Name(), "__") { // nobody called it
		return
	}
	for _, p := range target.Strays(a.environment, flagVariables(cmd)) {
		a.say("warning: %s", p)
	}
}

func everyCommand(cmd *cobra.Command) []*cobra.Command {
	all := []*cobra.Command{cmd}
	for _, c := range cmd.Commands() {
		all = append(all, everyCommand(c)...)
	}
	return all
}

// wrongFlag is what is wrong with the flags up to one that is none, and that.
func (a *app) wrongFlag(cmd *cobra.Command, err error) error {
	return errors.Join(a.wrong.err(), wrongFlag(cmd, err))
}

// wrongFlag makes an error of the flag package one of ours.
func wrongFlag(cmd *cobra.Command, err error) error {
	text := err.Error()
	var unknown *pflag.NotExistError
	var value *pflag.InvalidValueError
	switch {
	case errors.As(err, &unknown):
		var known []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) { known = append(known, f.Name) })
		name := unknown.GetSpecifiedName()
		otherwise := fmt.Sprintf("%q lists the flags", cmd.CommandPath()+" --help")
		if near := spelling.Nearest(name, known); near != "" {
			otherwise = fmt.Sprintf("did you mean --%s?", near)
		}
		dashes := "--"
		if unknown.GetSpecifiedShortnames() != "" {
			dashes = "-"
		}
		return usage(otherwise, "%s has no flag %s%s", cmd.CommandPath(), dashes, name)
	case errors.As(err, &value):
		text = fmt.Sprintf("--%s: %v", value.GetFlag().Name, value.Unwrap())
	}
	return usage("", "%s", text)
}
