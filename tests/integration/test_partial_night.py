"""A night with a failed branch: what is published, what is carried and filtered, and how the night becomes whole."""

from __future__ import annotations

import argparse
import datetime as dt
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pytest

from jobs.customers.export_audience import files_of
from jobs.nights import nightly, run_branch
from jobs.nights.tasks import JobsFailed, run
from jobs.publishing import rollback_night
from jobs.publishing.carry import of_dated
from jobs.publishing.check_tables import STAGES
from jobs.publishing.product_files import read_tonight, write_products
from jobs.publishing.publish_night import NotPublished, failed_products
from jobs.reports.night_page import night_page
from jobs.runtime import published
from jobs.runtime.branches import CHECK, job_of
from jobs.runtime.lake import Lake
from jobs.runtime.products import PUBLISHED, product_lines, products_of
from schemas.table import Gate, Table
from schemas.tables import AUDIENCES, COPY, ITEMS, OFFERS, RECOMMENDATIONS, USER_COPY, USER_SEGMENTS
from tests.sample import FIRST, SECOND, THIRD, Sample, content, current, shown

BEFORE, TONIGHT = f"{SECOND}-001", f"{THIRD}-001"


@pytest.fixture
def shop(sample: Sample, tmp_path: Path) -> Sample:
    """Three whole nights; the third is not published yet."""
    return unpublished(sample.copy(tmp_path / "lake"), THIRD)


def unpublished(shop: Sample, *days: dt.date) -> Sample:
    for day in days:
        shop.lake.delete("published", f"run={day}-001")
    shop.lake.put_json(published.manifest(shop.lake, published.runs(shop.lake)[-1]), *published.POINTER)
    return shop


def fail(shop: Sample, gate: Gate, task: str, error: str, day: dt.date = THIRD) -> None:
    """The lake as after a failed `task`: no table of its gate is current, and the task's report has the error."""
    for table in STAGES[gate]:
        shop.lake.delete("tables", table.name, f"date={day}", "_current.json")
    shop.lake.put_json({"error": error}, "runs", f"date={day}", "run=001", f"{task}.json")


def publish(shop: Sample, day: dt.date = THIRD, **settings: Any) -> dict[str, Any]:
    run(shop.night(day, **settings), "publish_night")
    return published.pointed(shop.lake)


def states(manifest: dict[str, Any]) -> dict[str, str]:
    return {name: entry["state"] for name, entry in manifest["products"].items()}


def add(shop: Sample, table: Table, *changes: dict[str, Any]) -> None:
    """Adds a row to last night's published table for each of `changes`: the table's first row with other values."""
    manifest = published.manifest(shop.lake, BEFORE)
    rows = shown(shop.lake, table, manifest)
    more = [rows.slice(0, 1).to_pylist()[0] | change for change in changes]
    data = type(rows).from_pylist([*rows.to_pylist(), *more], rows.schema)
    entry = published.put(shop.lake, table, [data], BEFORE) | {"product": table.product}
    manifest["tables"][table.name] = entry
    shop.lake.put_json(manifest, "published", f"run={BEFORE}", "manifest.json")
    shop.lake.put_json(manifest, *published.POINTER)


def is_whole(lake: Lake, manifest: dict[str, Any]) -> bool:
    """Whether every file that a manifest names exists, in its own run."""
    return all(lake.exists(file) for table in manifest["tables"] for file in published.files(manifest, table))


# what is published ------------------------------------------------------------------------------------------------


def test_a_whole_night_has_five_fresh_products_and_every_table_names_its_own(sample: Sample) -> None:
    manifest = published.pointed(sample.lake)
    assert manifest["manifest_version"] == 2
    assert set(states(manifest).values()) == {"fresh"}
    assert {name: entry["product"] for name, entry in manifest["tables"].items()} == {
        table.name: table.product for table in PUBLISHED
    }
    assert manifest["valid_until"] == manifest["products"]["lists"]["valid_until"] == "2026-01-06T12:00:00Z"


def test_without_offers_the_lists_are_fresh_and_yesterdays_offers_are_carried(shop: Sample) -> None:
    before = published.pointed(shop.lake)
    fail(shop, "offers", "check_offers", "GateFailed: offers: 1 of 14 rules broken\n  item_id: null")
    now = publish(shop)
    assert states(now) == dict.fromkeys(states(now), "fresh") | {"offers": "carried"}
    assert now["run"] == TONIGHT
    offers = now["products"]["offers"]
    assert offers["from"] == BEFORE
    assert offers["valid_until"] == before["products"]["offers"]["valid_until"]
    assert offers["because"] == "check_offers: GateFailed: offers: 1 of 14 rules broken"
    assert shown(shop.lake, RECOMMENDATIONS).equals(current(shop.lake, RECOMMENDATIONS))
    assert is_whole(shop.lake, now)
    facts = shop.night().facts("publish_night")
    assert facts["published"] == TONIGHT
    assert facts["products"] == now["products"]


def test_nothing_carried_is_written_among_the_tables(shop: Sample) -> None:
    fail(shop, "offers", "choose_offers", "ValueError: x")
    publish(shop)
    assert shop.lake.current(OFFERS, THIRD) is None
    later = shop.lake.before(OFFERS, THIRD + dt.timedelta(days=1))
    assert later is not None
    assert later.date == str(SECOND)  # tomorrow continues from the last good night


def test_a_carried_offer_of_a_sold_out_item_or_of_an_erased_account_is_left_out(shop: Sample) -> None:
    on_sale = read_tonight(shop.night()).on_sale.to_pylist()
    sold_out = next(item for item in current(shop.lake, ITEMS)["item_id"].to_pylist() if item not in on_sale)
    add(shop, OFFERS, {"offer_id": "x", "item_id": sold_out}, {"offer_id": "y", "user_id": "erased"})
    earlier = shown(shop.lake, OFFERS, published.manifest(shop.lake, BEFORE))
    fail(shop, "offers", "choose_offers", "ValueError: x")
    now = publish(shop)
    carried = shown(shop.lake, OFFERS)
    assert sold_out not in carried["item_id"].to_pylist()
    assert "erased" not in carried["user_id"].to_pylist()
    assert now["products"]["offers"]["left_out"] == {"offers": earlier.num_rows - carried.num_rows}
    assert of_dated(earlier, OFFERS.name, read_tonight(shop.night())).equals(carried)


def test_carried_copy_states_nothing_that_is_false_tonight(shop: Sample) -> None:
    tonight = read_tonight(shop.night())
    item = tonight.on_sale[0].as_py()
    price = '[{"slot": "price", "value": "¥0.01", "table": "items"}]'
    add(shop, COPY, {"copy_id": "moved", "item_id": item, "strategy": "price_drop", "facts": price})
    add(shop, USER_COPY, {"copy_id": "moved", "item_id": item, "channel": "sms"})
    fail(shop, "copy", "write_copy", "VoiceError: no such voice\nmore")
    now = publish(shop)
    assert now["products"]["copy"]["because"] == "write_copy: VoiceError: no such voice"
    texts, user_copy = shown(shop.lake, COPY), shown(shop.lake, USER_COPY)
    assert user_copy.num_rows
    assert "moved" not in texts["copy_id"].to_pylist()
    assert set(texts["item_id"].to_pylist()) <= set(tonight.on_sale.to_pylist())
    assert set(user_copy["copy_id"].to_pylist()) <= set(texts["copy_id"].to_pylist())
    lists = current(shop.lake, RECOMMENDATIONS)
    places = set(zip(lists["user_id"].to_pylist(), lists["item_id"].to_pylist(), strict=True))
    without_offer = user_copy.filter(pc.is_null(user_copy["offer_id"]))
    assert {(row["user_id"], row["item_id"]) for row in without_offer.to_pylist()} <= places
    offers = {(row["user_id"], row["offer_id"]) for row in shown(shop.lake, OFFERS).to_pylist()}
    with_offer = user_copy.filter(pc.is_valid(user_copy["offer_id"])).to_pylist()
    assert {(row["user_id"], row["offer_id"]) for row in with_offer} <= offers


def test_copy_that_fails_for_more_nights_than_its_limit_is_absent(sample: Sample, tmp_path: Path) -> None:
    shop = unpublished(sample.copy(tmp_path / "lake"), SECOND, THIRD)
    manifests = []
    for day in (SECOND, THIRD):
        fail(shop, "copy", "write_copy", "ValueError: x", day)
        manifests.append(publish(shop, day, carry={"copy": 1}))
    # FIRST itself promised its texts for two nights.
    assert [states(manifest)["copy"] for manifest in manifests] == ["carried", "carried"]
    shop = unpublished(shop, SECOND, THIRD)
    shop.lake.delete("published", f"run={FIRST}-001")
    publish(shop, FIRST, carry={"copy": 1})
    manifests = [publish(shop, day, carry={"copy": 1}) for day in (SECOND, THIRD)]
    assert [states(manifest)["copy"] for manifest in manifests] == ["carried", "absent"]
    assert not {COPY.name, USER_COPY.name} & set(manifests[1]["tables"])
    assert is_whole(shop.lake, manifests[1])


def test_a_first_night_with_a_broken_branch_is_published_without_it(sample: Sample, tmp_path: Path) -> None:
    shop = sample.copy(tmp_path / "lake")
    shop.lake.delete("published")
    fail(shop, "audiences", "find_audiences", "ValueError: x", FIRST)
    now = publish(shop, FIRST)
    assert states(now)["audiences"] == "absent"
    assert AUDIENCES.name not in now["tables"]
    with pytest.raises(ValueError, match="has no audiences: find_audiences: ValueError: x; no night was published"):
        files_of(shop.lake, now)


def test_a_product_that_breaks_a_rule_after_filtering_is_absent_and_the_rest_is_published(shop: Sample) -> None:
    twice = shown(shop.lake, USER_SEGMENTS, published.manifest(shop.lake, BEFORE))["user_id"][0].as_py()
    add(shop, USER_SEGMENTS, {"user_id": twice})
    fail(shop, "customers", "segment_users", "ValueError: x")
    now = publish(shop)
    assert states(now) == dict.fromkeys(states(now), "fresh") | {"customers": "absent"}
    assert "GateFailed: user_segments: 1 of" in now["products"]["customers"]["because"]
    assert USER_SEGMENTS.name not in now["tables"]


def test_a_product_that_cannot_be_read_any_more_is_absent_and_the_rest_is_published(shop: Sample) -> None:
    for file in published.files(published.pointed(shop.lake), OFFERS.name):
        shop.lake.delete(file)
    fail(shop, "offers", "choose_offers", "ValueError: x")
    now = publish(shop)
    assert states(now)["offers"] == "absent"
    assert "cannot be carried: FileNotFoundError" in now["products"]["offers"]["because"]


def test_without_lists_nothing_is_published(shop: Sample) -> None:
    before = published.pointed(shop.lake)
    fail(shop, "lists", "recommend_items", "ValueError: x")
    with pytest.raises(NotPublished, match="has not passed its gate"):
        publish(shop)
    assert published.pointed(shop.lake) == before


def test_an_earlier_run_of_the_date_does_not_stand_in_as_fresh(shop: Sample) -> None:
    """A date runs again because its events were wrong: a product of the first run was made from these events."""
    night = shop.night(run="002")
    gates = ("clean", "features", "lists", "customers", "offers", "audiences", "images", "service")
    for table in [t for gate in gates for t in STAGES[gate]]:
        version = night.lake.current(table, THIRD)
        assert version is not None
        night.lake.make_current(night.write_arrow(table, content(night.lake, version)))
    night.lake.put_json({"error": "ValueError: x"}, "runs", f"date={THIRD}", "run=002", "write_copy.json")
    assert night.lake.current(COPY, THIRD) is not None
    assert failed_products(night) == {"copy": "write_copy: ValueError: x"}
    assert night.versions(COPY).passed() is None
    assert night.versions(OFFERS).passed() is not None


def test_a_killed_branch_says_that_it_did_not_end(shop: Sample) -> None:
    fail(shop, "offers", "choose_offers", "")
    shop.lake.put_json({"rows": 1}, "runs", f"date={THIRD}", "run=001", "choose_offers.json")
    because = publish(shop)["products"]["offers"]["because"]
    assert because == "choose_offers, check_offers of run 001: not all of them finished, and none reported an error"


# going back, being killed ----------------------------------------------------------------------------------------


def test_a_rollback_can_name_a_night_with_a_carried_product(shop: Sample) -> None:
    fail(shop, "offers", "choose_offers", "ValueError: x")
    carried = publish(shop)
    for to in (BEFORE, TONIGHT):
        rollback_night.main(argparse.Namespace(lake=shop.lake.root, to=to, config=None, set=[]))
    assert published.pointed(shop.lake) == carried
    assert is_whole(shop.lake, carried)


def test_after_a_rollback_products_are_carried_from_the_night_that_is_shown(shop: Sample) -> None:
    rollback_night.main(argparse.Namespace(lake=shop.lake.root, to=f"{FIRST}-001", config=None, set=[]))
    fail(shop, "offers", "choose_offers", "ValueError: x")
    assert publish(shop)["products"]["offers"]["from"] == f"{FIRST}-001"


def test_killed_between_carrying_and_the_pointer_readers_see_the_old_night(shop: Sample) -> None:
    fail(shop, "offers", "choose_offers", "ValueError: x")
    before, night = published.pointed(shop.lake), shop.night()
    limits = night.settings.section("carry")
    products = write_products(night, TONIGHT, products_of({"offers": "x"}, before, TONIGHT, limits, night.days), before)
    assert shop.lake.list_dir("published", f"run={TONIGHT}", OFFERS.name)
    assert published.pointed(shop.lake) == before
    assert published.runs(shop.lake)[-1] == BEFORE
    assert publish(shop)["tables"] == products["tables"]  # run again, the same files


# branches of one application ---------------------------------------------------------------------------------------


def test_audiences_are_fresh_though_offers_fail_in_the_application_they_share(shop: Sample) -> None:
    fail(shop, "offers", "check_offers", "")
    fail(shop, "audiences", "check_audiences", "")
    with pytest.raises(JobsFailed, match=r"failed: choose_offers; not run: check_offers\n") as failed:
        run_branch.main(shop.night(offers={"campaigns": "no/such.toml"}), "offers_and_audiences")
    assert "no/such.toml" in str(failed.value)
    now = publish(shop)
    assert states(now) == dict.fromkeys(states(now), "fresh") | {"offers": "carried"}
    assert now["products"]["offers"]["because"].startswith("choose_offers: ")
    assert "choose_offers failed: " in night_page(shop.lake, THIRD)


@pytest.mark.parametrize("box", ["intake_and_features", "offers_and_audiences", "prices_and_judge"])
def test_an_application_of_two_branches_tried_again_counts_nothing_twice(
    sample: Sample, tmp_path: Path, box: str
) -> None:
    shop = sample.copy(tmp_path / "lake")
    run_branch.main(shop.night(), box)
    gates = [job_of(task)[1]["stage"] for task in run_branch.tasks_of(box) if task.startswith(CHECK)]
    assert len(gates) == 2
    for table in [table for gate in gates for table in STAGES[gate]]:
        version = shop.lake.current(table, THIRD)
        assert version == shop.lake.version(table, THIRD, "001")
        assert version != sample.lake.current(table, THIRD), f"{table.name} was not made again"
        assert content(shop.lake, version).equals(current(sample.lake, table)), table.name
        assert set(shop.lake.list_dir(version.folder)) == {*version.files, "_version.json"}


# a real night -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def broken(sample: Sample, tmp_path_factory: pytest.TempPathFactory) -> tuple[Sample, str]:
    """(shop, message): offers failed in the second night, and copy fails in the third, which ends with the message."""
    folder = tmp_path_factory.mktemp("broken") / "lake"
    shop = Sample(sample.raw, Lake(str(sample.eve)), sample.eve).copy(folder)
    fail(shop, "offers", "choose_offers", "ValueError: x", SECOND)
    with pytest.raises(JobsFailed) as failed:
        nightly.main(shop.night(copy={"voices": "no/such/folder"}))
    return shop, str(failed.value)


def test_a_night_goes_on_after_a_failed_branch_and_ends_with_what_failed(broken: tuple[Sample, str]) -> None:
    shop, message = broken
    head, *details = message.splitlines()
    assert head.startswith(f"{THIRD} run=001: failed: train_copywriter, write_copy; not run: check_copy; the rest is ")
    assert head.endswith(
        f"published, {TONIGHT}: lists, customers, offers, audiences, images, service fresh; copy carried from {SECOND}"
    )
    assert any(line.startswith("  write_copy: ") and "no/such/folder" in line for line in details)
    assert states(published.pointed(shop.lake)) == {
        "lists": "fresh", "customers": "fresh", "offers": "fresh", "audiences": "fresh", "copy": "carried",
        "images": "fresh",
        "service": "fresh",
    }  # fmt: skip
    page = night_page(shop.lake, THIRD)
    assert all(line in page for line in product_lines(published.pointed(shop.lake)))


def test_after_a_failed_night_everything_but_the_missing_decision_is_the_same(
    sample: Sample, broken: tuple[Sample, str]
) -> None:
    fresh_tables = {t.name for t in PUBLISHED if t.product in ("lists", "customers")}
    shop, _ = broken
    for table in [t for gate in ("clean", "features", "prices") for t in STAGES[gate]]:
        assert current(shop.lake, table).equals(current(sample.lake, table)), table.name
    for table in (t for t in PUBLISHED if t.name in fresh_tables):
        assert shown(shop.lake, table).equals(shown(sample.lake, table)), table.name


def test_the_failed_tasks_run_again_make_the_night_whole(broken: tuple[Sample, str]) -> None:
    shop, _ = broken
    for task in ("train_copywriter", "write_copy", "check_copy", "publish_night"):
        run(shop.night(), task)
    now = published.pointed(shop.lake)
    assert now["run"] == TONIGHT
    assert set(states(now).values()) == {"fresh"}
    assert is_whole(shop.lake, now)
