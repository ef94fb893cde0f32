"""The error for an unusable manifest names the manifest."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.core.manifest import read_manifest, write_manifest
from models.recommenders.als import ALSConfig


def test_a_written_manifest_is_read(tmp_path: Path) -> None:
    write_manifest(tmp_path, "als", ALSConfig(factors=8), items=3)
    config, manifest = read_manifest(tmp_path, ALSConfig)
    assert config == ALSConfig(factors=8)
    assert (manifest["model"], manifest["items"]) == ("als", 3)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"{", r"manifest\.json is not JSON"),
        (b"\xff\xfe", r"manifest\.json is not JSON"),
        (b"null", r"manifest\.json has no settings under 'config': None"),
        (b'{"config": [1]}', r"manifest\.json has no settings under 'config'"),
        (b'{"config": {"nonsense": 1}}', r"manifest\.json.* has no 'nonsense'"),
    ],
)
def test_a_manifest_that_cannot_be_used_is_named(tmp_path: Path, content: bytes, says: str) -> None:
    (tmp_path / "manifest.json").write_bytes(content)
    with pytest.raises(ValueError, match=says):
        read_manifest(tmp_path, ALSConfig)
