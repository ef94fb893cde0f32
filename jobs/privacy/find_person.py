"""Lists every place of a lake that names a person: decoded, so that nothing hides in a packed page.

Read are the values of Parquet files (also nested ones, dictionaries, statistics and metadata), gzip, zstd, JSON, npz,
safetensors, pages, all other text, and file names. Looked for are the account id, its hash as the lake makes it (with
NIGHTMARKET_HMAC_KEY), and the visitor ids that belong to it alone. An id within another's is not a find. An id of
digits alone is looked for where ids stand, not in running text. Exit status 0 where nothing is found, 1 where something
is.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter

from jobs.privacy.erasure import find, whole_people
from jobs.privacy.id_list import given_ids
from jobs.privacy.lake_files import Found, lake_at


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--lake", required=True, help="folder or URL of the lake")
    parser.add_argument("--user", action="append", required=True, help="account id; several times for several")
    parser.add_argument("--source", default="", help="mapping of the raw files, where it is not a shipped one")
    parser.add_argument("--json", action="store_true", help="print the places as JSON")


def main(args: argparse.Namespace) -> int:
    lake = lake_at(args.lake)
    people = whole_people(lake, given_ids(args.user))
    found = find(lake, people, args.source)
    if args.json:
        print(json.dumps([{"path": f.path, "place": f.place, "found": f.edit.found} for f in found], indent=1))
    else:
        print(page(", ".join(args.user), len(people.bound), found))
    return 1 if found else 0


def page(who: str, bound: int, found: list[Found]) -> str:
    """A line for each kind of place, then one for each file."""
    own = f" (with {bound} visitor ids and questions of its own)" if bound else ""
    if not found:
        return f"{who}{own}: found nowhere"
    places = Counter(one.place for one in found)
    lines = [f"{who}{own}: {len(found)} files, {len(places)} kinds of places"]
    lines += [f"  {place:44} {files:5} files" for place, files in sorted(places.items())]
    lines += [f"    {one.path}: {', '.join(f'{w} {n}' for w, n in one.edit.found.items())}" for one in found]
    return "\n".join(lines)
