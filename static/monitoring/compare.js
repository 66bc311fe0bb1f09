// Several models in one chart.

import { Chart, Controls, describe, readHistory, smooth } from "./charts.js";
import { openStream } from "./streams.js";

const CHART_MS = 5000;
const { headline, metricsStream } = document.body.dataset;
const names = [...document.querySelectorAll("#chosen li")].map((item) => item.textContent);
const element = document.getElementById("chart");

// It tells nothing here but whether the server is there.
openStream(metricsStream, { message: () => {} });

if (names.length > 0) {
  const chart = new Chart(element);
  const controls = new Controls(() => draw());

  const draw = async () => {
    if (document.hidden) {
      return;
    }
    try {
      const histories = await Promise.all(names.map((name) => readHistory(name, controls.chosen.windowSeconds)));
      controls.offer([...new Set(histories.flatMap((history) => Object.keys(history.metrics)))], headline);
      show(histories);
    } catch {
      // The server is away; the stream shows it.
    }
  };

  const show = (histories) => {
    const { metric, axis, smoothing } = controls.chosen;
    const lines = histories.map((history) => line(history, metric, axis, smoothing));
    if (lines.some(({ x }) => x.length > 1)) {
      chart.draw(lines, { isTime: axis === "time", marks: [] });
      describe(document.getElementById("chart-text"), element, lines);
    }
  };

  await draw();
  setInterval(draw, CHART_MS);
}

function line(history, metric, axis, smoothing) {
  const newest = history.generation.at(-1);
  const kept = history.time.map((_, index) => index).filter((index) => history.generation[index] === newest);
  const values = history.rolling[metric] ?? [];
  return {
    label: history.model,
    x: kept.map((index) => (axis === "time" ? history.time : history.seq)[index]),
    y: smooth(kept.map((index) => values[index] ?? null), smoothing),
  };
}
