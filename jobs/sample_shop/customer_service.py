"""Customer service of the sample shop: its policies, customers' questions of each day, agents' replies a day later.

DIR/{date}/policies.csv, questions.jsonl, replies.jsonl; DIR/truth/service/{date}.jsonl says what answers each question
and which personal data it contains. On the third day the terms of returns change and gift wrapping ends.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from jobs.sample_shop import service_en, service_zh
from jobs.sample_shop.shop import Shop
from jobs.sample_shop.shoppers import account_ids

CHANGE_DAY = 2  # the third day
_LANGUAGES: dict[str, ModuleType] = {"en": service_en, "zh": service_zh}
# kind of question -> its share
_KINDS = {"policy": 0.36, "slip": 0.08, "mixed": 0.03, "topic": 0.18, "account": 0.08, "person": 0.08, "nothing": 0.07,
          "personal": 0.06, "injection": 0.03, "order": 0.02, "other_order": 0.01}  # fmt: skip
_NAMES = ("amy", "bob", "lin", "mei")
_SINCE = "2025-01-01"
Row = dict[str, Any]


def policies(day: int) -> list[Row]:
    """The shop's policies on the day; there are two of delivery cost in English, with different figures."""
    rows = [
        {
            "id": f"{name}-{language}",
            "lang": language,
            "heading": heading,
            "body": text,
            "from": "2025-01-01",
            "until": "",
        }
        for language, words in _LANGUAGES.items()
        for name, heading, text, _ in words.POLICIES
        if not (name == "gift_wrap" and day >= CHANGE_DAY)
    ]
    for row in rows:
        if day >= CHANGE_DAY and row["id"].startswith("returns"):
            row["body"] = row["body"].replace("30", "45")
    repeated = next(row for row in rows if row["id"] == "delivery_cost-en")
    return [*rows, {**repeated, "id": "delivery_cost-old-en", "body": repeated["body"].replace("99", "199")}]


@dataclass
class CustomerService:
    """The only state between days: yesterday's questions, which agents reply to today."""

    shop: Shop
    per_day: int
    last_questions: list[tuple[Row, Row]] = field(default_factory=list)  # (question, its truth)

    def write_day(self, out: Path, day: int, folder: Path) -> None:
        if not self.per_day:
            return
        rng = self.shop.plan.random(day + 1, 2)
        current = policies(day)
        with (folder / "policies.csv").open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, list(current[0]))
            writer.writeheader()
            writer.writerows(current)
        _write_lines(folder / "replies.jsonl", self._replies({row["id"]: row for row in current}, rng))
        self.last_questions = list(self._questions(day, folder, rng))
        _write_lines(folder / "questions.jsonl", [question for question, _ in self.last_questions])
        (out / "truth" / "service").mkdir(parents=True, exist_ok=True)
        _write_lines(out / "truth" / "service" / f"{folder.name}.jsonl", [truth for _, truth in self.last_questions])

    def _questions(self, day: int, folder: Path, rng: np.random.Generator) -> Iterator[tuple[Row, Row]]:
        kinds = rng.choice(list(_KINDS), self.per_day, p=np.array(list(_KINDS.values())) / sum(_KINDS.values()))
        orders = _orders(folder)
        accounts = account_ids(np.flatnonzero(self.shop.people.has_account)).to_pylist()
        listed = np.flatnonzero((self.shop.catalogue.launch <= day) & ~(self.shop.catalogue.withdrawn <= day))
        for number, kind in enumerate(kinds.tolist()):
            words = _LANGUAGES[("en", "zh")[int(rng.integers(2))]]
            draft = _Question(words, rng, day)
            text, expect = draft.text_of(kind)
            user = accounts[int(rng.integers(len(accounts)))]
            item = str(self.shop.catalogue.ids[listed[int(rng.integers(len(listed)))]]) if kind == "topic" else None
            if kind in ("order", "other_order") and orders:
                owner, order = orders[int(rng.integers(len(orders)))]
                text, expect = f"{draft.of(words.ACCOUNT['last_order'])} {order}", "topic:last_order"
                user = owner
                if kind == "other_order":
                    user, expect = next((account for account in accounts if account != owner), owner), "refused"
            qid = f"q{day:03d}-{number:05d}"
            asked_at = f"{folder.name}T{8 + number * 12 // self.per_day:02d}:{number % 60:02d}:00"
            question = {"qid": qid, "at": asked_at, "uid": user, "goods_id": item, "chat": f"c{qid}", "said": text}
            yield question, {"qid": qid, "kind": kind, "expect": expect, "personal": draft.planted}
            if kind == "topic" and rng.random() < 0.2:
                more, topic = draft.follow_up()
                turn = {**question, "qid": f"{qid}b", "at": asked_at[:-2] + "30", "goods_id": None, "said": more}
                yield turn, {"qid": f"{qid}b", "kind": "follow_up", "expect": f"topic:{topic}", "personal": []}

    def _replies(self, current: dict[str, Row], rng: np.random.Generator) -> list[Row]:
        """Agents' replies to yesterday's questions about policies that are still valid."""
        rows = []
        for question, truth in self.last_questions:
            name = truth["expect"].removeprefix("policy:")
            if name in current and rng.random() < 0.8:
                outcome = str(rng.choice(["sent", "edited", "thrown_away"], p=[0.7, 0.2, 0.1]))
                policy_name = name if rng.random() < 0.5 else ""  # half of the agents only quote the policy
                rows.append({"qid": question["qid"], "answer": current[name]["body"], "policy": policy_name,
                             "what_became_of_it": outcome, "stars": int(rng.integers(3, 6))})  # fmt: skip
        return rows


@dataclass
class _Question:
    """One customer's words. planted: personal data in them."""

    words: ModuleType
    rng: np.random.Generator
    day: int
    planted: list[str] = field(default_factory=list)

    def of(self, texts: Any) -> Any:
        return texts[int(self.rng.integers(len(texts)))]

    def text_of(self, kind: str) -> tuple[str, str]:
        """(the question, the result that is expected for it)."""
        words, language = self.words, next(name for name, module in _LANGUAGES.items() if module is self.words)
        if kind in ("person", "nothing"):
            return self.of(words.PERSON if kind == "person" else words.NOTHING), "person"
        if kind == "mixed":  # the policy of either language answers it
            text, name = self.of(words.MIXED)
            return text, "|".join(f"policy:{name}-{code}" for code in _LANGUAGES)
        if kind in ("topic", "account"):
            topics = words.TOPICS if kind == "topic" else words.ACCOUNT
            topic = self.of(list(topics))
            return self.of(topics[topic]), f"topic:{topic}"
        name, _, _, asks = self.of(words.POLICIES)
        text, expect = self.of(asks), self._expected(name, language)
        if kind == "slip":
            return self._misspelt(text), expect
        if kind == "personal":
            return text + self._plant(self.of(words.PERSONAL)), expect
        return (text + self.of(words.INJECTIONS), "person") if kind == "injection" else (text, expect)

    def follow_up(self) -> tuple[str, str]:
        return self.of(list(self.words.FOLLOW_UPS.items()))  # type: ignore[no-any-return]

    def _expected(self, name: str, language: str) -> str:
        is_gone = name == "gift_wrap" and self.day >= CHANGE_DAY
        is_contested = name == "delivery_cost" and self.words is service_en
        return "person" if is_gone or is_contested else f"policy:{name}-{language}"

    def _plant(self, form: tuple[str, str]) -> str:
        facts = {"name": self.of(_NAMES), "n": int(self.rng.integers(1000, 9999))}
        self.planted.append(form[1].format(**facts))
        return form[0].format(**facts)

    def _misspelt(self, text: str) -> str:
        for right, wrong in service_zh.SLIPS:
            if right in text:
                return text.replace(right, wrong)
        words = text.split(" ")
        long_words = [index for index, word in enumerate(words) if len(word) > 4 and word.isascii()]
        if long_words:
            index = self.of(long_words)
            letter = int(self.rng.integers(1, len(words[index]) - 2))
            word = words[index]
            words[index] = word[:letter] + word[letter + 1] + word[letter] + word[letter + 2 :]
        return " ".join(words)


def _orders(folder: Path) -> list[tuple[str, str]]:
    """(account, order number) of the day's purchases, sorted."""
    pairs: set[tuple[str, str]] = set()
    for path in sorted(folder.glob("events-*.parquet")):
        rows = pq.read_table(path, columns=["uid", "order_no", "act"]).to_pylist()
        pairs |= {(row["uid"], str(row["order_no"])) for row in rows if row["act"] == "pay" and row["uid"]}
    return sorted(pair for pair in pairs if pair[1] not in ("", "None"))


def _write_lines(path: Path, rows: list[Row]) -> None:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
