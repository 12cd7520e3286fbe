# SPDX-License-Identifier: GPL-2.0-or-later
"""JSON documents that tests take apart."""


def places(found, path=()):
    """Every place in a document."""
    yield path
    inner = found.items() if isinstance(found, dict) else \
        enumerate(found) if isinstance(found, list) else ()
    for key, each in inner:
        yield from places(each, (*path, key))
