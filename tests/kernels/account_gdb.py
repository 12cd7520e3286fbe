# SPDX-License-Identifier: GPL-2.0-or-later
"""Sourced in GDB: asks for single page frames what the pass over all says."""
import json

from mmscope.model.frames import classify, machine_spans
from mmscope.session.load import _current

PAGES = 240
SHOWN = 5


def alone():
    """Print how many were asked, and those that differ, as JSON."""
    ctx = _current.context()
    spans = machine_spans(ctx)
    chosen = spans[::max(len(spans) // PAGES, 1)]
    wrong = []
    for span in chosen:
        one = classify(ctx, span.end_pfn - 1)
        if (one.kind, one.detail) != (span.kind, span.detail):
            wrong.append([span.end_pfn - 1, span.kind, span.detail, one.kind,
                          one.detail])
    print(json.dumps({"asked": len(chosen), "wrong": wrong[:SHOWN]}))
