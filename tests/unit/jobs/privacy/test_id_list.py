"""A list of ids is read completely, or the wrong line is named."""

from __future__ import annotations

import pytest

from jobs.privacy.id_list import BadList, read_ids


def test_a_list_is_read() -> None:
    assert read_ids('\ufeffuser_id\r\nu1\r\n"u 2"\r\nu1\r\n'.encode(), "ids.csv") == ["u1", "u 2"]
    assert read_ids(b"17850\n17851", "ids.csv") == ["17850", "17851"]
    assert read_ids(b'"a,b"\r"say ""hi"""\r17850.0\r', "ids.csv") == ["a,b", 'say "hi"', "17850"]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"u1\n\nu2\n", "line 2: it is empty"),
        (b"u1,Anna\n", "line 1: more than one field"),
        (b"u1\nu\t2\n", "line 2: it has a control character"),
        (b'"u1\nu2\n', "line 1: a quotation mark is not closed"),
        ("u1\u2028u2\n".encode(), "line 1: it has a control character"),
        (b"", "has no id"),
        (b"u1\n\xff\xfe\n", "line 2: not UTF-8"),
        (b"u" * 300, "line 1: an id has at most 256 characters, saw 300"),
        (b"user_id\n", "has no id"),
    ],
)
def test_a_wrong_line_is_named(data: bytes, message: str) -> None:
    with pytest.raises(BadList, match=message) as problem:
        read_ids(data, "ids.csv")
    assert "nothing was removed" in str(problem.value)
