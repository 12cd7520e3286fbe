// SPDX-License-Identifier: GPL-2.0-or-later
// The map: which part of memory is seen, where the cursor is, and which page is looked at.
"use strict";

class MemoryMap {
    /** on: pick(pfn), hover(pfn or null, x, y), moved(pfn), zoomed(). */
    constructor(recording, on) {
        this.recording = recording;
        this.on = on;
        this.scroller = byId("map-scroller");
        this.spacer = byId("map-spacer");
        this.canvas = byId("map");
        this.painter = new Painter(this.canvas, recording);
        this.perRow = null;         // null: all memory is to fit in
        this.number = 0;
        this.focus = -1;
        this.cursor = this.picked = this.hovered = this.over = null;
        this.marked = true;
        this.asked = false;
        this.made = new Map();
        this.setMode("kind");
        this.scroller.addEventListener("scroll", () => this.redraw(), {passive: true});
        new ResizeObserver(() => this.resize()).observe(this.scroller);
    }

    setMode(mode) {
        this.classes = new Classes(this.recording, mode);
        this.made.clear();
        this.focus = -1;
        this.redraw();
    }

    show(number) {
        this.number = number;
        this.redraw();
    }

    /** Runs of classes of a snapshot; the last few are kept, so that scrubbing back is at once. */
    runs(number) {
        if (!this.made.has(number)) {
            if (this.made.size > 3)
                this.made.delete(this.made.keys().next().value);
            this.made.set(number, this.classes.runs(this.recording.state(number)));
        }
        return this.made.get(number);
    }

    resize() {
        const keep = this.layout && this.perRow !== null ? this.middle() : null;
        const {clientWidth, clientHeight} = this.scroller, bands = this.recording.bands;
        if (!clientWidth || !bands.length)
            return;
        this.most = Layout.fit(bands, clientHeight);
        this.least = Math.min(Layout.least(bands, clientWidth - 78), this.most);
        const perRow = Math.min(Math.max(this.perRow || this.most, this.least), this.most);
        this.layout = new Layout(bands, clientWidth, clientHeight, perRow);
        this.spacer.style.height = this.layout.height + "px";
        if (keep !== null)
            this.centre(keep);
        this.redraw();
        this.on.zoomed();
    }

    /** The page frame in the middle of what is seen. */
    middle() {
        const y = this.scroller.scrollTop + this.scroller.clientHeight / 2;
        const found = this.layout.pfnAt(this.layout.gutter, y + 0.5);
        return found === null ? this.cursor : found;
    }

    centre(pfn, at = this.scroller.clientHeight / 2) {
        this.scroller.scrollTop = this.layout.top(pfn) + this.layout.rowHeight / 2 - at;
    }

    /** Zoom by powers of two about a page frame, which stays at the height that it has. */
    zoom(steps, pfn = this.cursor) {
        if (!this.layout)
            return;
        const about = pfn === null ? this.middle() : pfn;
        const seen = this.layout.top(about) + this.layout.rowHeight / 2 - this.scroller.scrollTop;
        const at = seen >= 0 && seen <= this.scroller.clientHeight ? seen : this.scroller.clientHeight / 2;
        const perRow = Math.min(Math.max(this.layout.perRow * 2 ** -steps, this.least), this.most);
        this.perRow = perRow === this.most ? null : perRow;
        this.resize();
        this.centre(about, at);
        this.redraw();
    }

    fit() {
        this.zoom(-99);
    }

    /** Put the cursor on a page frame, and have it seen. */
    moveTo(pfn, announce = true) {
        this.cursor = pfn;
        if (this.layout) {
            const top = this.layout.top(pfn), {scrollTop, clientHeight} = this.scroller;
            if (top < scrollTop + HEADING || top + this.layout.rowHeight > scrollTop + clientHeight - 4)
                this.centre(pfn);
        }
        this.redraw();
        if (announce)
            this.on.moved(pfn);
    }

    /** Look at a page frame until another one is picked. */
    pick(pfn) {
        this.picked = pfn;
        this.moveTo(pfn, false);
        this.on.pick(pfn);
    }

    redraw() {
        if (this.asked)
            return;
        this.asked = true;
        requestAnimationFrame(() => {
            this.asked = false;
            this.draw();
        });
    }

    draw(ratio = window.devicePixelRatio || 1, height = this.scroller.clientHeight) {
        const told = this.canvas.dataset;
        told.snapshot = this.number;
        if (!this.layout)       // no memory is known
            return;
        const top = height > this.scroller.clientHeight ? 0 : this.scroller.scrollTop;
        this.painter.draw({
            layout: this.layout, top, height, ratio, classes: this.classes, runs: this.runs(this.number),
            state: this.recording.state(this.number), dark: isDark(), focus: this.focus, colours: pageColours(),
            paint: this.marked && this.number > 0 ? this.recording.paints[this.number] : null, marks: this.marks()});
        told.perRow = this.layout.perRow;
        told.rowHeight = this.layout.rowHeight;
        told.gutter = this.layout.gutter;
        told.top = top;
    }

    /** Frames: of the page that is looked at, its block and its buddy, what is pointed at, and the cursor. */
    marks() {
        const marks = [], state = this.recording.state(this.number);
        if (this.over !== null)
            marks.push({...this.thing(this.over), colour: "quiet", width: 1});
        if (this.picked !== null) {
            const answer = why(this.recording, this.number, this.picked);
            if (answer.block !== null)
                marks.push({start: answer.block.pfn, end: answer.block.end, colour: "ink", width: 1.5});
            if (answer.buddy !== null && state.owner(answer.buddy) !== null)
                marks.push({start: answer.buddy, end: answer.buddy + answer.block.end - answer.block.pfn,
                            colour: "mark", width: 1.5, dashed: true});
            marks.push({start: this.picked, end: this.picked + 1, colour: "ink", width: 2, caret: true});
        }
        if (this.cursor !== null && this.cursor !== this.picked && document.activeElement === this.canvas)
            marks.push({start: this.cursor, end: this.cursor + 1, colour: "focus", width: 2, caret: true});
        return marks;
    }

    /** The free block, else the range, that has a page frame. */
    thing(pfn) {
        const state = this.recording.state(this.number), owner = state.owner(pfn);
        const block = owner !== null && owner.kind === "free" ? state.blockAt(pfn) : null;
        if (block !== null)
            return {start: block.pfn, end: block.end};
        return owner !== null ? {start: owner.start, end: owner.end} : {start: pfn, end: pfn + 1};
    }
}
