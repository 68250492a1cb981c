"use strict";
// Filters of the list of violations; without this script all of them are shown.
const form = document.querySelector(".filters");
const entries = [...document.querySelectorAll("[data-violation]")];
const groups = [...document.querySelectorAll("[data-group]")];
const count = document.getElementById("shown");

function apply() {
  const { operation, verdict, text } = Object.fromEntries(new FormData(form));
  const wanted = text.trim().toLowerCase();
  let shown = 0;
  for (const entry of entries) {
    const fits =
      (!operation || entry.dataset.operation === operation) &&
      (!verdict || entry.dataset.verdict.split(" ").includes(verdict)) &&
      (!wanted || entry.dataset.text.toLowerCase().includes(wanted));
    entry.hidden = !fits;
    shown += fits;
  }
  for (const group of groups) {
    group.hidden = ![...group.querySelectorAll("[data-violation]")].some((entry) => !entry.hidden);
  }
  count.textContent = `${shown} of ${entries.length} shown`;
}

function open() {
  const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!target) return;
  const entry = target.closest("[data-violation]");
  if (entry?.hidden) {
    form.reset();
    apply();
  }
  if (target.tagName === "DETAILS") target.open = true;
  target.scrollIntoView();
}

if (form) {
  form.hidden = false;
  form.addEventListener("input", apply);
  form.addEventListener("reset", () => setTimeout(apply));
  form.addEventListener("submit", (event) => event.preventDefault());
  apply();
}
addEventListener("hashchange", open);
addEventListener("beforeprint", () => entries.forEach((entry) => { entry.open = true; }));
open();
