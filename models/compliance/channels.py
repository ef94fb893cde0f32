"""Channels and their limits, counted as each channel counts: characters, bytes, or SMS segments."""

from __future__ import annotations

import re
from dataclasses import dataclass

# GSM 03.38: one septet each, and those of the extension table, two each.
GSM7 = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM7_EXTENDED = frozenset("\f^{}\\[~]|€")


@dataclass(frozen=True)
class Channel:
    """Limits of one channel; 0: none. characters: user-perceived ones; bytes: UTF-8; segments: of SMS."""

    name: str
    characters: int = 0
    bytes: int = 0
    segments: int = 0
    least: int = 2  # characters
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
    """(segments, encoding): GSM-7 with 160 septets, or 153 each where there are several; else UCS-2 with 70 or 67.

    A character of the extension table is two septets, one beyond the basic plane two units; neither is cut in two.
    """
    if all(c in GSM7 or c in GSM7_EXTENDED for c in text):
        return _segments([2 if c in GSM7_EXTENDED else 1 for c in text], 160, 153), "GSM-7"
    return _segments([len(c.encode("utf-16-be")) // 2 for c in text], 70, 67), "UCS-2"


_JOINED = re.compile(
    "[\u0300-\u036f\u20d0-\u20ff\ufe0e\ufe0f\U0001f3fb-\U0001f3ff]|\u200d.|[\U0001f1e6-\U0001f1ff](?=[\U0001f1e6-\U0001f1ff])"
)


def graphemes(text: str) -> int:
    """Characters as a reader counts them: an emoji of several code points, or a letter with its accents, is one."""
    return len(_JOINED.sub("", text))


def _segments(sizes: list[int], alone: int, each: int) -> int:
    if sum(sizes) <= alone:
        return 1
    count, room = 1, each
    for size in sizes:
        if size > room:
            count, room = count + 1, each
        room -= size
    return count
