"""Says whether a receipt of an erasure is genuine, and whether it is about a person.

The exit status is 65 where it is not. Without --public-key the job trusts the key that the receipt itself names.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from jobs.common.erased_people import KEY_VARIABLE, erasure_key
from jobs.privacy.erasure import names_of_receipt
from jobs.privacy.id_list import given_ids
from jobs.privacy.receipt import BadReceipt, verified


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("receipt", help="the JSON file, such as LAKE/erased/receipts/001.json")
    parser.add_argument("--public-key", default="", help="64 hex digits, as `forget` prints them")
    parser.add_argument("--user", help="also ask whether the receipt is about this account; needs the key of the list")


def main(args: argparse.Namespace) -> int:
    if not Path(args.receipt).is_file():
        raise FileNotFoundError(
            f"there is no file {args.receipt}; give a receipt, such as LAKE/erased/receipts/001.json"
        )
    try:
        receipt = json.loads(Path(args.receipt).read_text("utf-8"))
    except ValueError:
        raise BadReceipt(f"{args.receipt} is not JSON; give the file that `forget` wrote") from None
    facts = verified(receipt, args.public_key.strip().casefold())
    if not {"people", "files", "check"} <= set(facts):
        raise BadReceipt(f"{args.receipt} is signed, but it is no receipt of an erasure; give the file of `forget`")
    print(f"{args.receipt} is genuine: signed by {facts['public_key']}, unchanged since")
    print(f"  {len(facts['people'])} people, {len(facts['files'])} files, check: {facts['check']}")
    if args.user is not None:
        (account,) = given_ids([args.user])
        if not names_of_receipt([account], erasure_key()) <= set(facts["people"]):
            raise BadReceipt(
                f"the receipt is genuine, but it is not about the account {args.user}, or {KEY_VARIABLE} is another "
                "key than at the time of the erasure"
            )
        print(f"  it is about the account {args.user}")
    return 0
