package conformance

import "slices"

// Area is the rules whose ids begin alike.
type Area struct {
	ID string `json:"id"` // "REF"
	// Titles are those of the features that hold its rules. A feature about several
	// areas counts only where an area has no other.
	Titles []string `json:"titles"`
	// Rules is how many there are, and Levels how many of each level.
	Rules  int           `json:"rules"`
	Levels map[Level]int `json:"levels"`
	// Needs are what every rule of it needs of a target; one rule may need more.
	Needs []string `json:"needs"`
}

// Areas are the areas of rules, in the order of the rules.
func Areas(rules []*Rule) []Area {
	areasOf := map[string][]string{} // by file
	for _, r := range rules {
		if !slices.Contains(areasOf[r.File], r.Area()) {
			areasOf[r.File] = append(areasOf[r.File], r.Area())
		}
	}
	all := []Area{}
	shared := map[string][]string{} // titles of features about several areas, by area
	for _, r := range rules {
		n := slices.IndexFunc(all, func(a Area) bool { return a.ID == r.Area() })
		if n < 0 {
			n, all = len(all), append(all, Area{ID: r.Area(), Titles: []string{}, Levels: map[Level]int{}, Needs: needsOf(r)})
		}
		a := &all[n]
		a.Rules++
		a.Levels[r.Level]++
		own := needsOf(r)
		a.Needs = slices.DeleteFunc(a.Needs, func(need string) bool { return !slices.Contains(own, need) })
		if len(areasOf[r.File]) > 1 {
			shared[a.ID] = withOnce(shared[a.ID], r.Feature)
		} else {
			a.Titles = withOnce(a.Titles, r.Feature)
		}
	}
	for n := range all {
		if len(all[n].Titles) == 0 {
			all[n].Titles = shared[all[n].ID]
		}
	}
	return all
}

func needsOf(r *Rule) []string {
	names := []string{}
	for _, n := range r.Needs {
		names = append(names, n.Text)
	}
	return names
}

func withOnce(list []string, text string) []string {
	if slices.Contains(list, text) {
		return list
	}
	return append(list, text)
}
