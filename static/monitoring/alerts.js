// Alerts: acknowledged and muted where they are shown.

import { keepFresh, showTimes } from "./sections.js";
import { openStream } from "./streams.js";

const section = document.getElementById("alerts");

/** Ask the API for something; return its answer, or write why there is none and return null. */
async function ask(method, path, body) {
  try {
    const response = await fetch(path, {
      method,
      headers: { "Content-Type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const answer = response.status === 204 ? {} : await response.json();
    if (response.ok) {
      return answer;
    }
    say(typeof answer.message === "string" ? answer.message : Object.values(answer.message).flat().join(" "));
  } catch {
    say("The server does not answer.");
  }
  return null;
}

function say(text) {
  document.getElementById("said").textContent = text;
}

const mutesOf = (model) => `/api/model/${encodeURIComponent(model)}/mutes`;

async function acknowledge(item, form) {
  const answer = await ask("POST", `/api/alerts/${item.dataset.id}/acknowledge`, { note: form.elements.note.value });
  if (answer === null) {
    return;
  }
  item.querySelector(".state").textContent = answer.state;
  item.querySelector(".history").append(line(answer.history.at(-1)));
  form.reset();
  showTimes();
  close(form);
  say(`${item.dataset.kind} of ${item.dataset.model}: acknowledged.`);
}

function line({ time, action, actor, text }) {
  const item = document.createElement("li");
  const when = document.createElement("time");
  when.dateTime = new Date(1000 * time).toISOString();
  item.append(when, ` ${action} by ${actor}${text ? `: ${text}` : ""}`);
  return item;
}

async function mute(item, form) {
  const { model, kind } = item.dataset;
  const { seconds } = form.elements;
  const answer = await ask("POST", mutesOf(model), { kind, seconds: Number(seconds.value) });
  if (answer !== null) {
    close(form);
    say(`${kind} of ${model} is muted for ${seconds.selectedOptions[0].textContent}.`);
  }
}

async function unmute(button) {
  const { model, kind } = button.dataset;
  if ((await ask("DELETE", `${mutesOf(model)}?${new URLSearchParams({ kind })}`)) !== null) {
    button.closest("li").remove();
    say(`${kind} of ${model} is muted no more.`);
  }
}

/** Fold a form away; who goes on by keyboard stays where they were. */
function close(form) {
  const details = form.closest("details");
  details.open = false;
  details.querySelector("summary").focus();
}

/** Show what only a script can do. */
function enable() {
  for (const element of section.querySelectorAll(".acts, .unmute")) {
    element.hidden = false;
  }
}

/** Return whether somebody is about to write something, which a newer page would take away. */
function isInUse() {
  return section.querySelector("details[open]") !== null;
}

/** Take the alerts of a newer page, unless somebody is dealing with one. */
export function takeAlerts(page) {
  const there = page.getElementById("alerts");
  if (there === null || isInUse()) {
    return;
  }
  // What was said stays.
  const said = document.getElementById("said").textContent;
  const focused = placeOf(document.activeElement);
  section.replaceChildren(...[...there.childNodes].map((node) => document.adoptNode(node)));
  section.hidden = there.hidden;
  enable();
  say(said);
  section.querySelector(focused)?.focus();
}

/** Return a selector of what has the focus, in a newer list of alerts. */
function placeOf(element) {
  const item = element?.closest?.("#alerts .alerts > li");
  if (!item || element.localName !== "summary") {
    return ":not(*)";
  }
  const number = [...item.querySelectorAll("details")].indexOf(element.parentElement) + 1;
  return `.alerts > li[data-id="${item.dataset.id}"] details:nth-of-type(${number}) > summary`;
}

section.addEventListener("submit", (event) => {
  event.preventDefault();
  const form = event.target;
  const item = form.closest(".alerts > li");
  (form.className === "mute" ? mute : acknowledge)(item, form);
});
section.addEventListener("click", ({ target }) => {
  const button = target.closest(".unmute");
  if (button !== null) {
    unmute(button);
  }
});
enable();

if (document.body.dataset.alertsAlone !== undefined) {
  // Of no model: it says nothing here but whether the server is there.
  openStream(`${document.body.dataset.liveStream}?model=`, {});
  keepFresh([], takeAlerts);
}
