"""Gives Spark the keys of the files that it reads from an encrypted lake, and no other keys.

Parquet's Java and Hadoop ask our classes (java/*.java) for them. Spark contains a compiler, so nothing has to be
installed: the classes are compiled once for each installation, and the running JVM loads them.
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
_READY: set[str] = set()  # applications whose JVM has the classes
TOKEN = "parquet.encryption.key.access.token"


def check_executors(spark: SparkSession, lake: Lake) -> None:
    """Before any work: raises WrongMasterKey where an executor of a cluster cannot open the lake's keys."""
    master = str(spark.sparkContext.master)
    if master.startswith("local") or keys_of(lake) is None:
        return
    tasks, root = spark.sparkContext.defaultParallelism, lake.root
    answers = spark.sparkContext.parallelize(range(tasks), tasks).map(lambda _: _trouble(root)).collect()
    if troubles := sorted({answer for answer in answers if answer}):
        raise WrongMasterKey(
            f"executors of {master} cannot open the keys of {root}: {'; '.join(troubles)}\n  Put the master key into a "
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
    """The options that let Parquet's Java open these files; none where the lake is not encrypted."""
    token = _token(lake, urls)
    if token is None:
        return {}
    _add_classes(spark)
    kms = {"parquet.encryption.kms.client.class": "nightmarket.TableKeys", TOKEN: token}
    return {"parquet.crypto.factory.class": _FACTORY, **kms}


def raw_reader(spark: SparkSession, lake: Lake, urls: Sequence[str]) -> DataFrameReader:
    """`spark.read` for raw files of the lake, of any format: sealed files are decrypted while they are read."""
    token = _token(lake, urls)
    if token is None:
        return spark.read
    _add_classes(spark)
    scheme = urlsplit(lake.url()).scheme
    inner = spark.sparkContext._jsc.hadoopConfiguration().get(f"fs.{scheme}.impl")  # type: ignore[union-attr]
    options = {"nightmarket.files": inner} if inner else {}
    file_system = {f"fs.{scheme}.impl": "nightmarket.SealedFiles", f"fs.{scheme}.impl.disable.cache": "true"}
    return spark.read.options(**options, **file_system, **{"nightmarket.keys": token})


def _token(lake: Lake, urls: Sequence[str]) -> str | None:
    """NAME:BASE64 of each existing key of these files, with ';' between, as TableKeys.java takes it.

    None where the lake is not encrypted.
    """
    keys = keys_of(lake)
    if keys is None:
        return None
    root = len(lake.url(""))
    names = {name for url in urls if (name := key_name(url[root:])) is not None}
    entries = [f"{name}:{base64.b64encode(keys.of(name)).decode()}" for name in sorted(names) if keys.has(name)]
    return ";".join(entries) or "none"


def _add_classes(spark: SparkSession) -> None:
    """Adds the classes to the running JVM, and to the JVMs of a cluster's executors."""
    application = spark.sparkContext.applicationId
    if application in _READY:
        return
    jvm = spark.sparkContext._jvm
    assert jvm is not None
    loader = jvm.java.lang.Thread.currentThread().getContextClassLoader()
    jar = _jar(jvm, loader)
    loader.addURL(jvm.java.io.File(str(jar)).toURI().toURL())
    if not str(spark.sparkContext.master).startswith("local"):
        spark.sparkContext._jsc.addJar(str(jar))  # type: ignore[union-attr]
    _READY.add(application)


def _jar(jvm: object, loader: object) -> Path:
    """The file of the compiled classes: in Spark's folder where that is writable, else for this process only."""
    texts = [source.read_text("utf-8") for source in _SOURCES]
    name = f"nightmarket-{hashlib.sha256(''.join(texts).encode()).hexdigest()[:16]}.jar"
    path = Path(pyspark.__file__).with_name(name)
    if path.exists():
        return path
    folder = path.parent if os.access(path.parent, os.W_OK) else Path(tempfile.mkdtemp())
    handle, temporary = tempfile.mkstemp(dir=folder, suffix=".jar")
    with os.fdopen(handle, "wb") as file, zipfile.ZipFile(file, "w") as jar:
        for compiled, code in _compiled(jvm, loader, texts).items():
            jar.writestr(f"{compiled.replace('.', '/')}.class", code)
    os.chmod(temporary, 0o644)
    return Path(temporary).replace(folder / name)


def _compiled(jvm: object, loader: object, texts: list[str]) -> dict[str, bytes]:
    """Name of a class -> its code. Each source may use those before it."""
    classes: dict[str, bytes] = {}
    for text in texts:
        compiler = jvm.org.codehaus.janino.SimpleCompiler()  # type: ignore[attr-defined]
        compiler.setParentClassLoader(loader)
        compiler.cook(text)
        code = compiler.getBytecodes()
        classes |= {name: bytes(code[name]) for name in code}
        loader = compiler.getClassLoader()
    return classes
