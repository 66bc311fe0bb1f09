// The dashboard: metrics and events as they come; the rest is fetched again now and then.

import { startFeed } from "./feed.js";
import { showMetrics } from "./metrics.js";
import { refreshSoon, startRefreshing } from "./sections.js";
import { openStream } from "./streams.js";

const { metricsStream, eventsStream } = document.body.dataset;

openStream(metricsStream, {
  message: (data) => showMetrics(JSON.parse(data)),
});

const feed = startFeed();
openStream(eventsStream, {
  predict: (data) => { feed.add("predict", data); refreshSoon(); },
  learn: (data) => { feed.add("learn", data); refreshSoon(); },
  "stream-reset": () => { feed.addGap(); refreshSoon(); },
});

startRefreshing();
