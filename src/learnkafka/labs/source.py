"""What a learner's function says in its own code, where that can be looked at."""

from __future__ import annotations

import inspect
from ast import Assign, Attribute, Call, Constant, Expr, Global, Load, Name, Nonlocal, Return, parse, walk
from textwrap import dedent

from learnkafka.labs.verdict import CodeLine

_NO_SOURCE = (TypeError, OSError, SyntaxError, ValueError)  # ValueError: wrapped by itself, or with a null byte in it
_WAITING = ("flush", "close", "get(", ".is_done", ".succeeded", ".failed")


def gap(function: object) -> CodeLine | None:
    """The line of the function where `...` stands in for code that is still to be written."""
    try:
        lines, first = inspect.getsourcelines(function)  # type: ignore[arg-type]
        tree = parse(dedent("".join(lines)))
    except _NO_SOURCE:  # calling it will tell
        return None
    for node in walk(tree):
        # As a statement, or as all of a value; elsewhere `...` means something else.
        if (
            isinstance(node, Expr | Return | Assign)
            and isinstance(node.value, Constant)
            and node.value.value is Ellipsis
        ):
            # Inside a cell a function's source counts its lines from the cell's first.
            return CodeLine(max(first, 1) + node.lineno - 1, lines[node.lineno - 1].strip())
    return None


def leaves_producer_open(function: object) -> bool:
    """Whether the function gives a new producer a name, and neither closes what has this name nor hands it on."""
    try:
        nodes = list(walk(parse(dedent(inspect.getsource(function)))))  # type: ignore[arg-type]
    except _NO_SOURCE:
        return False
    made = {
        target.id
        for node in nodes
        if isinstance(node, Assign) and isinstance(node.value, Call)
        if isinstance(node.value.func, Name) and node.value.func.id == "KafkaProducer"
        for target in node.targets
        if isinstance(target, Name)
    }
    used = [node.value for node in nodes if isinstance(node, Attribute) and node.attr not in ("close", "__exit__")]
    elsewhere = {name for node in nodes if isinstance(node, Global | Nonlocal) for name in node.names}
    elsewhere |= {
        node.id for node in nodes if isinstance(node, Name) and isinstance(node.ctx, Load) and node not in used
    }
    return bool(made - elsewhere)


def never_waits(function: object) -> bool:
    """Whether the function makes a producer, and neither closes nor flushes it, nor hands it on, nor asks any future."""
    return leaves_producer_open(function) and not any(mentions(function, word) for word in _WAITING)


def mentions(function: object, word: str) -> bool:
    """Whether the function's own code has this word; also when there is no code to look at."""
    try:
        return word in inspect.getsource(function)  # type: ignore[arg-type]
    except _NO_SOURCE:
        return True
