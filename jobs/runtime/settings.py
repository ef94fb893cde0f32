"""Settings: one TOML file of sections; each is a frozen dataclass that is declared beside what it configures."""

from __future__ import annotations

import dataclasses
import importlib
import tomllib
from typing import Any

from models.core.config import build

# section -> module:class. These are strings, so that reading the settings imports only the sections that are used.
SECTIONS = {
    "lease": "jobs.runtime.lease:LeaseConfig",
    "encryption": "jobs.runtime.lake_keys:EncryptionConfig",
    "limits": "jobs.intake.row_checks:RawLimits",
    "clean": "jobs.intake.event_rules:CleanConfig",
    "gate": "jobs.runtime.gate:GateConfig",
    "catalogue": "jobs.intake.update_catalogue:CatalogueConfig",
    "interest": "jobs.features.interest:InterestConfig",
    "profiles": "jobs.features.portraits:ProfilesConfig",
    "bought_together": "jobs.lists.find_bought_together:TogetherConfig",
    "offers": "jobs.offers.config:OffersConfig",
    "segments": "models.customers.segments:SegmentsConfig",
    "audiences": "jobs.customers.find_audiences:AudiencesConfig",
    "training": "jobs.lists.train_als:TrainConfig",
    "als": "models.recommenders.als:ALSConfig",
    "lstm": "models.recommenders.lstm:LSTMConfig",
    "transformer": "models.recommenders.transformer:TransformerConfig",
    "lstm_training": "jobs.lists.train_lstm:TrainLSTMConfig",
    "ranker_training": "jobs.lists.train_ranker:TrainRankerConfig",
    "ranker": "models.ranking.ranker:RankerConfig",
    "propensity": "jobs.customers.predict_purchases:PropensityConfig",
    "cold": "models.cold_start.cold_items:ColdConfig",
    "diversity": "models.ranking.diversity_config:DiversityConfig",
    "prices": "jobs.prices.config:SuggestPricesConfig",
    "pricing": "models.pricing.best_price:PricingConfig",
    "elasticity": "models.pricing.elasticity:ElasticityConfig",
    "recommend": "jobs.lists.recommend_items:RecommendConfig",
    "copywriter_training": "jobs.copywriting.train_copywriter:TrainCopywriterConfig",
    "copywriter": "models.copywriting.copywriter_config:CopywriterConfig",
    "copy": "jobs.copywriting.rules:CopyConfig",
    "copy_endpoint": "jobs.copywriting.endpoint_config:EndpointConfig",
    "instruct": "models.instruct.config:InstructConfig",
    "images": "jobs.images.config:ImagesConfig",
    "image_drafts": "jobs.images.draft_config:DraftsConfig",
    "image_editor_training": "jobs.images.draft_config:TrainEditorConfig",
    "image_editor": "models.image_editing.network:EditorConfig",
    "recogniser": "models.images.recogniser:RecogniserConfig",
    "pictures": "models.images.reading:PictureLimits",
    "service": "jobs.service.config:ServiceConfig",
    "answerer": "models.service.answerer_config:AnswererConfig",
    "experiments": "jobs.common.declared_experiments:ExperimentsConfig",
    "exposure": "jobs.lists.measure_exposure:ExposureConfig",
    "judge": "jobs.lists.judge_lists:JudgeConfig",
    "privacy": "jobs.common.private_release:PrivacyConfig",
    "retention": "jobs.common.retention:RetentionConfig",
    "publish": "jobs.publishing.publish_night:PublishConfig",
    "carry": "jobs.runtime.products:CarryConfig",
}
# Former section names; a file that still has one is refused with the new name.
RENAMED = {
    "train": "training",
    "hybrid": "ranker_training",
    "sequences": "lstm_training",
    "copywriting": "copywriter_training",
    "together": "bought_together",
}
# These sections are checked before the night begins, so that a protected attribute is refused at once. A job checks
# the other sections when it reads them.
REFUSED_AT_LOAD = {"prices"}


class Settings:
    """The keys that the user changed; all others have the defaults of their dataclasses."""

    def __init__(self, changed: dict[str, dict[str, Any]] | None = None) -> None:
        self.changed = changed or {}
        for name in self.changed:
            if name in RENAMED:
                raise ValueError(f"settings have no section '{name}' any more; it is called '{RENAMED[name]}' now")
        unknown = set(self.changed) - set(SECTIONS)
        if unknown:
            raise ValueError(f"settings have no section {sorted(unknown)}; there are {', '.join(SECTIONS)}")
        for name in REFUSED_AT_LOAD & set(self.changed):
            self.section(name)

    def section(self, name: str) -> Any:
        """The section as its dataclass. Raises ValueError, which lists the known keys, for an unknown key."""
        return build(config_class(name), self.changed.get(name, {}), name)

    def as_dict(self) -> dict[str, dict[str, Any]]:
        return {name: dataclasses.asdict(self.section(name)) for name in SECTIONS}


def config_class(section: str) -> type:
    module, name = SECTIONS[section].split(":")
    return getattr(importlib.import_module(module), name)


def load_settings(path: str | None, overrides: list[str]) -> Settings:
    """Settings from a TOML file, if any, then from `section.key=value` overrides, whose values are read as TOML.

    An empty override, such as a field of Airflow's form that nobody filled in, changes nothing.
    """
    changed: dict[str, dict[str, Any]] = {}
    if path:
        changed = _read(path)
    for override in filter(None, overrides):
        name, sign, value = override.partition("=")
        section, dot, key = name.partition(".")
        if not (sign and dot):
            raise ValueError(f"--set takes section.key=value, such as als.factors=32; saw '{override}'")
        changed.setdefault(section, {})[key] = _toml_value(value)
    return Settings(changed)


def _read(path: str) -> dict[str, dict[str, Any]]:
    try:
        with open(path, "rb") as stream:
            changed = tomllib.load(stream)
    except (FileNotFoundError, IsADirectoryError):
        raise FileNotFoundError(
            f"--config {path}: no such file; `python -m jobs show_settings` prints one to start from"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise ValueError(f"--config {path} is not TOML: {problem}") from None
    for name, keys in changed.items():
        if not isinstance(keys, dict):
            raise ValueError(f"--config {path}: {name} = {keys!r} is in no section; write it below one, such as [als]")
    return changed


def _toml_value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text  # a bare word is a string


def as_toml() -> str:
    """A TOML file of every section and key with its default and meaning."""
    lines = []
    for name in SECTIONS:
        cls = config_class(name)
        lines += [f"# {(cls.__doc__ or '').strip().splitlines()[0]}", f"[{name}]"]
        for field in dataclasses.fields(cls):
            doc = field.metadata.get("doc")
            default = field.default if field.default is not dataclasses.MISSING else field.default_factory()  # type: ignore[operator]
            lines.append(
                f"{'# ' if default is None else ''}{field.name} = {_as_toml_value(default)}"
                + (f"  # {doc}" if doc else "")
            )
        lines.append("")
    return "\n".join(lines)


def _as_toml_value(value: Any) -> str:
    if value is None:
        return '""'
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (tuple, list)):
        return "[" + ", ".join(_as_toml_value(v) for v in value) + "]"
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        value = dataclasses.asdict(value)
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{k} = {_as_toml_value(v)}" for k, v in value.items()) + " }"
    return f'"{value}"' if isinstance(value, str) else repr(value)
