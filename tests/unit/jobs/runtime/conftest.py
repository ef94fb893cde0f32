"""A lake of each kind."""

from __future__ import annotations

from pathlib import Path

import pytest

from jobs.runtime.lake import Lake
from tests.object_store import new_root


@pytest.fixture(params=["a folder", "an object store"])
def lake(request: pytest.FixtureRequest, tmp_path: Path) -> Lake:
    if request.param == "a folder":
        return Lake(str(tmp_path / "lake"))
    request.getfixturevalue("s3")
    return Lake(new_root())
