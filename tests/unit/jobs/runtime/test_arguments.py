"""Wrong arguments are refused with a clear message, before anything is read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from jobs.__main__ import main
from jobs.runtime.arguments import out_file
from jobs.runtime.settings import load_settings


@pytest.mark.parametrize("job", ["describe_night", "export_prices", "preview_campaigns", "choose_offers"])
def test_a_date_is_written_one_way(job: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([job, "--date", "6.1.2026", "--lake", "lake"])
    assert "'6.1.2026' is not a date; write it as 2026-01-06" in capsys.readouterr().err


def test_a_file_to_write_has_a_folder_and_an_ending(tmp_path: Path) -> None:
    assert out_file(f"{tmp_path}/prices.csv", ".csv") == tmp_path / "prices.csv"
    with pytest.raises(ValueError, match=r"must end in \.csv or \.parquet; saw 'a\.xls'"):
        out_file("a.xls", ".csv", ".parquet")
    with pytest.raises(FileNotFoundError, match=f"there is no folder {re.escape(str(tmp_path))}/none; make it"):
        out_file(f"{tmp_path}/none/prices.csv", ".csv")


def test_settings_that_are_missing_or_not_toml_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"--config none\.toml: no such file; .*show_settings"):
        load_settings("none.toml", [])
    (tmp_path / "bad.toml").write_text("[recommend\nk = 1")
    with pytest.raises(ValueError, match=r"bad\.toml is not TOML: .*line 1"):
        load_settings(str(tmp_path / "bad.toml"), [])


def test_a_blank_user_is_refused() -> None:
    with pytest.raises(ValueError, match="--user is blank; give an account id, or 'anonymous'"):
        main(["explain", "--user", " ", "--lake", "lake"])
