// SPDX-License-Identifier: GPL-2.0-or-later
// The recording: what view/reportdata.py wrote, as states that can be asked about any page frame.
"use strict";

const NOTHING = -1;
const KEPT_RUNS = 4e6;      // of states that are kept unpacked

/** Ranges of page frames with an owner each, lowest first. */
class Runs {
    constructor(starts, ends, owners) {
        this.starts = Float64Array.from(starts);
        this.ends = Float64Array.from(ends);
        this.owners = Int32Array.from(owners);
        this.count = this.starts.length;
    }

    /** From pages since the last end, pages, owner, by turns. */
    static unpack(flat) {
        const made = new RunsMaker(flat.length / 3);
        for (let at = 0, pfn = 0; at < flat.length; at += 3) {
            const start = pfn + flat[at];
            pfn = start + flat[at + 1];
            made.add(start, pfn, flat[at + 2]);
        }
        return made.runs();
    }

    /** Number of the run that has a page frame; -1 when none has it. */
    at(pfn) {
        const found = lastAt(this.starts, pfn);
        return found >= 0 && pfn < this.ends[found] ? found : -1;
    }

    /** These, with others painted over them. */
    over(paint) {
        const made = new RunsMaker(this.count + 2 * paint.count + 1);
        const add = (start, end, owner) => {
            if (start < end && owner !== NOTHING)
                made.join(start, end, owner);
        };
        let old = 0, from = 0;
        const copy = (limit) => {
            for (; old < this.count && this.starts[old] < limit; old++) {
                add(Math.max(this.starts[old], from), Math.min(this.ends[old], limit), this.owners[old]);
                if (this.ends[old] > limit)
                    return;
            }
        };
        for (let at = 0; at < paint.count; at++) {
            copy(paint.starts[at]);
            add(paint.starts[at], paint.ends[at], paint.owners[at]);
            from = paint.ends[at];
            while (old < this.count && this.ends[old] <= from)
                old++;
        }
        copy(Infinity);
        return made.runs();
    }
}

/** Runs while they are made, lowest first, into room for so many. */
class RunsMaker {
    constructor(room) {
        this.starts = new Float64Array(room);
        this.ends = new Float64Array(room);
        this.owners = new Int32Array(room);
        this.count = 0;
    }

    add(start, end, owner) {
        this.starts[this.count] = start;
        this.ends[this.count] = end;
        this.owners[this.count++] = owner;
    }

    /** A neighbour of the same owner becomes one with it. */
    join(start, end, owner) {
        const last = this.count - 1;
        if (last >= 0 && this.ends[last] === start && this.owners[last] === owner)
            this.ends[last] = end;
        else
            this.add(start, end, owner);
    }

    runs() {
        const made = new Runs([], [], []);
        for (const part of ["starts", "ends", "owners"])
            made[part] = this[part].slice(0, this.count);
        made.count = this.count;
        return made;
    }
}

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
        for (const [list, head, tail, ...between] of this.snapshots[number].lists) {
            const was = lists.get(list) || [];
            let pfn = 0;
            const pfns = was.slice(0, head).concat(between.map((each) => pfn += each), tail ? was.slice(-tail) : []);
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
