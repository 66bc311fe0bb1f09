import assert from "node:assert/strict";
import { test } from "node:test";

globalThis.window = {};
const { WHOLE, choices, forecastsOf, origins } = await import("../../static/monitoring/forecasts.js");

const drawn = {
  value: [1, 2, 3, 4, 5],
  whole: 2,
  steps: { 1: [null, 10, 11, 12, 13], 2: [null, null, 20, 21, 22], 5: [null, null, null, null, 50] },
};

test("forecasts can be chosen by the steps ahead, and as a whole", () => {
  assert.deepEqual(choices(drawn), [
    ["1", "1 step before"],
    ["2", "2 steps before"],
    ["5", "5 steps before"],
    [WHOLE, "2 steps at a time"],
  ]);
  assert.deepEqual(choices({ steps: { 3: [1] }, whole: 0 }), [["3", "3 steps before"]]);
});

test("those of one step ahead stand where they were for", () => {
  assert.deepEqual(forecastsOf(drawn, "2"), [null, null, 20, 21, 22]);
  assert.deepEqual(forecastsOf(drawn, "7"), [null, null, null, null, null]);
});

test("whole ones follow each other, and the last ends at the newest observation", () => {
  assert.deepEqual(forecastsOf(drawn, WHOLE), [null, 10, 20, 12, 22]);
  assert.deepEqual(origins(drawn), [0, 2, 4]);
});
