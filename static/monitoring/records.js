// The page of a model's journal: times in words, and whether the server is there.

import { showTimes } from "./sections.js";
import { openStream } from "./streams.js";

const TIMES_MS = 5000;

// Of no model: it says nothing here but whether the server is there.
openStream(`${document.body.dataset.liveStream}?model=`, {});
showTimes();
setInterval(showTimes, TIMES_MS);
