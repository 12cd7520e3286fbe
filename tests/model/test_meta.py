# SPDX-License-Identifier: GPL-2.0-or-later
"""The tree keeps its promises."""
import ast
import pathlib

import pytest

GDB = pathlib.Path(__file__).resolve().parents[2] / "gdb"
FILES = sorted(GDB.rglob("*.py"))
ALL = FILES + sorted(pathlib.Path(__file__).parent.glob("*.py"))
NAMES = [str(path.relative_to(GDB.parent)) for path in FILES]
LAYERS = {"target": 0, "layout": 1, "model": 2, "view": 3, "command": 4, "session": 5, "alone": 5}


def imported(path):
    """Modules that a file imports, as they are written."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." * node.level + (node.module or "")


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_only_session_imports_gdb(path):
    if path.parent.name != "session":
        assert not [name for name in imported(path) if name.split(".")[0] == "gdb"]


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_layers_import_only_lower_ones(path):
    layer = path.parent.name
    if layer not in LAYERS:
        return
    for name in imported(path):
        if name.startswith("..") and name.lstrip(".").split(".")[0] in LAYERS:
            other = name.lstrip(".").split(".")[0]
            assert LAYERS[other] < LAYERS[layer], f"{layer} imports {other}"


@pytest.mark.parametrize("path", ALL, ids=[path.name for path in ALL])
def test_files_say_their_licence_and_are_ascii(path):
    text = path.read_text()
    assert text.splitlines()[0] == "# SPDX-License-Identifier: GPL-2.0-or-later"
    assert text.isascii()


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_every_function_and_class_that_others_use_has_a_docstring(path):
    tree = ast.parse(path.read_text())
    assert ast.get_docstring(tree)
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("_"):
            assert ast.get_docstring(node) or node.name in ("run", "declare", "broken"), f"{path}:{node.lineno}"


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_files_parse_as_python_3_9(path):
    text = path.read_text()
    ast.parse(text, feature_version=(3, 9))
    assert "from __future__ import annotations" in text or path.name in ("mm.py", "__init__.py")


@pytest.mark.parametrize("path", ALL, ids=[path.name for path in ALL])
def test_lines_are_not_too_long(path):
    assert max(map(len, path.read_text().splitlines())) <= 120


def test_names_of_test_files_are_unique():
    """pytest imports them, and they what they share, by their names alone; tests/kernels is run by itself."""
    tests = pathlib.Path(__file__).resolve().parents[1]
    names = [path.name for path in tests.rglob("*.py") if path.parent.name != "kernels" and
             path.name != "conftest.py" and not (path.parent / "__init__.py").exists()]
    assert len(names) == len(set(names)) > 50
