// Ground truths that somebody writes.

const PLAIN = /^(?:true|false|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)$/;

/**
 * Return a label as JSON text: one that is `known` (JSON by name) as it is known, what reads as a number or a
 * boolean as that, anything else as a string.
 */
export function truthOf(written, known) {
  return known.get(written) ?? (PLAIN.test(written) ? written : JSON.stringify(written));
}
