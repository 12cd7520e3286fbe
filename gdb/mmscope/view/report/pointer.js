// SPDX-License-Identifier: GPL-2.0-or-later
// Mouse, finger and keyboard on the map.
"use strict";

const DRAG = 5;             // pixels that make a click a drag

function pointOnMap(map) {
    const {canvas, scroller} = map, fingers = new Map();
    let drag = null, spread = 0;
    const pfnAt = (event) => {
        const box = canvas.getBoundingClientRect(), y = event.clientY - box.top + scroller.scrollTop;
        return map.layout ? map.layout.pfnAt(event.clientX - box.left, y) : null;
    };
    const hover = (pfn, event) => {
        if (map.over !== pfn) {
            map.over = pfn;
            map.redraw();
        }
        map.on.hover(pfn, event.clientX, event.clientY);
    };
    canvas.addEventListener("pointerdown", (event) => {
        fingers.set(event.pointerId, event);
        spread = 0;
        drag = event.button === 0 ? {y: event.clientY, x: event.clientX, top: scroller.scrollTop, far: false} : null;
    });
    canvas.addEventListener("pointermove", (event) => {
        if (fingers.has(event.pointerId))
            fingers.set(event.pointerId, event);
        if (fingers.size === 2) {
            const [one, other] = [...fingers.values()];
            const now = Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY);
            spread = spread || now;
            drag = null;
            if (now > spread * 1.4 || now < spread / 1.4) {
                map.zoom(now > spread ? 1 : -1, pfnAt(event));
                spread = now;
            }
            return;
        }
        if (drag !== null && event.buttons & 1 && event.pointerType === "mouse") {
            drag.far = drag.far || Math.hypot(event.clientY - drag.y, event.clientX - drag.x) > DRAG;
            if (drag.far)
                scroller.scrollTop = drag.top + drag.y - event.clientY;
        }
        if (event.pointerType === "mouse")
            hover(drag !== null && drag.far ? null : pfnAt(event), event);
    });
    const end = (event) => fingers.delete(event.pointerId);
    canvas.addEventListener("pointerup", end);
    canvas.addEventListener("pointercancel", end);
    canvas.addEventListener("pointerleave", (event) => {
        end(event);
        hover(null, event);
    });
    canvas.addEventListener("click", (event) => {
        const pfn = drag !== null && drag.far ? null : pfnAt(event);
        if (pfn !== null)
            map.pick(pfn);
    });
    canvas.addEventListener("dblclick", (event) => map.zoom(2, pfnAt(event)));
    scroller.addEventListener("wheel", (event) => {
        if (!event.ctrlKey && !event.metaKey)
            return;
        event.preventDefault();
        map.zoom(event.deltaY < 0 ? 1 : -1, pfnAt(event));
    }, {passive: false});
    canvas.addEventListener("focus", () => {
        if (map.cursor === null && map.recording.bands.length)
            map.moveTo(map.recording.bands[0][0]);
        map.redraw();
    });
    canvas.addEventListener("blur", () => map.redraw());
    canvas.addEventListener("keydown", (event) => {
        const run = event.altKey || event.ctrlKey || event.metaKey ? undefined : keys(map)[
            (event.shiftKey && event.key.startsWith("Arrow") ? "Shift" : "") + event.key];
        if (run === undefined)
            return;
        event.preventDefault();
        run();
    });
}

/** What each key does on the map. */
function keys(map) {
    const bands = map.recording.bands;
    if (!bands.length || !map.layout)
        return {};
    const cursor = map.cursor === null ? bands[0][0] : map.cursor;
    const rows = Math.max(1, Math.floor(map.scroller.clientHeight / map.layout.rowHeight) - 2);
    const thing = map.thing(cursor);
    const before = map.thing(onBands(bands, cursor - 1, true)).start;
    const go = (pfn, back = pfn < cursor) => () => map.moveTo(onBands(bands, pfn, back));
    return {
        ArrowRight: go(thing.end), ArrowLeft: go(thing.start < cursor ? thing.start : before),
        ShiftArrowRight: go(cursor + 1), ShiftArrowLeft: go(cursor - 1),
        ArrowDown: go(cursor + map.layout.perRow), ArrowUp: go(cursor - map.layout.perRow),
        PageDown: go(cursor + rows * map.layout.perRow), PageUp: go(cursor - rows * map.layout.perRow),
        Home: go(bands[0][0]), End: go(bands[bands.length - 1][1] - 1),
        "+": () => map.zoom(1), "=": () => map.zoom(1), "-": () => map.zoom(-1), "0": () => map.fit(),
        Enter: () => map.pick(cursor), " ": () => map.pick(cursor),
        b: () => {
            const {buddy} = why(map.recording, map.number, cursor);
            if (buddy !== null && map.recording.state(map.number).owner(buddy) !== null)
                map.pick(buddy);
        },
    };
}

/** The page frame itself where a band has it, else the nearest one of the next band, or of the one before. */
function onBands(bands, pfn, back) {
    for (let at = 0; at < bands.length; at++) {
        const [start, end] = bands[at];
        if (pfn < start)
            return back && at > 0 ? bands[at - 1][1] - 1 : start;
        if (pfn < end)
            return pfn;
    }
    return bands[bands.length - 1][1] - 1;
}
