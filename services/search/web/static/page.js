// Comfort only: the page does all it does without this file.
"use strict";

const typing = (target) => target instanceof HTMLElement && target.matches("input, select, textarea, [contenteditable]");

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
  if (event.key === "/") {
    event.preventDefault();
    const box = document.getElementById("q");
    box.focus();
    box.select();
  } else if (event.key === "j" || event.key === "k") {
    const links = [...document.querySelectorAll(".stories h2 a")];
    const at = links.indexOf(document.activeElement);
    const next = links[event.key === "j" ? at + 1 : Math.max(at - 1, 0)];
    if (next) next.focus();
  }
});

for (const select of document.querySelectorAll(".refine select")) {
  select.addEventListener("change", () => select.form.requestSubmit());
}

// An empty field says nothing: leave it out of the address.
for (const form of document.querySelectorAll("form.search")) {
  form.addEventListener("submit", () => {
    for (const field of form.querySelectorAll("input, select")) field.disabled = field.value === "" && field.id !== "q";
  });
}
window.addEventListener("pageshow", () => {
  for (const field of document.querySelectorAll("form.search :disabled")) field.disabled = false;
});

// The hour where the reader is, beside the one in UTC.
const local = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "short" });
for (const time of document.querySelectorAll("time[datetime]")) {
  const moment = new Date(time.dateTime);
  if (!Number.isNaN(moment.valueOf())) time.title = `${local.format(moment)} (your time)`;
}

// On a phone the facets begin folded.
if (window.matchMedia("(max-width: 46rem)").matches) {
  for (const facet of document.querySelectorAll(".facets details")) facet.open = facet.querySelector("[aria-current]") !== null;
}
