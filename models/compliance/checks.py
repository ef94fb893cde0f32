"""The compliance gate: why a text may not be shown. It may be shown if no refusal has the severity "block".

refusals(text, language, channel, lexicons, category)   everything that is wrong with one text
hostile(description)                                    everything in a description that no model should read
hostile_name(name)                                      the same for a title, brand, category or attribute
near_duplicates(texts)                                  pairs of texts that say nearly the same
"""

from __future__ import annotations

from models.compliance.channels import CHANNELS, SEGMENTS, Channel, sms_segments
from models.compliance.refusals import Refusal, hostile, hostile_name, refusals
from models.text.near_duplicates import near_duplicates

__all__ = [
    "CHANNELS",
    "SEGMENTS",
    "Channel",
    "Refusal",
    "hostile",
    "hostile_name",
    "near_duplicates",
    "refusals",
    "sms_segments",
]
