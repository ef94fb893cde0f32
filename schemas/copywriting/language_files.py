"""Finds the files of a language: those in the shop's own folder first, then the shipped ones."""

from __future__ import annotations

from pathlib import Path

SHIPPED = Path(__file__).parent / "languages"
HEAD = "language.toml"  # a folder with this file is a language


def languages_there_are(shop_folder: str = "") -> list[str]:
    """Names of the shipped languages and of those in `shop_folder`, in order."""
    folders = (SHIPPED, Path(shop_folder)) if shop_folder else (SHIPPED,)
    return sorted({path.parent.name for folder in folders for path in folder.glob(f"*/{HEAD}")})


def file_of(language: str, name: str, shop_folder: str = "") -> Path:
    """The file `name` of a language: the shop's in `shop_folder/<language>` if there is one, else the shipped one.

    Raises FileNotFoundError for an unknown language, or a language without this file; the message names the next step.
    """
    candidates = [folder / language / name for folder in ((Path(shop_folder), SHIPPED) if shop_folder else (SHIPPED,))]
    path = next((candidate for candidate in candidates if candidate.is_file()), None)
    if path is None:
        known = languages_there_are(shop_folder)
        step = (
            f"write {candidates[0]}"
            if language in known
            else f"there are {', '.join(known)}; write {candidates[0]} first"
        )
        raise FileNotFoundError(f"no {name.removesuffix('.toml')} of '{language}': {step}; start from {SHIPPED / 'en'}")
    return path


def vocabulary_of(language: str, shop_folder: str = "") -> list[Path]:
    """The files with a language's words; the shop's file replaces the shipped file of the same name."""
    folders = (SHIPPED, Path(shop_folder)) if shop_folder else (SHIPPED,)
    files = {
        path.name: path for folder in folders for path in sorted((folder / language / "vocabulary").glob("*.toml"))
    }
    return [files[name] for name in sorted(files)]
