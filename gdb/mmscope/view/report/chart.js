// SPDX-License-Identifier: GPL-2.0-or-later
// Fragmentation over time: the unusable free space index, as the kernel's debugfs extfrag/unusable_index defines it.
"use strict";

/** The part of free pages that is in blocks too small for 2^order pages; null where nothing is free. */
function unusable(counts, order) {
    let free = 0, fits = 0;
    counts.forEach((count, at) => {
        free += count * 2 ** at;
        fits += at >= order ? count * 2 ** at : 0;
    });
    return free ? (free - fits) / free : null;
}

/** nr_free by order of a zone, or of all; null when there is none. */
function countsOf(recording, number, zone) {
    const found = [...zonesOf(recording, number)].filter(([key]) => zone === "" || key === zone);
    if (!found.length)
        return null;
    const sum = [];
    for (const [, {counts}] of found)
        counts.forEach((count, order) => sum[order] = (sum[order] || 0) + count);
    return sum;
}

function svg(tag, attributes, ...children) {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes))
        element.setAttribute(name, value);
    element.append(...children);
    return element;
}

class Chart {
    constructor(recording, go) {
        this.recording = recording;
        this.go = go;
        this.orders = recording.looks.orders.length;
        const zones = new Map();
        for (let at = 0; at < recording.count; at++)
            for (const [key, zone] of zonesOf(recording, at))
                zones.set(key, zone);
        fill(byId("chart-zone"), make("option", {value: ""}, "all zones"), ...[...zones].map(([key, zone]) =>
            make("option", {value: key}, zoneTitle(zones, zone))));
        fill(byId("chart-order"), ...[...Array(this.orders).keys()].slice(1).map((order) =>
            make("option", {value: order}, `order ${order}, ${size(2 ** order * recording.pageBytes)}`)));
        byId("chart-order").value = String(this.orders - 1);
        for (const id of ["chart-zone", "chart-order"])
            byId(id).addEventListener("change", () => this.show(this.number));
        new ResizeObserver(() => this.show(this.number || 0)).observe(byId("chart-box"));
    }

    show(number) {
        this.number = number;
        const {recording} = this, width = byId("chart-box").clientWidth, height = 200;
        const zone = byId("chart-zone").value, chosen = Number(byId("chart-order").value);
        const inner = {left: 34, right: width - 76, top: 10, bottom: height - 26};
        const step = (inner.right - inner.left) / Math.max(recording.count - 1, 1);
        const x = (at) => inner.left + at * step, y = (value) => inner.bottom - value * (inner.bottom - inner.top);
        const counts = [...Array(recording.count).keys()].map((at) => countsOf(recording, at, zone));
        const chart = svg("svg", {viewBox: `0 0 ${width} ${height}`, width, height, role: "img"});
        for (const value of [0, 0.25, 0.5, 0.75, 1])
            chart.append(svg("line", {class: "grid", x1: inner.left, x2: inner.right, y1: y(value), y2: y(value)}),
                svg("text", {class: "tick", x: inner.left - 6, y: y(value) + 4, "text-anchor": "end"},
                    value === 0 || value === 1 ? String(value) : String(value).slice(1)));
        const room = Math.max(1, Math.floor((inner.right - inner.left) / 34));
        const every = Math.max(1, Math.ceil(recording.count / room));
        for (let at = 0; at < recording.count; at += every)
            chart.append(svg("text", {class: "tick", x: x(at), y: height - 8, "text-anchor": "middle"},
                String(at + 1)));
        chart.append(svg("line", {class: "now", x1: x(number), x2: x(number), y1: inner.top - 4, y2: inner.bottom}));
        for (let order = 1; order < this.orders; order++)
            if (order !== chosen)
                this.line(chart, counts, order, x, y, "faint");
        this.line(chart, counts, chosen, x, y, "chosen");
        const values = counts.map((each) => each && unusable(each, chosen)), now = values[number];
        values.forEach((value, at) => value !== null &&
            chart.append(svg("circle", {class: at === number ? "dot here" : "dot", cx: x(at), cy: y(value),
                                        r: at === number ? 5 : 2.5})));
        const last = values.reduce((found, value, at) => value === null ? found : at, -1);
        if (last >= 0)
            chart.append(svg("text", {class: "name", x: x(last) + 8, y: y(values[last]) + 4}, `order ${chosen}`));
        const said = now === null ? "nothing is free yet" : now.toFixed(4);
        chart.setAttribute("aria-label", `Unusable free space index at order ${chosen}; at this snapshot: ${said}`);
        chart.addEventListener("click", (event) => this.go(Math.min(recording.count - 1, Math.max(0, Math.round(
            (event.clientX - chart.getBoundingClientRect().left - inner.left) / step)))));
        fill(byId("chart-box"), chart);
        byId("chart-now").textContent = said;
    }

    line(chart, counts, order, x, y, name) {
        let path = "", open = false;
        counts.forEach((each, at) => {
            const value = each && unusable(each, order);
            path += value === null ? "" : `${open ? "L" : "M"}${x(at).toFixed(1)} ${y(value).toFixed(1)}`;
            open = value !== null;
        });
        if (path)
            chart.append(svg("path", {class: "line " + name, d: path}));
    }
}
