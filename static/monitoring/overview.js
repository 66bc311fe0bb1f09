// The overview: metrics and events as they come; the rest is fetched again now and then.

import { startFeed } from "./feed.js";
import { replaceMetrics, showMetrics } from "./metrics.js";
import { keepFresh, refreshSoon } from "./sections.js";
import { openStream } from "./streams.js";
import { startTable } from "./tables.js";

const { metricsStream, eventsStream } = document.body.dataset;

openStream(metricsStream, {
  message: (data) => showMetrics(JSON.parse(data)),
});

const feed = startFeed();
openStream(eventsStream, {
  predict: (data) => { feed.add("predict", data); refreshSoon(); },
  learn: (data) => { feed.add("learn", data); refreshSoon(); },
  drift: refreshSoon,
  warning: refreshSoon,
  "stream-reset": () => { feed.addGap(); refreshSoon(); },
});

const table = startTable("models-table", document.getElementById("filter"));
keepFresh(["setup", "models"], (page) => {
  replaceMetrics(page);
  table.apply();
});
