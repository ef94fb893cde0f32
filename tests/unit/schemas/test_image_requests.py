"""Requests and decisions: what a file contains, and what is refused, with its place in the message."""

import pytest

from schemas.image_requests import RequestError, load_decisions, load_requests

GOOD = """
[[repair]]
item_id = "a"
where = "scratches"
[[repair]]
item_id = "a"
picture = 2
where = [[0.1, 0.2, 0.4, 0.3], [0, 0, 1, 0.5]]
[[repair]]
item_id = "b"
mask = "m.png"
[[recolour]]
item_id = "a"
colour = "Dark Blue"
note = "for spring"
[[background]]
item_id = "b"
colour = "#F2f2f2"
[[recolour]]
item_id = "a"
colour = "Dark Blue"
"""


def test_a_file_is_read_in_its_order_and_what_is_asked_twice_counts_once(tmp_path):
    (tmp_path / "asked.toml").write_text(GOOD)
    requests = load_requests(str(tmp_path / "asked.toml"))
    assert [(request.kind, request.item_id, request.picture) for request in requests] == [
        ("repair", "a", 1), ("repair", "a", 2), ("repair", "b", 1), ("recolour", "a", 1), ("background", "b", 1)
    ]  # fmt: skip
    assert [request.asked for request in requests[:2]] == ["scratches", "0.1 0.2 0.4 0.3; 0 0 1 0.5"]
    assert requests[2].mask == str(tmp_path / "m.png")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[resize]]\nitem_id = 'a'", "has no 'resize'; it has background, recolour, repair"),
        ("[repair]\nitem_id = 'a'", r"'repair' is no list of entries; write \[\[repair\]\]"),
        ("[[repair]]\nitem_id = 'a'", "repair 1 needs one of 'where' and 'mask'"),
        ("[[repair]]\nitem_id = 'a'\nwhere = 'dust'", "where is 'dust'; it is 'scratches' or a list of boxes"),
        ("[[repair]]\nitem_id = 'a'\nwhere = [[0.4, 0, 0.1, 1]]", r"\[0.4, 0, 0.1, 1\] is no box"),
        ("[[repair]]\nitem_id = 'a'\nwhere = [[0, 0, 2, 1]]", "is no box"),
        ("[[recolour]]\nitem_id = 'a'", "recolour 1 needs 'colour', a text; saw None"),
        ("[[recolour]]\ncolour = 'Red'", "recolour 1 needs 'item_id'"),
        ("[[recolour]]\nitem_id = 'a'\ncolour = 'Red'\nsize = 3", "has no 'size'"),
        ("[[recolour]]\nitem_id = 'a'\ncolour = 'Red'\npicture = 0", "picture is 0; it is the picture's number"),
        ("[[background]]\nitem_id = 'a'\ncolour = 'white'", "write a background as #rrggbb"),
        ("repair = [1]", "repair 1 is 1, not an entry"),
        ("[[repair", "is not TOML"),
    ],
)
def test_a_wrong_request_is_refused_with_its_place(tmp_path, text, said):
    (tmp_path / "asked.toml").write_text(text)
    with pytest.raises(RequestError, match=said):
        load_requests(str(tmp_path / "asked.toml"))


def test_decisions_name_a_draft_and_the_bytes_that_were_seen(tmp_path):
    path = tmp_path / "review.toml"
    path.write_text("[[approve]]\ndraft_id='1'\ndraft_hash='x'\nnote='n'\n[[block]]\ndraft_id='2'\ndraft_hash='y'")
    decisions = load_decisions(str(path))
    assert (decisions.approved, decisions.blocked) == ({"1": "x"}, {"2": "y"})
    path.write_text("[[approve]]\ndraft_id='1'")
    with pytest.raises(RequestError, match="approve 1 needs 'draft_hash'"):
        load_decisions(str(path))
    path.write_text("[[approve]]\ndraft_id='1'\ndraft_hash='x'\n[[block]]\ndraft_id='1'\ndraft_hash='x'")
    with pytest.raises(RequestError, match="both approves and blocks 1"):
        load_decisions(str(path))


def test_without_a_file_there_are_no_requests_and_a_missing_file_is_named(tmp_path):
    assert load_requests("") == ()
    assert not load_decisions("").approved
    with pytest.raises(FileNotFoundError, match=r"leave image_drafts\.requests empty"):
        load_requests(str(tmp_path / "none.toml"))
    with pytest.raises(FileNotFoundError, match=r"leave image_drafts.review empty"):
        load_decisions(str(tmp_path / "none.toml"))
