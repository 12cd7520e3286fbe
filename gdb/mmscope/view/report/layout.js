// SPDX-License-Identifier: GPL-2.0-or-later
// Where each page frame is on the map: rows of a power of two of page frames, in bands of memory with a heading each.
"use strict";

const HEADING = 24;
const MOST_HEIGHT = 12e6;           // of an element: browsers end at some 16 million
const FIT_ROW = [12, 22];           // least and most height of a row where all memory is to fit in
const ROW = 24;                     // zoomed in
const PAGE_WIDTH = 16;              // of a page frame, at most

class Layout {
    constructor(bands, width, height, perRow) {
        this.bands = bands;
        this.gutter = width < 500 ? 62 : 78;
        this.width = Math.max(32, width - this.gutter);
        this.perRow = perRow;
        this.scale = this.width / perRow;       // pixels of a page frame
        this.rowHeight = Layout.rowHeight(bands, height, perRow);
        this.tops = [];
        let top = 0;
        for (const [start, end] of bands) {
            this.tops.push(top);
            top += HEADING + Layout.rows(start, end, perRow) * this.rowHeight;
        }
        this.height = Math.max(top + 6, 1);
    }

    static rows(start, end, perRow) {
        return Math.floor((end - 1) / perRow) - Math.floor(start / perRow) + 1;
    }

    static allRows(bands, perRow) {
        return bands.reduce((sum, [start, end]) => sum + Layout.rows(start, end, perRow), 0);
    }

    static rowHeight(bands, height, perRow) {
        const fits = Math.floor((height - 6 - bands.length * HEADING) / Math.max(Layout.allRows(bands, perRow), 1));
        return fits < FIT_ROW[0] ? ROW : Math.min(fits, FIT_ROW[1]);
    }

    /** The fewest page frames of a row with which all memory is seen at once. */
    static fit(bands, height) {
        let perRow = 8;
        const room = Math.max(height - 6 - bands.length * HEADING, 8 * FIT_ROW[0]);
        while (perRow < 2 ** 40 && Layout.allRows(bands, perRow) * FIT_ROW[0] > room && Layout.allRows(bands, perRow) >
               bands.length)
            perRow *= 2;
        return perRow;
    }

    /** The fewest that a row can have: a page frame is wide enough then, and the map not too high. */
    static least(bands, width) {
        let perRow = 8;
        while ((width / perRow > PAGE_WIDTH || Layout.allRows(bands, perRow) * ROW > MOST_HEIGHT) && perRow < 2 ** 40)
            perRow *= 2;
        return perRow;
    }

    /** The band that has a page frame, else the one above it; -1 without any. */
    bandOf(pfn) {
        return Math.max(lastAt(this.bands.map(([start]) => start), pfn), this.bands.length ? 0 : -1);
    }

    /** Top of the row that has a page frame. */
    top(pfn) {
        const band = this.bandOf(pfn), first = Math.floor(this.bands[band][0] / this.perRow);
        return this.tops[band] + HEADING + (Math.floor(pfn / this.perRow) - first) * this.rowHeight;
    }

    left(pfn) {
        return this.gutter + (pfn - Math.floor(pfn / this.perRow) * this.perRow) * this.scale;
    }

    /** The page frame at a place of the map; null beside all of them. */
    pfnAt(x, y) {
        const band = lastAt(this.tops, y);
        if (band < 0 || x < this.gutter || x >= this.gutter + this.width)
            return null;
        const [start, end] = this.bands[band], row = Math.floor((y - this.tops[band] - HEADING) / this.rowHeight);
        const pfn = (Math.floor(start / this.perRow) + row) * this.perRow + Math.floor((x - this.gutter) / this.scale);
        return row >= 0 && pfn >= start && pfn < end ? pfn : null;
    }

    /** Rows that are seen between two heights: {first, end, top} in page frames and pixels. */
    *rowsBetween(low, high) {
        for (let band = Math.max(lastAt(this.tops, low), 0); band < this.bands.length; band++) {
            const [start, end] = this.bands[band], top = this.tops[band] + HEADING;
            const first = Math.floor(start / this.perRow), rows = Layout.rows(start, end, this.perRow);
            if (this.tops[band] > high)
                return;
            yield {band, heading: true, top: this.tops[band]};
            for (let row = Math.max(0, Math.floor((low - top) / this.rowHeight)); row < rows; row++) {
                const at = top + row * this.rowHeight, pfn = (first + row) * this.perRow;
                if (at > high)
                    return;
                yield {band, heading: false, top: at, base: pfn, start: Math.max(pfn, start),
                       end: Math.min(pfn + this.perRow, end)};
            }
        }
    }
}

/** Number of the first run that may have a part of a row. */
const firstOf = (runs, row) => Math.max(lastAt(runs.starts, row.start), 0);

/** Height between two rows. */
const gapOf = (layout) => layout.rowHeight >= 12 ? 4 : layout.rowHeight >= 9 ? 2 : 1;
