"""Who drafts tonight, by the setting `copy.writer`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from jobs.copywriting.briefs import NETWORK, Brief, Draft
from jobs.copywriting.checkpoint_writer import checkpoint_writer
from jobs.copywriting.drafts import Running, running_copywriter
from jobs.copywriting.rules import CopyRules
from jobs.copywriting.writer import CopyInputs
from jobs.runtime.night import Night


class Drafter(Protocol):
    """A writer of drafts. name: its name in column `model` of COPY; empty where nobody drafts."""

    @property
    def name(self) -> str: ...

    def writes(self, brief: Brief) -> bool:
        """Whether it drafts the brief."""

    def drafts(self, night: Night, inputs: CopyInputs, briefs: Sequence[Brief]) -> dict[Brief, list[Draft]]:
        """Drafts of the briefs that it drafted, best first; others have no entry."""


def chosen_drafter(night: Night, rules: CopyRules) -> Drafter:
    """The drafter of the settings. Raises ValueError or FileNotFoundError where they name no usable writer."""
    if rules.config.writer == NETWORK:
        return running_copywriter(night, rules.config.short_drafts)
    return checkpoint_writer(night, rules) or Running()  # nothing is tuned yet: nobody drafts
