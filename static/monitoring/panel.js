// A panel of the admin: the metrics of a model, or over all models of a flavor, in a chart.

import { Chart, Controls, oneAtATime, present, readHistories } from "./charts.js";
import { marks, metricLines } from "./series.js";
import { Timeline } from "./timeline.js";

const CHART_MS = 10000;
const element = document.getElementById("chart");
const { model = null } = element.closest("section").dataset;
const choice = document.getElementById("panel-flavor");
// Over all models there are no recent metrics.
document.getElementById("chart-shows").parentElement.hidden = model === null;
const timeline = new Timeline(() => draw());
const chart = new Chart(element, timeline);
const controls = new Controls(() => draw());

const draw = oneAtATime(async () => {
  const [{ value: flavor, dataset }] = choice.selectedOptions;
  const [history] = await readHistories([model], controls.chosen, timeline, flavor);
  controls.offer(Object.keys(history.metrics), dataset.headline);
  const chosen = { ...controls.chosen, ...(model === null && { shows: "metrics" }), isPart: timeline.range.kind !== "auto" };
  const alerts = model === null ? [] : await readAlerts();
  present(chart, metricLines(history, chosen), marks(history, alerts, chosen.axis), chosen);
});

async function readAlerts() {
  const response = await fetch(`/api/alerts?${new URLSearchParams({ model, limit: "200" })}`);
  return response.ok ? (await response.json()).alerts : [];
}

choice.addEventListener("input", () => draw());
// The page's own switch of light and dark; the browser's is seen by the chart.
new MutationObserver(() => chart.repaint()).observe(document.documentElement, { attributeFilter: ["data-theme"] });
await draw();
setInterval(draw, CHART_MS);
