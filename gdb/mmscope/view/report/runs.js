// SPDX-License-Identifier: GPL-2.0-or-later
// Ranges of page frames, and lists of blocks, as the differences that view/reportdata.py writes make them.
"use strict";

const NOTHING = -1;

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

/** A list without what went, and with what came: places from the last one on, and page frames from the last one on. */
function edited(list, gone, came) {
    const stay = [];
    let from = 0, place = 0, pfn = 0;
    for (const step of gone) {
        place += step;
        while (from < place)
            stay.push(list[from++]);
        from++;
    }
    while (from < list.length)
        stay.push(list[from++]);
    const made = [];
    from = place = 0;
    for (let at = 0; at < came.length; at += 2) {
        place += came[at];
        while (made.length < place)
            made.push(stay[from++]);
        made.push(pfn += came[at + 1]);
    }
    while (from < stay.length)
        made.push(stay[from++]);
    return made;
}
