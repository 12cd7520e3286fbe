// SPDX-License-Identifier: GPL-2.0-or-later
// Puts the parts together: which snapshot is shown, in which mode, by which light.
"use strict";

let printing = false;

/** Whether dark colours are shown. */
function isDark() {
    const theme = document.documentElement.dataset.theme;
    return !printing && (theme === "dark" || theme !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
}

/** The colours that the canvases share with the style sheet. */
function pageColours() {
    if (printing)
        return {paper: "#ffffff", ink: "#000000", quiet: "#555555", mark: "#b0005e", focus: "#000000"};
    const style = getComputedStyle(document.documentElement), found = {};
    for (const name of ["paper", "ink", "quiet", "mark", "focus"])
        found[name] = style.getPropertyValue("--" + name).trim();
    return found;
}

function start() {
    const recording = new Recording(JSON.parse(byId("data").textContent));
    let number = recording.count - 1;
    const map = new MemoryMap(recording, {
        pick: (pfn) => {
            inspector.show(number, pfn);
            inspector.announce(number, pfn);
            remember();
        },
        hover: (pfn, x, y) => inspector.hover(number, pfn, x, y),
        moved: (pfn) => inspector.announce(number, pfn),
        zoomed: () => {
            byId("zoom-text").textContent = `a row is ${plural(map.layout.perRow)}, ` +
                size(map.layout.perRow * recording.pageBytes);
            byId("zoom-in").disabled = map.layout.perRow <= map.least;
            byId("zoom-out").disabled = byId("zoom-fit").disabled = map.layout.perRow >= map.most;
        },
    });
    const legend = new Legend(map), timeline = new Timeline(recording, show), chart = new Chart(recording, show);
    const inspector = new Inspector(recording, {phase: show, page: (pfn) => map.pick(pfn)});
    new Search(recording, map, () => number, (pfn) => map.pick(pfn));

    function show(next) {
        number = next;
        map.show(number);
        timeline.show(number);
        legend.show(number);
        showZones(recording, number);
        showFreeArea(recording, number, byId("by-type").checked);
        showMemblock(recording, number, (pfn) => map.pick(onBands(recording.bands, pfn)));
        chart.show(number);
        inspector.show(number, map.picked);
        for (const row of byId("phases").querySelectorAll("tr[data-number]"))
            row.classList.toggle("present", Number(row.dataset.number) === number);
        remember();
    }

    function remember() {
        const page = map.picked === null ? "" : `/${hex(map.picked)}`;
        try {
            history.replaceState(null, "", `#${number + 1}${page}`);
        } catch (error) {
            // Browsers refuse it when it comes too often: then the address stays behind.
        }
    }

    function recall() {
        const match = /^#(\d{1,6})(?:\/(0x[0-9a-f]{1,13}))?$/.exec(location.hash);
        if (match)
            number = Math.min(Math.max(Number(match[1]), 1), recording.count) - 1;
        const pfn = match && match[2] ? Number(match[2]) : null;
        if (pfn !== null && recording.bands.length && onBands(recording.bands, pfn) === pfn)
            map.picked = map.cursor = pfn;
    }

    function redrawAll() {
        timeline.draw();
        legend.show(number);
        map.redraw();
    }

    const keyed = (event, run) => {
        const typed = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName) && event.target.type !== "range";
        if (!event.altKey && !event.ctrlKey && !event.metaKey && !typed)
            run();
    };
    document.addEventListener("keydown", (event) => keyed(event, () => {
        if (event.key === "," || event.key === "[")
            timeline.choose(number - 1);
        else if (event.key === "." || event.key === "]")
            timeline.choose(number + 1);
        else if (event.key === "/") {
            event.preventDefault();
            byId("query").focus();
        }
    }));
    for (const mode of ["kind", "order", "type"])
        byId("mode-" + mode).addEventListener("change", () => {
            map.setMode(mode);
            legend.show(number);
        });
    for (const theme of ["auto", "light", "dark"])
        byId("theme-" + theme).addEventListener("change", () => {
            document.documentElement.dataset.theme = theme;
            show(number);
        });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redrawAll);
    byId("by-type").addEventListener("change", () => showFreeArea(recording, number, byId("by-type").checked));
    byId("mark-changes").addEventListener("change", () => {
        map.marked = byId("mark-changes").checked;
        map.redraw();
    });
    byId("zoom-in").addEventListener("click", () => map.zoom(1));
    byId("zoom-out").addEventListener("click", () => map.zoom(-1));
    byId("zoom-fit").addEventListener("click", () => map.fit());
    let opened = false;
    window.addEventListener("beforeprint", () => {
        printing = true;
        opened = byId("all-phases").open;
        byId("all-phases").open = true;
        map.over = null;
        redrawAll();
        map.draw(2);
    });
    window.addEventListener("afterprint", () => {
        printing = false;
        byId("all-phases").open = opened;
        redrawAll();
    });
    describe(recording, show);
    pointOnMap(map);
    recall();
    show(number);
    map.resize();
    if (map.picked !== null)
        map.moveTo(map.picked);
}

/** What does not change: the title, the facts, the table of all phases. */
function describe(recording, show) {
    const {kind, release, arch, banner} = recording.target;
    const title = `Memory of ${kind === "linux" ? "Linux" : "the " + (kind || "kernel")} ${release || ""} on ${arch}`;
    byId("title").textContent = title;
    document.title = `${title} - mmscope`;
    byId("banner").textContent = banner || "";
    const bytes = recording.bands.reduce((sum, [start, end]) => sum + (end - start) * recording.pageBytes, 0);
    byId("facts").textContent = `${size(bytes)} of addresses in pages of ${size(recording.pageBytes)}, ` +
        counted(recording.count, "snapshot");
    const largest = recording.looks.orders.length - 1;
    fill(byId("phases"), headings("#", "phase", "what it does", "free pages", "reserved regions", "unusable, order " +
        largest), make("tbody", {}, ...recording.snapshots.map((each, number) => {
        const counts = countsOf(recording, number, ""), index = counts && unusable(counts, largest);
        return make("tr", {"data-number": number}, make("td", {class: "quiet"}, String(number + 1)),
            make("th", {scope: "row"}, make("button", {type: "button", class: "link", on: {click: () => show(number)}},
                recording.title(number))),
            make("td", {class: "owner"}, each.text || (each.where ? `stopped in ${each.where}()` : "")),
            make("td", {}, counts ? grouped(counts.reduce((sum, count, order) => sum + count * 2 ** order, 0)) : ""),
            make("td", {}, each.reserved ? grouped(each.reserved.length) : ""),
            make("td", {}, index === null ? "" : index.toFixed(4)));
    })));
}

start();
