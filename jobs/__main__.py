"""`python -m jobs JOB --date D --lake L [...]` runs one job. spark-submit runs this file too."""

from __future__ import annotations

import argparse
import ast
import contextlib
import importlib
import os
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
if not __package__:  # run as a file by spark-submit: the folder above is what `import jobs` needs
    sys.path[0] = str(HERE.parent)

from jobs.runtime.arguments import a_date, add_settings_arguments  # noqa: E402  after the path is right
from jobs.runtime.exit_status import status_of  # noqa: E402
from jobs.runtime.registry import job_files, module_of  # noqa: E402
from jobs.runtime.threads import bound_threads  # noqa: E402
from jobs.runtime.umask import keep_others_out  # noqa: E402


def all_jobs() -> dict[str, str]:
    """Job name -> first line of its docstring, without importing any job."""
    docs = {name: ast.get_docstring(ast.parse(path.read_text("utf-8"))) for name, path in job_files().items()}
    return {name: (doc or "").partition("\n")[0] for name, doc in docs.items()}


def add_night_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--date", type=a_date, required=True, help="the night, such as 2026-01-06")
    parser.add_argument("--lake", required=True, help="folder or URL of the lake")
    parser.add_argument("--run", help="name of this attempt at the night; default: the next number")
    parser.add_argument(
        "--goes-on", action="store_true", help="other processes of --run follow: it keeps the lake until release_lake"
    )
    parser.add_argument("--source", help="mapping of the raw files: a name in schemas/sources or a TOML file")
    parser.add_argument("--raw", help="folder or URL of the shop's raw files")
    add_settings_arguments(parser)


def main(argv: list[str]) -> int:
    bound_threads()
    keep_others_out()
    jobs = all_jobs()
    if not argv or argv[0] in ("-h", "--help"):
        print(__doc__, "\n\njobs:")
        print("\n".join(f"  {name:18} {doc}" for name, doc in jobs.items()))
        return 0
    name, *rest = argv
    by_verb = [job for job in jobs if job.startswith(f"{name}_")]
    if name not in jobs and len(by_verb) == 1:  # `explain` for explain_user, `rollback` for rollback_night
        name = by_verb[0]
    if name not in jobs:
        print(f"no job '{name}'; `python -m jobs --help` lists {', '.join(jobs)}", file=sys.stderr)
        return 2
    module = importlib.import_module(module_of(name))
    parser = argparse.ArgumentParser(
        prog=f"python -m jobs {name}", description=module.__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    if hasattr(module, "add_arguments"):
        module.add_arguments(parser)
        return module.main(parser.parse_args(rest)) or 0
    add_night_arguments(parser)
    if hasattr(module, "add_night_options"):  # a night job with an option of its own
        module.add_night_options(parser)
    args = parser.parse_args(rest)
    if args.goes_on and not args.run:
        parser.error("--goes-on needs --run: the run is what the processes have in common")
    options = {key: getattr(args, key) for key in getattr(module, "NIGHT_OPTIONS", ())}
    with _lease(name, args, getattr(module, "WRITES_BELOW", "")):
        run_job(name, module, args, options)
    return 0


def run_job(name: str, module: Any, args: argparse.Namespace, options: dict[str, Any]) -> None:
    from jobs.runtime.night import Night  # imported late, so that --help does not wait for Spark
    from jobs.runtime.progress import Progress

    night = Night.from_args(args)
    night.begin(name)
    with Progress(name), night.reporting():
        module.main(night, **options)


def _lease(name: str, args: argparse.Namespace, below: str) -> contextlib.AbstractContextManager[None]:
    """The lease of the lake; of the lake in its folder `below` where the job may run beside a night."""
    from jobs.runtime import lease
    from jobs.runtime.lake import Lake
    from jobs.runtime.settings import load_settings

    config = load_settings(args.config, args.set).section("lease")
    root = "/".join(filter(None, (args.lake.rstrip("/"), below)))
    return lease.held(Lake(root), lease.new_hold(name, args.date, args.run or "", args.goes_on), config)


if __name__ == "__main__":
    try:
        status = main(sys.argv[1:])
    except (FileNotFoundError, ValueError, RuntimeError, MemoryError) as problem:
        if os.environ.get("NIGHTMARKET_TRACEBACK"):
            raise
        print(f"{type(problem).__name__}: {problem}", file=sys.stderr)
        status = status_of(problem)
    sys.exit(status)
