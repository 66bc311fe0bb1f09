// The newest predictions and learns. Everything that comes from clients is shown as text, never as markup.

import { Recent, matches, readable } from "./filters.js";
import { formatPrediction, formatValue, formatWhole } from "./numbers.js";

const KEPT = 50;
const FEATURES_SHOWN = 300;
const JSON_SHOWN = 50_000;
// What a filter that is set later is applied to.
const REMEMBERED = 500;
const REMEMBERED_CHARACTERS = 2_000_000;
const DRAW_MS = 200;
const GAP = "gap";

/**
 * Return the feed of the page: `add(kind, data)` shows an event, `addGap()` that some were missed, `skip(n)` that
 * more happens than can be shown.
 */
export function startFeed() {
  const list = document.getElementById("feed");
  const empty = document.getElementById("feed-empty");
  const button = document.getElementById("pause");
  const controls = document.getElementById("feed-controls");
  const recent = new Recent(REMEMBERED, REMEMBERED_CHARACTERS);
  let wanted = { kind: "", text: "" };
  let fresh = [];
  let nNew = 0;
  let isPaused = false;
  let timer = null;
  let nSkipped = 0;

  button.hidden = false;
  button.addEventListener("click", () => pause(!isPaused));
  controls.hidden = false;
  controls.addEventListener("submit", (event) => event.preventDefault());
  controls.addEventListener("input", () => {
    wanted = { kind: document.getElementById("feed-kind").value, text: document.getElementById("feed-text").value.trim() };
    fresh = [];
    list.replaceChildren(...recent.items.filter(isWanted).slice(-KEPT).map(row).reverse());
    showEmpty();
  });
  // Who reads one does not want it to move away.
  list.addEventListener("toggle", ({ target }) => {
    if (target.open) {
      pause(true);
      target.scrollIntoView({ block: "nearest" });
    }
  }, { capture: true });

  function isWanted(item) {
    return item.kind === GAP || matches(item, wanted);
  }

  function pause(isToPause) {
    isPaused = isToPause;
    nNew = 0;
    showButton();
    drawSoon();
  }

  function push(item) {
    recent.add(item);
    if (isWanted(item)) {
      fresh.push(item);
      fresh.splice(0, fresh.length - KEPT);
      nNew += 1;
      drawSoon();
    }
  }

  function drawSoon() {
    // In a hidden page no frame comes, and nothing is drawn.
    timer ??= setTimeout(() => requestAnimationFrame(draw), DRAW_MS);
  }

  function draw() {
    timer = null;
    showButton();
    if (isPaused) {
      return;
    }
    list.prepend(...fresh.map(row).reverse());
    fresh = [];
    nNew = 0;
    while (list.children.length > KEPT) {
      list.lastElementChild.remove();
    }
    showEmpty();
  }

  function showButton() {
    const waiting = nNew > 0 ? ` (${nNew.toLocaleString("en")} new)` : "";
    button.textContent = isPaused ? `Resume${waiting}` : "Pause";
  }

  function showEmpty() {
    empty.hidden = list.children.length > 0;
    empty.textContent = recent.items.length > 0
      ? "None of the newest events is of that kind with that text."
      : "Nothing has happened since this page was opened.";
  }

  function skip(n) {
    nSkipped += n;
    document.getElementById("feed-skipped").textContent = `; ${formatWhole(nSkipped)} others came too quickly to be shown`;
  }

  return {
    add: (kind, data) => push({ kind, data }),
    addGap: () => push({ kind: GAP, data: "" }),
    skip,
  };
}

function row(item) {
  const element = document.createElement("li");
  element.className = item.kind;
  element.append(item.kind === GAP ? cell("missed", "Some events were missed here.") : details(item));
  return element;
}

function details({ kind, data }) {
  const event = JSON.parse(data);
  const summary = document.createElement("summary");
  summary.append(
    cell("kind", kind),
    cell("model", event.model),
    cell("outcome", outcome(event)),
    cell("features", JSON.stringify(event.features).slice(0, FEATURES_SHOWN)),
  );
  const element = document.createElement("details");
  element.append(summary);
  summary.addEventListener("click", () => element.append(json(data)), { once: true });
  return element;
}

function json(data) {
  const element = document.createElement("pre");
  element.textContent = readable(data, JSON_SHOWN);
  return element;
}

function outcome(event) {
  const prediction = formatPrediction(event.prediction);
  return "ground_truth" in event ? `${prediction} → ${formatValue(event.ground_truth)}` : prediction;
}

function cell(name, text) {
  const element = document.createElement("span");
  element.className = name;
  element.textContent = text;
  return element;
}
