"""Whether a name may be shown, and whether a refused name reveals its seller's intent."""

from __future__ import annotations

from models.compliance.names import LONGEST_TITLE, name_refusal, rules_digest, shows_intent
from schemas.copywriting.language import load_languages


def test_of_several_reasons_the_one_with_an_intent_is_given() -> None:
    reason, _ = name_refusal("🔥 Speaker, ask on telegram: ivo", LONGEST_TITLE) or ("", "")
    assert reason == "personal data"
    assert shows_intent(reason)


def test_a_long_name_and_an_emoji_show_no_intent() -> None:
    for name in ("x" * (LONGEST_TITLE + 1), "Speaker 🔥"):
        reason, _ = name_refusal(name, LONGEST_TITLE) or ("", "")
        assert reason
        assert not shows_intent(reason)
    assert name_refusal("Speaker", LONGEST_TITLE) is None


def test_the_digest_follows_the_languages() -> None:
    languages = load_languages(("en", "zh")).values()
    assert rules_digest(languages, ()) == rules_digest(languages, ())
    assert rules_digest(languages, ()) != rules_digest([*languages][:1], ())
