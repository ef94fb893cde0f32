"""An unusable sentences.toml is refused, with file and key in the message."""

from __future__ import annotations

from pathlib import Path

import pytest

from schemas.copywriting.examples import LEAST, ExamplesError, read_examples

LINES = "\n".join(f"sentence {n} of the {{item}}" for n in range(LEAST))
WHOLE = f'doubts = 0.2\nrefuses = 0.6\n[asserts]\naward = """\n{LINES}\n"""\n[plain]\nscene = """\n{LINES}\n"""\n'


def test_examples_are_read_a_sentence_a_line(tmp_path: Path) -> None:
    path = tmp_path / "sentences.toml"
    path.write_text(WHOLE, "utf-8")
    examples = read_examples(path)
    assert len(examples.asserts["award"]) == LEAST
    assert (examples.doubts, examples.refuses) == (0.2, 0.6)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("refuses = 0.6", "refuses = 0.1", "doubts must be less than refuses"),
        ("refuses = 0.6", "", "lacks 'refuses'"),
        ("[plain]", "[other]", "other"),
        ("sentence 7 of the {item}\n", "", f"write at least {LEAST}"),
    ],
)
def test_what_cannot_be_used_is_named(tmp_path: Path, old: str, new: str, said: str) -> None:
    path = tmp_path / "sentences.toml"
    path.write_text(WHOLE.replace(old, new, 1), "utf-8")
    with pytest.raises(ExamplesError, match=said) as refused:
        read_examples(path)
    assert str(path) in str(refused.value)
