"""Answers one question in the terminal from the tables of the published night, with its sources; for trying out.

It answers as the night does and stores nothing. The text is masked first.
"""

from __future__ import annotations

import argparse
import datetime as dt

from jobs.runtime import published
from jobs.runtime.arguments import add_settings_arguments
from jobs.runtime.lake import Lake
from jobs.runtime.night import Night
from jobs.runtime.settings import load_settings
from jobs.service.answering import Question, answers_of
from jobs.service.desk import Desk
from jobs.service.private_text import masked, order_numbers, order_owners, without_orders
from jobs.service.service_files import Row


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--text", required=True, action="append", help="the question; again: the next turn")
    parser.add_argument("--user", help="account id of who asks, as the lake has it")
    parser.add_argument("--item", help="id of the item that is looked at")
    parser.add_argument("--lake", default="lake", help="folder or URL of the lake; default: lake")
    add_settings_arguments(parser)


def main(args: argparse.Namespace) -> int:
    manifest = published.pointed(Lake(args.lake))
    day, _, run = manifest["run"].rpartition("-")
    night = Night(dt.date.fromisoformat(day), Lake(args.lake), run, load_settings(args.config, args.set))
    desk = Desk.open(night, {args.user} if args.user else set())
    rows = ask(desk, args.text, args.user, args.item)
    for text in args.text:
        print(f"? {masked(text, desk.config).text}")
    for row in rows:
        print("\n".join(lines_of(row)))
    return 0


def ask(desk: Desk, texts: list[str], user: str | None = None, item: str | None = None) -> list[Row]:
    """Rows of SUGGESTED_ANSWERS for the last of the texts, which are turns of one conversation."""
    questions = []
    for number, text in enumerate(texts):
        numbers = set(order_numbers(text))
        owners = order_owners(desk.night, desk.config, numbers) if numbers else {}
        hidden, owner = without_orders(text, owners, user)
        masked_text = masked(hidden, desk.config).text
        questions.append(
            Question(str(number), masked_text, user, item if number == 0 else None, "ask", owner, len(text))
        )
    return [row for row in answers_of(desk, questions) if row["question_id"] == str(len(texts) - 1)]


def lines_of(row: Row) -> list[str]:
    """A suggestion as a person reads it: what to do, the text, and its source."""
    head = row["decision"].replace("_", " ") if row["rank"] == 1 else f"suggestion {row['rank']}"
    reason = f": {row['reason']}" if row["reason"] else ""
    lines = [f"  {head}{reason} (chance {row['chance']:.2f})"]
    if row["answer"]:
        lines.append(f"    {row['answer']}")
        source = f"{row['source_table']} {row['source_id']} {row['source_column'] or ''}".strip()
        lines.append(f"    from {source}, digest {row['source_hash']}, valid until {row['valid_until']:%Y-%m-%d %H:%M}")
    if row["used"]:
        lines.append(f"    used of the account: {row['used']}")
    return lines
