"""schemas/README.md agrees with the declarations."""

from __future__ import annotations

from pathlib import Path

import pytest

from jobs.__main__ import main
from schemas.rejection_reasons import READ_REASONS
from schemas.table import Column, Table
from schemas.table_pages import PAGES, reasons_page, splice, table_page, tables_page, update
from schemas.tables import RECOMMENDATIONS, STORED

README = Path(__file__).resolve().parents[3] / "schemas" / "README.md"
EMPTY = "".join(f"# {name}\n<!-- {name}:begin -->\n<!-- {name}:end -->\n" for name in PAGES) + "the end\n"


def test_the_readme_is_up_to_date() -> None:
    assert main(["describe_tables", "--check", str(README)]) == 0


def test_every_stored_table_and_every_reason_is_on_a_page() -> None:
    assert [t.name for t in STORED if t.name not in tables_page()] == []
    assert [name for name in READ_REASONS if f"`{name}`" not in reasons_page()] == []


def test_published_tables_show_every_column() -> None:
    assert [c for c in RECOMMENDATIONS.names if f"| `{c}` |" not in tables_page()] == []


def test_every_row_of_a_page_has_as_many_cells_as_its_head() -> None:
    for page in PAGES.values():
        for block in page().split("\n\n"):
            bars = {line.replace("\\|", "").count("|") for line in block.splitlines() if line.startswith("|")}
            assert len(bars) <= 1, block


def test_rules_stand_beside_the_meaning_and_a_bar_stays_in_its_cell() -> None:
    column = Column("share", "float32", "Part | whole.", nullable=True, min=0, max=1)
    kind = Column("kind", "string", "What.", one_of=("a", "b"))
    page = table_page(Table("facts", grain="one fact", key=("kind",), columns=(column, kind), readers="people"))
    assert "| `share` | float32, null | Part \\| whole. 0 to 1. |" in page
    assert "| `kind` | string | What. One of `a`, `b`. |" in page


def test_a_second_update_changes_nothing_and_the_text_around_stays() -> None:
    once = update(EMPTY)
    assert once != EMPTY
    assert update(once) == once
    assert once.startswith("# tables\n<!-- tables:begin -->\n")
    assert once.endswith("<!-- reasons:end -->\nthe end\n")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nothing", "saw it 0 times"),
        ("<!-- a:begin --><!-- a:end --><!-- a:end -->", "saw it 2 times"),
        ("<!-- a:end --><!-- a:begin -->", "exchange them"),
    ],
)
def test_wrong_markers_are_refused(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        splice(text, "a", "page")


def test_check_fails_on_an_old_page_and_write_repairs_it(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(EMPTY, "utf-8")
    assert main(["describe_tables", "--check", str(page)]) == 1
    assert page.read_text("utf-8") == EMPTY
    assert main(["describe_tables", "--write", str(page)]) == 0
    assert main(["describe_tables", "--check", str(page)]) == 0


def test_one_table_is_printed_by_name_and_an_unknown_one_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["describe_tables", "interest"]) == 0
    assert capsys.readouterr().out.startswith("### interest\n")
    with pytest.raises(ValueError, match="no table nosuch; there are raw_events"):
        main(["describe_tables", "nosuch"])
