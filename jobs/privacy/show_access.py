"""Prints who may read what of a lake: commands for a POSIX box, or with --bucket a bucket policy.

Nothing is changed: an administrator reads it and runs it. Run it again when a table is new.
"""

from __future__ import annotations

import argparse

from jobs.privacy.roles import ROLES, bucket_policy, posix_commands


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--lake", required=True, help="folder of the lake; with --bucket its path in the bucket")
    parser.add_argument("--bucket", help="name of an S3 bucket")
    parser.add_argument("--account", default="123456789012", help="AWS account of the roles")


def main(args: argparse.Namespace) -> int:
    if args.bucket:
        print(bucket_policy(args.bucket, args.lake, args.account))
        return 0
    for role in ROLES:
        print(f"# {role.name}: {role.does}; usermod -aG {','.join(role.groups)} NAME")
    print("\n".join(posix_commands(args.lake)))
    return 0
