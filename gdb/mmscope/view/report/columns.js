// SPDX-License-Identifier: GPL-2.0-or-later
// What each column of pixels of a row is for. Where ranges are smaller than a pixel, the column is divided among what
// is in it, by pages; but each has a quarter of the height, so that one page in use among free ones is seen.
"use strict";

const NONE = -1, SHARED = -2;
const LEAST_PART = 0.25;

class Columns {
    constructor(count) {
        this.classes = new Int32Array(count);       // of each column; NONE, or SHARED
        this.shared = new Map();                    // column: pages by class, as parts of the column
    }

    /** Fill them from the runs that have a part of a row; scale is columns of a page frame. */
    fill(runs, row, scale) {
        const {classes, shared} = this, count = classes.length;
        classes.fill(NONE);
        shared.clear();
        for (let at = firstOf(runs, row); at < runs.count && runs.starts[at] < row.end; at++) {
            const start = Math.max(runs.starts[at], row.start), end = Math.min(runs.ends[at], row.end);
            if (start >= end)
                continue;
            const left = (start - row.base) * scale, wide = (end - start) * scale;
            if (wide >= 1)
                classes.fill(runs.owners[at], Math.round(left), Math.min(Math.round(left + wide), count));
            else
                this.share(Math.min(Math.floor(left), count - 1), runs.owners[at], wide);
        }
        for (const [column, parts] of shared)
            this.settle(column, parts);
    }

    share(column, number, part) {
        let parts = this.shared.get(column);
        if (parts === undefined)
            this.shared.set(column, parts = new Map());
        parts.set(number, (parts.get(number) || 0) + part);
    }

    /** What is left of a column is what lies around it. */
    settle(column, parts) {
        let left = 1;
        for (const part of parts.values())
            left -= part;
        const around = this.classes[column];
        if (around !== NONE && left > 0)
            parts.set(around, (parts.get(around) || 0) + left);
        this.classes[column] = parts.size === 1 ? parts.keys().next().value : SHARED;
    }

    /** Parts of a shared column, the top one first: class and height. */
    parts(column, tall) {
        const parts = [...this.shared.get(column)].sort(([one], [other]) => other - one);
        const all = parts.reduce((sum, [, part]) => sum + part, 0);
        const high = parts.map(([, part]) => Math.max(part / all, LEAST_PART));
        const sum = high.reduce((sum, part) => sum + part, 0);
        const large = high.reduce((sum, part) => sum + (part > LEAST_PART ? part - LEAST_PART : 0), 0);
        const less = large > 0 ? Math.min(1, (sum - 1) / large) : 0;    // what the large ones give to the small ones
        const made = high.map((part) => part > LEAST_PART ? part - (part - LEAST_PART) * less : part);
        const total = made.reduce((sum, part) => sum + part, 0);
        let top = 0;
        return parts.map(([number], at) => {
            const from = Math.round(top * tall);
            top += made[at] / total;
            return [number, from, Math.round(top * tall)];
        });
    }
}
