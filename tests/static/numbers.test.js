import assert from "node:assert/strict";
import { test } from "node:test";

import { sorted } from "../../static/monitoring/diagrams.js";
import { formatBytes, formatCount, formatMetric, formatPrediction, formatValue } from "../../static/monitoring/numbers.js";
import { short } from "../../static/monitoring/plots.js";
import { formatMoment, formatTicks } from "../../static/monitoring/times.js";

// A few hours before and after midnight in Berlin, which is an hour ahead in November.
const MIDNIGHT = Date.UTC(2026, 10, 25, 23) / 1000;

test("what has no value is a dash", () => {
  for (const format of [formatCount, formatMetric, short, formatMoment]) {
    assert.equal(format(null), "–");
    assert.equal(format(undefined), "–");
  }
});

test("numbers have as many digits as there is room for", () => {
  assert.equal(formatMetric(0.5), "0.5000");
  assert.equal(formatMetric(1500), "1,500");
  assert.equal(formatCount(12345), "12,345");
  assert.equal(short(0.30000000000000004), "0.3");
  assert.equal(formatValue(1.23456789), "1.2346");
});

test("sizes are in the unit that fits", () => {
  assert.deepEqual([0, 1023, 1024, 1536 * 1024, 3 * 1024 ** 4].map(formatBytes), ["0 bytes", "1,023 bytes", "1.0 KB", "1.5 MB", "3,072.0 GB"]);
});

test("a prediction is shown by its most probable label", () => {
  assert.equal(formatPrediction({ a: 0.25, "<b>": 0.75 }), "<b> (0.75)");
  assert.equal(formatPrediction({}), "none");
  assert.equal(formatPrediction(null), "none");
});

test("a time is that of the reader's zone", () => {
  assert.equal(formatMoment(MIDNIGHT), "2026-11-26 00:00:00");
});

test("ticks show the date where it is another one", () => {
  assert.deepEqual(formatTicks([MIDNIGHT - 7200, MIDNIGHT - 3600, MIDNIGHT], 3600), [
    "22:00\n2026-11-25", "23:00", "00:00\n2026-11-26",
  ]);
  assert.deepEqual(formatTicks([MIDNIGHT, MIDNIGHT + 15], 15), ["00:00:00\n2026-11-26", "00:00:15"]);
  assert.deepEqual(formatTicks([MIDNIGHT, MIDNIGHT + 86400], 86400), ["2026-11-26", "2026-11-27"]);
});

test("values are sorted by size, not by their text", () => {
  assert.deepEqual(sorted([10, 9, -1]), [2, 1, 0]);
});
