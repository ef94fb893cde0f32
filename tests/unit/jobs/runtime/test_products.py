"""How each product is published: fresh, carried or absent, and until when. No lake, no Spark."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from jobs.runtime.products import PUBLISHED, CarryConfig, product_lines, products_of, sentence, states_in, valid_until
from jobs.runtime.shop_days import ShopDays
from schemas.table import PRODUCTS, Product

DAY = dt.date(2026, 1, 5)
LIMITS = CarryConfig()
UTC = ShopDays("UTC")


def run_of(nights: int) -> str:
    """The name of the run that was published this many nights after DAY."""
    return f"{DAY + dt.timedelta(days=nights)}-001"


def tables(*without: str) -> dict[str, Any]:
    return {t.name: {"schema_version": t.version, "rows": 9} for t in PUBLISHED if t.product not in without}


def night(nights: int, failed: dict[Product, str], last: dict[str, Any] | None) -> dict[str, Any]:
    """The manifest of the night this many nights after DAY."""
    states = products_of(failed, last, run_of(nights), LIMITS, UTC)
    absent = [name for name, state in states.items() if state.state == "absent"]
    return {
        "run": run_of(nights),
        "manifest_version": 2,
        "products": {name: state.entry() for name, state in states.items()},
        "tables": tables(*absent),
    }


def nights(broken: Product, count: int) -> list[dict[str, Any]]:
    """A whole night, then `count` nights on which `broken` fails."""
    manifests = [night(0, {}, None)]
    for number in range(1, count + 1):
        manifests.append(night(number, {broken: f"fault {number}"}, manifests[-1]))
    return manifests


def states(manifest: dict[str, Any]) -> dict[str, str]:
    return {name: entry["state"] for name, entry in manifest["products"].items()}


def test_a_whole_night_is_fresh_and_says_until_when() -> None:
    products = night(0, {}, None)["products"]
    assert {name: entry["valid_until"] for name, entry in products.items()} == {
        "lists": "2026-01-08T12:00:00Z",
        "customers": "2026-01-14T12:00:00Z",
        "offers": "2026-01-10T12:00:00Z",
        "audiences": "2026-01-08T12:00:00Z",
        "copy": "2026-01-09T12:00:00Z",
        "images": "2026-01-10T12:00:00Z",
        "service": "2026-01-08T12:00:00Z",
    }
    assert all(entry == {"state": "fresh", "from": run_of(0), "valid_until": entry["valid_until"]}
               for entry in products.values())  # fmt: skip


@pytest.mark.parametrize("product", [p for p in PRODUCTS if p != "lists"])
def test_a_failed_product_is_carried_for_as_many_nights_as_its_limit_and_then_absent(product: Product) -> None:
    limit = LIMITS.nights(product)
    seen = [states(manifest)[product] for manifest in nights(product, limit + 2)]
    assert seen == ["fresh", *["carried"] * limit, "absent", "absent"]


def test_a_carried_product_keeps_its_run_and_its_end() -> None:
    first, *later = nights("offers", 3)
    for number, manifest in enumerate(later, 1):
        assert manifest["products"]["offers"] == {
            "state": "carried",
            "from": first["run"],
            "valid_until": first["products"]["offers"]["valid_until"],
            "because": f"fault {number}",
        }


def test_a_carried_product_is_valid_for_as_long_as_its_night_is_shown() -> None:
    for product in PRODUCTS:
        for number, manifest in enumerate(nights(product, 9)):
            entry = manifest["products"][product]
            if entry["state"] == "carried":
                shown_until = dt.datetime.combine(DAY + dt.timedelta(days=number + 2), dt.time(12), dt.UTC)
                assert dt.datetime.fromisoformat(entry["valid_until"]) >= shown_until


def test_the_other_products_are_fresh() -> None:
    assert states(nights("copy", 1)[1]) == {
        "lists": "fresh", "customers": "fresh", "offers": "fresh", "audiences": "fresh", "copy": "carried",
        "images": "fresh", "service": "fresh",
    }  # fmt: skip


def test_lists_are_never_carried() -> None:
    products = night(1, {"lists": "fault"}, night(0, {}, None))["products"]
    assert products["lists"] == {"state": "absent", "because": "fault; lists are never carried"}


def test_a_broken_branch_on_the_first_night_is_absent() -> None:
    products = night(0, {"copy": "fault"}, None)["products"]
    assert products["copy"] == {"state": "absent", "because": "fault; no night was published before"}


def test_an_absent_product_is_not_carried_the_next_night() -> None:
    products = night(1, {"copy": "fault"}, night(0, {"copy": "fault"}, None))["products"]
    assert products["copy"]["because"] == f"fault; {run_of(0)} has none either"


def test_after_a_gap_of_nights_the_date_counts_and_not_the_number_of_nights() -> None:
    assert states(night(3, {"offers": "fault"}, night(0, {}, None)))["offers"] == "carried"
    assert states(night(4, {"offers": "fault"}, night(0, {}, None)))["offers"] == "absent"


def test_another_schema_version_is_not_carried() -> None:
    last = night(0, {}, None)
    last["tables"]["offers"]["schema_version"] = 99
    because = night(1, {"offers": "fault"}, last)["products"]["offers"]["because"]
    assert because == f"fault; {run_of(0)} has offers in version 99, tonight's would be 1"


def test_a_limit_of_0_turns_carrying_off() -> None:
    products = products_of({"offers": "fault"}, night(0, {}, None), run_of(1), CarryConfig(offers=0), UTC)
    assert products["offers"].entry() == {"state": "absent", "because": "fault; carry.offers is 0"}


def test_a_negative_limit_is_refused() -> None:
    with pytest.raises(ValueError, match=r"copy must be 0 or more, not -1 \(nights for texts"):
        CarryConfig(copy=-1)


def test_a_manifest_of_version_1_is_all_fresh_until_its_own_end() -> None:
    last = {"run": run_of(0), "valid_until": "2026-01-08T12:00:00Z", "tables": tables("copy")}
    assert states_in(last)["customers"] == {"state": "fresh", "from": run_of(0), "valid_until": last["valid_until"]}
    assert states_in(last)["copy"] == {"state": "absent"}
    failed: dict[Product, str] = {"customers": "fault"}
    assert [states(night(n, failed, last))["customers"] for n in (1, 2)] == ["carried", "absent"]


def test_a_longer_limit_makes_products_valid_for_longer() -> None:
    assert valid_until("audiences", DAY, CarryConfig(audiences=4), UTC) == dt.datetime(2026, 1, 11, 12, tzinfo=dt.UTC)


def test_one_line_sums_up_the_night() -> None:
    all_fresh = "lists, customers, offers, audiences, copy, images, service fresh"
    assert sentence(night(0, {}, None)) == f"{run_of(0)}: {all_fresh}"
    mixed = night(1, {"offers": "x", "copy": "y"}, night(0, {"copy": "y"}, None))
    assert (
        sentence(mixed)
        == f"{run_of(1)}: lists, customers, audiences, images, service fresh; offers carried from {DAY}; copy absent"
    )


def test_the_page_says_why_and_what_was_left_out() -> None:
    manifest = nights("offers", 1)[1]
    manifest["products"]["offers"]["left_out"] = {"offers": 41}
    page = "\n".join(product_lines(manifest))
    assert f"offers       carried from {run_of(0)}, valid until 2026-01-10T12:00:00Z; " in page
    assert "left out because no longer true: 41 rows of offers; because fault 1" in page
