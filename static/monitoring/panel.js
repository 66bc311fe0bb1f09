// A panel of the admin: the metrics of a model, or over all models, in a chart.

import { Chart, Controls, describe, readHistory, smooth } from "./charts.js";

const CHART_MS = 10000;
const element = document.getElementById("chart");
const { model = null, headline } = element.closest("[data-headline]").dataset;
// Who comes here looks back.
document.getElementById("chart-window").value = "";
const chart = new Chart(element);
const controls = new Controls(() => draw());

async function draw() {
  if (document.hidden) {
    return;
  }
  try {
    const history = await readHistory(model, controls.chosen.windowSeconds);
    controls.offer(Object.keys(history.metrics), headline);
    show(history, model === null ? [] : await readAlerts());
  } catch {
    // The server is away, or has no flavor yet: what is shown stays.
  }
}

async function readAlerts() {
  const response = await fetch(`/api/alerts?${new URLSearchParams({ model, limit: "200" })}`);
  return response.ok ? (await response.json()).alerts : [];
}

function show(history, alerts) {
  const { metric, axis, smoothing } = controls.chosen;
  const isTime = axis === "time";
  // Learns are counted anew with each upload: over learns, the chart shows the newest.
  const newest = history.generation.at(-1);
  const isShown = ({ generation }) => isTime || generation === newest;
  const rows = history.time.map((_, index) => index).filter((index) => isShown({ generation: history.generation[index] }));
  if (rows.length < 2 || !metric) {
    return;
  }
  const line = (label, columns, rest) => {
    const column = columns[metric] ?? [];
    return { label, x: rows.map((index) => (isTime ? history.time : history.seq)[index]), y: rows.map((index) => column[index] ?? null), ...rest };
  };
  const recent = line(`${metric}, recent`, history.rolling);
  const lines = metric in history.rolling ? [{ ...recent, y: smooth(recent.y, smoothing) }] : [];
  lines.push(line(model === null ? metric : `${metric} since the upload`, history.metrics, { isFaint: lines.length > 0 }));
  const [first, last] = [lines[0].x[0], lines[0].x.at(-1)];
  const marks = alerts
    .filter(isShown)
    .map(({ time, seq, kind }) => ({ x: isTime ? time : seq, kind }))
    .filter(({ x }) => x >= first && x <= last);
  chart.draw(lines, { isTime, marks });
  describe(document.getElementById("chart-text"), element, lines);
}

// The page's own switch of light and dark; the browser's is seen by the chart.
new MutationObserver(() => { chart.forget(); draw(); }).observe(document.documentElement, { attributeFilter: ["data-theme"] });
await draw();
setInterval(draw, CHART_MS);
