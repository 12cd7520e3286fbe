// SPDX-License-Identifier: GPL-2.0-or-later
// Draws the part of the map that is seen: rows, borders of blocks, words where there is room, and what is marked.
"use strict";

const LABEL_FONT = "11px ui-monospace, 'SF Mono', 'DejaVu Sans Mono', Menlo, Consolas, monospace";
const HEADING_FONT = "600 12px system-ui, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif";

const INSET = 5;            // of what is written at the left edge, so that the focus ring leaves it alone

class Painter {
    constructor(canvas, recording) {
        this.canvas = canvas;
        this.recording = recording;
        this.tiles = new Map();
    }

    /** view: layout, top, height, ratio, classes, runs, state, paint (what changed, or null), dark, focus (a class or
     *  -1), marks: [{start, end, style}], cursor (page frame or null). */
    draw(view) {
        const {layout, top, height, ratio} = view, context = this.canvas.getContext("2d");
        const width = layout.gutter + layout.width;
        if (this.canvas.width !== Math.round(width * ratio) || this.canvas.height !== Math.round(height * ratio)) {
            this.canvas.width = Math.round(width * ratio);
            this.canvas.height = Math.round(height * ratio);
            this.canvas.style.width = width + "px";
            this.canvas.style.height = height + "px";
        }
        const colours = this.colours = view.colours;
        context.setTransform(ratio, 0, 0, ratio, 0, 0);
        context.fillStyle = colours.paper;
        context.fillRect(0, 0, width, height);
        context.textBaseline = "middle";
        const line = new Columns(Math.ceil(layout.width * ratio));
        let labelled = -Infinity;
        for (const row of layout.rowsBetween(top, top + height)) {
            const y = row.top - top;
            if (row.heading) {
                this.heading(context, view, row.band, y, width);
                labelled = -Infinity;
                continue;
            }
            if (y - labelled >= 14) {
                context.font = LABEL_FONT;
                context.fillStyle = colours.quiet;
                context.fillText(hex(row.base), INSET, y + layout.rowHeight / 2 - 1, layout.gutter - 8 - INSET);
                labelled = y;
            }
            row.first = row.top - layout.rowHeight < top || row.start === this.recording.bands[row.band][0];
            this.row(context, view, row, y, line);
            if (view.paint !== null)
                this.changes(context, view, row, y);
        }
        for (const mark of view.marks)
            this.outline(context, view, mark);
    }

    heading(context, view, band, y, width) {
        const [start, end, name] = this.recording.bands[band], before = band ? this.recording.bands[band - 1][1] : null;
        const bytes = this.recording.pageBytes, gap = before !== null && before < start
            ? `${size((start - before) * bytes)} without memory above` : "";
        context.font = HEADING_FONT;
        context.fillStyle = this.colours.ink;
        context.fillText(name || "memory", INSET, y + HEADING / 2 + 1);
        const used = context.measureText(name || "memory").width + 10 + INSET;
        context.font = LABEL_FONT;
        context.fillStyle = this.colours.quiet;
        const text = `${hex(start)} \u2013 ${hex(end)}, ${size((end - start) * bytes)}`;
        const room = width - used - 4;
        const long = text + " \u00b7 " + gap;
        context.fillText(gap && context.measureText(long).width < room ? long : text, used, y + HEADING / 2 + 1, room);
    }

    row(context, view, row, y, line) {
        const {layout, ratio, runs} = view, scale = layout.scale * ratio, thick = layout.rowHeight - gapOf(layout);
        line.fill(runs, row, scale);
        context.save();
        context.setTransform(1, 0, 0, 1, 0, 0);
        const left = Math.round(layout.gutter * ratio), up = Math.round(y * ratio), tall = Math.round(thick * ratio);
        context.translate(left, up);
        const {classes} = line;
        for (let x = 0; x < classes.length;) {
            let end = x + 1;
            if (classes[x] === SHARED) {
                for (const [number, from, to] of line.parts(x, tall)) {
                    context.fillStyle = this.fillOf(context, view, number);
                    context.fillRect(x, from, 1, to - from);
                }
                x = end;
                continue;
            }
            while (end < classes.length && classes[end] === classes[x])
                end++;
            if (classes[x] !== NONE) {
                context.fillStyle = this.fillOf(context, view, classes[x]);
                context.fillRect(x, 0, end - x, tall);
            }
            x = end;
        }
        context.restore();
        this.borders(context, view, row, y, thick);
        this.words(context, view, row, y, thick);
    }

    /** The gaps between blocks that are free, and between owners of one kind. */
    borders(context, view, row, y, thick) {
        const {layout, state} = view, scale = layout.scale, blocks = state.blocks, unit = this.recording.scale;
        context.fillStyle = this.colours.paper;
        const cut = (pfn) => context.fillRect(Math.round(layout.gutter + (pfn - row.base) * scale) - 0.5, y, 1, thick);
        const wide = (pages) => pages * scale >= 4;
        if (wide(2 ** (this.recording.looks.orders.length - 1)))
            for (let at = Math.max(lastAt(blocks, row.start * unit), 0); at < blocks.length; at++) {
                const block = state.block(at);
                if (block.pfn >= row.end)
                    break;
                if (!wide(block.end - block.pfn))
                    continue;
                if (block.pfn > row.start)
                    cut(block.pfn);
                if (block.end > row.start && block.end < row.end)
                    cut(block.end);
            }
        const runs = state.runs;
        for (let at = firstOf(runs, row); at < runs.count && runs.starts[at] < row.end; at++)
            if (runs.starts[at] > row.start && wide(runs.ends[at] - runs.starts[at]))
                cut(runs.starts[at]);
    }

    /** Whose a range is, and of which order or type a block, where there is room for it. */
    words(context, view, row, y, thick) {
        if (thick < 12)
            return;
        const {layout, runs, state} = view, scale = layout.scale, middle = y + thick / 2 + 0.5;
        context.font = LABEL_FONT;
        const say = (text, start, end, look) => {
            const from = Math.max(start, row.start), room = (Math.min(end, row.end) - from) * scale - 8;
            if (room < 7 || context.measureText(text[0]).width > room || view.focus >= 0 &&
                view.classes.list[view.focus] !== look)
                return;
            let shown = text;
            if (context.measureText(text).width > room) {
                const fits = Math.floor(room / context.measureText("0").width) - 1;
                if (fits < 3)
                    return;
                shown = text.slice(0, fits) + "\u2026";
            }
            const x = layout.gutter + (from - row.base) * scale + 4, colour = colourOf(look, view.dark);
            context.fillStyle = colour;
            if (look.pattern !== "plain")
                context.fillRect(x - 2, y + 1, context.measureText(shown).width + 4, thick - 2);
            context.fillStyle = inkOn(colour);
            context.fillText(shown, x, middle);
        };
        const classes = view.classes.list, owned = state.runs, kindMode = view.classes.mode === "kind";
        for (let at = firstOf(owned, row); at < owned.count && owned.starts[at] < row.end; at++) {
            const [kind, detail] = this.recording.owners[owned.owners[at]];
            if (kind === "free" || owned.ends[at] <= row.start || (owned.ends[at] - owned.starts[at]) * scale < 15)
                continue;
            const before = row.start - owned.starts[at];        // pages of it, in the rows above
            if (before <= 0 || row.first || before < Math.min(64 / scale, layout.perRow))
                say(detail || this.recording.kinds.get(kind) || kind, owned.starts[at], owned.ends[at],
                    classes[view.classes.ofOwner[owned.owners[at]]]);
        }
        for (let at = firstOf(runs, row); at < runs.count && runs.starts[at] < row.end; at++) {
            if (kindMode || runs.ends[at] <= row.start || runs.ends[at] - runs.starts[at] < 15 / scale)
                continue;
            const look = classes[runs.owners[at]];
            if (!["taken", ...OWN_LOOK].includes(look.name) && (runs.starts[at] >= row.start || row.first))
                say(look.sign, runs.starts[at], runs.ends[at], look);
        }
        if (kindMode && layout.perRow <= 2 ** this.recording.looks.orders.length)
            this.orders(view, row, say);
    }

    orders(view, row, say) {
        const {state} = view, blocks = state.blocks, look = view.classes.list[view.classes.ofOwner[
            view.classes.isFree.indexOf(true)]];
        for (let at = Math.max(lastAt(blocks, row.start * this.recording.scale), 0); at < blocks.length; at++) {
            const block = state.block(at);
            if (block.pfn >= row.end)
                break;
            const wide = (block.end - block.pfn) * view.layout.scale > 30;
            if (block.cpu === null && look && block.pfn >= row.start && wide)
                say("2^" + block.order, block.pfn, block.end, look);
        }
    }

    /** A line below what this phase has changed. */
    changes(context, view, row, y) {
        const {layout, paint} = view, tall = gapOf(layout) > 2 ? 2 : 1;
        context.fillStyle = this.colours.mark;
        let until = -1;
        for (let at = firstOf(paint, row); at < paint.count && paint.starts[at] < row.end; at++) {
            const low = Math.max(paint.starts[at], row.start), high = Math.min(paint.ends[at], row.end);
            const x = layout.gutter + (low - row.base) * layout.scale;
            const end = Math.max(layout.gutter + (high - row.base) * layout.scale, x + 1.5);
            if (low >= high || end <= until)
                continue;
            context.fillRect(Math.max(x, until), y + layout.rowHeight - gapOf(layout), end - Math.max(x, until), tall);
            until = end;
        }
    }

    /** A frame around page frames; over several rows, one in each. */
    outline(context, view, mark) {
        const {layout, top, height} = view, thick = layout.rowHeight - gapOf(layout);
        context.setLineDash(mark.dashed ? [4, 3] : []);
        for (const row of layout.rowsBetween(top, top + height)) {
            if (row.heading || mark.end <= row.start || mark.start >= row.end)
                continue;
            const low = layout.gutter + (Math.max(mark.start, row.start) - row.base) * layout.scale;
            const high = layout.gutter + (Math.min(mark.end, row.end) - row.base) * layout.scale;
            const wide = Math.max(high - low, 3), y = row.top - top;
            for (const [name, line] of [["paper", mark.width + 2], [mark.colour, mark.width]]) {
                context.strokeStyle = this.colours[name];
                context.lineWidth = line;
                context.strokeRect(low - (wide - (high - low)) / 2, y, wide, thick);
            }
            if (mark.caret) {
                const x = (low + high) / 2;
                context.fillStyle = this.colours[mark.colour];
                context.beginPath();
                context.moveTo(x - 5, y - 7);
                context.lineTo(x + 5, y - 7);
                context.lineTo(x, y - 1);
                context.fill();
            }
        }
        context.setLineDash([]);
    }

    fillOf(context, view, number) {
        const faded = view.focus >= 0 && view.focus !== number, {classes, ratio, dark} = view;
        const key = `${classes.mode} ${number} ${dark} ${faded} ${ratio}`;
        if (!this.tiles.has(key))
            this.tiles.set(key, context.createPattern(tile(classes.list[number], dark, Math.max(1, Math.round(ratio)),
                                                           faded), "repeat"));
        return this.tiles.get(key);
    }
}
