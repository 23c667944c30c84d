"""The table in docs/faults.md and the tests are about the same faults."""

from __future__ import annotations

import ast
import re
from pathlib import Path

COURSE = Path(__file__).parents[2]


def soaked(file: Path) -> set[str]:
    """The file's tests that `make soak` repeats."""
    functions = [one for one in ast.parse(file.read_text(encoding="utf-8")).body if isinstance(one, ast.FunctionDef)]
    return {one.name for one in functions if "pytest.mark.soak" in map(ast.unparse, one.decorator_list)}


def test_each_row_has_its_test_and_each_test_its_row() -> None:
    """Each row names a test that is there and that `make soak` repeats; none of this folder is left out."""
    table = (COURSE / "docs/faults.md").read_text(encoding="utf-8")
    rows = [line for line in table.splitlines() if line.startswith("| ")][1:]
    named = [re.search(r"\]\(\.\./(\S+)\) `(\w+)` \|$", row) for row in rows]
    found = {(COURSE / one[1], one[2]) for one in named if one}
    assert len(found) == len(rows)
    assert {(file, name) for file, name in found if name not in soaked(file)} == set()
    ours = {(file, name) for file in Path(__file__).parent.glob("test_*.py") for name in soaked(file)}
    assert ours <= found
