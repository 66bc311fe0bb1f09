// The overview: what the stream sends as it comes; the rest is fetched again now and then.

import { startFeed } from "./feed.js";
import { replaceMetrics, showFlavors, showMetrics } from "./metrics.js";
import { showRows } from "./rows.js";
import { keepFresh, refreshNow, refreshSoon } from "./sections.js";
import { openStream } from "./streams.js";
import { arrange, startChoosing } from "./tables.js";

const feed = startFeed();
startChoosing(document.getElementById("filter"), refreshNow);

openStream(document.body.dataset.liveStream, {
  metrics: (data) => showMetrics(JSON.parse(data)),
  flavors: (data) => showFlavors(JSON.parse(data)),
  models: (data) => showRows(JSON.parse(data)),
  predict: (data) => feed.add("predict", data),
  learn: (data) => feed.add("learn", data),
  drift: refreshSoon,
  warning: refreshSoon,
  skipped: (data) => feed.skip(JSON.parse(data).n),
}, () => { feed.addGap(); refreshSoon(); });

keepFresh(["setup", "models"], (page) => {
  replaceMetrics(page);
  arrange("models-table");
});
