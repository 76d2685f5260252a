package main

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/scopeproof/scopeproof/conformance"
	"github.com/scopeproof/scopeproof/internal/refserver/defect"
	"github.com/scopeproof/scopeproof/internal/refserver/lawful"
	"github.com/scopeproof/scopeproof/internal/spelling"
	"github.com/scopeproof/scopeproof/target"
)

const about = `scopeproof proves, in plain Gherkin and under load, that an authorization server
and the APIs behind it grant exactly the scopes that were asked for, consented
to and allowed, and nothing more.

TARGET is a path to a target file or the name of a bundled target; left out, it
is the reference server in this process, which needs neither Docker nor network.

Every flag is also an environment variable, --rules for example SCOPEPROOF_RULES
and TARGET SCOPEPROOF_TARGET, and so is every key of the target file:
choices.unknown_scope is SCOPEPROOF_CHOICES_UNKNOWN_SCOPE. A flag comes before
the environment, the environment before the file. An empty variable is unset.

Exit codes: 0 conforms, 1 violates, 2 usage, 3 inconclusive, 130 interrupted.`

// root is the command line. A command ends by setting a.code, or with an error.
func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use: "scopeproof", Short: "Prove that scopes are granted, limited and enforced", Long: about,
		Version: version(), SilenceErrors: true, SilenceUsage: true,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				a.code = exitUsage // nothing was done
				return cmd.Help()
			}
			return unknownCommand(cmd, args[0])
		},
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			a.warnOfStrays(cmd)
			a.fromEnvironment(cmd)
			if _, later := cmd.Annotations[looksAtAll]; later {
				return nil
			}
			return a.wrong.err()
		},
	}
	root.SetVersionTemplate("scopeproof {{.Version}}\n")
	root.SetFlagErrorFunc(a.wrongFlag)
	root.SetHelpCommand(helpCommand())
	root.AddCommand(
		a.testCommand(), a.loadCommand(), a.proveCommand(), a.rulesCommand(), a.checkCommand(),
		a.initCommand(), a.serveCommand(), a.reportCommand(), a.compareCommand(), a.shardCommand(),
	)
	a.patiently(root)
	return root
}

// helpCommand is that of cobra, but that an unknown name is a mistake of the caller.
func helpCommand() *cobra.Command {
	return &cobra.Command{
		Use: "help [COMMAND]", Short: "Say more about a command",
		RunE: func(cmd *cobra.Command, args []string) error {
			about, rest, err := cmd.Root().Find(args)
			if err != nil || len(rest) > 0 {
				if about == nil {
					about = cmd.Root()
				}
				return unknownCommand(about, args[len(args)-max(len(rest), 1)])
			}
			about.InitDefaultHelpFlag()
			return about.Help()
		},
		ValidArgsFunction: func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			about, _, err := cmd.Root().Find(args)
			if err != nil {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			var names []string
			for _, c := range about.Commands() {
				if c.IsAvailableCommand() {
					names = append(names, c.Name()+"\t"+c.Short)
				}
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
	}
}

func unknownCommand(cmd *cobra.Command, got string) error {
	var known []string
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() {
			known = append(known, c.Name())
		}
	}
	return usage(spelling.DidYouMean(got, known, "the commands are "+strings.Join(known, ", ")), "%s has no command %q", cmd.CommandPath(), got)
}

func newCommand(use, short, long, example string, args cobra.PositionalArgs, do func(cmd *cobra.Command, args []string) error) *cobra.Command {
	return &cobra.Command{Use: use, Short: short, Long: long, Example: strings.Trim(example, "\n"), Args: args, RunE: do}
}

// atMostOne is for commands with one argument that may be left out.
func atMostOne(cmd *cobra.Command, args []string) error {
	if len(args) > 1 {
		return usage("", "%s: got %d arguments (%s), want at most one", cmd.CommandPath(), len(args), strings.Join(args, " "))
	}
	return nil
}

func none(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usage("", "%s: got the argument %q, want none", cmd.CommandPath(), args[0])
	}
	return nil
}

// one is for commands with one argument, which is called what.
func one(what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != 1 {
			return usage(fmt.Sprintf("%q shows how", cmd.CommandPath()+" --help"), "%s: got %d arguments, want one: %s", cmd.CommandPath(), len(args), what)
		}
		return nil
	}
}

// targetOf is the target of a command: the argument, or else the environment's.
func (a *app) targetOf(args []string) string {
	if len(args) > 0 {
		return args[0]
	}
	return a.env(variable("target"))
}

// The completions: each gives the names that may stand in a place.

type completion = func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective)

func completeTargets(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return target.Bundled(), cobra.ShellCompDirectiveDefault
}

// completeList completes the last name of a list with commas.
func completeList(names func() []string) completion {
	return func(_ *cobra.Command, _ []string, text string) ([]string, cobra.ShellCompDirective) {
		before := text[:strings.LastIndexByte(text, ',')+1]
		var all []string
		for _, name := range names() {
			all = append(all, before+name)
		}
		return all, cobra.ShellCompDirectiveNoFileComp
	}
}

// completeRules completes ids and patterns of rules, a user's own among them.
func completeRules(cmd *cobra.Command, args []string, text string) ([]string, cobra.ShellCompDirective) {
	return completeList(func() []string { return ruleIDs(cmd) })(cmd, args, text)
}

func ruleIDs(cmd *cobra.Command) []string {
	var more []fs.FS
	if f := cmd.Flags().Lookup("features"); f != nil {
		if own, ok := listOf(f); ok {
			// The flags are read twice before anything is completed. What is wrong with a
			// folder is said when the command is run.
			dirs := slices.Sorted(slices.Values(own))
			more, _ = folders(slices.Compact(dirs))
		}
	}
	catalogue, err := conformance.Load(more...)
	if err != nil {
		return nil
	}
	var all []string
	for _, r := range catalogue.Rules {
		all = append(all, r.ID+"\t"+r.Text)
		if area := r.Area() + "-*\tevery rule of " + r.Feature; !slices.ContainsFunc(all, func(s string) bool { return strings.HasPrefix(s, r.Area()+"-*") }) {
			all = append(all, area)
		}
	}
	return all
}

func defectIDs() []string {
	var all []string
	for _, d := range defect.All {
		all = append(all, d.ID+"\t"+d.Text)
	}
	return all
}

func lawfulIDs() []string {
	var all []string
	for _, c := range lawful.All {
		all = append(all, c.ID+"\t"+c.Text)
	}
	return all
}

// complete says how the values of flags are completed; flags that a command does
// not have are passed over.
func complete(cmd *cobra.Command, values map[string]completion) *cobra.Command {
	for name, how := range values {
		if cmd.Flags().Lookup(name) == nil {
			continue
		}
		if err := cmd.RegisterFlagCompletionFunc(name, how); err != nil {
			panic(err) // a flag is completed twice
		}
	}
	return cmd
}

func words(allowed ...string) completion {
	return completeList(func() []string { return allowed })
}
