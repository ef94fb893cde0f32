"""Opens and writes the Parquet files of a lake: no other module does.

Paths are those that `lake.fs` takes. Folder names such as `date=D` never become columns. Where the lake has keys, each
file is encrypted as a whole (Parquet Modular Encryption, AES-GCM, one key for the footer and all columns), except the
published files. Plain files are read as well: a lake may have got its keys after its first nights.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pyarrow.parquet.encryption as pe

from jobs.runtime.lake import Lake
from jobs.runtime.lake_keys import LakeKeys, key_name, keys_of, unwrap, wrap
from schemas.table import Table

if TYPE_CHECKING:  # many commands read a lake without Spark
    from pyspark.sql import DataFrame, SparkSession

ENCRYPTED = b"PARE"  # the first bytes of a file with an encrypted footer
PLAIN = b"PAR1"
# In files with fewer rows no column has a dictionary: zstd alone makes the sample shop's files of up to 100 rows 5 %
# smaller, those of up to 1,000 rows 3 %. Each dictionary is one more page, and encryption adds 64 bytes to a page.
DICTIONARY_ROWS = 1_000


def read_table(
    lake: Lake,
    source: str | Sequence[str] | pa.NativeFile,
    columns: list[str] | None = None,
    filters: pc.Expression | None = None,
) -> pa.Table:
    """The rows of one file, of several files or of an opened file, with all columns or only `columns`."""
    files = None if isinstance(source, pa.NativeFile) else lake.fs
    return pq.read_table(
        source,
        columns=columns,
        filesystem=files,
        filters=filters,
        partitioning=None,
        decryption_properties=to_read(lake),
    )


def dataset(lake: Lake, paths: Sequence[str]) -> ds.Dataset:
    """The files as a dataset, which reads only the rows and columns that it is asked for."""
    keys = keys_of(lake)
    if keys is None:
        return ds.dataset(list(paths), filesystem=lake.fs, format="parquet")
    config = ds.ParquetDecryptionConfig(_factory(keys), pe.KmsConnectionConfig(), pe.DecryptionConfiguration())
    options = ds.ParquetFragmentScanOptions(decryption_config=config)
    form = ds.ParquetFileFormat(default_fragment_scan_options=options)
    return ds.dataset(list(paths), filesystem=lake.fs, format=form)


def parquet_file(lake: Lake, source: str | pa.NativeFile) -> pq.ParquetFile:
    """One file, given by its path or opened, to read its metadata or some of its row groups."""
    files = lake.fs if isinstance(source, str) else None
    return pq.ParquetFile(source, filesystem=files, decryption_properties=to_read(lake))


def spark_rows(spark: SparkSession, lake: Lake, urls: Sequence[str], table: Table | None = None) -> DataFrame:
    """The rows in Spark, with the columns of `table` or else those of the files; urls: as `lake.url` gives them."""
    from jobs.runtime.spark_keys import table_reader

    reader = table_reader(spark, lake, urls)
    return (reader if table is None else reader.schema(table.ddl)).parquet(*urls)


def write_table(lake: Lake, rows: pa.Table, path: str, table: Table | None = None) -> None:
    """Writes a file with `rows`, in the layout of `table`."""
    with writer(lake, path, rows.schema, **layout(table, rows.num_rows)) as file:
        _put(file, rows)


def writer(lake: Lake, path: str, schema: pa.Schema, **options: Any) -> pq.ParquetWriter:
    """Writes a file part by part; `options` as pq.ParquetWriter takes them."""
    return pq.ParquetWriter(path, schema, filesystem=lake.fs, encryption_properties=_to_write(lake, path), **options)


def as_bytes(lake: Lake, rows: pa.Table, path: str, table: Table | None = None) -> bytes:
    """The whole content, in memory, of the file that `write_table` would write to `path`."""
    sink, options = pa.BufferOutputStream(), layout(table, rows.num_rows)
    with pq.ParquetWriter(sink, rows.schema, encryption_properties=_to_write(lake, path), **options) as file:
        _put(file, rows)
    return sink.getvalue().to_pybytes()


def layout(table: Table | None, rows: int) -> dict[str, Any]:
    """pq.ParquetWriter's options for a file of so many rows: zstd, and dictionaries only where values repeat.

    With dictionaries on ids and times too, writing took 9.0 s of CPU instead of 5.8. Without `table` each column may
    have a dictionary.
    """
    if rows < DICTIONARY_ROWS:
        return {"compression": "zstd", "use_dictionary": False}
    if table is None:
        return {"compression": "zstd", "use_dictionary": True}
    repeated = [c.name for c in table.columns if table.key != (c.name,) and c.type not in ("timestamp", "bool")]
    return {"compression": "zstd", "use_dictionary": repeated}


def _put(file: pq.ParquetWriter, rows: pa.Table) -> None:
    if rows.num_rows:  # a part without rows would still add pages
        file.write_table(rows)


class _Kms(pe.KmsClient):
    """Wraps the data keys of files by the lake's keys; java/TableKeys.java does the same in Java."""

    def __init__(self, keys: LakeKeys) -> None:
        super().__init__()
        self._keys = keys

    def wrap_key(self, key: bytes, name: str) -> str:
        return wrap(key, self._keys.of(name), name)

    def unwrap_key(self, wrapped: str, name: str) -> bytes:
        return unwrap(wrapped, self._keys.of(name), name)


@functools.lru_cache(maxsize=4)
def _factory(keys: LakeKeys) -> pe.CryptoFactory:
    return pe.CryptoFactory(lambda config: _Kms(keys))


def to_read(lake: Lake) -> Any:
    """pyarrow's decryption properties for any file of the lake; None where the lake is not encrypted."""
    keys = keys_of(lake)
    if keys is None:
        return None
    return _factory(keys).file_decryption_properties(pe.KmsConnectionConfig(), pe.DecryptionConfiguration())


def _to_write(lake: Lake, path: str) -> Any:
    """pyarrow's encryption properties for one file, which has its own data key; None for a plain file."""
    keys, name = keys_of(lake), key_name(path.removeprefix(lake.path("")))
    if keys is None or name is None:
        return None
    keys.made(name)
    config = pe.EncryptionConfiguration(
        footer_key=name, uniform_encryption=True, double_wrapping=False, data_key_length_bits=256
    )
    return _factory(keys).file_encryption_properties(pe.KmsConnectionConfig(), config)
