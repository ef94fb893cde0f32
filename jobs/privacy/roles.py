"""Who may read what of a lake: roles over folders and keys, as commands for a POSIX box and as bucket policies.

On a POSIX box a folder has one group, and a role is a member of some groups. A night writes with a umask that keeps
others out (`jobs/runtime/umask.py`), and new folders take the group of the folder above. So only operators can read a
new table until the commands run again.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jobs.common.personal_tables import OPEN

# group -> the folders that it may read
_FOLDERS: dict[str, tuple[str, ...]] = {
    "nm_published": ("published",),
    "nm_reports": ("reports",),
    "nm_open_tables": tuple(f"tables/{table.name}" for table in OPEN),
}
OPERATORS = "nm_operators"  # the night runs as one of them, and they may read everything


@dataclass(frozen=True)
class Role:
    """People or programs of one kind, and the `groups` of folders that they may read but never write."""

    name: str
    does: str
    groups: tuple[str, ...]

    @property
    def folders(self) -> tuple[str, ...]:
        """Folders below the lake; the lake itself for operators."""
        if OPERATORS in self.groups:
            return ("",)
        return tuple(folder for group in self.groups for folder in _FOLDERS[group])

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of an encrypted lake that its folders need; operators have the master key instead."""
        return () if OPERATORS in self.groups else tuple(name for name in self.folders if name.startswith("tables/"))


ROLES = (
    Role("storefront", "shows what was published", ("nm_published",)),
    Role("marketer", "reads published texts and audiences, and the night's pages", ("nm_published", "nm_reports")),
    Role("analyst", "reads inner tables without a column about a person", ("nm_open_tables",)),
    Role("operator", "runs nights, forgets people, reads everything", (OPERATORS, *_FOLDERS)),
)


def needed_key(role: Role) -> str:
    """What the role needs beside its groups, where the lake is encrypted."""
    if OPERATORS in role.groups:
        return "the master key, NIGHTMARKET_MASTER_KEY"
    return "a key ring, from show_access --ring, as NIGHTMARKET_KEY_RING" if role.keys else "no key"


def posix_commands(lake: str, gids: Mapping[str, str] | None = None) -> list[str]:
    """Shell commands that root runs once, and again for new tables; `gids` gives groups other names.

    Everybody may enter the lake's folder; only operators may list it.
    """
    names = {group: (gids or {}).get(group, group) for group in (OPERATORS, *_FOLDERS)}
    root = shlex.quote(lake)
    folders = [
        (f"{root}/{folder}", names[group])
        for group, folders_of_group in _FOLDERS.items()
        for folder in folders_of_group
    ]
    elsewhere = " -o ".join(f"-path {path}" for path, _ in folders)
    lines = [] if gids else [f"groupadd --force {name}" for name in names.values()]
    lines.append(f"find {root} \\( {elsewhere} \\) -prune -o {_closed(names[OPERATORS])}")
    lines += [f"chmod o+x {root}", f"if [ -e {root}/tables ]; then chmod o+x {root}/tables; fi"]
    lines += [f"if [ -e {path} ]; then find {path} {_closed(group)}; fi" for path, group in folders]
    return lines


def bucket_policy(bucket: str, prefix: str, account: str) -> str:
    """An AWS bucket policy: each role is an IAM role of the account, named nm_storefront and so on.

    Only the roles that it names may read, and only operators may write. Other stores allow the same rules by prefix.
    """
    arn, below = f"arn:aws:s3:::{bucket}", f"{prefix.strip('/')}/" if prefix.strip("/") else ""
    statements: list[dict[str, Any]] = []
    for role in ROLES:
        who = {"AWS": f"arn:aws:iam::{account}:role/nm_{role.name}"}
        paths = [f"{below}{folder}/*" if folder else f"{below}*" for folder in role.folders]
        actions = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"] if role.name == "operator" else ["s3:GetObject"]
        statements += [
            {"Sid": f"{role.name}Objects", "Effect": "Allow", "Principal": who, "Action": actions,
             "Resource": [f"{arn}/{path}" for path in paths]},
            {"Sid": f"{role.name}Lists", "Effect": "Allow", "Principal": who, "Action": "s3:ListBucket",
             "Resource": arn, "Condition": {"StringLike": {"s3:prefix": paths}}},
        ]  # fmt: skip
    everybody = [f"arn:aws:iam::{account}:role/nm_{role.name}" for role in ROLES]
    statements.append(
        {"Sid": "nobodyElse", "Effect": "Deny", "Principal": "*", "Action": "s3:GetObject",
         "Resource": f"{arn}/{below}*", "Condition": {"StringNotLike": {"aws:PrincipalArn": everybody}}}
    )  # fmt: skip
    return json.dumps({"Version": "2012-10-17", "Statement": statements}, indent=1)


def _closed(group: str) -> str:
    """Arguments of `find`: the owner may write, the group read, others nothing; new files take their folder's group."""
    return f"-exec chgrp {group} {{}} + -exec chmod u=rwX,g=rX,o= {{}} + -type d -exec chmod g+s {{}} +"
