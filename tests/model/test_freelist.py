# SPDX-License-Identifier: GPL-2.0-or-later
"""A free object's pointer to the next one, hidden or not. The bytes were turned around by hand."""
import pytest

from mmscope.layout.freelist import stored_pointer


@pytest.mark.parametrize("value, at, random, size, expected", [
    (0xC1234500, 0xC1234540, None, 4, 0xC1234500),
    (0, 0xC1234540, None, 4, 0),
    # 0x12345678 ^ swab(0xC1234540) = 0x12345678 ^ 0x404523C1
    (0x527175B9, 0xC1234540, 0x12345678, 4, 0),
    (0x527175B9 ^ 0xC1234580, 0xC1234540, 0x12345678, 4, 0xC1234580),
    # swab(0xffff888004627300) = 0x007362048088ffff
    (0x007362048088FFFF, 0xFFFF888004627300, 0, 8, 0),
    (0x007362048088FFFF ^ 0xFFFF888004627400 ^ 0xDEADBEEFCAFEF00D, 0xFFFF888004627300, 0xDEADBEEFCAFEF00D, 8,
     0xFFFF888004627400),
])
def test_the_pointer_is_found_behind_what_hides_it(value, at, random, size, expected):
    assert stored_pointer(value, at, random, size) == expected
