"""Keys and values, which are bytes to Kafka, as short texts for people."""

from __future__ import annotations

from zlib import crc32

KEY_LENGTH = 40
VALUE_LENGTH = 80
JOINER = "\u200d"  # it makes one emoji of several, and does no harm


def short_text(raw: bytes | None, length: int) -> str | None:
    """At most so many characters; None for a null. What isn't text is shown as its bytes in hexadecimal digits."""
    if raw is None:
        return None
    head = raw[: 4 * length + 4]  # a character has at most four bytes: of a megabyte the rest isn't decoded
    text = head.decode(errors="replace")
    if text.count("\N{REPLACEMENT CHARACTER}") > 1 or "\0" in text:
        text = "0x" + head.hex()
    if len(text) > length or len(head) < len(raw):
        text = text[: length - 1] + "…"
    return "".join(map(_visible, text))


def _visible(character: str) -> str:
    """Line breaks and tabs are spaces; what would be invisible, or turn the direction of the text around, is �."""
    if character.isprintable() or character == JOINER:
        return character
    return " " if character.isspace() else "\N{REPLACEMENT CHARACTER}"


def fingerprint(key: bytes | None) -> int | None:
    """A number that tells keys apart where their short texts don't."""
    return None if key is None else crc32(key)
