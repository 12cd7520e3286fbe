// SPDX-License-Identifier: GPL-2.0-or-later
// Finds a page by its page frame number, its physical address, or the name of what holds it.
"use strict";

const NUMBER = /^(?:(pfn|phys):)?\s*(0x[0-9a-f]+|[0-9]+)$/i;

class Search {
    constructor(recording, map, number, pick) {
        this.recording = recording;
        this.map = map;
        byId("search").addEventListener("submit", (event) => {
            event.preventDefault();
            const said = this.find(byId("query").value.trim(), number());
            byId("found").textContent = said.text;
            if (said.pfn !== undefined)
                pick(said.pfn);
        });
    }

    /** Where to go, and what to say. */
    find(text, number) {
        const match = NUMBER.exec(text);
        if (!text)
            return {text: "Type pfn:0x12345, phys:0x12345000, a number, or a name such as mem_map."};
        return match ? this.number((match[1] || "").toLowerCase(), BigInt(match[2]), number) : this.name(text, number);
    }

    number(how, value, number) {
        const shift = big(this.recording.target.page_shift);
        const known = (pfn) => pfn < 2n ** 52n && onBands(this.recording.bands, Number(pfn)) === Number(pfn);
        const {bands} = this.recording;
        if (!bands.length)
            return {text: "No memory is known in this recording."};
        if (how !== "phys" && known(value))
            return this.at(Number(value), number, "pfn");
        if (how !== "pfn" && known(value >> shift))
            return this.at(Number(value >> shift), number, "the page of phys 0x" + value.toString(16) + ", pfn");
        return {text: `0x${value.toString(16)} is no page of this memory: pfns are ${hex(bands[0][0])} to ` +
                hex(bands[bands.length - 1][1] - 1) + (bands.length > 1 ? ", with gaps" : "") + "."};
    }

    at(pfn, number, what) {
        const owner = this.recording.state(number).owner(pfn);
        return {pfn, text: `${what} ${hex(pfn)}: ${neighbour(owner)}`};
    }

    /** The next range that is for something of that name. */
    name(text, number) {
        const {runs} = this.recording.state(number), {owners} = this.recording, wanted = text.toLowerCase();
        const fits = owners.map(([kind, detail]) => (this.recording.kinds.get(kind) + " " + detail).toLowerCase()
            .includes(wanted));
        const places = [];
        for (let at = 0; at < runs.count; at++)
            if (fits[runs.owners[at]])
                places.push(at);
        if (!places.length)
            return {text: `Nothing is called \u201c${text.slice(0, 40)}\u201d at this snapshot.`};
        const from = this.map.picked === null ? -1 : this.map.picked;
        const next = Math.max(0, places.findIndex((at) => runs.starts[at] > from)), at = places[next];
        const [kind, detail] = owners[runs.owners[at]];
        return {pfn: runs.starts[at], text: `${next + 1} of ${counted(places.length, "range")}: ` +
                `${detail || kind}, from pfn ${hex(runs.starts[at])}`};
    }
}
