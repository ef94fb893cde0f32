"""Says whether a receipt of an erasure is genuine, and whether it is about a person.

Exit status 65 where it is not. Give --public-key, or a key that the receipt itself names is believed.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from jobs.common.erased_people import erasure_key
from jobs.privacy.erasure import names_of_receipt
from jobs.privacy.receipt import BadReceipt, verified


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("receipt", help="the JSON file, such as LAKE/erased/receipts/001.json")
    parser.add_argument("--public-key", default="", help="64 hex digits, as `forget` prints them")
    parser.add_argument("--user", help="also ask whether the receipt is about this account; needs the key of the list")


def main(args: argparse.Namespace) -> int:
    try:
        receipt = json.loads(Path(args.receipt).read_text("utf-8"))
    except ValueError:
        raise BadReceipt(f"{args.receipt} is not JSON; give the file that `forget` wrote") from None
    facts = verified(receipt, args.public_key)
    print(f"{args.receipt} is genuine: signed by {facts['public_key']}, unchanged since")
    print(f"  {len(facts['people'])} people, {len(facts['files'])} files, check: {facts['check']}")
    if args.user:
        if not names_of_receipt([args.user], erasure_key()) <= set(facts["people"]):
            raise BadReceipt(f"the receipt is genuine, but it is not about the account {args.user}")
        print(f"  it is about the account {args.user}")
    return 0
