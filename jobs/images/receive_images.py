"""Reads the pictures that are new or changed -> images, refused_images and packs of clean pictures.

The mapping's [images] names all pictures of the shop. A file of the same size and time as last night is not opened. A
file with a new time but the same bytes has the same digest and counts as unchanged. So does a picture whose host does
not answer tonight: last night's stays. Every name that arrives has one outcome: received = kept + unchanged + refused.
A picture that the drop no longer names is not in tonight's tables.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from jobs.images.config import ImagesConfig
from jobs.images.named_files import Named, NoList, named_pictures
from jobs.images.picture_files import PictureFiles, is_url, leaves_drop
from jobs.images.receiving import NOT_REACHED, UNCHANGED, Reader, limits_name, read_new
from jobs.runtime.night import Night
from models.images.reading import PictureRefused
from schemas.arrow import arrow_schema
from schemas.picture_reasons import READ_REASONS
from schemas.tables import IMAGES, ITEMS, REFUSED_IMAGES

Row = dict[str, Any]


@dataclass(frozen=True)
class Before:
    """Last night's rows. kept, refused: source -> its row of IMAGES or REFUSED_IMAGES; pictures: picture -> a row of
    IMAGES; rows: all rows of IMAGES."""

    kept: dict[str, Row]
    refused: dict[str, Row]
    pictures: dict[str, Row]
    rows: list[Row]


def main(night: Night) -> None:
    spec = night.source.images
    if spec is None or not spec.has_pictures:
        _write(night, [], [])
        night.report(received=0)
        return
    config: ImagesConfig = night.settings.section("images")
    limits = night.settings.section("pictures")
    before = _before(night)
    files = PictureFiles(night.raw, config.hosts, config.fetch_seconds, limits.max_bytes)
    reader = Reader(files, limits, frozenset(before.pictures))
    item_ids = night.versions(ITEMS).tonight().arrow(["item_id"])["item_id"].combine_chunks()
    try:
        named = named_pictures(night, spec, reader.files, item_ids)
    except NoList as missing:
        _carry_over(night, before, f"{missing}; last night's pictures are kept")
        return
    if removed := _too_many_removed(named, before, config):
        _carry_over(night, before, removed)
        return
    _receive(night, config, reader, before, named, set(item_ids.to_pylist()))


def _receive(
    night: Night, config: ImagesConfig, reader: Reader, before: Before, named: list[Named], item_ids: set[str]
) -> None:
    refused = list(_refused_by_name(named, item_ids, reader.files, config.per_item))
    unread = {(row["item_id"], row["source_file"]) for row in refused}
    readable = [picture for picture in named if (picture.item_id, picture.source) not in unread]
    outcomes, new_sources = _outcomes(night, config, reader, before, [picture.source for picture in readable])
    images: list[Row] = []
    places: Counter[str] = Counter()
    pictures: set[tuple[str, str]] = set()
    for picture in readable:
        outcome = outcomes[picture.source]
        if outcome.get("reason"):
            refused.append({**outcome, "item_id": picture.item_id, "source_file": picture.source})
        elif (picture.item_id, outcome["picture"]) in pictures:
            detail = "the item has the same picture under another name"
            refused.append(
                {"item_id": picture.item_id, "source_file": picture.source, "reason": "repeated", "detail": detail}
            )
        else:
            pictures.add((picture.item_id, outcome["picture"]))
            places[picture.item_id] += 1
            images.append(
                {**outcome, "item_id": picture.item_id, "source_file": picture.source, "place": places[picture.item_id]}
            )
    _write(night, images, refused)
    n_new = sum(row["source_file"] in new_sources for row in images)
    reasons = Counter(row["reason"] for row in refused)
    night.report(
        received=len(named), kept=n_new, unchanged=len(images) - n_new, refused=dict(reasons), items=len(places),
        removed=len({row["source_file"] for row in before.rows} - {picture.source for picture in named}),
    )  # fmt: skip
    night.log.info(
        "%d pictures received = %d kept + %d unchanged + %d refused; %d items have pictures",
        len(named), n_new, len(images) - n_new, len(refused), len(places),
    )  # fmt: skip


def _outcomes(
    night: Night, config: ImagesConfig, reader: Reader, before: Before, sources: list[str]
) -> tuple[dict[str, Row], set[str]]:
    """(source -> its outcome, the sources whose picture is new)."""
    suffix = f" {limits_name(reader.limits)}"
    outcomes: dict[str, Row] = {}
    todo: list[tuple[str, str | None]] = []
    tags = reader.files.tags(sources)
    for source in dict.fromkeys(sources):
        last = before.kept.get(source) or before.refused.get(source)
        same_limits = last is not None and (last["fingerprint"] or "").endswith(suffix)
        if not is_url(source) and tags[source] is None:
            outcomes[source] = {"reason": "missing_file", "detail": "no such file in the drop"}
        elif last and same_limits and f"{tags.get(source)}{suffix}" == last["fingerprint"]:
            outcomes[source] = last
        else:
            known_tag = last["fingerprint"].removesuffix(suffix) if last and same_limits and is_url(source) else None
            todo.append((source, known_tag))
    new_sources: set[str] = set()
    unreached = 0
    for row in read_new(night, reader, todo, config.spark_from):
        source, fingerprint = row["source"], f"{row['tag'] or ''}{suffix}"
        if row["reason"] == UNCHANGED:
            outcomes[source] = before.kept.get(source) or before.refused[source]
        elif row["reason"] == NOT_REACHED:
            unreached += source in before.kept
            outcomes[source] = before.kept.get(source) or {"reason": "not_fetched", "detail": row["detail"]}
        elif (same_picture := before.pictures.get(row["picture"] or "")) is not None:  # touched, renamed, or sent again
            outcomes[source] = {**same_picture, "fingerprint": fingerprint}
        else:
            outcomes[source] = {**row, "fingerprint": fingerprint}
            new_sources.add(source)
    night.report(read=len(todo), unreached=unreached)
    if unreached:
        night.log.warning("the hosts of %d pictures do not answer; last night's pictures are kept", unreached)
    return outcomes, new_sources


def _refused_by_name(named: list[Named], item_ids: set[str], files: PictureFiles, per_item: int) -> Iterator[Row]:
    """Refusals that need no bytes: rows of REFUSED_IMAGES."""
    count: Counter[str] = Counter()
    for item, source, _ in named:
        row: Row = {"item_id": item, "source_file": source}
        if item not in item_ids:
            yield row | {"reason": "unknown_item", "detail": f"no item {item[:100]!r} in the catalogue"}
            continue
        try:
            if is_url(source):
                files.check_host(source)
            elif leaves_drop(source):
                files.check_path(source)
        except PictureRefused as refused:
            yield row | {"reason": refused.reason, "detail": refused.detail}
            continue
        count[item] += 1
        if count[item] > per_item:
            yield row | {
                "reason": "too_many_pictures",
                "detail": f"number {count[item]} of the item; {per_item} are kept",
            }


def _too_many_removed(named: list[Named], before: Before, config: ImagesConfig) -> str:
    """Why tonight's names look incomplete, as a message; empty where they do not."""
    last = {row["source_file"] for row in before.rows}
    missing_count = len(last - {picture.source for picture in named})
    if not last or missing_count <= config.max_removed_share * len(last):
        return ""
    return (
        f"{missing_count:,} of {len(last):,} pictures are gone, more than images.max_removed_share = "
        f"{config.max_removed_share:g}: the drop looks truncated; last night's pictures are kept"
    )


def _before(night: Night) -> Before:
    images = night.versions(IMAGES).previous().arrow().to_pylist()
    refused = night.versions(REFUSED_IMAGES).previous().arrow().to_pylist()
    return Before(
        kept={row["source_file"]: row for row in images},
        refused={row["source_file"]: row for row in refused if row["reason"] in READ_REASONS},
        pictures={row["picture"]: row for row in images},
        rows=images,
    )


def _carry_over(night: Night, before: Before, why: str) -> None:
    night.log.warning("%s", why)
    night.report(received=0, kept=0, unchanged=0, refused={}, carried_over=why)
    _write(night, before.rows, [])


def _write(night: Night, images: list[Row], refused: list[Row]) -> None:
    for table, rows in ((IMAGES, images), (REFUSED_IMAGES, refused)):
        columns = [{name: row.get(name) for name in table.names} for row in rows]
        night.write_arrow(table, pa.Table.from_pylist(columns, arrow_schema(table)))
