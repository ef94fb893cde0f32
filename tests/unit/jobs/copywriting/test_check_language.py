"""A language is a folder: every shipped language gets its texts, and so does a language that a shop writes itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from jobs.__main__ import main
from jobs.copywriting import check_language
from jobs.copywriting.check_language import GOAL
from jobs.copywriting.language_sample import Sample, sample_items, write_sample
from jobs.copywriting.rules import CopyConfig, CopyRules
from schemas.tables.copywriting import CHANNELS, STRATEGIES

HEAD = """english = "Esperanto"
letters = "a-zĉĝĥĵŝŭ"
scan = "words"
small_words = ["la", "kaj", "por", "vi", "de", "en", "estas"]
months = ["januaro", "februaro", "marto", "aprilo", "majo", "junio", "julio", "aŭgusto", "septembro", "oktobro",
          "novembro", "decembro"]
day = "{day}-a de {month}"
yes = ["jes"]
no = ["ne"]
joint = ", "
last_joint = " kaj "
label = "{brand} {kind}, {details}"
[money]
any = "{figure} {sign}"
[terms]
discount = "rabato {percent}%"
share = "rabato {percent}%"
share_from = "rabato {percent}% ekde {least}"
amount = "rabato {amount}"
amount_from = "rabato {amount} ekde {least}"
"""
SAID = {"card": ("{title}", "Jen: {title}"), "sms": ("{shop}: jen {title}", "{shop}: rigardu, {title}")}
OFFERED = {"card": ("{terms}", "Por vi: {terms}"), "sms": ("{shop}: {terms}", "{shop}: por vi {terms}")}


@pytest.fixture
def esperanto(tmp_path: Path) -> Path:
    """A folder of the shop's own languages, with the smallest usable language."""
    folder = tmp_path / "eo"
    folder.mkdir()
    offers = ("coupon_win_back", "coupon_first_purchase", "member_exclusive")
    templates = ""
    for strategy in STRATEGIES:
        templates += f"[{strategy}]\n"
        for channel in CHANNELS:
            texts = (OFFERED if strategy in offers else SAID).get(channel, ("Por vi: {title}", "Vidu: {title}"))
            templates += f"{channel} = {list(texts)}\n".replace("'", '"')
    guide = 'tone = "afabla"\nuse = ["bela"]\nnever = ["aĉa"]\nexamples = ["Jen: {title}"]\n'
    files = {
        "language.toml": HEAD,
        "templates.toml": templates,
        "voices.toml": "".join(f"[{name}]\n{guide}" for name in ("plain", "young", "quality", "bargain", "gifts")),
        "calendar.toml": '[[event]]\nid = "somero"\nname = "somero"\nwhen = [["06-01", "08-31"]]\n',
        "lexicon.toml": 'name = "eo"\nversion = 1\nmarket = "EU"\n["absolute term"]\nterms = ["la plej bona"]\n',
        "benefits.toml": '[used_up]\ndefault = "finita"\n',
        "words.toml": '[kind]\nmug = "taso"\n',
    }
    for name, text in files.items():
        (folder / name).write_text(text, "utf-8")
    return tmp_path


def rules_of(language: str, **settings: str) -> CopyRules:
    return CopyRules.load(CopyConfig(languages=(language,), **settings))  # type: ignore[arg-type]


def assert_nearly_every_brief_got_a_text(sample: Sample) -> None:
    assert sample.share >= GOAL
    kinds = {(row["strategy"], row["channel"]) for row in sample.rows}
    assert len(kinds) == len(STRATEGIES) * len(CHANNELS)


def test_nearly_every_brief_gets_a_text() -> None:
    assert_nearly_every_brief_got_a_text(write_sample(rules_of("ja"), "ja", 12))


def test_a_language_that_a_shop_writes_gets_its_texts(esperanto: Path) -> None:
    rules = rules_of("eo", languages_folder=str(esperanto))
    sample = write_sample(rules, "eo", 6)
    assert sample.share >= GOAL
    assert any(row["text"].startswith("Por vi: ") for row in sample.rows)
    mugs = [sample_item for sample_item in sample_items(rules)[0].values() if sample_item.kinds[0] == "mug"]
    assert {mug.kind("eo") for mug in mugs} == {"taso"}


def test_a_lie_in_that_language_is_refused(esperanto: Path) -> None:
    path = esperanto / "eo" / "templates.toml"
    path.write_text(path.read_text("utf-8").replace("Jen: {title}", "La plej bona: {title}"), "utf-8")
    sample = write_sample(rules_of("eo", languages_folder=str(esperanto)), "eo", 4)
    assert {refusal.reason for refusal in sample.refused} >= {"absolute term"}


def test_the_command_names_what_is_missing(esperanto: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["check_language", "--language", "eo", "--set", f"copy.languages_folder={esperanto}"]
    assert main(command) == 1
    output = capsys.readouterr().out
    assert "eo has no vocabulary/*.toml; start from" in output
    assert '["health claim"] has 0 terms; write at least 3' in output


def test_the_command_writes_texts_and_shows_some(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    samples: list[Sample] = []

    def write(rules: CopyRules, language: str) -> Sample:
        samples.append(write_sample(rules, language))
        return samples[-1]

    monkeypatch.setattr(check_language, "write_sample", write)
    assert main(["check_language", "--language", "de", "--texts", "5"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len([line for line in lines if line.startswith(STRATEGIES)]) == 5
    assert any("briefs got a text (" in line for line in lines)
    assert_nearly_every_brief_got_a_text(*samples)
