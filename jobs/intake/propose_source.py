"""Looks at a folder of unknown files and writes a mapping to start from; lines to check are marked with a `?`.

Names and values of some rows show: format, delimiter, encoding, dates in file names, which files are events, items and
users, their columns, event types, times, arrays in rows, personal columns. Run `validate_source` next: it reports what
the mapping makes of the files.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

from jobs.intake.drop_folder import Drop
from jobs.intake.source_guess import Guess, guess
from jobs.intake.source_samples import Sample, common, samples
from jobs.intake.source_toml import as_toml, of_events
from jobs.runtime.arguments import out_file


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--raw", required=True, help="folder or URL of the shop's raw files")
    parser.add_argument("--out", help="the TOML file to write; default: print it")
    parser.add_argument("--name", help="name of the source; default: after the folder")


def main(args: argparse.Namespace) -> int:
    target = out_file(args.out, ".toml") if args.out else None
    text = propose(args.raw, args.name)
    if target is None:
        print(text, end="")
    else:
        target.write_text(text, "utf-8")
        print(f"written to {target}: {text.count('# ?')} lines with a ? to check", file=sys.stderr)
        print(f"next: python -m jobs validate_source --source {target} --raw {args.raw}", file=sys.stderr)
    return 0


def propose(raw: str, name: str | None = None) -> str:
    """The mapping as TOML. Raises FileNotFoundError where no file looks like a log of events."""
    all_samples = samples(Drop(raw))
    guesses = choose(all_samples)
    if "events" not in guesses:
        seen = (
            "; ".join(f"{s.pattern} ({', '.join(s.names[:20]) or s.note})" for s in all_samples[:5])
            or "no table at all"
        )
        raise FileNotFoundError(
            f"no file in {raw} looks like a log of events (a time, an item and who, in each row); seen: {seen}. "
            "Give the folder that holds them, or write the mapping by hand (schemas/sources has some to start from)"
        )
    events = guesses["events"]
    used = {path for made in guesses.values() for path in made.sample.paths}
    others = [f"{s.pattern}{': ' + s.note if s.note else ''}" for s in all_samples if not used & set(s.paths)]
    about = {
        which: of_events(events, guess(events.sample, which, each=events.each), which) for which in ("items", "users")
    }
    plain = name or re.sub(r"\W+", "_", Path(raw.rstrip("/")).resolve().name.casefold()).strip("_")
    if plain in ("raw", "drop", "data", "") and not name:
        plain = "shop"
    return as_toml(re.sub(r"[^a-z0-9_]", "_", plain), raw, guesses, others, about["items"], about["users"])


def choose(all_samples: list[Sample]) -> dict[str, Guess]:
    """The files that fit best as events, then of the others as items, then as users."""
    guesses: dict[str, Guess] = {}
    left = [sample for sample in all_samples if sample.rows]
    for which in ("events", "items", "users"):
        key = guesses["events"].columns.get(f"{which[:-1]}_id", "") if guesses else ""
        made = sorted((guess(sample, which, key) for sample in left), key=lambda g: (-g.score, g.sample.pattern))
        if made and made[0].score > 0:
            guesses[which] = made[0]
            left = [sample for sample in left if sample is not made[0].sample]
        if which == "events" and guesses:
            left = _without_logs(left, guesses["events"])
    if "items" in guesses and _lists_all(guesses["items"]):
        guesses["items"].notes.append("snapshot")
    return guesses


def _without_logs(left: list[Sample], events: Guess) -> list[Sample]:
    """The samples that are no log of events. A log that reads exactly as `events` does is added to its files."""
    rest = []
    for sample in left:
        other = guess(sample, "events")
        if not {"user_id", "visitor_id"} & other.columns.keys() or not other.score:
            rest.append(sample)
            continue
        ours = events.sample
        alike = (ours.format, ours.delimiter, ours.encoding) == (sample.format, sample.delimiter, sample.encoding)
        if alike and sample.is_dated == ours.is_dated and (other.columns, other.time) == (events.columns, events.time):
            ours.pattern = common(ours.pattern, sample.pattern)
            ours.paths += sample.paths
            events.event_types += other.event_types
    return rest


def _lists_all(items: Guess) -> bool:
    """Whether each night's file lists the whole catalogue: the same ids are in several files."""
    ids = items.sample.columns[items.columns["item_id"]]
    return items.sample.is_dated and len(items.sample.paths) > 1 and len(set(map(str, ids))) < 0.6 * len(ids)
