// Filters the rules, opens what a link names, and makes details when they are
// opened. Without it the page shows all of them.
(() => {
  "use strict";
  const form = document.querySelector("form.filter");
  const rules = Array.from(document.querySelectorAll("details.rule"));
  const groups = Array.from(document.querySelectorAll("section.group"));
  const tiles = Array.from(document.querySelectorAll(".counts a, .matrix a[data-area]"));
  const shown = form.querySelector("[role=status]");
  const reset = form.querySelector("[type=reset]");
  const field = form.elements;

  const apply = () => {
    const words = field.q.value.toLowerCase().split(/\s+/).filter(Boolean);
    const [outcome, area, level] = [field.outcome.value, field.area.value, field.level.value];
    let n = 0;
    for (const rule of rules) {
      const d = rule.dataset;
      const keep = (!outcome || d.outcome === outcome) && (!area || d.area === area) && (!level || d.level === level) &&
        words.every((word) => d.search.includes(word));
      rule.hidden = !keep;
      if (keep) n++;
    }
    for (const group of groups) {
      group.hidden = !group.querySelector("details.rule:not([hidden])");
    }
    for (const tile of tiles) {
      const d = tile.dataset;
      const on = (d.outcome || "") === outcome && (d.area || "") === area && (outcome || area);
      if (on) tile.setAttribute("aria-current", "true");
      else tile.removeAttribute("aria-current");
    }
    const all = n === rules.length;
    shown.textContent = all ? rules.length + " rules" : n + " of " + rules.length + " rules";
    reset.disabled = all && !words.length;
  };

  const choose = (event) => {
    const tile = event.currentTarget;
    const again = tile.getAttribute("aria-current") === "true";
    field.outcome.value = again ? "" : tile.dataset.outcome || "";
    field.area.value = again ? "" : tile.dataset.area || "";
    event.preventDefault();
    apply();
    if (tile.closest(".matrix")) document.getElementById("rules").scrollIntoView({ block: "start" });
  };

  // What is long stands in a <noscript>, where a browser that runs this script has
  // not looked at it yet: it is markup of this page, made with it, and is made into
  // elements here.
  const make = (within) => {
    for (const later of within.querySelectorAll("noscript.later")) {
      if (later.closest("details") !== within) continue;
      const made = document.createElement("template");
      made.innerHTML = later.textContent;
      later.replaceWith(made.content);
    }
    for (const command of within.querySelectorAll(":scope > .transcript > .curl:not(.copies)")) copying(command);
  };

  const copying = (command) => {
    const text = command.textContent;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = "Copy";
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(text);
        button.textContent = "Copied";
      } catch {
        getSelection().selectAllChildren(command);
        button.textContent = "Selected";
      }
      setTimeout(() => { button.textContent = "Copy"; }, 1500);
    });
    command.classList.add("copies");
    command.append(button);
  };

  // A link to a rule, a scenario or an exchange opens it, also where a filter hides
  // it: "#REF-03", "#REF-03.2", "#REF-03.2.14".
  const follow = () => {
    const id = decodeURIComponent(location.hash.slice(1));
    const rule = rules.find((r) => r.id === id || id.startsWith(r.id + "."));
    if (!rule) return;
    if (rule.hidden) {
      form.reset();
      apply();
    }
    rule.open = true;
    make(rule);
    const parts = id.slice(rule.id.length).split(".").filter(Boolean);
    let at = rule;
    if (parts.length > 0) {
      const scenario = document.getElementById(rule.id + "." + parts[0]);
      const folded = scenario && scenario.querySelector(":scope > details.folded");
      if (folded) {
        folded.open = true;
        make(folded);
      }
      if (scenario && !document.getElementById(id)) {
        for (const fold of scenario.querySelectorAll(".fold > details")) make(fold);
      }
      at = document.getElementById(id) || scenario || rule;
    }
    for (let up = at.parentElement; up; up = up.parentElement) {
      if (up.tagName === "DETAILS") up.open = true;
    }
    const exchange = at.querySelector(":scope > details.exchange");
    if (exchange) exchange.open = true;
    at.scrollIntoView({ block: "start" });
  };

  for (const tile of tiles) tile.addEventListener("click", choose);
  for (const button of form.querySelectorAll("[data-open]")) {
    button.addEventListener("click", () => {
      for (const rule of rules) if (!rule.hidden) rule.open = Boolean(button.dataset.open);
    });
  }
  form.addEventListener("input", apply);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(apply));
  addEventListener("hashchange", follow);
  document.addEventListener("toggle", (event) => { if (event.target.open) make(event.target); }, true);
  addEventListener("beforeprint", () => {
    for (const rule of document.querySelectorAll("details.rule.o-violates, details.rule.o-deviates, details.rule.o-inconclusive")) {
      rule.open = true;
      make(rule);
    }
  });
  addEventListener("keydown", (event) => {
    const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement.tagName);
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      field.q.focus();
    }
    if (event.key === "Escape" && document.activeElement === field.q) form.reset();
  });

  form.hidden = false;
  apply();
  follow();
})();
