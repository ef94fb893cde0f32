"""Runs a whole night in one process: the same jobs, in the same order, as the Airflow DAG `nightly`."""

from __future__ import annotations

import argparse
import importlib
import time
from typing import Any

from jobs.runtime.night import Night

# (job, its own options); the DAG has the same, and a test compares the two.
ORDER: tuple[tuple[str, dict[str, Any]], ...] = (
    ("receive_drop", {}),
    ("clean_events", {}),
    ("update_catalogue", {}),
    ("check_tables", {"stage": "clean"}),
    ("update_interest", {}),
    ("build_features", {}),
    ("update_profiles", {}),
    ("check_tables", {"stage": "features"}),
    ("rank_popular_items", {}),
    ("find_bought_together", {}),
    ("train_als", {}),
    ("train_lstm", {}),
    ("train_copywriter", {}),
    ("train_ranker", {}),
    ("segment_users", {}),
    ("predict_purchases", {}),
    ("suggest_prices", {}),
    ("recommend_items", {}),
    ("choose_offers", {}),
    ("find_audiences", {}),
    ("write_copy", {}),
    ("judge_lists", {}),
    ("judge_experiments", {}),
    ("check_tables", {"stage": "lists"}),
    ("publish_night", {}),
    ("prune_lake", {}),
)
_CHANGES_THE_STOREFRONT = ("publish_night", "prune_lake")
NIGHT_OPTIONS = ("dry_run",)


def add_night_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--dry-run", action="store_true", help="everything but publishing")


def main(night: Night, dry_run: bool = False) -> None:
    for job, options in ORDER:
        if dry_run and job in _CHANGES_THE_STOREFRONT:
            continue
        stage = f"{job}_{options['stage']}" if options else job
        night.begin(stage)
        started = time.monotonic()
        with night.reporting():
            importlib.import_module(f"jobs.{job}").main(night, **options)
        night.log.info("%.1f s", time.monotonic() - started)
    night.begin("nightly")
