"""Roles read only their own folders, tested with real accounts; files that jobs write are closed to others."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from jobs.privacy import show_access
from jobs.privacy.roles import OPERATORS, ROLES, bucket_policy, posix_commands
from jobs.runtime.umask import VARIABLE

GIDS = {OPERATORS: "60101", "nm_published": "60102", "nm_reports": "60103", "nm_open_tables": "60104"}
FILES = {
    "published/current.json": {"storefront", "marketer", "operator"},
    "reports/date=2026-01-01/index.html": {"marketer", "operator"},
    "tables/items/date=2026-01-01/run=001/part.parquet": {"analyst", "operator"},
    "tables/interest/date=2026-01-01/run=001/part.parquet": {"operator"},
    "raw/shop/date=2026-01-01/log.csv": {"operator"},
    "models/als/date=2026-01-01/run=001/factors.npz": {"operator"},
    "erased/people.json": {"operator"},
    "lease.json": {"operator"},
}


@pytest.fixture
def lake() -> Iterator[Path]:
    """A lake below a folder that everybody may enter; pytest's own folders are closed."""
    folder = Path(tempfile.mkdtemp(prefix="nightmarket roles "))
    folder.chmod(0o755)
    for name in FILES:
        (folder / "lake" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "lake" / name).write_text("rows")
    yield folder / "lake"
    shutil.rmtree(folder)


def readers(path: Path) -> set[str]:
    """The roles whose account, without other groups, can read the file."""
    names = set()
    for role in ROLES:
        groups = [int(GIDS[group]) for group in role.groups]
        done = subprocess.run(["cat", path], user=60999, group=60999, extra_groups=groups, capture_output=True)
        assert done.stdout == (b"" if done.returncode else b"rows")
        names |= set() if done.returncode else {role.name}
    return names


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as other accounts")
def test_each_role_reads_its_folders_and_gets_no_row_of_others(lake: Path) -> None:
    for _ in range(2):  # the commands may run again
        subprocess.run(["sh", "-ec", "\n".join(posix_commands(str(lake), GIDS))], check=True)
    assert {name: readers(lake / name) for name in FILES} == FILES
    later = lake / "published" / "run=2026-01-02-001"
    code = "import os, sys; os.umask(0o027); os.mkdir(sys.argv[1]); open(sys.argv[1] + '/part', 'w').write('rows')"
    subprocess.run([sys.executable, "-c", code, str(later)], check=True)
    assert readers(later / "part") == FILES["published/current.json"]


def test_a_bucket_policy_names_the_same_folders() -> None:
    policy = json.loads(bucket_policy("shop", "lake", "123456789012"))
    of = {statement["Sid"]: statement for statement in policy["Statement"]}
    assert of["storefrontObjects"]["Resource"] == ["arn:aws:s3:::shop/lake/published/*"]
    assert of["storefrontObjects"]["Action"] == ["s3:GetObject"]
    assert not any("interest" in path for path in of["analystObjects"]["Resource"])
    assert of["operatorObjects"]["Resource"] == ["arn:aws:s3:::shop/lake/*"]
    assert of["nobodyElse"]["Effect"] == "Deny"


@pytest.mark.parametrize("account", [[], ["--account", "12345"]])
def test_a_bucket_policy_is_not_made_for_an_account_that_nobody_gave(account: list[str]) -> None:
    parser = argparse.ArgumentParser()
    show_access.add_arguments(parser)
    with pytest.raises(ValueError, match="the AWS account of the roles, 12 digits"):
        show_access.main(parser.parse_args(["--lake", "lake", "--bucket", "shop", *account]))


def run_job(umask: str, out: Path) -> subprocess.CompletedProcess[str]:
    code = "import sys; from jobs.runtime.umask import keep_others_out as k; k(); open(sys.argv[1], 'w').close()"
    environment = {**os.environ, VARIABLE: umask} if umask else {k: v for k, v in os.environ.items() if k != VARIABLE}
    return subprocess.run([sys.executable, "-c", code, str(out)], env=environment, capture_output=True, text=True)


@pytest.mark.parametrize(("umask", "mode"), [("", 0o640), ("077", 0o600), ("022", 0o644)])
def test_files_are_written_with_the_umask_of_the_environment(umask: str, mode: int, tmp_path: Path) -> None:
    assert run_job(umask, tmp_path / "file").returncode == 0
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == mode


def test_a_umask_that_is_no_octal_number_is_refused(tmp_path: Path) -> None:
    assert "write three octal digits" in run_job("rwx", tmp_path / "file").stderr
