"""Looks at a folder of unknown files and writes a mapping to start from. It marks lines to check with a `?`.

From names and from values of some rows it guesses: format, delimiter, encoding, dates in file names, which files are
events, items and users, their columns, event types, times, arrays in rows, personal columns. Run `validate_source`
next: it reports what the mapping makes of the files.
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
        seen_files = (
            "; ".join(f"{sample.pattern} ({', '.join(sample.names[:20]) or sample.note})" for sample in all_samples[:5])
            or "no table at all"
        )
        raise FileNotFoundError(
            f"no file in {raw} looks like a log of events (a time, an item and who, in each row); seen: {seen_files}. "
            "Give the folder that holds them, or write the mapping by hand (schemas/sources has some to start from)"
        )
    events = guesses["events"]
    used_paths = {path for guessed in guesses.values() for path in guessed.sample.paths}
    other_files = [
        f"{sample.pattern}{': ' + sample.note if sample.note else ''}"
        for sample in all_samples
        if not used_paths & set(sample.paths)
    ]
    about = {
        which: of_events(events, guess(events.sample, which, opened_array=events.each), which)
        for which in ("items", "users")
    }
    source_name = name or re.sub(r"\W+", "_", Path(raw.rstrip("/")).resolve().name.casefold()).strip("_")
    if source_name in ("raw", "drop", "data", "") and not name:
        source_name = "shop"
    return as_toml(re.sub(r"[^a-z0-9_]", "_", source_name), raw, guesses, other_files, about["items"], about["users"])


def choose(all_samples: list[Sample]) -> dict[str, Guess]:
    """Chooses the files that fit best as events, then from the rest those for items, then those for users."""
    guesses: dict[str, Guess] = {}
    samples_left = [sample for sample in all_samples if sample.rows]
    for which in ("events", "items", "users"):
        key_column = guesses["events"].columns.get(f"{which[:-1]}_id", "") if guesses else ""
        candidates = sorted(
            (guess(sample, which, key_column) for sample in samples_left),
            key=lambda candidate: (-candidate.score, candidate.sample.pattern),
        )
        if candidates and candidates[0].score > 0:
            guesses[which] = candidates[0]
            samples_left = [sample for sample in samples_left if sample is not candidates[0].sample]
        if which == "events" and guesses:
            samples_left = _without_logs(samples_left, guesses["events"])
    if "items" in guesses and _lists_all(guesses["items"]):
        guesses["items"].notes.append("snapshot")
    return guesses


def _without_logs(samples_left: list[Sample], events: Guess) -> list[Sample]:
    """The samples that are not a log of events. Adds a log to the files of `events` if both have the same mapping."""
    without_logs = []
    for sample in samples_left:
        guessed = guess(sample, "events")
        if not {"user_id", "visitor_id"} & guessed.columns.keys() or not guessed.score:
            without_logs.append(sample)
            continue
        log = events.sample
        alike = (log.format, log.delimiter, log.encoding) == (sample.format, sample.delimiter, sample.encoding)
        if (
            alike
            and sample.is_dated == log.is_dated
            and (guessed.columns, guessed.time) == (events.columns, events.time)
        ):
            log.pattern = common(log.pattern, sample.pattern)
            log.paths += sample.paths
            events.event_types += guessed.event_types
    return without_logs


def _lists_all(items: Guess) -> bool:
    """Whether each night's file lists the whole catalogue: the same ids are in several files."""
    ids = items.sample.columns[items.columns["item_id"]]
    return items.sample.is_dated and len(items.sample.paths) > 1 and len(set(map(str, ids))) < 0.6 * len(ids)
