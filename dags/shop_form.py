"""The fields that the forms of all DAGs have: the shop's mapping, its files, its lake and its settings."""

from __future__ import annotations

import os

from airflow.sdk import Param
from launch import HOME

# A field that is empty when the form opens must allow null, or the form cannot be sent.
SHOP = {
    "source": Param(
        os.environ.get("NIGHTMARKET_SOURCE") or "sample_shop",
        type="string",
        minLength=1,
        title="Source",
        description="How the shop's files map onto our tables: a name in schemas/sources, such as sample_shop, or the "
        "path of a TOML file, such as /etc/shop.toml.",
    ),
    "raw": Param(
        os.environ.get("NIGHTMARKET_RAW") or f"{HOME}/build/sample_shop",
        type="string",
        minLength=1,
        title="Raw folder",
        description="Where the shop drops its files: a folder or a URL, such as /data/drops or s3://shop/drops.",
    ),
    "lake": Param(
        os.environ.get("NIGHTMARKET_LAKE") or f"{HOME}/lake",
        type="string",
        minLength=1,
        title="Lake",
        description="Where the tables are: a folder or a URL (s3, gs, abfs, hdfs) that every worker reads, such as "
        "/data/lake or s3://shop/lake.",
    ),
    "config": Param(
        os.environ.get("NIGHTMARKET_CONFIG") or None,
        type=["null", "string"],
        title="Settings",
        description="A TOML file of settings, such as /etc/night.toml; `python -m jobs show_settings` prints one. "
        "Empty: the defaults.",
    ),
}
CONFIG = ("--config", "{{ params.config or '' }}")
