// SPDX-License-Identifier: GPL-2.0-or-later
// The tables beside the map: zones, free_area, memblock. A cell that the last phase changed says by how much.
"use strict";

/** A number, and how far it is from what it was. */
function cell(now, was, extra = null) {
    const differs = was !== undefined && was !== now && now !== null;
    return make("td", {class: differs ? "changed" : null}, now === null ? "unknown" : grouped(now),
        differs ? make("span", {class: "delta"}, was === null ? "new" : delta(was, now)) : null, extra);
}

const TEXTS = new Set(["phase", "what it does", "what is in it"]);       // columns that are no numbers

const headings = (...names) => make("thead", {}, make("tr", {}, ...names.map((name) =>
    make("th", {scope: "col", class: TEXTS.has(name) ? "text" : null}, name))));

/** Zones as the snapshot has them; those of the one before by node and name. */
function zonesOf(recording, number) {
    const found = new Map();
    for (const [node, name, start, spanned, present, managed, free, counts] of number >= 0 &&
         recording.snapshots[number].zones || [])
        found.set(`${node} ${name}`, {node, name, start, spanned, present, managed, free, counts});
    return found;
}

function zoneTitle(zones, zone) {
    return new Set([...zones.values()].map(({node}) => node)).size > 1 ? `${zone.name}, node ${zone.node}` : zone.name;
}

function showZones(recording, number) {
    const zones = zonesOf(recording, number), before = zonesOf(recording, number - 1);
    const table = byId("zones");
    if (!zones.size) {
        fill(table, make("tbody", {}, make("tr", {}, make("td", {class: "none"}, "No zones: " +
            (recording.snapshots[number].missing.zones || "none has memory") + "."))));
        return;
    }
    const rows = [...zones].map(([key, zone]) => {
        const was = before.get(key) || {};
        return make("tr", {}, make("th", {scope: "row"}, zoneTitle(zones, zone)), make("td", {}, hex(zone.start)),
            ...["present", "managed", "free"].map((name) => cell(zone[name], was[name])));
    });
    fill(table, headings("zone", "from pfn", "present", "managed", "free"), make("tbody", {}, ...rows));
}

/** Blocks of each order of a zone by migratetype, as its lists hold them. */
function listed(recording, number, zone) {
    const found = new Map();
    if (number < 0 || !recording.snapshots[number].listed)
        return found;
    for (const [list, pfns] of recording.state(number).lists) {
        const [node, name, cpu, order, type] = recording.lists[list];
        if (cpu === null && node === zone.node && name === zone.name) {
            if (!found.has(type))
                found.set(type, []);
            found.get(type)[order] = (found.get(type)[order] || 0) + pfns.length;
        }
    }
    return found;
}

function showFreeArea(recording, number, byType) {
    const zones = zonesOf(recording, number), before = zonesOf(recording, number - 1), table = byId("free-area");
    if (!zones.size) {
        fill(table, make("tbody", {}, make("tr", {}, make("td", {class: "none"}, "No free lists yet."))));
        return;
    }
    const columns = [], tops = [];
    for (const [key, zone] of zones) {
        const was = before.get(key), title = zoneTitle(zones, zone);
        if (!byType) {
            columns.push({title, now: zone.counts, was: was && was.counts});
            continue;
        }
        const now = listed(recording, number, zone), old = listed(recording, number - 1, zone);
        const types = recording.looks.types.map(([name]) => name).filter((name) => now.has(name) || old.has(name));
        for (const name of types)
            columns.push({title: name, now: now.get(name) || [], was: was && (old.get(name) || [])});
        if (!types.length)
            columns.push({title: "none", now: [], was: was && []});
        tops.push(make("th", {scope: "colgroup", colspan: Math.max(types.length, 1)}, title));
    }
    const orders = Math.max(...[...zones.values()].map(({counts}) => counts.length));
    const rows = [];
    for (let order = 0; order < orders; order++)
        rows.push(make("tr", {}, make("th", {scope: "row"}, String(order)),
            make("td", {class: "quiet"}, size(2 ** order * recording.pageBytes)),
            ...columns.map(({now, was}) => cell(now[order] || 0, was && (was[order] || 0)))));
    const sum = (counts) => counts && counts.reduce((all, count, order) => all + (count || 0) * 2 ** order, 0);
    const foot = make("tfoot", {}, make("tr", {}, make("th", {scope: "row", colspan: 2}, "free pages"),
        ...columns.map(({now, was}) => cell(sum(now), sum(was)))));
    const head = headings("order", "block", ...columns.map(({title}) => title));
    if (byType)
        head.prepend(make("tr", {}, make("td", {colspan: 2}, ""), ...tops));
    fill(table, head, make("tbody", {}, ...rows), foot);
}

/** Regions of a memblock list, in its order, with those that went where they were. */
function regionRows(recording, now, was) {
    const old = new Set(was || []), rows = (now || []).map((number, at) => ({number, at, event: !was || old.has(number)
        ? "" : "new"}));
    const is = new Set(now || []);
    for (const number of was || []) {
        if (is.has(number))
            continue;
        const start = big(recording.regions[number][0]);
        const same = rows.find((row) => row.event && big(recording.regions[row.number][0]) === start);
        if (same) {
            same.event = big(recording.regions[same.number][1]) === big(recording.regions[number][1]) ? "changed"
                : big(recording.regions[same.number][1]) > big(recording.regions[number][1]) ? "grew" : "shrank";
            continue;
        }
        const place = rows.findIndex((row) => big(recording.regions[row.number][0]) > start);
        rows.splice(place < 0 ? rows.length : place, 0, {number, at: null, event: "gone"});
    }
    return rows;
}

const EVENT_SIGNS = {new: "+ new", gone: "\u2212 gone", grew: "\u25b2 grew", shrank: "\u25bc shrank",
                     changed: "\u25c6 changed"};

function showMemblock(recording, number, go) {
    const now = recording.snapshots[number], before = number > 0 ? recording.snapshots[number - 1] : null;
    for (const list of ["memory", "reserved"]) {
        const table = byId("memblock-" + list), shift = recording.target.page_shift;
        byId("memblock-" + list + "-count").textContent = now[list] === null ? "" : counted(now[list].length, "region");
        if (now[list] === null) {
            fill(table, make("tbody", {}, make("tr", {}, make("td", {class: "none"},
                "Not there: " + (now.missing.memory || "this kernel has none") + "."))));
            continue;
        }
        const rows = regionRows(recording, now[list], before && before[list]).map(({number: region, at, event}) => {
            const [start, end, flags, , owner] = recording.regions[region];
            const pfn = Number(big(start) >> big(shift));
            const jump = event === "gone" ? hex(start) : make("button", {type: "button", class: "link", on: {
                click: () => go(pfn)}, "aria-label": `show ${hex(start)} on the map`}, hex(start));
            return make("tr", {class: event ? "changed " + event : null}, make("td", {class: "quiet"},
                at === null ? "" : String(at)), make("td", {}, jump), make("td", {}, sizeOf(start, end)),
                make("td", {class: "owner"}, owner === null ? "" : owner,
                    flags ? make("span", {class: "quiet"}, ` flags ${hex(flags)}`) : null,
                    event ? make("span", {class: "delta"}, " " + EVENT_SIGNS[event]) : null));
        });
        fill(table, headings("#", "from", "size", list === "reserved" ? "what is in it" : ""),
            make("tbody", {}, ...rows));
    }
}
