"""Pictures that are new: read, checked, cleaned and packed, by threads of the driver or by Spark's workers.

The pixels of a picture leave this module only in a pack: upright, RGB, and without EXIF or any other metadata of the
file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass

import pyarrow as pa
from pyspark import TaskContext

from jobs.common.picture_packs import PICTURES, PackWriter
from jobs.images.picture_files import NotReached, PictureFiles, Unchanged
from jobs.runtime.lake import Lake
from jobs.runtime.night import Night
from jobs.runtime.threads import usable_cores
from models.images.reading import PictureLimits, PictureRefused, encode_clean, read_picture

_AHEAD = 64  # pictures read at a time, so that only a few are in memory
_ASKED = "source string, tag string"
OUTCOMES = pa.schema(
    [
        ("source", pa.string()),
        ("tag", pa.string()),
        ("reason", pa.string()),  # null: the picture is kept
        ("detail", pa.string()),
        ("picture", pa.string()),
        ("pack", pa.string()),
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("format", pa.string()),
    ]
)
_DDL = ", ".join(f"{field.name} {'int' if pa.types.is_int32(field.type) else 'string'}" for field in OUTCOMES)
# In column `reason`: the host says that the picture is unchanged, or does not answer tonight.
UNCHANGED, NOT_REACHED = "unchanged", "not_reached"


@dataclass(frozen=True)
class Reader:
    """Everything that reading one picture needs; it can be sent to a worker. known: names of pictures that are packed
    already, which are not decoded again."""

    files: PictureFiles
    limits: PictureLimits
    known: frozenset[str] = frozenset()

    def outcome(self, source: str, tag: str | None) -> tuple[dict[str, object], bytes | None]:
        """(a row of OUTCOMES without its pack, the clean bytes or None); of a known picture only its name and tag."""
        row: dict[str, object] = dict.fromkeys(OUTCOMES.names) | {"source": source, "tag": tag}
        try:
            data, row["tag"] = self.files.read(source, tag)
            name = picture_name(data, self.limits)
            if name in self.known:
                return row | {"picture": name}, None
            picture = read_picture(data, self.limits)
        except Unchanged:
            return row | {"reason": UNCHANGED}, None
        except NotReached as refused:
            return row | {"reason": NOT_REACHED, "detail": refused.detail[:500]}, None
        except PictureRefused as refused:
            return row | {"reason": refused.reason, "detail": refused.detail[:500]}, None
        size = {"width": picture.width, "height": picture.height, "format": picture.format}
        return row | {"picture": name, **size}, encode_clean(picture.pixels, self.limits.quality)


def picture_name(data: bytes, limits: PictureLimits) -> str:
    """The name of a picture: a digest of its bytes and of the settings that decide how it is stored."""
    return hashlib.sha256(limits_name(limits).encode() + data).hexdigest()[:40]


def limits_name(limits: PictureLimits) -> str:
    return hashlib.sha256(repr(sorted(asdict(limits).items())).encode()).hexdigest()[:8]


def read_new(night: Night, reader: Reader, todo: list[tuple[str, str | None]], spark_from: int) -> list[dict]:
    """Rows of OUTCOMES for each (source, known tag) of `todo`; kept pictures are in packs of this run.

    From `spark_from` pictures on, Spark's workers share the work; fewer are read before Spark would have started.
    """
    if len(todo) < spark_from:
        return list(_read_here(night, reader, todo))
    parts = max(2, min(len(todo) // 500, 8 * night.spark.sparkContext.defaultParallelism))
    frame = night.spark.createDataFrame(todo, _ASKED).repartition(parts)
    root, date, run = night.lake.root, night.date, night.run

    def work(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        rows = ((s, t) for batch in batches for s, t in zip(*(c.to_pylist() for c in batch.columns), strict=True))
        # Two workers may begin with the same picture under two names, such as a shop's picture of "no picture".
        task = TaskContext.get()
        part = f"{task.partitionId() if task else 0:05d}-"
        with PackWriter(Lake(root), PICTURES, date, run, part) as packs:
            outcomes = list(_packed(packs, {}, (reader.outcome(*row) for row in rows)))
        yield from pa.Table.from_pylist(outcomes, OUTCOMES).to_batches()

    return [row.asDict() for row in frame.mapInArrow(work, _DDL).collect()]


def _read_here(night: Night, reader: Reader, todo: list[tuple[str, str | None]]) -> Iterator[dict[str, object]]:
    """Reads with threads, since Pillow releases Python's lock while it decodes."""
    with ThreadPoolExecutor(usable_cores()) as pool, PackWriter(night.lake, PICTURES, night.date, night.run) as packs:
        pack_of: dict[str, str] = {}
        for first in range(0, len(todo), _AHEAD):
            part = todo[first : first + _AHEAD]
            yield from _packed(packs, pack_of, pool.map(lambda source_and_tag: reader.outcome(*source_and_tag), part))


def _packed(
    packs: PackWriter, pack_of: dict[str, str], outcomes: Iterable[tuple[dict[str, object], bytes | None]]
) -> Iterator[dict[str, object]]:
    """The outcomes, each with its pack; a picture with two names is packed once. pack_of: picture -> its pack."""
    for row, clean in outcomes:
        if clean is not None:
            name = str(row["picture"])
            if name not in pack_of:
                pack_of[name] = packs.add(name, clean)
            row["pack"] = pack_of[name]
        yield row
