# SPDX-License-Identifier: GPL-2.0-or-later
"""Sourced in GDB beside our commands: mm why of many pages of one stop, in one loop. Prints one JSON document."""
import collections
import json
import random
import time

from mmscope.errors import MmError
from mmscope.model.frames import machine_spans, zone_spans
from mmscope.model.why import place_of, why
from mmscope.model.zone import zones
from mmscope.session.load import _current


def why_all():
    """Every page of every zone: how many of each kind, and what was said of blocks and of reserved pages."""
    ctx, begin = _current.context(), time.monotonic()
    kinds = {zone.name: collections.Counter() for zone in zones(ctx) if zone.populated}
    blocks, wrong, longest = {}, [], ""
    for zone in (zone for zone in zones(ctx) if zone.populated):
        for span in zone_spans(ctx, zone):
            for pfn in range(span.start_pfn, span.end_pfn):
                try:
                    answer = why(ctx, place_of(ctx, pfn), span)
                except MmError as error:
                    wrong.append([pfn, str(error)])
                    continue
                if not answer.verdict or answer.kind != "hole" and answer.zone != zone.name:
                    wrong.append([pfn, answer.verdict])
                kinds[zone.name][answer.kind] += 1
                longest = max(longest, answer.verdict, key=len)
                if answer.buddy is not None:
                    blocks.setdefault(answer.verdict, [pfn, 0, answer.buddy.reason, answer.buddy.pfn])[1] += 1
    print(json.dumps({"kinds": kinds, "blocks": blocks, "wrong": wrong, "longest": longest,
                      "seconds": time.monotonic() - begin}))


def why_some(each, seed):
    """Up to so many pages of each kind, asked one by one: what the sweep says, what mm why says.

    And how many pages of each kind there are.
    """
    ctx, dice = _current.context(), random.Random(seed)
    spans, pages = collections.defaultdict(list), collections.Counter()
    for span in machine_spans(ctx):
        spans[span.kind].append(span)
        pages[span.kind] += span.pages
    found = []
    for kind in spans:
        for span in dice.sample(spans[kind], min(each, len(spans[kind]))):
            pfn = dice.randrange(span.start_pfn, span.end_pfn)
            answer = why(ctx, place_of(ctx, pfn))
            found.append({"pfn": pfn, "swept": [span.kind, span.detail], "kind": answer.kind, "detail": answer.detail,
                          "verdict": answer.verdict, "evidence": [[each.what, each.text] for each in answer.evidence],
                          "buddy": None if answer.buddy is None else [answer.buddy.pfn, answer.buddy.reason]})
    print(json.dumps({"pages": pages, "found": found}))
