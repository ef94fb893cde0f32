"""Lists every place of a lake that names a person. Every file is decoded, so that no compressed page hides a name.

It reads the values of Parquet files (also nested ones, dictionaries, statistics and metadata), gzip, zstd, JSON, npz,
safetensors, pages, all other text, and file names. It looks for the account id, for the hash that the lake makes of it
(with NIGHTMARKET_HMAC_KEY), and for the visitor ids that belong to this account alone. An id that is part of a longer
id does not count. An id of digits alone, or one that is a word of the lake's own such as `view`, is looked for in
columns of ids, not in running text. The exit status is 0 where nothing is found and 1 where something is.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter

from jobs.privacy.erasure import find, whole_people
from jobs.privacy.id_list import given_ids
from jobs.privacy.lake_files import Hit, lake_at


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--lake", required=True, help="folder or URL of the lake")
    parser.add_argument("--user", action="append", required=True, help="account id; repeat it for several accounts")
    parser.add_argument("--source", default="", help="mapping of the raw files, where it is not a shipped one")
    parser.add_argument("--json", action="store_true", help="print the places as JSON")


def main(args: argparse.Namespace) -> int:
    lake = lake_at(args.lake)
    people = whole_people(lake, given_ids(args.user))
    hits = find(lake, people, args.source)
    if args.json:
        print(json.dumps([{"path": hit.path, "place": hit.place, "found": hit.edit.counts} for hit in hits], indent=1))
    else:
        print(page(", ".join(args.user), len(people.bound), hits))
    return 1 if hits else 0


def page(who: str, bound: int, hits: list[Hit]) -> str:
    """A line for each kind of place, then one for each file."""
    bound_note = f" (with {bound} visitor ids and questions of its own)" if bound else ""
    if not hits:
        return f"{who}{bound_note}: found nowhere"
    places = Counter(hit.place for hit in hits)
    lines = [f"{who}{bound_note}: {len(hits)} files, {len(places)} kinds of places"]
    lines += [f"  {place:44} {files:5} files" for place, files in sorted(places.items())]
    lines += [
        f"    {hit.path}: {', '.join(f'{where} {count}' for where, count in hit.edit.counts.items())}" for hit in hits
    ]
    return "\n".join(lines)
