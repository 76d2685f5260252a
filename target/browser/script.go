package browser

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/scopeproof/scopeproof/internal/useragent"
)

// reading marks what can be filled in, and returns the page as it stands: what is
// typed and ticked goes into the markup, and what is not shown says so.
const reading = `(() => {
	let n = 0;
	for (const e of document.querySelectorAll("form, input, select, textarea, button")) {
		if (!e.hasAttribute("` + useragent.Mark + `")) e.setAttribute("` + useragent.Mark + `", String(++window.__scopeproof || (window.__scopeproof = 1)));
		if (e.type === "checkbox" || e.type === "radio") e.toggleAttribute("checked", e.checked);
		if (e.type === "hidden") e.setAttribute("value", e.value);
		const seen = e.type === "hidden" || e.tagName === "FORM" || !e.checkVisibility || e.checkVisibility();
		const boxed = e.type === "checkbox" || e.type === "radio"; // those are often drawn by what is beside them
		if (!seen && !boxed) e.setAttribute("hidden", "");
	}
	return JSON.stringify({Address: location.href, Markup: document.documentElement.outerHTML, Ready: document.readyState});
})()`

// acting fills in and clicks, as a person would for all that a script can tell.
func acting(act *useragent.Act) string {
	fields, _ := json.Marshal(act.Fields) // texts and booleans
	return fmt.Sprintf(`(() => {
	const find = (mark) => document.querySelector('[%s="' + mark + '"]');
	const tell = (e, kind) => e.dispatchEvent(new Event(kind, {bubbles: true}));
	for (const f of %s || []) {
		const e = find(f.mark);
		if (!e) continue;
		if (f.ticked !== null) {
			if (e.checked !== f.ticked) e.click();
			continue;
		}
		e.focus();
		const kind = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(e), "value");
		kind && kind.set ? kind.set.call(e, f.value) : (e.value = f.value);
		tell(e, "input");
		tell(e, "change");
		e.blur();
	}
	const button = find(%s), form = find(%s);
	setTimeout(() => button ? button.click() : form && form.requestSubmit && form.requestSubmit(), 0);
})()`, useragent.Mark, fields, quoted(act.Press), quoted(act.Form))
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
