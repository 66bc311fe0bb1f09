import assert from "node:assert/strict";
import { test } from "node:test";

import { truthOf } from "../../static/monitoring/truths.js";

test("what is written is the label that is known by that name", () => {
  const known = new Map([["1", '"1"'], ["cat", '"cat"']]);

  assert.equal(truthOf("1", known), '"1"');
  assert.equal(truthOf("cat", known), '"cat"');
});

test("what is not known is a number, a boolean or a string as it reads", () => {
  const texts = ["2", "-0.5", "1e3", "true", "dog", "01", "1.", "", 'a "b"', "12345678901234567890"];

  assert.deepEqual(texts.map((text) => truthOf(text, new Map())), [
    "2", "-0.5", "1e3", "true", '"dog"', '"01"', '"1."', '""', '"a \\"b\\""', "12345678901234567890",
  ]);
});

test("what is not known is a string where the labels are", () => {
  const known = new Map([["cat", '"cat"']]);

  assert.deepEqual(["2", "true", "dog"].map((text) => truthOf(text, known)), ['"2"', '"true"', '"dog"']);
});
