"""A lab in a kernel of its own, in which tests type what a learner would."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
import pytest

if TYPE_CHECKING:
    from nbclient import NotebookClient

COURSE = Path(__file__).parents[2]


@dataclass(frozen=True)
class Answer:
    """What a cell showed."""

    outputs: list[Any]

    @property
    def card(self) -> str:
        """The plain form of the card that was shown last; empty where there was none."""
        cards = [one.data["text/plain"] for one in self.outputs if one.output_type == "display_data"]
        return cards[-1] if cards else ""

    @property
    def html(self) -> str:
        """The same card in HTML."""
        return [one.data.get("text/html", "") for one in self.outputs if one.output_type == "display_data"][-1]

    @property
    def verdict(self) -> str:
        """The word at the end of the card's title: `passed`, `not yet`, …"""
        return self.card.splitlines()[0].rsplit(": ", 1)[1]

    @property
    def belief(self) -> str:
        """What stands after *Belief behind it*; empty where no belief is named."""
        found = [line for line in self.card.splitlines() if line.strip().startswith("Belief behind it: ")]
        return found[0].split(": ", 1)[1] if found else ""

    @property
    def points(self) -> float:
        """What nbgrader reads."""
        [result] = [one.data["text/plain"] for one in self.outputs if one.output_type == "execute_result"]
        return float(result)

    @property
    def error(self) -> Any:
        """The error that the cell ended in; None where it didn't."""
        return next((one for one in self.outputs if one.output_type == "error"), None)

    @property
    def text(self) -> str:
        """Everything that was printed, and the plain form of a result."""
        streams = [one.text for one in self.outputs if one.output_type == "stream"]
        results = [one.data["text/plain"] for one in self.outputs if one.output_type == "execute_result"]
        return "".join(streams + results)


class Session:
    """A kernel, and the cells of a notebook to run in it."""

    def __init__(self, client: NotebookClient, cells: list[Any]) -> None:
        self._client = client
        self.cells = cells

    def run(self, code: str) -> Answer:
        """Run a cell; an error is an answer too."""
        cell = nbformat.v4.new_code_cell(code)
        self._client.nb.cells.append(cell)
        self._client.execute_cell(cell, len(self._client.nb.cells) - 1)
        return Answer(cell.outputs)

    def cell(self, grade_id: str) -> str:
        """The source of the notebook's cell that nbgrader knows by this id."""
        [found] = [one for one in self.cells if one.metadata.get("nbgrader", {}).get("grade_id") == grade_id]
        return str(found.source)


@pytest.fixture(scope="session")
def session_of(open_kernel: Callable[..., Any]) -> Callable[..., AbstractContextManager[Session]]:
    """`with session_of(notebook) as session`: a kernel with that notebook's cells at hand."""

    @contextmanager
    def session(notebook: Path, **environment: str) -> Iterator[Session]:
        cells = [one for one in nbformat.read(notebook, as_version=4).cells if one.cell_type == "code"]
        with open_kernel(60, **environment) as client:
            yield Session(client, cells)

    return session


@pytest.fixture(scope="module")
def open_session(session_of: Callable[..., Any]) -> Iterator[Callable[..., Session]]:
    """`open_session(notebook)`: the same; it ends with the module."""
    with ExitStack() as stack:
        yield lambda notebook, **environment: stack.enter_context(session_of(notebook, **environment))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What the gate asks of one lab comes together, so that each lab's kernel is started once."""
    places = [place for place, item in enumerate(items) if "sessions" in getattr(item, "fixturenames", ())]
    by_lab = sorted((items[place] for place in places), key=lambda item: str(item.callspec.params["name"]))  # type: ignore[attr-defined]
    for place, item in zip(places, by_lab, strict=True):
        items[place] = item


class Odd:
    """An object that can't be looked at."""

    def _raise(self, *_: object) -> Any:
        raise ValueError("no")

    __eq__ = __ne__ = __repr__ = __str__ = __len__ = __hash__ = __bool__ = _raise  # type: ignore[assignment]


@pytest.fixture
def odd() -> object:
    """An object that raises, whatever one asks of it."""
    return Odd()
