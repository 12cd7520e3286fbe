// SPDX-License-Identifier: GPL-2.0-or-later
// The timeline: a bar for each snapshot, with what all page frames were for, and a slider below that goes through them.
"use strict";

const THUMB = 18;           // as in parts.css
const MARGIN = 21;          // half a bar: the bars stand above the places of the slider's thumb
const PLAY_MS = 900;

class Timeline {
    constructor(recording, go) {
        this.recording = recording;
        this.go = go;
        this.number = 0;
        this.range = byId("phase");
        this.bars = byId("bars");
        this.range.max = recording.count - 1;
        this.range.style.width = `calc(100% - ${2 * MARGIN - THUMB}px)`;
        this.range.style.marginLeft = MARGIN - THUMB / 2 + "px";
        this.classes = new Classes(recording, "kind");
        const kinds = new Map(this.classes.list.map(({name}, at) => [name, at]));
        this.pages = recording.snapshots.map(({pages}) =>
            new Map(pages.map(([kind, count]) => [kinds.get(kind), count])));
        this.most = Math.max(1, ...this.pages.map((pages) => [...pages.values()].reduce((sum, one) => sum + one, 0)));
        this.playing = null;
        this.range.addEventListener("input", () => this.choose(Number(this.range.value)));
        byId("before").addEventListener("click", () => this.choose(this.number - 1));
        byId("after").addEventListener("click", () => this.choose(this.number + 1));
        byId("play").addEventListener("click", () => this.playing === null ? this.play() : this.stop());
        const drag = (event) => event.buttons & 1 && this.choose(this.at(event));
        this.bars.addEventListener("pointerdown", (event) => {
            this.bars.setPointerCapture(event.pointerId);
            drag(event);
        });
        this.bars.addEventListener("pointermove", drag);
        new ResizeObserver(() => this.draw()).observe(this.bars);
    }

    at(event) {
        const box = this.bars.getBoundingClientRect();
        return Math.round((event.clientX - box.left - MARGIN) / this.step(box.width));
    }

    /** From bar to bar. */
    step(width) {
        return (width - 2 * MARGIN) / Math.max(this.recording.count - 1, 1);
    }

    choose(number) {
        this.stop();
        this.go(Math.min(Math.max(number, 0), this.recording.count - 1));
    }

    play() {
        if (this.number >= this.recording.count - 1)
            this.go(0);
        const next = () => this.number < this.recording.count - 1 ? this.go(this.number + 1) : this.stop();
        this.playing = setInterval(next, PLAY_MS);
        byId("play").setAttribute("aria-pressed", "true");
        byId("play").textContent = "Pause";
    }

    stop() {
        clearInterval(this.playing);
        this.playing = null;
        byId("play").setAttribute("aria-pressed", "false");
        byId("play").textContent = "Play";
    }

    show(number) {
        const {recording} = this, snapshot = recording.snapshots[number];
        this.number = number;
        this.range.value = number;
        this.range.setAttribute("aria-valuetext", `${number + 1} of ${recording.count}: ${recording.title(number)}`);
        byId("before").disabled = number === 0;
        byId("after").disabled = number === recording.count - 1;
        byId("phase-number").textContent = `${number + 1} of ${recording.count}`;
        byId("phase-name").textContent = recording.title(number);
        const where = snapshot.where ? `Stopped in ${snapshot.where}()` : "Stopped";
        byId("phase-text").textContent = snapshot.text || `${where}, stage ${snapshot.stage || "unknown"}.`;
        fill(byId("flows"), ...this.flows(number));
        const doubts = byId("doubts");
        doubts.hidden = !snapshot.doubts.length;
        fill(doubts, ...snapshot.doubts.slice(0, 20).map((text) => make("li", {}, text)));
        this.draw();
    }

    /** What the phase moved from kind to kind, most pages first. */
    flows(number) {
        const {recording} = this, found = new Map();
        if (number === 0)
            return [];
        const before = recording.state(number - 1).runs, paint = recording.paints[number];
        const kindOf = (owner) => owner === NOTHING ? "nothing" : this.classes.list[this.classes.ofOwner[owner]].label;
        const add = (from, to, pages) => {
            const same = from === "free" ? "free, in other blocks" : `${from}, of another owner`;
            const text = from === to ? same : `${from} \u2192 ${to}`;
            found.set(text, (found.get(text) || 0) + pages);
        };
        for (let at = 0; at < paint.count; at++) {
            let start = paint.starts[at];
            const to = kindOf(paint.owners[at]), end = paint.ends[at];
            for (let run = firstOf(before, {start}); run < before.count && before.starts[run] < end; run++) {
                const low = Math.max(before.starts[run], start), high = Math.min(before.ends[run], end);
                if (low >= high)
                    continue;
                if (start < low)
                    add("nothing", to, low - start);
                add(kindOf(before.owners[run]), to, high - low);
                start = high;
            }
            if (start < end)
                add("nothing", to, end - start);
        }
        const rows = [...found].sort((one, other) => other[1] - one[1]);
        const shown = rows.slice(0, 4).map(([text, pages]) =>
            make("li", {}, make("b", {}, grouped(pages)), " " + text));
        if (rows.length > 4)
            shown.push(make("li", {class: "quiet"}, `and ${rows.length - 4} more`));
        return shown.length ? shown : [make("li", {class: "quiet"}, "no page frame changed hands")];
    }

    draw() {
        const ratio = window.devicePixelRatio || 1, {clientWidth: width, clientHeight: height} = this.bars;
        if (!width || !height)
            return;
        this.bars.width = Math.round(width * ratio);
        this.bars.height = Math.round(height * ratio);
        const context = this.bars.getContext("2d"), colours = pageColours(), dark = isDark();
        const step = this.step(width), wide = Math.max(1, Math.min(step * 0.76, 2 * MARGIN - 2));
        context.scale(ratio, ratio);
        this.pages.forEach((pages, number) => {
            let top = height;
            const from = MARGIN + number * step - wide / 2, until = from + wide;
            context.fillStyle = colours.quiet;
            context.fillRect(from, height - 1, wide, 1);
            this.classes.list.forEach((look, at) => {
                const tall = (pages.get(at) || 0) / this.most * (height - 6);
                if (!tall)
                    return;
                context.fillStyle = context.createPattern(tile(look, dark, 1, false), "repeat");
                context.fillRect(from, top - tall, until - from, tall);
                top -= tall;
            });
            if (number === this.number) {
                context.strokeStyle = colours.ink;
                context.lineWidth = 2;
                context.strokeRect(from + 1, 1, Math.max(until - from - 2, 1), height - 2);
            }
        });
    }
}
