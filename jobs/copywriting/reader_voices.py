"""Chooses a voice for each reader, by scores over portraits, segments and features, and says why."""

from __future__ import annotations

from collections.abc import Iterable

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.copywriting.rules import CopyRules
from jobs.runtime.night import Night
from schemas.copywriting.voice import LEAST_SCORE, Voice
from schemas.table import SPARK_TYPES
from schemas.tables import USERS
from schemas.tables.copywriting import READER_VOICES
from schemas.tables.features import USER_FEATURES
from schemas.tables.profiles import USER_PROFILES
from schemas.tables.segments import USER_SEGMENTS

_PORTRAITS = (USER_PROFILES, USER_SEGMENTS, USER_FEATURES)  # a column that several have is taken from the first


def reader_voices(night: Night, rules: CopyRules) -> DataFrame:
    """READER_VOICES of every account; without portraits, as on a first night, all get the default voice."""
    return with_voice(portraits(night), rules.voices.values(), rules.default_style).select(*READER_VOICES.names)


def portraits(night: Night) -> DataFrame:
    """user_id of each account, and the columns that traits may name; null where the shop does not know."""
    users = night.read(USERS).select("user_id")
    for table in _PORTRAITS:
        columns = [column for column in table.columns if column.name not in users.columns]
        rows = night.versions(table).passed()
        if rows is None:
            users = users.withColumns({c.name: F.lit(None).cast(SPARK_TYPES[c.type]) for c in columns})
        else:
            names = [column.name for column in columns]
            users = users.join(rows.spark().select("user_id", *names), "user_id", "left")
    return users


def with_voice(users: DataFrame, voices: Iterable[Voice], default: str) -> DataFrame:
    """`users` with style, score and reason: the voice with the highest score, or the default below LEAST_SCORE.

    Of two voices with the same score, the later one by name is taken. Score and reason are those of the best voice even
    where the default is used, so that a person sees what was missing.
    """
    scores = [_score(voice) for voice in voices if voice.traits]
    if not scores:
        nothing = {"style": F.lit(default), "score": F.lit(0.0), "reason": F.lit("")}
        return users.withColumns(nothing)
    users = users.withColumn("best", F.array_max(F.array(*scores)))
    is_enough = F.col("best.score") >= LEAST_SCORE
    style = F.when(is_enough, F.col("best.style")).otherwise(F.lit(default))
    return users.withColumns({"style": style, "score": F.col("best.score"), "reason": F.col("best.reason")})


def _score(voice: Voice) -> Column:
    """Struct (score, style, reason) of one voice; a trait whose columns are null does not hold."""
    conditions = [(trait, F.coalesce(F.expr(trait.when), F.lit(False))) for trait in voice.traits]
    weights = [F.when(is_met, F.lit(trait.weight)).otherwise(F.lit(0.0)) for trait, is_met in conditions]
    score = F.round(sum(weights[1:], weights[0]), 3)
    reason = F.concat_ws("; ", *[F.when(is_met, F.lit(trait.reason)) for trait, is_met in conditions])
    return F.struct(score.alias("score"), F.lit(voice.name).alias("style"), reason.alias("reason"))
