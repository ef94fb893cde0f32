"""Airflow for these tests: it has a home of its own, which is set before Airflow is imported, and no database."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "dags"))  # as Airflow does with its folder of DAGs

os.environ["AIRFLOW_HOME"] = tempfile.mkdtemp(prefix="nightmarket-airflow-")
os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"
os.environ["AIRFLOW__CORE__DAGS_FOLDER"] = str(ROOT / "dags")
os.environ["AIRFLOW_CONN_SPARK_DEFAULT"] = '{"conn_type": "spark", "host": "spark://127.0.0.1", "port": 7077}'
for name in [n for n in os.environ if n.startswith("NIGHTMARKET_")]:
    del os.environ[name]
