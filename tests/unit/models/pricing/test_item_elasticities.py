"""Elasticities under item ids: fitted in blocks, saved and loaded."""

from __future__ import annotations

import numpy as np
import pytest

from jobs.sample_shop.prices import PricePlan, make_prices
from models.pricing.elasticity import Elasticities, ElasticityConfig, fit_elasticities
from models.pricing.item_elasticities import ItemElasticities


@pytest.mark.parametrize("cells", [1, 4000, 10**9])
def test_categories_fitted_apart_are_as_fitted_together(cells):
    shop = make_prices(PricePlan(items=200, categories=5, weeks=30, seed=4))
    together = fit_elasticities(ElasticityConfig(), shop.units, shop.price, shop.category)
    ids = np.arange(200).astype(str)
    parts = ItemElasticities.fit(ElasticityConfig(), ids, shop.units, shop.price, shop.category, cells).elasticities
    for name in ("mean", "sd", "weeks", "prices", "units", "category_mean", "category_spread", "dispersion"):
        np.testing.assert_allclose(getattr(parts, name), getattr(together, name), atol=0.01, err_msg=name)


def test_a_fit_is_read_as_it_was_saved(tmp_path):
    part = Elasticities(*(np.arange(2.0) for _ in range(2)), np.arange(2), np.arange(2), *(np.arange(2.0),) * 4)
    fit = ItemElasticities(ElasticityConfig(spread=0.4), np.array(["a", "c"]), part)
    fit.save(tmp_path)
    again = ItemElasticities.load(tmp_path)
    assert again.config == fit.config
    assert again.rows_of(np.array(["b", "c", "d", "a"])).tolist() == [-1, 1, -1, 0]
    np.testing.assert_array_equal(again.elasticities.mean, part.mean)
    with np.load(tmp_path / "elasticities.npz") as arrays:
        np.savez(tmp_path / "elasticities.npz", **{**arrays, "item_ids": np.array(["a"])})
    with pytest.raises(ValueError, match="holds 1 ids and 2 elasticities, its manifest says 2 items; fit it again"):
        ItemElasticities.load(tmp_path)
