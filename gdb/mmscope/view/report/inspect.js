// SPDX-License-Identifier: GPL-2.0-or-later
// What is told of a page: beside the pointer, of the one at the cursor, and in full of the one that was picked.
"use strict";

class Inspector {
    constructor(recording, go) {
        this.recording = recording;
        this.go = go;               // go.phase(number), go.page(pfn)
        this.tip = byId("tip");
    }

    hover(number, pfn, x, y) {
        this.tip.hidden = pfn === null;
        if (pfn === null)
            return;
        const answer = why(this.recording, number, pfn);
        fill(this.tip, make("b", {}, `pfn ${hex(pfn)}`), make("span", {class: "quiet"},
            ` phys ${hex(pfn * this.recording.pageBytes)}`), make("div", {}, answer.verdict));
        const {offsetWidth, offsetHeight} = this.tip;
        const left = Math.min(x + 14, window.innerWidth - offsetWidth - 8);
        const top = y + 18 + offsetHeight > window.innerHeight ? y - offsetHeight - 12 : y + 18;
        this.tip.style.transform = `translate(${Math.max(left, 4)}px, ${Math.max(top, 4)}px)`;
    }

    /** In one line, for those who hear it. */
    announce(number, pfn) {
        byId("cursor").textContent = `pfn ${hex(pfn)}: ${why(this.recording, number, pfn).verdict}`;
    }

    show(number, pfn) {
        const box = byId("why");
        if (pfn === null) {
            fill(box, make("p", {class: "quiet"}, "Pick a page on the map: what holds it, which list it is on, what " +
                "its buddy is doing, and what it was in each phase."));
            return;
        }
        const answer = why(this.recording, number, pfn), here = this.recording.state(number);
        const dl = make("dl", {});
        for (const [what, text] of answer.rows)
            dl.append(make("dt", {}, what), make("dd", {}, text));
        const actions = make("p", {class: "actions"});
        if (answer.buddy !== null && here.owner(answer.buddy) !== null)
            actions.append(make("button", {type: "button", id: "to-buddy", on: {
                click: () => this.go.page(answer.buddy)}}, `Go to its buddy ${hex(answer.buddy)}`));
        fill(box, make("p", {class: "verdict", id: "verdict"}, answer.verdict), dl, actions,
            make("h3", {}, "This page through the phases"), this.life(number, pfn),
            make("p", {class: "quiet small"}, "At this stop, GDB tells more: ",
                make("code", {}, `mm why pfn:${hex(pfn)}`)));
    }

    life(number, pfn) {
        const found = this.recording.history(pfn), list = make("ol", {id: "life", class: "life"});
        if (!found.length || found[0].number > 0)
            found.unshift({number: 0, kind: null, detail: ""});
        found.forEach((each, at) => {
            const until = at + 1 < found.length ? found[at + 1].number : this.recording.count;
            const present = each.number <= number && number < until;
            const label = each.kind === null ? "no memory known" : this.recording.kinds.get(each.kind) || each.kind;
            list.append(make("li", {class: present ? "present" : null}, make("button", {type: "button", class: "link",
                "aria-current": present ? "step" : null, on: {click: () => this.go.phase(each.number)}},
                `${each.number + 1} ${this.recording.title(each.number)}`),
                make("span", {}, label + (each.detail ? `: ${each.detail}` : ""))));
        });
        return list;
    }
}
