import assert from "node:assert/strict";
import { test } from "node:test";

import { csv } from "../../static/monitoring/copying.js";
import { AUTO, between, boundsOf, moved, parametersOf, readRange } from "../../static/monitoring/ranges.js";

const NOW = 1_000_000;
const read = (text) => readRange(new URLSearchParams(text));

test("a range comes back from the address as it was", () => {
  for (const range of [AUTO, { kind: "all" }, { kind: "last", seconds: 900 }, { kind: "between", from: 1000.25, until: 2000 }]) {
    const kept = Object.entries(parametersOf(range)).filter(([, value]) => value !== null);
    assert.deepEqual(read(new URLSearchParams(kept).toString()), range);
  }
});

test("what is no range is the one where there is data", () => {
  for (const text of ["", "range=x", "range=-5", "range=Infinity", "from=x&until=y", "from=2026-01-02T00:00Z&until=2026-01-01T00:00Z"]) {
    assert.deepEqual(read(text), AUTO);
  }
  assert.equal(between(5, 5), null);
});

test("a relative range ends now, an absolute one where it says", () => {
  assert.deepEqual(boundsOf({ kind: "last", seconds: 900 }, NOW, null), { since: NOW - 900, until: NOW });
  assert.deepEqual(boundsOf({ kind: "between", from: 1, until: 2 }, NOW, null), { since: 1, until: 2 });
  assert.equal(boundsOf({ kind: "all" }, NOW, { first: 1, last: 2 }), null);
  assert.equal(boundsOf(AUTO, NOW, null), null);
});

test("without a choice the range is where there is data", () => {
  // It learns, and has just begun: from its beginning; for long: an hour.
  assert.deepEqual(boundsOf(AUTO, NOW, { first: NOW - 60, last: NOW - 1 }), { since: NOW - 60, until: NOW });
  assert.deepEqual(boundsOf(AUTO, NOW, { first: NOW - 90_000, last: NOW - 1 }), { since: NOW - 3600, until: NOW });
  // It learned some days ago: there.
  const past = boundsOf(AUTO, NOW, { first: 1000, last: 2000 });
  assert.ok(past.since < 1000 && past.since > 900 && past.until > 2000 && past.until < 2100);
});

test("a range moves by a share of itself", () => {
  assert.deepEqual(moved({ since: 100, until: 200 }, -0.5), { kind: "between", from: 50, until: 150 });
});

test("a table is written as CSV, times as times, and no formula", () => {
  const text = csv(["Time", "=a, \"b\""], [[0, 1.5], [0.25, null]], true);

  assert.equal(text, "Time,\"'=a, \"\"b\"\"\"\r\n1970-01-01T00:00:00.000Z,0.25\r\n1970-01-01T00:00:01.500Z,\r\n");
  assert.equal(csv(["x", "y"], [[-1], [-2.5]], false), "x,y\r\n-1,-2.5\r\n");
});
