// The page of labels: gives ground truths where they are chosen.

import { showTimes } from "./sections.js";
import { openStream } from "./streams.js";
import { truthOf } from "./truths.js";

const TIMES_MS = 5000;
const { liveStream } = document.body.dataset;
const forms = [...document.querySelectorAll("form.truth")];
const known = new Map([...document.querySelectorAll("#known option")].map((option) => [option.value, option.dataset.json]));
const said = document.getElementById("said");

/** Have the model learn a ground truth, as JSON text; return why not, or null. */
async function learn(id, truth) {
  try {
    const response = await fetch("/api/learn", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: `{"id": ${JSON.stringify(id)}, "ground_truth": ${truth}}`,
    });
    return response.ok ? null : textOf((await response.json()).message);
  } catch {
    return "The server does not answer.";
  }
}

function textOf(message) {
  return typeof message === "string" ? message : Object.values(message).flat().join(" ");
}

async function give(form, truth, name) {
  const { id } = form.dataset;
  usable(form, false);
  const refusal = await learn(id, truth);
  if (refusal !== null) {
    usable(form, true);
    said.textContent = `${id}: ${refusal}`;
    return;
  }
  form.replaceChildren(`learned: ${name}`);
  form.closest("tr").classList.add("done");
  const left = forms.filter((other) => other.elements.length > 0);
  said.textContent = `${id}: learned ${name}. ${left.length} left on this page.`;
  // Who goes on by keyboard stays where they were.
  const next = left.find((other) => forms.indexOf(other) > forms.indexOf(form)) ?? left[0];
  next?.elements[0].focus();
}

function usable(form, isUsable) {
  for (const element of form.elements) {
    element.disabled = !isUsable;
  }
}

for (const form of forms) {
  usable(form, true);
  for (const button of form.querySelectorAll("button[type=button]")) {
    button.addEventListener("click", () => give(form, button.value, button.firstChild.textContent.trim()));
  }
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const written = form.querySelector("input");
    if (written.value.trim()) {
      give(form, truthOf(written.value.trim(), known), written.value.trim());
    } else {
      written.focus();
    }
  });
}

// Of no model: it says nothing here but whether the server is there.
openStream(`${liveStream}?model=`, {});
showTimes();
setInterval(showTimes, TIMES_MS);
