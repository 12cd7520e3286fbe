// SPDX-License-Identifier: GPL-2.0-or-later
// Numbers as people read them, and elements that are made of text alone.
"use strict";

const hex = (number) => typeof number === "string" ? number : "0x" + number.toString(16);
const grouped = (number) => String(number).replace(/\B(?=(\d{3})+$)/g, "\u202f");
const counted = (count, what) => grouped(count) + " " + what + (count === 1 ? "" : "s");
const plural = (count) => counted(count, "page");
const signed = (number) => (number > 0 ? "+" : "\u2212") + grouped(Math.abs(number));

/** 1st, 2nd, 3rd, 4th; place counts from 0. */
function nth(place) {
    const number = place + 1, rest = number % 100;
    const ending = rest > 10 && rest < 14 ? "th" : ["th", "st", "nd", "rd"][number % 10] || "th";
    return number + ending;
}

/** Bytes in the unit that fits; a number, or a BigInt. */
function size(bytes) {
    let value = Number(bytes);
    for (const unit of ["B", "KiB", "MiB", "GiB"]) {
        if (value < 1024 || unit === "MiB" && value < 10240)
            return (Number.isInteger(value) ? value : value.toFixed(1)) + " " + unit;
        value /= 1024;
    }
    return (Number.isInteger(value) ? value : value.toFixed(1)) + " TiB";
}

/** What to look names of the target up in: an object would have constructor and the like, too. */
const named = (entries) => new Map(Object.entries(entries));

const big = (number) => BigInt(number);
const sizeOf = (start, end) => size(big(end) - big(start));
const byId = (id) => document.getElementById(id);

/** An element with attributes and children; strings become text. */
function make(tag, attributes, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) {
        if (name === "on") {
            for (const [event, run] of Object.entries(value))
                element.addEventListener(event, run);
        } else if (value !== null && value !== false) {
            element.setAttribute(name, value === true ? "" : value);
        }
    }
    element.append(...children.filter((child) => child !== null));
    return element;
}

/** Put children in the place of those that are there. */
const fill = (element, ...children) => element.replaceChildren(...children.filter((child) => child !== null));

/** Index of the last entry of a sorted array that is not above a value; -1 when there is none. */
function lastAt(sorted, value, count = sorted.length) {
    let low = 0, high = count;
    while (low < high) {
        const middle = low + high >>> 1;
        if (sorted[middle] <= value)
            low = middle + 1;
        else
            high = middle;
    }
    return low - 1;
}

/** First page frame of a block's buddy: pfn ^ (1 << order), in numbers that may have more than 32 bits. */
function buddyOf(pfn, order) {
    const pages = 2 ** order;
    return Math.floor(pfn / pages) % 2 ? pfn - pages : pfn + pages;
}
