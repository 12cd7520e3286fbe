// SPDX-License-Identifier: GPL-2.0-or-later
// What the map's colours, signs and patterns mean, with the pages of each and what the last phase changed.
"use strict";

/** A canvas with a class's pattern and sign. */
function swatch(look, dark) {
    const canvas = make("canvas", {class: "swatch", "aria-hidden": "true", width: 56, height: 36});
    const context = canvas.getContext("2d"), colour = colourOf(look, dark);
    context.fillStyle = context.createPattern(tile(look, dark, 2, false), "repeat");
    context.fillRect(0, 0, 56, 36);
    context.font = "600 24px ui-monospace, 'DejaVu Sans Mono', monospace";
    context.textAlign = "center";
    context.textBaseline = "middle";
    if (look.pattern !== "plain") {
        context.fillStyle = colour;
        context.fillRect(16, 4, 24, 28);
    }
    context.fillStyle = inkOn(colour);
    context.fillText(look.sign, 28, 19);
    return canvas;
}

class Legend {
    constructor(map) {
        this.map = map;
        this.pinned = -1;
    }

    show(number) {
        const {map} = this, classes = map.classes, recording = map.recording, dark = isDark();
        const now = map.runs(number).pages, before = number > 0 ? map.runs(number - 1).pages : null;
        const rows = classes.list.map((look, at) => ({look, at, pages: now[at], was: before ? before[at] : 0}))
            .filter((each) => each.pages || each.was);
        if (this.classes !== classes)
            this.pinned = -1;
        this.classes = classes;
        fill(byId("legend-body"), ...rows.map(({look, at, pages, was}) => {
            const look_at = (number) => {
                map.focus = number;
                map.redraw();
            };
            const button = make("button", {type: "button", class: "key", "data-class": look.name,
                "aria-pressed": String(this.pinned === at), on: {
                    click: () => {
                        this.pinned = this.pinned === at ? -1 : at;
                        for (const each of byId("legend-body").querySelectorAll("button"))
                            each.setAttribute("aria-pressed", String(each === button && this.pinned === at));
                        look_at(this.pinned);
                    },
                    mouseenter: () => look_at(at), mouseleave: () => look_at(this.pinned),
                }}, swatch(look, dark), make("span", {}, look.label));
            return make("tr", {class: before && pages !== was ? "changed" : null},
                make("th", {scope: "row"}, button), make("td", {}, grouped(pages)),
                make("td", {class: "quiet"}, size(pages * recording.pageBytes)),
                make("td", {class: "delta"}, before && pages !== was ? delta(was, pages) : ""));
        }));
        const total = rows.reduce((sum, {pages}) => sum + pages, 0);
        fill(byId("legend-foot"), make("tr", {}, make("th", {scope: "row"}, "all page frames"),
            make("td", {}, grouped(total)), make("td", {class: "quiet"}, size(total * recording.pageBytes)),
            make("td", {}, "")));
        byId("legend-note").textContent = this.note(number);
    }

    note(number) {
        const snapshot = this.map.recording.snapshots[number], {mode} = this.map.classes;
        if (!snapshot.framed && snapshot.memory === null)
            return "Nothing is known of memory yet: " + (snapshot.missing.memory || "memblock is not there") + ".";
        if (!snapshot.framed)
            return "There are no zones yet: this is what memblock says, in whole pages.";
        return mode === "kind" ? "" : "Blocks on the zones\u2019 free lists; what is on no list is not free.";
    }
}

/** \u25b2 +3: a sign for the direction, so that no colour is needed. */
const delta = (was, is) => is === was ? "" : (is > was ? "\u25b2\u00a0" : "\u25bc\u00a0") + signed(is - was);
