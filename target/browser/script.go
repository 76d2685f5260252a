package browser

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/scopeproof/scopeproof/internal/useragent"
)

// parts are what can be filled in or pressed: fields and buttons, and what says by its
// role or by its place in the order of the tab key that a script listens to it.
const parts = `form, input, select, textarea, button, a[href], [role="switch"], [role="checkbox"], [role="menuitemcheckbox"], ` +
	`[role="button"], [role="link"], [role="option"], [role="menuitem"], [tabindex="0"]`

// reading marks what can be filled in, and returns the page as it stands: what is
// typed and ticked goes into the markup, and what is not shown says so. Where a script
// draws the page anew, what has a mark is found again by its place.
const reading = `(() => {
	window.__scopeproofParts = () => [...document.querySelectorAll(` + "'" + parts + "'" + `)].filter((e) =>
		e.matches("form, input, [role]") || !e.hasAttribute("tabindex") || !e.querySelector("input, select, textarea, button, [role]"));
	const parts = window.__scopeproofParts();
	const places = window.__scopeproofPlaces = {};
	parts.forEach((e, place) => {
		if (!e.hasAttribute("` + useragent.Mark + `")) e.setAttribute("` + useragent.Mark + `", String(++window.__scopeproof || (window.__scopeproof = 1)));
		places[e.getAttribute("` + useragent.Mark + `")] = {place, of: parts.length, tag: e.tagName, role: e.getAttribute("role")};
		if (e.type === "checkbox" || e.type === "radio") e.toggleAttribute("checked", e.checked);
		if (e.type === "hidden") e.setAttribute("value", e.value);
		const seen = e.type === "hidden" || e.tagName === "FORM" || !e.checkVisibility || e.checkVisibility();
		const boxed = e.type === "checkbox" || e.type === "radio"; // those are often drawn by what is beside them
		if (!seen && !boxed) e.setAttribute("hidden", "");
	});
	return JSON.stringify({Address: location.href, Markup: document.documentElement.outerHTML, Ready: document.readyState});
})()`

// acting fills in and clicks, as a person would for all that a script can tell. It
// returns the mark of what is not there or did not take what it was given, and presses
// nothing then.
func acting(act *useragent.Act) string {
	fields, _ := json.Marshal(act.Fields) // texts and booleans
	added, _ := json.Marshal(act.Added)
	return fmt.Sprintf(`(async () => {
	const find = (mark) => {
		const e = document.querySelector('[%[1]s="' + mark + '"]'), was = (window.__scopeproofPlaces || {})[mark];
		if (e || !was) return e;
		const now = window.__scopeproofParts(), there = now[was.place];
		return now.length === was.of && there.tagName === was.tag && there.getAttribute("role") === was.role ? there : null;
	};
	const tell = (e, kind) => e.dispatchEvent(new Event(kind, {bubbles: true}));
	const ticked = (e) => e.tagName === "INPUT" ? e.checked : e.getAttribute("aria-checked") === "true";
	const drawn = () => new Promise((done) => setTimeout(done, 0));
	const fields = %[2]s || [];
	for (const f of fields) {
		const e = find(f.mark);
		if (!e) return f.mark;
		if (f.ticked !== null) {
			if (ticked(e) !== f.ticked) { e.click(); await drawn(); }
			continue;
		}
		e.focus();
		const kind = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(e), "value");
		kind && kind.set ? kind.set.call(e, f.value) : (e.value = f.value);
		tell(e, "input");
		tell(e, "change");
		e.blur();
	}
	const wrong = () => fields.find((f) => { const e = find(f.mark); return !e || f.ticked !== null && ticked(e) !== f.ticked; });
	for (let i = 0; i < 20 && wrong(); i++) await new Promise((done) => setTimeout(done, 50));
	if (wrong()) return wrong().mark;
	const button = find(%[3]s), form = find(%[4]s);
	for (const f of %[5]s || []) {
		const e = document.createElement("input");
		e.type = "hidden";
		e.name = f.name;
		e.value = f.value;
		if (form) form.append(e);
	}
	if (!button && !form) return %[3]s || "0";
	setTimeout(() => button ? button.click() : form.requestSubmit && form.requestSubmit(), 0);
	return "";
})()`, useragent.Mark, fields, quoted(act.Press), quoted(act.Form), added)
}

// quoted is a text as JavaScript has it.
func quoted(text string) string {
	data, _ := json.Marshal(text) // of a string
	return string(data)
}

func decode(text string, into any) error { return json.Unmarshal([]byte(text), into) }

// harmless is an error of the browser without the script, which may hold a secret.
func harmless(err error) error {
	if err == nil {
		return nil
	}
	return errors.New("the browser did not do what it was asked to")
}
