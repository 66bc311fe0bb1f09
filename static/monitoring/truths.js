// Ground truths that somebody writes.

const PLAIN = /^(?:true|false|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)$/;

/**
 * Return a label as JSON text: one that is `known` (JSON by name) as it is known. Labels of a model are of one
 * type: where those that are known are strings, any is; else what reads as a number or a boolean is that.
 */
export function truthOf(written, known) {
  const areStrings = [...known.values()].some((text) => text.startsWith('"'));
  return known.get(written) ?? (!areStrings && PLAIN.test(written) ? written : JSON.stringify(written));
}
