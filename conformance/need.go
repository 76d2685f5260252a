package conformance

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/scopeproof/scopeproof/internal/spelling"
	"github.com/scopeproof/scopeproof/target"
)

// Need is something that a rule needs of a target: one condition of several.
type Need struct {
	Text string // as written: "consent.ui=granular|policy.user_limits"
	any  []condition
}

// condition compares a capability, or an open choice under its name with
// "policy." before it: as it is taken on one way to ask, where "/" and the way
// follow.
type condition struct {
	name   string
	op     string // "", "=", "!=" or ">="
	value  string
	choice bool
	way    target.Way // empty: whichever
}

// ParseNeed reads what follows @needs: in a tag.
func ParseNeed(text string) (Need, error) {
	n := Need{Text: text}
	for part := range strings.SplitSeq(text, "|") {
		c, err := parseCondition(part)
		if err != nil {
			return n, err
		}
		n.any = append(n.any, c)
	}
	return n, nil
}

func parseCondition(text string) (condition, error) {
	c := condition{name: text}
	for _, op := range []string{"!=", ">=", "="} {
		if name, value, found := strings.Cut(text, op); found {
			c = condition{name: name, op: op, value: value}
			break
		}
	}
	if info, ok := target.CapabilityNamed(target.Capability(c.name)); ok {
		if info.Kind == target.Word && c.op != "" && !slices.Contains(info.Allowed, c.value) {
			return c, fmt.Errorf("needs %q: got value %q, want one of %v", text, c.value, info.Allowed)
		}
		return c, nil
	}
	if name, found := strings.CutPrefix(c.name, "policy."); found {
		name, way, narrow := strings.Cut(name, "/")
		if c.way = target.Way(way); narrow && !slices.Contains(target.Ways(), c.way) {
			return c, fmt.Errorf("needs %q: got the way %q, want one of %v", text, way, target.Ways())
		}
		for _, info := range target.Choices() {
			if string(info.Name) != name {
				continue
			}
			if c.op != "" && !slices.Contains(info.Allowed, c.value) {
				return c, fmt.Errorf("needs %q: got value %q, want one of %v", text, c.value, info.Allowed)
			}
			c.name, c.choice = name, true
			return c, nil
		}
	}
	return c, fmt.Errorf("needs %q: no capability or choice is called %q: %s", text, c.name,
		spelling.DidYouMean(c.name, needable(), `"scopeproof check" lists all that there are`))
}

// needable is all that a rule can need.
func needable() []string {
	var all []string
	for _, info := range target.Capabilities() {
		all = append(all, string(info.Name))
	}
	for _, info := range target.Choices() {
		all = append(all, "policy."+string(info.Name))
	}
	return all
}

// aboutAPI reports whether a rule is about an API: it needs one, and what belongs
// to one. Whatever else it needs is there to try the API with.
func aboutAPI(needs []Need) bool {
	return slices.ContainsFunc(needs, func(n Need) bool { return slices.Contains([]string{"rs.api", "rs.user_bound", "rs.prm"}, n.Text) })
}

// Answer says whether a target has what is needed.
type Answer int

// The answers, from the worst: nobody can tell where what is needed could not be
// looked at.
const (
	NotMet Answer = iota
	CannotTell
	IsMet
)

// Met reports whether a target has what is needed: one of the conditions will
// do. If it is not met, why is a sentence with the value and where it was found.
func (n Need) Met(t *target.Resolved) (answer Answer, why string) {
	var reasons []string
	for _, c := range n.any {
		met, reason := c.met(t)
		if met == IsMet {
			return IsMet, ""
		}
		answer = max(answer, met)
		reasons = append(reasons, reason)
	}
	return answer, strings.Join(reasons, "; ")
}

func (c condition) met(t *target.Resolved) (Answer, string) {
	if c.choice {
		return c.chosen(t)
	}
	return c.compare(t.Capabilities[target.Capability(c.name)])
}

// chosen is met for an open choice. One that changes from one time to the next
// is there, and has no value.
func (c condition) chosen(t *target.Resolved) (Answer, string) {
	name := target.ChoiceName(c.name)
	if f, known := t.ByWay[c.way][name]; known && c.op != "" {
		return c.compare(f)
	}
	if f, known := t.Choices[name]; known {
		if c.op == "" {
			return IsMet, ""
		}
		return c.compare(f)
	}
	if mixed, ok := t.Mixed[name]; ok {
		if c.op == "" {
			return IsMet, ""
		}
		return NotMet, fmt.Sprintf("needs %s; policy.%s is mixed (observed: %s)", c, c.name, mixed)
	}
	if why, ok := t.Unlearned[name]; ok {
		return CannotTell, fmt.Sprintf("needs %s, which could not be learned: %s", c, why)
	}
	return NotMet, fmt.Sprintf("needs %s, which is neither declared nor could be observed", c)
}

func (c condition) compare(f target.Finding) (Answer, string) {
	answer := NotMet
	switch {
	case f.Value == target.Unknown:
		answer = CannotTell
	case c.holds(f):
		return IsMet, ""
	}
	return answer, fmt.Sprintf("needs %s; %s is %s (%s)", c, c.full(), f.Value, f.Source)
}

func (c condition) holds(f target.Finding) (ok bool) {
	switch c.op {
	case "":
		ok = f.Yes() || (f.Value != "false" && f.Value != "none" && f.Value != "0" && f.Value != "")
	case "=":
		ok = f.Value == c.value
	case "!=":
		ok = f.Value != c.value
	case ">=":
		got, _ := strconv.Atoi(f.Value)
		want, _ := strconv.Atoi(c.value)
		ok = got >= want
	}
	return ok
}

func (c condition) String() string { return c.full() + c.op + c.value }

// full is the name as it is written.
func (c condition) full() string {
	switch {
	case c.choice && c.way != "":
		return "policy." + c.name + "/" + string(c.way)
	case c.choice:
		return "policy." + c.name
	}
	return c.name
}
