"""Gives Spark the keys of what it reads from an encrypted lake: those of the read's own files, and no others.

Parquet's Java and Hadoop ask classes of ours (java/*.java) for them. Spark carries a compiler, so nothing has to be
installed: the classes are compiled once for an installation, and the running JVM takes them in.
"""

from __future__ import annotations

import base64
import hashlib
import os
import socket
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

import pyspark
from pyspark.sql import DataFrameReader, SparkSession

from jobs.runtime.lake import Lake
from jobs.runtime.lake_keys import FILE_VARIABLE, KEY_VARIABLE, WrongMasterKey, key_name, keys_of

_SOURCES = [Path(__file__).with_name("java") / f"{name}.java" for name in ("TableKeys", "SealedFiles")]
_FACTORY = "org.apache.parquet.crypto.keytools.PropertiesDrivenCryptoFactory"
_TAUGHT: set[str] = set()  # applications whose JVM has the classes
TOKEN = "parquet.encryption.key.access.token"


def check_executors(spark: SparkSession, lake: Lake) -> None:
    """Raises WrongMasterKey where an executor of a cluster cannot open the lake's keys: before it gets any work."""
    master = str(spark.sparkContext.master)
    if master.startswith("local") or keys_of(lake) is None:
        return
    tasks, root = spark.sparkContext.defaultParallelism, lake.root
    found = spark.sparkContext.parallelize(range(tasks), tasks).map(lambda _: _trouble(root)).collect()
    if trouble := sorted({told for told in found if told}):
        raise WrongMasterKey(
            f"executors of {master} cannot open the keys of {root}: {'; '.join(trouble)}\n  Put the master key into a "
            f"file at one path on every machine and name it in {FILE_VARIABLE}: executors are told the path. Or set "
            f"{KEY_VARIABLE} in the environment of Spark's workers (conf/spark-env.sh), never in a property of Spark"
        )


def _trouble(root: str) -> str | None:
    """Where this process runs and why it cannot open the lake's keys; None where it can."""
    try:
        keys_of(Lake(root))
    except Exception as problem:  # a service's class may raise anything
        return f"{socket.gethostname()}: {str(problem).partition(';')[0]}"
    return None


def table_reader(spark: SparkSession, lake: Lake, urls: Sequence[str]) -> DataFrameReader:
    """`spark.read` for Parquet files of the lake's tables."""
    return spark.read.options(**table_options(spark, lake, urls))


def table_options(spark: SparkSession, lake: Lake, urls: Sequence[str]) -> dict[str, str]:
    """What Parquet's Java needs to open these files; nothing where the lake is not encrypted."""
    token = _token(lake, urls)
    if token is None:
        return {}
    _teach(spark)
    kms = {"parquet.encryption.kms.client.class": "nightmarket.TableKeys", TOKEN: token}
    return {"parquet.crypto.factory.class": _FACTORY, **kms}


def raw_reader(spark: SparkSession, lake: Lake, urls: Sequence[str]) -> DataFrameReader:
    """`spark.read` for raw files of the lake, of whatever format: sealed ones are opened while they are read."""
    token = _token(lake, urls)
    if token is None:
        return spark.read
    _teach(spark)
    scheme = urlsplit(lake.url()).scheme
    inner = spark.sparkContext._jsc.hadoopConfiguration().get(f"fs.{scheme}.impl")  # type: ignore[union-attr]
    options = {"nightmarket.files": inner} if inner else {}
    ours = {f"fs.{scheme}.impl": "nightmarket.SealedFiles", f"fs.{scheme}.impl.disable.cache": "true"}
    return spark.read.options(**options, **ours, **{"nightmarket.keys": token})


def _token(lake: Lake, urls: Sequence[str]) -> str | None:
    """NAME:BASE64 of each key of these files that there is, with ';' between, as TableKeys.java takes it.

    None where the lake is not encrypted.
    """
    keys = keys_of(lake)
    if keys is None:
        return None
    root = len(lake.url(""))
    names = {name for url in urls if (name := key_name(url[root:])) is not None}
    held = [f"{name}:{base64.b64encode(keys.of(name)).decode()}" for name in sorted(names) if keys.has(name)]
    return ";".join(held) or "none"


def _teach(spark: SparkSession) -> None:
    """Adds the classes to the running JVM, and to those of the executors of a cluster."""
    application = spark.sparkContext.applicationId
    if application in _TAUGHT:
        return
    jvm = spark.sparkContext._jvm
    assert jvm is not None
    loader = jvm.java.lang.Thread.currentThread().getContextClassLoader()
    jar = _jar(jvm, loader)
    loader.addURL(jvm.java.io.File(str(jar)).toURI().toURL())
    if not str(spark.sparkContext.master).startswith("local"):
        spark.sparkContext._jsc.addJar(str(jar))  # type: ignore[union-attr]
    _TAUGHT.add(application)


def _jar(jvm: object, loader: object) -> Path:
    """The compiled classes: beside Spark where that may be written, else for this process alone."""
    texts = [source.read_text("utf-8") for source in _SOURCES]
    name = f"nightmarket-{hashlib.sha256(''.join(texts).encode()).hexdigest()[:16]}.jar"
    kept = Path(pyspark.__file__).with_name(name)
    if kept.exists():
        return kept
    folder = kept.parent if os.access(kept.parent, os.W_OK) else Path(tempfile.mkdtemp())
    handle, made = tempfile.mkstemp(dir=folder, suffix=".jar")
    with os.fdopen(handle, "wb") as file, zipfile.ZipFile(file, "w") as jar:
        for compiled, code in _compiled(jvm, loader, texts).items():
            jar.writestr(f"{compiled.replace('.', '/')}.class", code)
    os.chmod(made, 0o644)
    return Path(made).replace(folder / name)


def _compiled(jvm: object, loader: object, texts: list[str]) -> dict[str, bytes]:
    """Name of a class -> its code. Each source may use those before it."""
    found: dict[str, bytes] = {}
    for text in texts:
        compiler = jvm.org.codehaus.janino.SimpleCompiler()  # type: ignore[attr-defined]
        compiler.setParentClassLoader(loader)
        compiler.cook(text)
        code = compiler.getBytecodes()
        found |= {name: bytes(code[name]) for name in code}
        loader = compiler.getClassLoader()
    return found
