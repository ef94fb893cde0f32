"""Finds the files of a language: those in the shop's own folder first, then the shipped ones."""

from __future__ import annotations

from pathlib import Path

SHIPPED = Path(__file__).parent / "languages"
HEAD = "language.toml"  # a folder with this file is a language


def languages_there_are(own: str = "") -> list[str]:
    """Names of the shipped languages and of those in the folder `own`, in order."""
    folders = (SHIPPED, Path(own)) if own else (SHIPPED,)
    return sorted({path.parent.name for folder in folders for path in folder.glob(f"*/{HEAD}")})


def file_of(language: str, name: str, own: str = "") -> Path:
    """The file `name` of a language: in `own/<language>` where the shop has it there, else the shipped one.

    Raises FileNotFoundError for a language that there is not, or one without this file; it names the next step.
    """
    places = [folder / language / name for folder in ((Path(own), SHIPPED) if own else (SHIPPED,))]
    found = next((place for place in places if place.is_file()), None)
    if found is None:
        known = languages_there_are(own)
        step = f"write {places[0]}" if language in known else f"there are {', '.join(known)}; write {places[0]} first"
        raise FileNotFoundError(f"no {name.removesuffix('.toml')} of '{language}': {step}; start from {SHIPPED / 'en'}")
    return found


def vocabulary_of(language: str, own: str = "") -> list[Path]:
    """The files with a language's words; a file of the shop's takes the place of the shipped one of its name."""
    folders = (SHIPPED, Path(own)) if own else (SHIPPED,)
    files = {
        path.name: path for folder in folders for path in sorted((folder / language / "vocabulary").glob("*.toml"))
    }
    return [files[name] for name in sorted(files)]
