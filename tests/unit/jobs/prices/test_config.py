"""Settings of prices: no attribute of a person, least of all a protected one, can influence a price."""

from __future__ import annotations

import pytest

from jobs.prices.config import SuggestPricesConfig
from jobs.runtime.settings import Settings
from models.pricing.best_price import PricingConfig
from models.pricing.elasticity import ElasticityConfig
from schemas.protected_attributes import refusal


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("gender", "gender, a protected attribute"),
        ("targetGender", "gender, a protected attribute"),
        ("sex", "gender, a protected attribute"),
        ("age", "age, a protected attribute"),
        ("Age_Band", "age, a protected"),
        ("birth_date", "age, a protected"),
        ("ethnicity", "ethnicity, a protected"),
        ("religion", "religion, a protected"),
        ("health_status", "health, a protected"),
        ("适合性别", "gender, a protected"),
        ("member_level", "one price for everybody"),
        ("city", "one price for everybody"),
        ("user_id", "one price for everybody"),
        ("customer_group", "one price for everybody"),
    ],
)
@pytest.mark.parametrize("setting", ["pool_by", "competitor"])
def test_an_attribute_of_a_person_is_refused_by_name_with_the_reason(setting, name, why):
    with pytest.raises(ValueError, match=f"prices: {setting} may not be '{name}': .*{why}"):
        Settings({"prices": {setting: name}})  # at load, not an hour into the night


@pytest.mark.parametrize("name", ["category", "brand", "colour", "storage", "competitor_price", "material", "package"])
def test_an_attribute_of_the_item_is_allowed(name):
    assert refusal(name) is None


def test_no_setting_of_prices_is_a_person_and_an_unknown_one_is_refused():
    names = [*vars(SuggestPricesConfig()), *vars(PricingConfig()), *vars(ElasticityConfig())]
    assert [name for name in names if refusal(name)] == []
    for section in ("prices", "pricing"):
        with pytest.raises(ValueError, match=f"{section} has no 'gender'"):
            Settings({section: {"gender": "f"}}).section(section)
