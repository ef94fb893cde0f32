"""jobs.runtime.registry: a job's name -> its module."""

from __future__ import annotations

from pathlib import Path

import pytest

from jobs.runtime.registry import job_files, module_of


def test_a_job_is_a_module_one_folder_down_that_defines_main(tmp_path: Path) -> None:
    for name, text in (("lists/train.py", "def main(night): ..."), ("lists/helper.py", "def other(): ..."),
                       ("top.py", "def main(night): ...")):  # fmt: skip
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    assert job_files(tmp_path) == {"train": tmp_path / "lists/train.py"}


def test_two_jobs_of_one_name_are_refused(tmp_path: Path) -> None:
    for room in ("lists", "offers"):
        (tmp_path / room).mkdir()
        (tmp_path / room / "choose.py").write_text("def main(night): ...")
    with pytest.raises(RuntimeError, match=r"two jobs are called choose: .*lists/choose.py and .*offers/choose.py"):
        job_files(tmp_path)


def test_a_job_has_its_module() -> None:
    assert module_of("train_als") == "jobs.lists.train_als"
