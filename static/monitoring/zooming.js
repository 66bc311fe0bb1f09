// Zooming: what is dragged over is shown, and stays while data comes in; a double click leads back.

// What is shorter, in pixels, was a click.
const SHORTEST = 5;

/** A range of one chart alone, in the numbers of its axis. */
export class Extent {
  constructor(onChange) {
    this.onChange = onChange;
    this.chosen = null;
    this.left = [];
  }

  bounds() {
    return this.chosen;
  }

  zoom(since, until) {
    this.left.push(this.chosen);
    this.chosen = { since, until };
    this.onChange();
  }

  back() {
    this.chosen = this.left.pop() ?? null;
    this.onChange();
  }
}

/** Return options of a plot whose horizontal axis is `extent`'s; charts with the same `group` have one cursor. */
export function zoomable(extent, group = null) {
  return {
    range: (_, lowest, highest) => {
      const bounds = extent.bounds();
      return bounds === null ? [lowest, highest] : [bounds.since, bounds.until];
    },
    cursor: {
      drag: { x: true, y: false, setScale: false, dist: SHORTEST },
      bind: { dblclick: () => () => extent.back() },
      // Where the cursor is, and nothing else: each chart zooms for all of them.
      ...(group === null ? {} : { sync: { key: group, setSeries: false, filters: { pub: (kind) => kind === "mousemove" || kind === "mouseleave" } } }),
    },
    select: (plot) => {
      const { left, width } = plot.select;
      if (width >= SHORTEST) {
        plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
        extent.zoom(plot.posToVal(left, "x"), plot.posToVal(left + width, "x"));
      }
    },
  };
}
