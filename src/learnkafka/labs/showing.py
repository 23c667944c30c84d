"""Values from the learner's code and from the broker, as a person can read them: short, on one line, and harmless."""

from __future__ import annotations

import re
from collections.abc import Iterable
from reprlib import Repr

LONGEST = 160  # characters of one value

# The admin client's errors repeat the whole request and the whole answer, and what is wrong stands in the midst of it.
_KAFKAS_WORDS = re.compile(r"""\berror_message=('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")""")

_short = Repr()
_short.maxstring = _short.maxother = _short.maxlong = LONGEST
_short.maxlist = _short.maxtuple = _short.maxset = _short.maxfrozenset = _short.maxdict = 12


def shown(value: object) -> str:
    """A Python value as its `repr`, on one line, cut in the middle where it is long."""
    try:
        text = _short.repr(value)
    except Exception:  # noqa: BLE001 - a class of their own may raise whatever it likes; so does a number of 5,000 digits
        return f"<{type(value).__name__}, which can't be shown>"
    return " ".join(line.strip() for line in text.splitlines())


def shown_bytes(value: bytes | None) -> str:
    """A record's key or value: its text where it is text."""
    if value is None:
        return "nothing (null)"
    text = value[: LONGEST + 1].decode("utf-8", errors="backslashreplace")
    text = "".join(character if character.isprintable() else repr(character)[1:-1] for character in text)
    return text if len(value) <= LONGEST else f"{text[:LONGEST]}… ({len(value):,} bytes)"


def said(error: BaseException) -> str:
    """An error in a few words: its class, and the first line of what it says; of an answer from Kafka, Kafka's own words."""
    kind = type(error).__name__
    try:
        text = str(error)
    except Exception:  # noqa: BLE001 - as above
        return kind
    if found := _KAFKAS_WORDS.search(text):
        text = found[1][1:-1].replace("\\'", "'")
    text = re.sub(rf"^(\[Error -?\d+\] )?{re.escape(kind)}(: |$)", "", text)  # kafka-python says its class itself
    words = text.splitlines()[0].rstrip(".") if text else ""
    words = f"{words[:LONGEST]}…" if len(words) > LONGEST else words
    return f"{kind}: {words}" if words else kind


def listed(things: Iterable[object], most: int = 12) -> str:
    """`1, 2 and 3`; the first ones where there are many."""
    texts = [str(thing) for thing in things]
    if not texts:
        return "none"
    if len(texts) > most:
        return f"{', '.join(texts[:most])} … ({len(texts)} in all)"
    return f"{', '.join(texts[:-1])} and {texts[-1]}" if len(texts) > 1 else texts[0]


def counted(count: int, thing: str) -> str:
    """`1 record`, `3 records`."""
    return f"{count:,} {thing}{'' if count == 1 else 's'}"


def shown_commit(offset: int | None) -> str:
    """What a group has committed in a partition."""
    return "no committed offset" if offset is None else f"committed offset {offset}"


def shown_commits(committed: dict[tuple[str, int], int]) -> str:
    """What a group has committed in a topic's partitions, by topic and partition."""
    if not committed:
        return "nothing committed"
    return f"committed {listed(f'{offset} in partition {number}' for (_, number), offset in sorted(committed.items()))}"
