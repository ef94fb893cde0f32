"""Prints who may read what of a lake: commands for a POSIX box, a bucket policy (--bucket), or a role's keys (--ring).

Nothing is changed: an administrator reads it and runs it. Run it again when a table is new.
"""

from __future__ import annotations

import argparse
import re

from jobs.privacy.lake_files import lake_at
from jobs.privacy.roles import ROLES, bucket_policy, needed_key, posix_commands
from jobs.runtime.lake import json_text
from jobs.runtime.lake_keys import ring_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--lake", required=True, help="folder of the lake; with --bucket its path in the bucket")
    parser.add_argument("--bucket", help="name of an S3 bucket")
    parser.add_argument(
        "--ring", choices=[role.name for role in ROLES if role.keys], help="print the keys of a role, for its key ring"
    )
    parser.add_argument("--account", help="AWS account of the roles, 12 digits; needed with --bucket")


def main(args: argparse.Namespace) -> int:
    if args.bucket:
        if not re.fullmatch(r"\d{12}", args.account or ""):
            fault = f"'{args.account}' is not" if args.account else "needs"
            raise ValueError(
                f"--bucket: --account {fault} the AWS account of the roles, 12 digits, such as "
                "`aws sts get-caller-identity --query Account` prints; no policy was made"
            )
        print(bucket_policy(args.bucket, args.lake, args.account))
        return 0
    if args.ring:
        (role,) = (role for role in ROLES if role.name == args.ring)
        print(json_text(ring_of(lake_at(args.lake), role.keys)))
        return 0
    for role in ROLES:
        print(f"# {role.name}: {role.does}; usermod -aG {','.join(role.groups)} NAME")
        print(f"#   of an encrypted lake: {needed_key(role)}")
    print("\n".join(posix_commands(args.lake)))
    return 0
