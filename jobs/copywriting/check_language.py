"""Says what the folder of a language lacks, and shows texts in this language about items of the sample shop.

For each missing thing it names the file, the key and the next step. Where nothing is missing, it writes texts of every
strategy and channel for items of every kind, with all checks, and says for how many briefs a text passed.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections import Counter

from jobs.copywriting.language_sample import Sample, write_sample
from jobs.copywriting.rules import CopyConfig, CopyRules
from jobs.runtime.arguments import add_settings_arguments
from jobs.runtime.settings import load_settings
from schemas.copywriting.language_check import missing_in

GOAL = 0.95  # share of the briefs that must get a text before a language is ready


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--language", required=True, help="its folder, such as de; copy.languages_folder has your own")
    parser.add_argument("--texts", type=int, default=20, help="how many sample texts are shown; default 20")
    add_settings_arguments(parser)


def main(args: argparse.Namespace) -> int:
    config: CopyConfig = load_settings(args.config, args.set).section("copy")
    missing = missing_in(args.language, config.voices, config.languages_folder)
    for line in missing:
        print(line)
    if missing:
        print(
            f"{args.language}: {len(missing)} things are missing; texts can be written once they are there",
            file=sys.stderr,
        )
        return 1
    sample = write_sample(
        CopyRules.load(dataclasses.replace(config, languages=(args.language,), countries=())), args.language
    )
    show(sample, args.texts)
    if sample.share < GOAL:
        print(
            f"{args.language}: fewer than {GOAL:.0%} of the briefs got a text; correct what causes most refusals",
            file=sys.stderr,
        )
        return 1
    return 0


def show(sample: Sample, texts: int) -> None:
    """Prints texts of every strategy in turn, how many briefs got one, and why drafts were refused."""
    for row in sample.evenly(texts):
        print(f"{row['strategy']:22}{row['channel']:9}{row['style']:9}{row['text']}")
    print(f"\n{sample.written} of {sample.briefs} briefs got a text ({sample.share:.1%})")
    for reason, count in Counter(draft.reason for draft in sample.refused).most_common(8):
        example = next(draft for draft in sample.refused if draft.reason == reason)
        print(f"  refused {count:5}  {reason}: {example.detail}  in {example.text!r}")
    for brief in sample.silent[:8]:
        print(f"  no text for {brief.strategy} {brief.channel} {brief.style}, item {brief.item_id}")
