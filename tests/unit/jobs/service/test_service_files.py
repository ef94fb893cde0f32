"""Files of customer service as shops write them: every row is kept or rejected with its reason, never both."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jobs.runtime.lake import Lake
from jobs.runtime.night import Night
from jobs.runtime.settings import Settings
from jobs.service.service_files import Received, received

DAY = dt.date(2026, 1, 1)
HEAD = "policy_id,language,title,text,from,to\n"
EVENTS = '[events]\nfiles = "{date}/e.csv"\ntime = { column = "at" }\n[events.columns]\n' + "".join(
    f'{name} = "{name}"\n' for name in ("user_id", "event_type", "item_id")
)
POLICIES = (
    '[policies]\nfiles = "{date}/*.csv"\n[policies.columns]\ntitle = "title"\nvalid_from = "from"\nvalid_to = "to"\n'
)


def read(tmp_path: Path, which: str, mapping: str, top: str = "", **files: bytes | str) -> Received | None:
    folder = tmp_path / "raw" / str(DAY)
    folder.mkdir(parents=True)
    for name, data in files.items():
        (folder / name.replace("_", ".")).write_bytes(data.encode() if isinstance(data, str) else data)
    source = tmp_path / "shop.toml"
    source.write_text(f'name = "shop"\n{top}{EVENTS}{mapping}', "utf-8")
    night = Night(DAY, Lake(str(tmp_path / "lake")), "001", Settings(), str(source), str(tmp_path / "raw"))
    return received(night, which)


def reasons(outcome: Received | None) -> list[tuple[str | None, str]]:
    assert outcome is not None
    return [(row["row_id"], row["reason"]) for row in outcome.rejected]


def test_every_row_is_kept_or_rejected(tmp_path: Path) -> None:
    rows = [
        "a,en,T,Text,,",
        "b,en,T,,,",
        ",en,T,Text,,",
        f"{'x' * 300},en,T,Text,,",
        "c,,T,Text,,",
        "d,en,T",
        "e,en,,水,,",
    ]
    outcome = read(tmp_path, "policies", POLICIES, p_csv=HEAD + "\n".join(rows))
    assert outcome is not None
    assert [row["policy_id"] for row in outcome.rows] == ["a", "e"]
    expected = [
        ("b", "missing_text"),
        (None, "bad_id"),
        (None, "bad_id"),
        ("c", "missing_language"),
        (None, "malformed_row"),
    ]
    assert reasons(outcome) == expected


def test_the_same_policy_twice_counts_once(tmp_path: Path) -> None:
    outcome = read(tmp_path, "policies", POLICIES, p_csv=HEAD + "a,en,T,Text,,\n", q_csv=HEAD + "a,en,T,Text,,\n")
    assert reasons(outcome) == [("a", "duplicate")]


@pytest.mark.parametrize(
    "other", ["a,en,T,Other,,", "a,zh,T,Text,,", "a,en,T,Text,2026-01-01,", "a,en,T,Text,,2026-01-09"]
)
def test_policies_that_differ_under_one_id_are_all_refused(tmp_path: Path, other: str) -> None:
    outcome = read(tmp_path, "policies", POLICIES, p_csv=f"{HEAD}a,en,T,Text,,\n{other}\nb,en,T,Text,,\n")
    assert outcome is not None
    assert [row["policy_id"] for row in outcome.rows] == ["b"]
    assert reasons(outcome) == [("a", "contested_id")] * 2


def test_bytes_that_are_no_text_break_nothing(tmp_path: Path) -> None:
    data = b"\xef\xbb\xbf" + HEAD.encode() + b'a,en,T,"\xff\x00 <b>two\nlines</b>",,\n'
    outcome = read(tmp_path, "policies", POLICIES, p_csv=data)
    assert outcome is not None
    assert [row["text"] for row in outcome.rows] == ["\ufffd <b>two\nlines</b>"]


def test_a_field_that_is_too_long_costs_its_own_row(tmp_path: Path) -> None:
    rows = f"a,en,T,Text,,\nb,en,T,{'x' * (16 * 2**20 + 1)},,\nc,en,T,Text,,\n"
    outcome = read(tmp_path, "policies", POLICIES, p_csv=HEAD + rows)
    assert outcome is not None
    assert [row["policy_id"] for row in outcome.rows] == ["a", "c"]
    assert reasons(outcome) == [(None, "malformed_row")]


@pytest.mark.parametrize(
    ("rows", "kept"),
    [
        ('1,"hello,ann\n2,"text",bob\n3,fine,cyd\n', [("2", "text", "bob"), ("3", "fine", "cyd")]),
        ('1,fine,ann\n2,"hello,bob\n3,last,cyd\n', [("1", "fine", "ann"), ("3", "last", "cyd")]),
        ('1,"two\nlines",ann\n2,"so" ,bob\n', [("1", "two\nlines", "ann"), ("2", "so", "bob")]),
    ],
)
def test_an_open_quotation_mark_joins_no_customers(tmp_path: Path, rows: str, kept: list[tuple[str, ...]]) -> None:
    mapping = '[questions]\nfiles = "{date}/q.csv"\n[questions.columns]\nuser_id = "user"\n'
    outcome = read(tmp_path, "questions", mapping, q_csv="question_id,text,user\n" + rows)
    assert outcome is not None
    assert [(row["question_id"], row["text"], row["user_id"]) for row in outcome.rows] == kept
    assert reasons(outcome) == [(None, "malformed_row")] * (rows.count("\n") - len(kept) - rows.count("two\n"))


def test_a_missing_column_is_named_with_its_file(tmp_path: Path) -> None:
    with pytest.raises(
        ValueError, match=r"p\.csv lacks 'from', 'to', which the mapping names; it has .* correct `columns`"
    ):
        read(tmp_path, "policies", POLICIES, p_csv="policy_id,language,title,text\na,en,T,Text\n")


def test_no_file_is_no_input_and_an_empty_one_is_an_error(tmp_path: Path) -> None:
    assert read(tmp_path, "policies", POLICIES) is None
    assert read(tmp_path / "none", "policies", "") is None
    with pytest.raises(ValueError, match="lacks 'policy_id'"):
        read(tmp_path / "empty", "policies", POLICIES, p_csv="")


def test_lines_of_json_that_are_not_objects_are_malformed(tmp_path: Path) -> None:
    good = {"question_id": 7, "text": "half \ud83d"}
    lines = [
        "[]",
        "{",
        '{"question_id": ' + "9" * 5_000 + "}",
        "[" * 100_000,
        "null",
        json.dumps(good),
        '{"question_id": "8"}',
    ]
    mapping = '[questions]\nfiles = "{date}/q.jsonl"\nformat = "jsonl"\n'
    outcome = read(tmp_path, "questions", mapping, q_jsonl="\n".join(lines))
    assert outcome is not None
    assert [(row["question_id"], row["text"]) for row in outcome.rows] == [("7", "half ?"), ("8", "")]
    assert reasons(outcome) == [(None, "malformed_row")] * 5


def test_of_questions_with_one_id_the_first_counts(tmp_path: Path) -> None:
    mapping = '[questions]\nfiles = "{date}/q.csv"\n'
    outcome = read(tmp_path, "questions", mapping, q_csv="question_id,text\n1,first\n1,second\n1,first\n")
    assert outcome is not None
    assert [row["text"] for row in outcome.rows] == ["first"]
    assert reasons(outcome) == [("1", "duplicate")] * 2


def parquet(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink)
    return sink.getvalue().to_pybytes()


def test_parquet_is_read_with_its_types(tmp_path: Path) -> None:
    mapping = '[questions]\nfiles = "{date}/q.parquet"\nformat = "parquet"\n[questions.columns]\nuser_id = "user"\n'
    table = pa.table({"question_id": [1, 2], "text": ["Red?", None], "user": [float("nan"), 5.0]})
    outcome = read(tmp_path, "questions", mapping, q_parquet=parquet(table))
    assert outcome is not None
    assert [(row["question_id"], row["text"], row["user_id"]) for row in outcome.rows] == [
        ("1", "Red?", None),
        ("2", "", "5"),
    ]
    with pytest.raises(ValueError, match=r"q\.parquet lacks 'user', which the mapping names"):
        read(tmp_path / "less", "questions", mapping, q_parquet=parquet(table.drop_columns(["user"])))
    with pytest.raises(ValueError, match=r"(?s)q\.parquet is no Parquet file .*ask for it again"):
        read(tmp_path / "broken", "questions", mapping, q_parquet=b"PAR1 no")


@pytest.mark.parametrize(("text_ids", "user"), [("", "17"), ('text_ids = ["user_id"]\n', "17.0")])
def test_an_id_is_written_as_the_lake_writes_it(tmp_path: Path, text_ids: str, user: str) -> None:
    """pandas writes a column of whole numbers with a gap as floats; null_tokens are no ids either."""
    mapping = '[questions]\nfiles = "{date}/q.csv"\n[questions.columns]\nuser_id = "user"\nitem_id = "item"\n'
    rows = "question_id,text,user,item\n1.0,a,17.0,1.10\n2.0,b,NULL,\n"
    outcome = read(tmp_path, "questions", mapping, top=f'null_tokens = ["", "NULL"]\n{text_ids}', q_csv=rows)
    assert outcome is not None
    assert [(row["question_id"], row["user_id"], row["item_id"]) for row in outcome.rows] == [
        ("1", user, "1.10"),
        ("2", None, None),
    ]


def test_a_file_without_a_head_shows_no_personal_data_in_the_error(tmp_path: Path) -> None:
    mapping = '[questions]\nfiles = "{date}/q.csv"\n'
    text = "Call me on 13800138000 or write to li.na@mail.example, my name is Li Na"
    with pytest.raises(ValueError, match=r"lacks 'question_id', 'text'.*Call me on \[phone\]") as error:
        read(tmp_path, "questions", mapping, q_csv=f'q1,"{text}"\n')
    assert not [secret for secret in ("138", "li.na", "Li Na") if secret in str(error.value)]


def test_a_rejected_row_never_holds_its_text(tmp_path: Path) -> None:
    outcome = read(
        tmp_path, "policies", POLICIES, p_csv=f"{HEAD}a,en,T,secret one,,\na,en,T,secret two,,\n,en,T,secret,,\n"
    )
    assert outcome is not None
    assert len(outcome.rejected) == 3
    assert "secret" not in json.dumps(outcome.rejected)
