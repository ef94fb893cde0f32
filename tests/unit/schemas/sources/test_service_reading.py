"""What a mapping may have under policies, questions and replies."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.sources.mapping import MappingError
from schemas.sources.service_reading import service_input


def test_columns_that_are_not_named_have_our_names() -> None:
    spec = service_input(
        "policies", {"files": "p.csv", "language": "en", "columns": {"text": "body", "valid_to": "end"}}
    )
    assert spec.columns == {"policy_id": "policy_id", "text": "body", "valid_to": "end"}
    assert service_input("questions", {"files": "q.csv"}).columns == {"question_id": "question_id", "text": "text"}


@pytest.mark.parametrize(
    ("which", "raw", "says"),
    [
        ("policies", [], "must be a table"),
        ("policies", {}, "has no files; write for example"),
        ("policies", {"files": 7}, "files must be a text"),
        ("policies", {"file": "x"}, "has no 'file'"),
        ("policies", {"files": "../x.csv"}, "may not leave it"),
        ("policies", {"files": "/etc/x.csv"}, "may not leave it"),
        ("policies", {"files": "{day}.csv"}, "only {date} is known"),
        ("policies", {"files": "x", "format": "xml"}, "there are csv, jsonl, parquet"),
        ("policies", {"files": "x", "delimiter": ";;"}, "must be one character"),
        ("policies", {"files": "x", "delimiter": ""}, "must be one character"),
        ("policies", {"files": "x", "format": "jsonl", "delimiter": ";"}, "only csv files have"),
        ("policies", {"files": "x", "encoding": "utf-9"}, "encoding 'utf-9' is unknown"),
        ("policies", {"files": "x", "columns": {"colour": "c"}}, "has no 'colour'"),
        ("policies", {"files": "x", "columns": ["text"]}, "must be a table of ours = theirs"),
        ("questions", {"files": "x", "language": "en"}, "has no 'language'"),
        ("replies", {"files": "x", "columns": {"text": 7}}, "must be a table of ours = theirs"),
    ],
)
def test_a_mistake_is_refused_by_name(which: str, raw: Any, says: str) -> None:
    with pytest.raises(MappingError, match=rf"\[{which}.*{says}"):
        service_input(which, raw)
