"""Channels and their limits, counted as each channel counts them: in characters, bytes or SMS segments."""

from __future__ import annotations

import re
from dataclasses import dataclass

# The GSM 03.38 alphabet: a character takes one septet, a character of the extension table takes two.
GSM7 = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM7_EXTENDED = frozenset("\f^{}\\[~]|€")
# Encoding -> (characters that fit into an SMS of one segment, characters that fit into each of several segments).
SEGMENTS = {"GSM-7": (160, 153), "UCS-2": (70, 67)}


@dataclass(frozen=True)
class Channel:
    """Limits of one channel; 0: no limit. characters: as a reader counts them; bytes: UTF-8; segments: of an SMS."""

    name: str
    characters: int = 0
    bytes: int = 0
    segments: int = 0
    least: int = 2  # characters; a shorter text is refused
    lines: int = 1
    emoji: bool = False
    url: bool = False


CHANNELS: dict[str, Channel] = {
    channel.name: channel
    for channel in (
        Channel("card", characters=40),
        Channel("blurb", characters=400, lines=4),
        Channel("push", characters=120, bytes=400, emoji=True),
        Channel("sms", segments=2),
        Channel("subject", characters=60, emoji=True),
        Channel("body", characters=2000, lines=40, emoji=True, url=True),
    )
}


def sms_segments(text: str) -> tuple[int, str]:
    """(segments, encoding). GSM-7: 160 septets in one segment, 153 in each of several; UCS-2: 70 units, or 67 in each.

    A character of the extension table takes two septets. A character beyond the basic plane takes two units. The two
    are never split between segments.
    """
    if all(c in GSM7 or c in GSM7_EXTENDED for c in text):
        return _segments([2 if c in GSM7_EXTENDED else 1 for c in text], *SEGMENTS["GSM-7"]), "GSM-7"
    return _segments([len(c.encode("utf-16-be")) // 2 for c in text], *SEGMENTS["UCS-2"]), "UCS-2"


_JOINED = re.compile(
    "[\u0300-\u036f\u20d0-\u20ff\ufe0e\ufe0f\U0001f3fb-\U0001f3ff]|\u200d.|[\U0001f1e6-\U0001f1ff](?=[\U0001f1e6-\U0001f1ff])"
)


def graphemes(text: str) -> int:
    """Characters as a reader counts them: an emoji of several code points, or a letter with its accents, is one."""
    return len(_JOINED.sub("", text))


def _segments(sizes: list[int], single_room: int, segment_room: int) -> int:
    if sum(sizes) <= single_room:
        return 1
    count, room = 1, segment_room
    for size in sizes:
        if size > room:
            count, room = count + 1, segment_room
        room -= size
    return count
