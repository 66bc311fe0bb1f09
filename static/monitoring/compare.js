// Several models in one chart.

import { Chart, Controls, oneAtATime, present, readHistories } from "./charts.js";
import { keepFresh } from "./sections.js";
import { line, withGaps } from "./series.js";
import { openStream } from "./streams.js";
import { Timeline } from "./timeline.js";

const CHART_MS = 5000;
const { headline, liveStream } = document.body.dataset;
const names = [...document.querySelectorAll("#chosen li")].map((item) => item.textContent);

// Of no model: it says nothing here but whether the server is there.
openStream(`${liveStream}?model=`, {});

if (names.length > 0) {
  const timeline = new Timeline(() => draw());
  const chart = new Chart(document.getElementById("chart"), timeline);
  const controls = new Controls(() => draw());

  const draw = oneAtATime(async () => {
    const { chosen } = controls;
    const histories = await readHistories(names, chosen, timeline);
    controls.offer([...new Set(histories.flatMap((history) => Object.keys(history.metrics)))], headline);
    show(histories, { ...chosen, metric: controls.chosen.metric, isPart: timeline.range.kind !== "auto" });
  });

  const show = (histories, chosen) => {
    // What was uploaded before under that name is another model.
    const lines = histories.map((history) => line(history, chosen.shows, history.model, { ...chosen, isNewestOnly: true })).map((drawn) => (chosen.axis === "time" ? withGaps(drawn, Date.now() / 1000) : drawn));
    present(chart, lines, [], chosen);
  };

  keepFresh(["compared"]);
  await draw();
  setInterval(draw, CHART_MS);
}
