"""Publishes tonight's products into published/run=R and moves the pointer, if the lists are about as good as the last.

A night is refused, and the storefront keeps the last one, if a user's list is short, an item is twice in a list, a
shown item is sold out or withdrawn, or if there are far fewer rows or distinct items than last night. Without lists
nothing is published. Any other product that failed is carried from an earlier night if that is allowed, else it is
absent; the manifest says which products and why. The pointer is written last, in one atomic write.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any

import pyarrow.compute as pc

from jobs.lists.list_checks import NotPublished, faults, measure, read_lists
from jobs.publishing.product_files import write_products
from jobs.runtime import published
from jobs.runtime.branches import BRANCHES
from jobs.runtime.contested_files import look, put_if_unchanged
from jobs.runtime.lake import Version
from jobs.runtime.model_store import newest_models
from jobs.runtime.night import Night, first_line, job_report
from jobs.runtime.products import LISTS, MANIFEST_VERSION, PUBLISHED, as_text, products_of, sentence
from models.core.config import check_bounds
from schemas.table import Product
from schemas.tables import RECOMMENDATIONS, USERS

_CHURN_USERS = 2_000  # users whose lists are compared with last night's


@dataclass(frozen=True)
class PublishConfig:
    """How far a night may differ from the last published one, and how long nights are kept."""

    min_rows_share: float = field(
        default=0.5, metadata={"doc": "recommendation rows, as a share of last night's", "least": 0}
    )
    min_coverage_share: float = field(
        default=0.5, metadata={"doc": "distinct items shown, as a share of last night's", "least": 0}
    )
    max_churn: float = field(default=0.95, metadata={"doc": "share of places (of k) whose item left the user's list"})
    keep_runs: int = field(default=14, metadata={"doc": "published nights kept for rollback", "least": 1})
    keep_nights: int = field(
        default=30, metadata={"doc": "nights of snapshots and models kept; events stay", "least": 0}
    )
    keep_sources: int = field(
        default=3, metadata={"doc": "nights of candidate sources kept; `explain` reads them", "least": 0}
    )

    def __post_init__(self) -> None:
        check_bounds(self)


def churn(night: Night, lists: Version, last: dict[str, Any] | None, k: int) -> float | None:
    """Share of last night's places whose item is not in the same user's list tonight, over some thousand users."""
    if last is None:
        return None
    before_files = [night.lake.path(file) for file in published.files(last, RECOMMENDATIONS.name)]
    users = pc.unique(next(read_lists(night, before_files))["user_id"]).slice(0, _CHURN_USERS)

    def places(files: list[str]) -> set[tuple[str, str]]:
        pairs: set[tuple[str, str]] = set()
        for part in read_lists(night, files):
            part = part.filter(pc.and_(pc.is_in(part["user_id"], users), pc.less_equal(part["rank"], k)))
            pairs.update(zip(part["user_id"].to_pylist(), part["item_id"].to_pylist(), strict=True))
        return pairs

    before = places(before_files)
    return round(len(before - places(night.lake.file_paths(lists))) / max(1, len(before)), 4)


def problems(facts: dict[str, Any], last: dict[str, Any] | None, users: int, config: PublishConfig) -> list[str]:
    """Reasons not to publish, each with what was expected and what was seen."""
    wrong = faults(facts, users)
    if last is not None:
        before = last["checks"]
        for name, share in (("rows", config.min_rows_share), ("items_shown", config.min_coverage_share)):
            if facts[name] < share * before[name]:
                wrong.append(f"{name}: expected at least {share:.0%} of last night's {before[name]}, saw {facts[name]}")
        if facts["churn"] > config.max_churn:
            wrong.append(f"churn: expected at most {config.max_churn:.0%} of places changed, saw {facts['churn']:.0%}")
    return wrong


def refuse_without_lists(night: Night) -> None:
    """Raises NotPublished where a table of the lists did not pass its gate: a night needs lists."""
    for table in PUBLISHED:
        if table.product == LISTS and night.versions(table).passed() is None:
            raise NotPublished(
                f"{table.name} {night.date} run={night.run} has not passed its gate; run "
                f"`python -m jobs check_tables --stage {table.checked_at}` with --date {night.date} --run {night.run} "
                "first"
            )


def failed_products(night: Night) -> dict[Product, str]:
    """Product -> why a table of it did not pass its gate tonight."""
    products = dict.fromkeys(
        table.product for table in PUBLISHED if table.product and night.versions(table).passed() is None
    )
    return {product: why_failed(night, product) for product in products}


def why_failed(night: Night, product: Product) -> str:
    """The first line of the error that the first failed job of the product's branch left in its report."""
    tasks = BRANCHES[product]
    for task in tasks:
        if "error" in (facts := job_report(night.lake, night.date, night.base_run, task)):
            return f"{task}: {first_line(facts['error'])}"
    return f"{', '.join(tasks)} of run {night.base_run}: not all of them finished, and none reported an error"


def main(night: Night) -> None:
    refuse_without_lists(night)
    pointer = look(night.lake, *published.POINTER)
    lists = night.version(RECOMMENDATIONS)
    facts = checked(night, lists)
    run = f"{night.date}-{night.run}"
    last = published.seen_before(night.lake, run)
    states = products_of(failed_products(night), last, run, night.settings.section("carry"), night.days)
    manifest = {
        "run": run,
        "date": str(night.date),
        "manifest_version": MANIFEST_VERSION,
        **write_products(night, run, states, last),
        "checks": facts,
        "models": newest_models(night),
        "rules": dataclasses.asdict(night.settings.section("recommend")),
        "valid_from": as_text(night.days.start(night.date)),
        "valid_until": states[LISTS].valid_until,
    }
    night.lake.put_json(manifest, "published", f"run={run}", "manifest.json")
    night.report(products=manifest["products"])
    pointed = pointer.content
    if pointed is None or pointed["date"] <= str(night.date):  # an old night that is published again is not shown
        put_if_unchanged(night.lake, pointer, manifest, *published.POINTER)
        night.report(published=run)
        night.log.info("%s", sentence(manifest))
    else:
        night.report(published=None, kept_pointer=pointed["run"])
        night.log.info("%s; the storefront keeps the later %s", sentence(manifest), pointed["run"])


def checked(night: Night, lists: Version) -> dict[str, Any]:
    """Facts about tonight's lists. Raises NotPublished where they are much worse than last night's lists."""
    config: PublishConfig = night.settings.section("publish")
    k = night.settings.section("recommend").k
    last = published.last_before(night.lake, night.date)
    facts = measure(night, lists, k)
    facts["churn"] = churn(night, lists, last, k)
    night.report(checks=facts)
    if reasons := problems(facts, last, night.version(USERS).rows + 1, config):
        pointed = published.current(night.lake)
        keeps = f"run={pointed['run']}" if pointed else "nothing yet"
        head = (
            f"{night.date} run={night.run} is not published; the storefront keeps {keeps}; "
            f"the lists stay at {night.lake.path(lists.folder)}"
        )
        raise NotPublished("\n  ".join([head, *reasons]))
    return facts
