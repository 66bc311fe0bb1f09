// Several models in one chart.

import { Chart, Controls, describe, readHistory } from "./charts.js";
import { keepFresh } from "./sections.js";
import { line } from "./series.js";
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
      const histories = await Promise.all(names.map((name) => readHistory(name, controls.chosen)));
      controls.offer([...new Set(histories.flatMap((history) => Object.keys(history.metrics)))], headline);
      show(histories, controls.chosen);
    } catch {
      // The server is away; the stream shows it.
    }
  };

  const show = (histories, chosen) => {
    // What was uploaded before under that name is another model.
    const lines = histories.map((history) => line(history, chosen.shows, history.model, { ...chosen, isNewestOnly: true }));
    if (lines.some(({ x }) => x.length > 1)) {
      chart.draw(lines, { isTime: chosen.axis === "time", marks: [] });
      describe(document.getElementById("chart-text"), element, lines);
    }
  };

  keepFresh(["compared"]);
  await draw();
  setInterval(draw, CHART_MS);
}
