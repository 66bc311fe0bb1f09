import assert from "node:assert/strict";
import { test } from "node:test";

import { oneAtATime } from "../../static/monitoring/charts.js";

globalThis.document = { hidden: false };

test("who asks while it is drawn has it drawn once more, however often", async () => {
  const ends = [];
  const draw = oneAtATime(() => new Promise((resolve) => ends.push(resolve)));
  const first = draw();
  draw();
  draw();
  assert.equal(ends.length, 1);
  ends[0]();
  await new Promise(setImmediate);
  assert.equal(ends.length, 2);
  ends[1]();
  await first;
  assert.equal(ends.length, 2);
});

test("what fails is tried again when it is asked for again", async () => {
  let n = 0;
  const draw = oneAtATime(async () => {
    n += 1;
    throw new Error("away");
  });
  await draw();
  await draw();
  assert.equal(n, 2);
});

test("nothing is drawn where nobody looks", async () => {
  let n = 0;
  document.hidden = true;
  await oneAtATime(async () => { n += 1; })();
  document.hidden = false;
  assert.equal(n, 0);
});
