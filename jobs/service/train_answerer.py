"""Trains the answerer, which finds the answer to a question, on tonight's knowledge -> models/answerer.

It is trained again if a wording or its topic changed, else every `service.retrain_days` days. A shop without knowledge
has no model.
"""

from __future__ import annotations

import json
from pathlib import Path

from jobs.common.source_hashes import digest
from jobs.runtime.model_store import date_of, due, load_model, save_model
from jobs.runtime.night import Night
from jobs.runtime.progress import progress
from models.service.answerer import Answerer
from models.service.answerer_config import AnswererConfig
from schemas.service.wording import service_languages, service_wording
from schemas.tables import KNOWLEDGE

MODEL = "answerer"
WORDINGS = "wordings.json"  # a digest of what it learned from


def _running(night: Night) -> Answerer | None:
    """The newest earlier answerer, from which training continues."""
    folder = night.lake.model_before(MODEL, night.date)
    return load_model(night.lake, folder, Answerer) if folder else None


def main(night: Night) -> None:
    knowledge = night.versions(KNOWLEDGE).tonight().arrow(["pattern", "topic", "support"]).sort_by("pattern")
    if not knowledge.num_rows:
        night.report(why_not="nothing is known")
        return
    texts, topics = knowledge["pattern"].to_pylist(), knowledge["topic"].to_pylist()
    # sentences of a policy are no questions of customers, so they are not in the hold-out
    was_asked = knowledge["support"].to_numpy() > 0
    config: AnswererConfig = night.settings.section("answerer")
    wordings = digest(repr(config), *texts, *topics, str(was_asked.tolist()))
    newest = night.lake.model_before(MODEL, night.date)
    stored = night.lake.get_json(*newest, WORDINGS) if newest else ""
    changed = "" if stored == wordings else "wordings or topics changed"
    age = (night.date - date_of(newest)).days if newest else None
    reason = due(night, age, night.settings.section("service").retrain_days, changed)
    if reason is None:
        night.report(why_not="nothing changed")
        return
    handed_over = [service_wording(name).handover for name in service_languages()]
    outside = [word for reasons in handed_over for words in reasons.values() for word in words]
    with progress("training the answerer", unit="epochs") as doing:
        model = Answerer.fit(texts, topics, config, outside, _running(night), asked=was_asked, on_step=doing.at_step)

    def save(folder: str) -> None:
        model.save(folder)
        (Path(folder) / WORDINGS).write_text(json.dumps(wordings))

    save_model(night, MODEL, save)
    night.report(trained_because=reason, **model.report)
    night.log.info("%s: %s", reason, model.report)
