// The newest predictions and learns. Everything that comes from clients is shown as text, never as markup.

import { formatPrediction, formatValue } from "./numbers.js";

const KEPT = 50;
const FEATURES_SHOWN = 300;

/** Return the feed of the page: `add(kind, data)` shows an event, `addGap()` that some were missed. */
export function startFeed() {
  const list = document.getElementById("feed");
  const empty = document.getElementById("feed-empty");
  const button = document.getElementById("pause");
  let waiting = [];
  let isPaused = false;
  let isFramed = false;

  button.hidden = false;
  button.addEventListener("click", () => {
    isPaused = !isPaused;
    button.textContent = isPaused ? "Resume" : "Pause";
    show();
  });

  function push(make) {
    waiting.push(make);
    waiting.splice(0, waiting.length - KEPT);
    if (!isFramed && !isPaused) {
      isFramed = true;
      // In a hidden page no frame comes, and nothing is drawn.
      requestAnimationFrame(show);
    }
  }

  function show() {
    isFramed = false;
    if (isPaused || waiting.length === 0) {
      return;
    }
    list.prepend(...waiting.map((make) => make()).reverse());
    waiting = [];
    while (list.children.length > KEPT) {
      list.lastElementChild.remove();
    }
    empty.hidden = true;
  }

  return {
    add: (kind, data) => push(() => row(kind, JSON.parse(data))),
    addGap: () => push(gap),
  };
}

function row(kind, event) {
  const item = document.createElement("li");
  item.className = kind;
  const features = JSON.stringify(event.features);
  item.append(
    cell("kind", kind),
    cell("model", event.model),
    cell("outcome", outcome(event)),
    cell("features", features.slice(0, FEATURES_SHOWN)),
  );
  return item;
}

function outcome(event) {
  const prediction = formatPrediction(event.prediction);
  return "ground_truth" in event ? `${prediction} → ${formatValue(event.ground_truth)}` : prediction;
}

function gap() {
  const item = document.createElement("li");
  item.append(cell("missed", "Some events were missed here."));
  return item;
}

function cell(name, text) {
  const element = document.createElement("span");
  element.className = name;
  element.textContent = text;
  return element;
}
