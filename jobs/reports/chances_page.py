"""What answers who buys, who lapses and in which category, as text for a terminal."""

from __future__ import annotations

import datetime as dt
from typing import Any

from jobs.runtime.lake import Lake

_EFFECTS = 5


def propensity_page(lake: Lake, day: dt.date) -> str:
    """The chances of the newest model up to `day`: how they were chosen, how far they can be believed, what moves
    them. Empty where there is none yet."""
    folder = lake.model_before("propensity", day, including=True)
    if folder is None:
        return ""
    facts = lake.get_json(*folder, "manifest.json")["facts"]
    lines = [f"chances, learned up to {facts['learned_until']}, in {lake.path(*folder)}"]
    for name, told in facts["questions"].items():
        lines += _question(name, told)
    money = facts["money"]
    if "purchases" in money:
        spent = money["value"]
        worth = f"; worth {spent['expected']:.2f}, came {spent['came']:.2f}" if "came" in spent else ""
        lines.append(f"  a customer's purchase days within {money['days']:g} days: expected "
                     f"{money['purchases']['expected']:.3f}, came {money['purchases']['came']:.3f}{worth}")  # fmt: skip
    return "\n".join(lines)


def _question(name: str, told: dict[str, Any]) -> list[str]:
    if "not_enough_data" in told:
        return [f"  {name}: not enough data: {told['not_enough_data']}"]
    kept, base = told["figures"]["kept"], told["figures"][told["baseline"]]
    answers = told["best"] if told["promoted"] else told["running"]
    lines = [
        f"  {name}: {answers} answers; {told['rows']['judging']:,} rows judged it, {told['base_rate']:.1%} came true",
        f"    AUC {kept['auc']:.3f}, average precision {kept['average_precision']:.3f}; {told['baseline']} alone "
        f"{base['auc']:.3f}, {base['average_precision']:.3f}",
        "    said  " + " ".join(f"{row['said']:6.3f}" for row in told["reliability"]),
        "    came  " + " ".join(f"{row['came']:6.3f}" for row in told["reliability"]),
    ]
    for model, effects in told["effects"].items():
        strongest = list(effects.items())[:_EFFECTS]
        if model == "logistic":
            shown, what = [f"{f} {e:+.2f}" for f, e in strongest], "log-odds by one standard deviation"
        else:
            shown = [f"{f} {e['log_odds']:.2f} {'up' if e['direction'] > 0 else 'down'}" for f, e in strongest]
            what = "mean change of the log-odds"
        lines.append(f"    {model}, {what}: {', '.join(shown)}")
    return lines
