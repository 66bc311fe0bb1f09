import assert from "node:assert/strict";
import { test } from "node:test";

import { align, apart, describe, line, marks, noteMarks, rateLines, smooth, withGaps } from "../../static/monitoring/series.js";

const HISTORY = {
  time: [100, 110, 120, 130],
  generation: [1, 1, 2, 2],
  seq: [10, 20, 0, 5],
  metrics: { MAE: [4, 2, null, 1], R2: [0, 0, 0, 0] },
  rolling: { MAE: [8, 4, null, 2] },
};
const CHOSEN = { metric: "MAE", axis: "time", smoothing: 0 };

test("smoothing with nothing of the old changes nothing", () => {
  assert.deepEqual(smooth([1, 5, 2], 0), [1, 5, 2]);
});

test("smoothing keeps a share of the old, and gaps", () => {
  assert.deepEqual(smooth([4, null, 8, undefined, 2], 0.5), [4, null, 6, null, 4]);
  assert.deepEqual(smooth([], 0.5), []);
});

test("smoothing leaves a straight line alone", () => {
  assert.deepEqual(smooth([3, 3, 3], 0.9).map((value) => Math.round(value * 1e9) / 1e9), [3, 3, 3]);
});

test("aligned lines share all places, in order; a gap is null, what is not there undefined", () => {
  const table = align([{ x: [1, 3], y: [10, null] }, { x: [2, 3], y: [20, 0] }]);
  assert.deepEqual(table, [[1, 2, 3], [10, undefined, null], [undefined, 20, 0]]);
});

test("a line over time has all uploads", () => {
  assert.deepEqual(line(HISTORY, "rolling", "MAE, recent", CHOSEN), { label: "MAE, recent", x: HISTORY.time, y: [8, 4, null, 2] });
});

test("a line over learns has the newest upload only", () => {
  assert.deepEqual(line(HISTORY, "metrics", "MAE", { ...CHOSEN, axis: "seq" }), { label: "MAE", x: [0, 5], y: [null, 1] });
});

test("a line can be of the newest upload over time, too", () => {
  assert.deepEqual(line(HISTORY, "metrics", "MAE", { ...CHOSEN, isNewestOnly: true }).x, [120, 130]);
});

test("a line of a metric that there is not has no values", () => {
  assert.deepEqual(line(HISTORY, "rolling", "R2", { ...CHOSEN, metric: "R2" }).y, [null, null, null, null]);
});

const ALERTS = [
  { generation: 1, seq: 15, time: 105, kind: "drift", source: "error" },
  { generation: 2, seq: 3, time: 125, kind: "warning", source: "feature error" },
];
const GENERATIONS = [
  { generation: 1, seq: 0, time: 90, kind: "upload" },
  { generation: 2, seq: 10, time: 119, kind: "rollback" },
];

test("marks over time are where uploads, rollbacks and drift were", () => {
  assert.deepEqual(marks({ ...HISTORY, generations: GENERATIONS }, ALERTS, "time"), [
    { x: 90, kind: "upload", isFeature: false },
    { x: 119, kind: "rollback", isFeature: false },
    { x: 105, kind: "drift", isFeature: false },
    { x: 125, kind: "warning", isFeature: true },
  ]);
});

test("marks over learns are those of the newest upload", () => {
  assert.deepEqual(marks({ ...HISTORY, generations: GENERATIONS }, ALERTS, "seq"), [
    { x: 10, kind: "rollback", isFeature: false },
    { x: 3, kind: "warning", isFeature: true },
  ]);
});

test("an upload shows in the samples where nothing else shows it", () => {
  assert.deepEqual(marks(HISTORY, [], "time"), [{ x: 120, kind: "upload", isFeature: false }]);
});

test("of marks that are near to each other the first of a kind is drawn", () => {
  const drifts = [9, 1, 3, 5].map((place) => ({ place, kind: "drift", isFeature: false }));
  const others = [{ place: 2, kind: "upload", isFeature: false }, { place: 2, kind: "drift", isFeature: true }];
  const found = apart([...drifts, ...others], 4);
  assert.deepEqual(found.map(({ place, kind, isFeature }) => [place, kind, isFeature]), [
    [1, "drift", false], [2, "upload", false], [2, "drift", true], [5, "drift", false], [9, "drift", false],
  ]);
  assert.deepEqual(apart([...drifts, ...others].map((mark) => ({ ...mark, group: "all" })), 4).map(({ place }) => place), [1, 5, 9]);
});

test("a chart is described in words, with the marks that it has room for", () => {
  const lines = [{ label: "MAE", x: [100, 130], y: [0.5, 0.25] }, { label: "empty", x: [100], y: [null] }];
  const events = [{ x: 90, kind: "upload" }, { x: 105, kind: "drift" }, { x: 125, kind: "drift", isFeature: true }];
  assert.equal(
    describe(lines, events),
    "MAE: now 0.2500, lowest 0.2500, highest 0.5000. Marked: drift (1), drift of a feature (1).",
  );
  assert.equal(describe(lines), "MAE: now 0.2500, lowest 0.2500, highest 0.5000.");
  assert.equal(describe([{ label: "empty", x: [1], y: [null] }], events), "");
});

test("a line has a gap where samples are missing, and none where they are as far apart as always", () => {
  const now = 10_000;
  const dense = { label: "a", x: [9000, 9010, 9020, 9200, 9210], y: [1, 2, 3, 4, 5] };
  const sparse = { label: "a", x: [9000, 9060, 9120, 9180], y: [1, 2, 3, 4] };

  assert.deepEqual(withGaps(dense, now).x, [9000, 9010, 9020, 9110, 9200, 9210]);
  assert.deepEqual(withGaps(dense, now).y, [1, 2, 3, null, 4, 5]);
  assert.deepEqual(withGaps(sparse, now), sparse);
  // Of a week ago a quarter of an hour is kept.
  assert.deepEqual(withGaps({ label: "a", x: [0, 900, 1800], y: [1, 2, 3] }, 7 * 86_400).y, [1, 2, 3]);
});

test("rates are between two samples of one generation", () => {
  const history = { time: [0, 10, 20, 30], seq: [0, 50, 0, 20], n_predictions: [0, 100, 100, 120], generation: [0, 0, 1, 1] };

  const [learns, predictions] = rateLines(history, { axis: "time" });

  assert.deepEqual(learns, { label: "Learns/s", x: [0, 10, 20, 30], y: [null, 5, null, 2] });
  assert.deepEqual(predictions.y, [null, 10, null, 2]);
  assert.deepEqual(rateLines(history, { axis: "seq" })[0].x, [0, 20]);
});

test("notes stand at times, and nowhere over learns", () => {
  const notes = [{ time: 5, text: "The second pump is on.", author: "ada", id: 1 }];

  assert.deepEqual(noteMarks(notes, "time"), [{ x: 5, kind: "note", isFeature: false, text: "The second pump is on." }]);
  assert.deepEqual(noteMarks(notes, "seq"), []);
});
