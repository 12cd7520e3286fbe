// SPDX-License-Identifier: GPL-2.0-or-later
// The recording: what view/reportdata.py wrote, as states that can be asked about any page frame.
"use strict";

const KEPT_RUNS = 4e6;      // of states that are kept unpacked

/** One snapshot, unpacked. */
class State {
    constructor(recording, runs, lists) {
        this.recording = recording;
        this.runs = runs;
        this.lists = lists;         // by number: first page frames of the blocks, in list order
        this.sorted = null;
    }

    /** All blocks by address: first page frame, with the list's number in the low digits. */
    get blocks() {
        if (this.sorted === null) {
            const scale = this.recording.scale, keys = [];
            for (const [number, pfns] of this.lists)
                for (const pfn of pfns)
                    keys.push(pfn * scale + number);
            this.sorted = Float64Array.from(keys).sort();
        }
        return this.sorted;
    }

    /** The block at an index of blocks. */
    block(index) {
        const scale = this.recording.scale, key = this.blocks[index];
        const pfn = Math.floor(key / scale), list = key - pfn * scale;
        const [node, zone, cpu, order, type] = this.recording.lists[list];
        return {pfn, list, node, zone, cpu, order, type, end: pfn + 2 ** order};
    }

    /** The block that has a page frame; null when none has it. */
    blockAt(pfn) {
        const index = lastAt(this.blocks, (pfn + 1) * this.recording.scale - 1);
        const found = index >= 0 ? this.block(index) : null;
        return found !== null && pfn < found.end ? found : null;
    }

    /** Kind and detail of a page frame; null outside of all memory. */
    owner(pfn) {
        const run = this.runs.at(pfn);
        if (run < 0)
            return null;
        const [kind, detail] = this.recording.owners[this.runs.owners[run]];
        return {kind, detail, start: this.runs.starts[run], end: this.runs.ends[run]};
    }

    /** Pages by kind. */
    get pages() {
        const found = new Map();
        for (let at = 0; at < this.runs.count; at++) {
            const kind = this.recording.owners[this.runs.owners[at]][0];
            found.set(kind, (found.get(kind) || 0) + this.runs.ends[at] - this.runs.starts[at]);
        }
        return found;
    }
}

/** All snapshots. */
class Recording {
    constructor(data) {
        this.target = data.target;
        this.looks = data.looks;
        this.owners = data.owners;
        this.lists = data.lists;
        this.regions = data.regions;
        this.caches = data.caches;
        this.bands = data.bands;
        this.snapshots = data.snapshots;
        this.scale = 2 ** Math.ceil(Math.log2(data.lists.length + 1));
        this.pageBytes = 2 ** data.target.page_shift;
        this.kinds = new Map(data.looks.kinds.map(([name, label]) => [name, label]));
        this.paints = this.snapshots.map((each) => Runs.unpack(each.runs));
        this.states = new Map();
        const last = {};
        for (const each of this.snapshots)
            for (const part of ["memory", "reserved", "caches"])
                last[part] = each[part] = part in each ? each[part] : last[part];
    }

    get count() {
        return this.snapshots.length;
    }

    /** The state of a snapshot; the nearest one that is unpacked is gone on from. */
    state(number) {
        let from = number;
        while (from >= 0 && !this.states.has(from))
            from--;
        let state = from >= 0 ? this.states.get(from) : new State(this, new Runs([], [], []), new Map());
        for (let at = from + 1; at <= number; at++) {
            state = new State(this, state.runs.over(this.paints[at]), this.listsAfter(state.lists, at));
            this.keep(at, state);
        }
        return state;
    }

    keep(number, state) {
        let held = state.runs.count;
        for (const each of this.states.values())
            held += each.runs.count;
        for (const [old, each] of held > KEPT_RUNS ? [...this.states] : []) {
            held -= each.runs.count;
            this.states.delete(old);
            if (held <= KEPT_RUNS)
                break;
        }
        this.states.set(number, state);
    }

    listsAfter(before, number) {
        const lists = new Map(before);
        for (const [list, gone, came] of this.snapshots[number].lists) {
            const pfns = edited(lists.get(list) || [], gone, came);
            if (pfns.length)
                lists.set(list, pfns);
            else
                lists.delete(list);
        }
        return lists;
    }

    /** What a page frame was: {number, owner} of the first snapshot, and of each that changed it. */
    history(pfn) {
        const found = [];
        this.paints.forEach((paint, number) => {
            const at = paint.at(pfn);
            if (at < 0)
                return;
            const owner = paint.owners[at] === NOTHING ? null : this.owners[paint.owners[at]];
            found.push({number, kind: owner && owner[0], detail: owner ? owner[1] : ""});
        });
        return found;
    }

    /** The zone of a snapshot that spans a page frame: its first; null when none does. */
    zoneAt(number, pfn) {
        for (const [node, name, start, spanned] of this.snapshots[number].zones || [])
            if (pfn >= start && pfn < start + spanned)
                return {node, name};
        return null;
    }

    /** How a snapshot is called. */
    title(number) {
        return this.snapshots[number].phase || this.snapshots[number].name;
    }
}
