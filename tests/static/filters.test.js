import assert from "node:assert/strict";
import { test } from "node:test";

import { Recent, matches, readable } from "../../static/monitoring/filters.js";

const event = { kind: "learn", data: '{"model":"house","features":{"city":"K\\u00f6ln","<b>":1},"prediction":2.5}' };

test("everything matches where nothing is wanted", () => {
  assert.ok(matches(event, { kind: "", text: "" }));
});

test("an event of another kind does not match", () => {
  assert.ok(matches(event, { kind: "learn", text: "" }));
  assert.ok(!matches(event, { kind: "predict", text: "" }));
});

test("text is looked for in all that is shown, in either case, escaped or not", () => {
  for (const text of ["house", "HOUSE", "köln", '"prediction":2.5', "<b>"]) {
    assert.ok(matches(event, { kind: "", text }), text);
  }
  assert.ok(!matches(event, { kind: "", text: "flat" }));
});

test("JSON is laid out, and cut where it is too long", () => {
  assert.equal(readable('{"a":[1]}', 100), '{\n  "a": [\n    1\n  ]\n}');
  assert.equal(readable(JSON.stringify("x".repeat(5_000)), 10), `"${"x".repeat(9)}\n… (4,992 more characters)`);
});

test("the newest are kept, as many as there is room for", () => {
  const recent = new Recent(3, 1_000);
  for (const data of ["a", "b", "c", "d"]) {
    recent.add({ data });
  }
  assert.deepEqual(recent.items.map(({ data }) => data), ["b", "c", "d"]);
});

test("long ones leave room for fewer, but for one at least", () => {
  const recent = new Recent(100, 10);
  for (const data of ["aaaa", "bbbb", "cccc", "d".repeat(50), "e"]) {
    recent.add({ data });
  }
  assert.deepEqual(recent.items.map(({ data }) => data), ["e"]);
  recent.add({ data: "f".repeat(9) });
  assert.equal(recent.items.length, 2);
});
