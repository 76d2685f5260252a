package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/scopeproof/scopeproof/internal/prove"
)

const aboutProve = `Runs the rules against every seeded defect of the reference server. A defect names
the exact rules that it breaks; one that breaks more, fewer, or for another
reason is a mismatch. Then it runs them against servers that answer otherwise than
the reference where a standard leaves the choice: none may be accused.

Exit codes: 0 every defect is proven and nobody is accused, 1 a mismatch, 2 usage,
130 interrupted.`

func (a *app) proveCommand() *cobra.Command {
	var f *flags
	cmd := newCommand("prove", "Run the rules against every seeded defect of the reference server", aboutProve, `
  scopeproof prove --list
  scopeproof prove --defect refresh-compares-with-request
  scopeproof prove --load --times 20`, none,
		func(cmd *cobra.Command, _ []string) error { return a.prove(cmd, f.s) })
	f = newFlags(cmd)
	f.yes(&f.s.list, "list", "list the defects and the lawful answers, and do nothing else")
	f.Var(list{&f.s.defects, "ID,ID", ","}, "defect", "choose defects by id")
	f.Var(list{&f.s.lawful, "ID,ID", ","}, "lawful", "choose lawful answers by id, or all of them")
	f.Var(list{&f.s.rules, "ID,ID", ","}, "rules", "choose rules by id or pattern: REF-*,CONS-02; a breach that only other rules' scenarios show is then missed")
	f.yes(&f.s.uncut, "uncut", "run every rule against every defect, also those that cannot be reached by it")
	f.yes(&f.s.load, "load", "prove the defects that only load shows, in place of the others")
	f.number(&f.s.times, "times", "how often each is looked for with --load; it is proven if it is found each time; default: once")
	f.number(&f.s.parallel, "parallel", "how many of them are run at once; default: one for each processor")
	f.text(&f.s.out, "out", "DIR", "", "write prove.json there")
	return complete(cmd, map[string]completion{"defect": completeList(defectIDs), "lawful": completeList(lawfulIDs), "rules": completeRules})
}

func (a *app) prove(cmd *cobra.Command, s *settings) error {
	if s.list {
		for _, d := range prove.List() {
			kind := "defect"
			if d.Lawful {
				kind = "lawful"
			}
			a.printf("%s  %-36s %s\n", kind, d.ID, d.Text)
		}
		return nil
	}
	if s.times > 0 && !s.load {
		return usage("add --load", "--times: got %d without --load: other proofs are the same each time", s.times)
	}
	if err := knownDefects(s.defects); err != nil {
		return err
	}
	if err := makeOut(s.out); err != nil {
		return err
	}
	a.collectLess()
	bar := a.newProgress(false)
	defer bar.end()
	rep, err := prove.Run(cmd.Context(), prove.Options{
		Defects: s.defects, Lawful: s.lawful, Rules: s.rules, Parallel: s.parallel, Load: s.load, Times: s.times, Uncut: s.uncut,
		OnResult: func(done, all int, r prove.Result) {
			good, bad := "proven      ", "not proven  "
			if r.Lawful {
				good, bad = "held lawful ", "accused     "
			}
			if r.Proven {
				if r.Times > 1 {
					good = fmt.Sprintf("%d of %d times  ", r.Found, r.Times)
				}
				bar.step(done, all, r.ID, good+r.ID+"  "+strings.Join(r.Violated, " "), "")
				return
			}
			line := bad + r.ID + "  " + r.Reason
			bar.step(done, all, r.ID, line, line)
		},
	})
	bar.end()
	if cmd.Context().Err() != nil {
		a.code = exitInterrupted
		a.say("interrupted: what was not run proves nothing")
		return nil
	}
	if err != nil {
		return err
	}
	a.code = rep.ExitCode()
	if s.out != "" {
		if err := rep.Write(s.out); err != nil {
			return err
		}
	}
	return prove.Table(a.stdout, rep)
}
