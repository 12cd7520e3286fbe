// SPDX-License-Identifier: GPL-2.0-or-later
// What the map tells apart: by owner, by order, by migratetype. Each class has a colour, a sign and a pattern, so that
// no picture needs its colours.
"use strict";

const PATTERNS = {
    kinds: named({hole: "sparse", reserved: "rising", memblock: "level", deferred: "double", free: "plain",
            pcp: "checks", slab: "falling", pagetable: "cross", stack: "upright", percpu: "bars", vmalloc: "dots",
            hugetlb: "grid", file: "wide", anon: "dense", compound: "zigzag", other: "plus"}),
    types: named({Unmovable: "rising", Movable: "plain", Reclaimable: "upright", Reserve: "level", HighAtomic: "dots",
            CMA: "falling", Isolate: "grid"}),
};
const DARK_PAPER = "#16181c";       // as in page.css
const DARK_PART = 0.82;
const OWN_LOOK = ["hole", "memblock", "deferred", "pcp"];       // in every mode: neither free nor given out

/** Classes of a mode, and which one a run or a block has. */
class Classes {
    constructor(recording, mode) {
        this.recording = recording;
        this.mode = mode;
        this.list = [];
        const kinds = recording.looks.kinds, add = (name, look, pattern) => {
            this.list.push({name, label: look[0], sign: look[1], light: look[2], dark: look[3], pattern});
            return this.list.length - 1;
        };
        const byKind = new Map();
        if (mode === "kind") {
            for (const [name, ...look] of kinds)
                byKind.set(name, add(name, look, PATTERNS.kinds.get(name) || "plain"));
        } else {
            if (mode === "order")
                this.first = recording.looks.orders.map((look, order) => add(String(order), look, "plain"))[0];
            else
                this.types = new Map(recording.looks.types.map(([name, ...look]) =>
                    [name, add(name, look, PATTERNS.types.get(name) || "plus")]));
            this.taken = add("taken", recording.looks.taken, "specks");
            for (const [name, ...look] of kinds)
                byKind.set(name, OWN_LOOK.includes(name) ? add(name, look, PATTERNS.kinds.get(name)) : this.taken);
        }
        this.ofOwner = recording.owners.map(([kind]) => byKind.get(kind));
        this.isFree = recording.owners.map(([kind]) => kind === "free");
    }

    ofBlock(block) {
        return this.mode === "order" ? this.first + block.order : this.types.get(block.type);
    }

    /** Runs of classes of a state, with the pages of each class. */
    runs(state) {
        const runs = state.runs;
        const pages = new Float64Array(this.list.length);
        const scale = this.recording.scale, blocks = this.mode === "kind" ? [] : state.blocks;
        const made = new RunsMaker(runs.count + 2 * blocks.length);
        const add = (start, end, number) => {
            made.add(start, end, number);
            pages[number] += end - start;
        };
        let next = 0;
        for (let at = 0; at < runs.count; at++) {
            let start = runs.starts[at];
            const end = runs.ends[at], owner = runs.owners[at];
            if (this.mode !== "kind" && this.isFree[owner]) {
                while (next < blocks.length && blocks[next] < start * scale)
                    next++;
                for (; next < blocks.length && blocks[next] < end * scale; next++) {
                    const block = state.block(next);
                    if (block.cpu !== null)
                        continue;
                    if (start < block.pfn)      // free, and on no list: the lists were cut short
                        add(start, block.pfn, this.taken);
                    add(Math.max(start, block.pfn), Math.min(end, block.end), this.ofBlock(block));
                    start = Math.min(end, block.end);
                }
            }
            if (start < end)
                add(start, end, this.ofOwner[owner]);
        }
        const found = made.runs();
        found.pages = pages;
        return found;
    }
}

/** The lines of a pattern, in a tile of 8 by 8: strokes as [x0, y0, x1, y1], or points [x, y, size]. */
const STROKES = {
    plain: [], rising: [[-1, 9, 9, -1], [-1, 1, 1, -1], [7, 9, 9, 7]], falling: [[-1, -1, 9, 9], [7, -1, 9, 1],
    [-1, 7, 1, 9]], level: [[0, 2, 8, 2], [0, 6, 8, 6]], double: [[0, 1, 8, 1], [0, 3, 8, 3]],
    upright: [[2, 0, 2, 8], [6, 0, 6, 8]], bars: [[3, 0, 3, 8], [4, 0, 4, 8]],
    cross: [[-1, 9, 9, -1], [-1, -1, 9, 9]], grid: [[0, 4, 8, 4], [4, 0, 4, 8]],
    zigzag: [[0, 6, 4, 2], [4, 2, 8, 6]], plus: [[2, 4, 6, 4], [4, 2, 4, 6]], wide: [[-1, 9, 9, -1]],
    dots: [[1, 1, 2], [5, 5, 2]], dense: [[0, 0, 2], [4, 0, 2], [2, 4, 2], [6, 4, 2]], sparse: [[3, 3, 1]],
    specks: [[1, 1, 1], [5, 1, 1], [3, 5, 1], [7, 5, 1]], checks: [[0, 0, 4], [4, 4, 4]],
};

function luminance(colour) {
    const part = (at) => {
        const value = parseInt(colour.slice(at, at + 2), 16) / 255;
        return value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    };
    return 0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5);
}

/** A class's colour. In the dark, large areas of it must not glare: each is taken back by the same part. */
function colourOf(look, dark) {
    if (!dark)
        return look.light;
    const part = (colour, at) => parseInt(colour.slice(at, at + 2), 16);
    const mixed = (at) => Math.round(part(look.dark, at) * DARK_PART + part(DARK_PAPER, at) * (1 - DARK_PART));
    return "#" + [1, 3, 5].map((at) => mixed(at).toString(16).padStart(2, "0")).join("");
}

/** Black or white: what is easier to read on a colour. */
const inkOn = (colour) => luminance(colour) > 0.179 ? "#000000" : "#ffffff";

/** A tile of a class, to fill with; faded ones step back behind the one that is looked at. */
function tile(look, dark, ratio, faded) {
    const canvas = document.createElement("canvas"), colour = colourOf(look, dark);
    canvas.width = canvas.height = 8 * ratio;
    const context = canvas.getContext("2d");
    context.scale(ratio, ratio);
    if (faded) {
        context.fillStyle = dark ? DARK_PAPER : "#ffffff";
        context.fillRect(0, 0, 8, 8);
        context.globalAlpha = 0.16;
    }
    context.fillStyle = colour;
    context.fillRect(0, 0, 8, 8);
    context.strokeStyle = context.fillStyle = inkOn(colour);
    context.globalAlpha *= luminance(colour) > 0.179 ? 0.3 : 0.42;
    context.lineWidth = 1;
    for (const [x, y, third, fourth] of STROKES[look.pattern]) {
        if (fourth === undefined) {
            context.fillRect(x, y, third, third);
            continue;
        }
        const half = x === third || y === fourth ? 0.5 : 0;     // upright and level lines fill whole pixels
        context.beginPath();
        context.moveTo(x + half, y + half);
        context.lineTo(third + half, fourth + half);
        context.stroke();
    }
    return canvas;
}
