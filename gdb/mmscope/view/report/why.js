// SPDX-License-Identifier: GPL-2.0-or-later
// What mm why says of a page, as far as a snapshot tells it, in the same words.
"use strict";

const AS_NEIGHBOUR = named({        // to stand behind "is"
    hole: "no memory", reserved: "reserved", memblock: "not handed over yet", deferred: "not set up yet", free: "free",
    pcp: "on the list of {}", slab: "slab {}", pagetable: "a page table", stack: "a kernel stack",
    percpu: "per-CPU memory", vmalloc: "vmalloc memory", hugetlb: "a huge page", file: "page cache",
    anon: "anonymous memory", compound: "in use, of a compound page", other: "in use",
});
const SHORT = 32;           // characters of a name in a few words
const AS_VERDICT = named({
    pagetable: "page table", stack: "kernel stack", percpu: "per-CPU memory", vmalloc: "vmalloc memory",
    hugetlb: "huge page of the hugetlb pool", file: "page cache", anon: "anonymous memory",
    compound: "in use, part of a compound page: nothing says what for",
    other: "in use: taken with alloc_pages, and nothing says what for",
});

/** A page in a few words. */
function neighbour(owner) {
    if (owner === null)
        return "no memory";
    const words = AS_NEIGHBOUR.get(owner.kind) || owner.kind, detail = owner.detail;
    const short = detail.length <= SHORT ? detail : detail.slice(0, SHORT - 3) + "...";
    return words.replace("{}", () => short || "unknown").split(",")[0];
}

/** The verdict and the rows of evidence for a page frame at a snapshot. */
function why(recording, number, pfn) {
    const state = recording.state(number), owner = state.owner(pfn), snapshot = recording.snapshots[number];
    const told = owner === null ? {verdict: "no memory here", rows: []} : tell(recording, number, state, owner, pfn);
    const zone = recording.zoneAt(number, pfn), bytes = recording.pageBytes;
    const rows = [...told.rows];
    if (owner !== null && owner.end - owner.start > 1 && owner.kind !== "free")
        rows.push(["range", `pfn ${hex(owner.start)} to ${hex(owner.end)}, ${plural(owner.end - owner.start)} alike`]);
    rows.push(["zone", zone !== null && owner !== null && owner.kind !== "hole" ? zone.name : snapshot.zones
        ? "none" : "none yet"]);
    rows.push(["pfn", `${hex(pfn)}  (${pfn})`]);
    rows.push(["phys", `${hex(pfn * bytes)} to ${hex((pfn + 1) * bytes)}`]);
    return {pfn, kind: owner && owner.kind, detail: owner ? owner.detail : "", verdict: told.verdict, rows,
            buddy: told.buddy === undefined ? null : told.buddy, block: told.block || null, owner};
}

function tell(recording, number, state, owner, pfn) {
    const block = owner.kind === "free" || owner.kind === "pcp" ? state.blockAt(pfn) : null;
    if (block !== null && block.cpu === null)
        return freePage(recording, number, state, block, pfn);
    if (block !== null)
        return onCpu(state, block, pfn);
    if (owner.kind === "reserved")
        return reserved(recording, number, owner, pfn);
    if (owner.kind === "slab")
        return slab(recording, number, owner);
    if (owner.kind === "hole")
        return {verdict: "hole: there is no memory here", rows: []};
    if (owner.kind === "memblock")
        return {verdict: "not handed over yet: free in memblock", rows: [
            ["memblock", "in memblock.memory, and in no region of memblock.reserved"]]};
    if (owner.kind === "deferred")
        return {verdict: "deferred: its struct page is set up late in the boot, only then is it freed", rows: []};
    const words = AS_VERDICT.get(owner.kind) || owner.kind;
    return {verdict: words + (owner.detail ? `: ${owner.detail}` : ""), rows: []};
}

function freePage(recording, number, state, block, pfn) {
    const list = state.lists.get(block.list), place = list.indexOf(block.pfn);
    const largest = recording.looks.orders.length - 1, pages = 2 ** block.order;
    const buddy = block.order < largest ? buddyOf(block.pfn, block.order) : null;
    const clause = buddy === null ? "the highest order, nothing merges"
        : buddyIs(recording, number, state, block, buddy);
    const rows = pfn === block.pfn ? [] : [["this page", `the ${nth(pfn - block.pfn)} of the block's ${pages} pages`]];
    rows.push(["block", `pfn ${hex(block.pfn)} to ${hex(block.end)}, ${size(pages * recording.pageBytes)}, ` +
               `order ${block.order}`]);
    rows.push(["list", `zone ${block.zone}, order ${block.order}, ${block.type}: ${nth(place)} of ${list.length} ` +
               `from the head, ${place ? place + " in front of it" : "given out next"}`]);
    rows.push(["buddy", buddy === null ? `none: order ${largest} is the highest that this kernel has`
        : `${hex(block.pfn)} ^ (1 << ${block.order}) = ${hex(buddy)}`]);
    return {verdict: `free: order ${block.order} block ${hex(block.pfn)}, ${nth(place)} of ${list.length} on ` +
            `${block.zone}'s ${block.type} list; ${clause}`, rows, buddy, block};
}

/** What a free block's buddy is doing: why the two are not one. */
function buddyIs(recording, number, state, block, buddy) {
    const owner = state.owner(buddy), name = `its buddy ${hex(buddy)}`, end = buddy + 2 ** block.order;
    if (owner === null || owner.kind === "hole")
        return `${name} is no memory`;
    const zone = recording.zoneAt(number, buddy), other = state.blockAt(buddy);
    if (other === null || other.cpu !== null || owner.kind !== "free")
        return zone !== null && zone.name !== block.zone ? `${name} is in another zone`
            : `${name} is ${neighbour(owner)}`;
    if (other.zone !== block.zone || other.node !== block.node)
        return `${name} is in another zone`;
    if (other.order > block.order)
        return `${name} says order ${other.order}: broken`;
    if (other.order === block.order)
        return other.type !== block.type ? `${name} is free, but ${other.type}, not ${block.type}`
            : `${name} is free, too: not merged`;
    for (let at = buddy; at < end;) {
        const piece = state.blockAt(at), here = state.owner(at);
        if (piece === null || piece.cpu !== null || here === null || here.kind !== "free")
            return `its buddy's ${hex(at)} is ${neighbour(here)}`;
        at = piece.end;
    }
    return `${name} is free in pieces`;
}

function onCpu(state, block, pfn) {
    const list = state.lists.get(block.list), place = list.indexOf(block.pfn);
    const where = `${nth(place)} of ${list.length} on CPU ${block.cpu}'s ${block.type} list of order ${block.order}`;
    const turn = place ? `${place} in front of it` : "given out next by this CPU";
    return {verdict: `free, but ${where}, zone ${block.zone}: no buddy list has it`, block, rows: [
        ["list", `${where}, zone ${block.zone}: ${turn}`],
        ["buddy", "none while it is with a CPU: it may merge once it goes back to the buddy lists"]]};
}

function reserved(recording, number, owner, pfn) {
    const low = big(pfn) * big(recording.pageBytes), high = low + big(recording.pageBytes);
    const list = recording.snapshots[number].reserved, rows = [];
    (list || []).forEach((region, at) => {
        const [start, end] = recording.regions[region];
        if (big(start) < high && low < big(end))
            rows.push([at, `memblock.reserved[${at}]: ${hex(start)} + ${"0x" + (big(end) - big(start)).toString(16)}`]);
    });
    const where = rows.length ? `, memblock.reserved[${rows[0][0]}]` +
        (rows.length > 1 ? ` and ${rows.length - 1} more` : "") : "";
    const named = owner.detail.startsWith("reserved") ? owner.detail : `reserved: ${owner.detail || "not named"}`;
    return {verdict: named + where, rows: list === null ? [["region", "memblock is not there any more"]]
        : rows.slice(0, 4).map(([, text]) => ["region", text])};
}

function slab(recording, number, owner) {
    const cache = (recording.snapshots[number].caches || []).map((each) => recording.caches[each])
        .find(([name]) => name === owner.detail);
    if (!cache)
        return {verdict: `slab of ${owner.detail || "an unknown cache"}`, rows: []};
    const [name, bytes, order, slabs, objects, used] = cache;
    return {verdict: `slab of ${name}`, rows: [
        ["cache", `${counted(slabs, "slab")} of order ${order}, objects of ${bytes} bytes`],
        ["objects", `${grouped(used)} of ${grouped(objects)} in use, in the whole cache`]]};
}
