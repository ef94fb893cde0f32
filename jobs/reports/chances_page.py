"""The models that predict who buys, who lapses and in which category, as text for a terminal."""

from __future__ import annotations

import datetime as dt
from typing import Any

from jobs.runtime.lake import Lake

_EFFECTS = 5


def propensity_page(lake: Lake, day: dt.date) -> str:
    """The newest model up to `day`: which kind was chosen, how well it is calibrated, which features move it.

    Empty where there is no model yet.
    """
    folder = lake.model_before("propensity", day, including=True)
    if folder is None:
        return ""
    facts = lake.get_json(*folder, "manifest.json")["facts"]
    lines = [f"chances, learned up to {facts['learned_until']}, in {lake.path(*folder)}"]
    for name, question in facts["questions"].items():
        lines += _question(name, question)
    money = facts["money"]
    if "purchases" in money:
        spent = money["value"]
        worth = f"; value expected {spent['expected']:.2f}, came {spent['came']:.2f}" if "came" in spent else ""
        purchases = money["purchases"]
        lines.append(
            f"  a customer's purchase days within {money['days']:g} days: expected {purchases['expected']:.3f}, "
            f"came {purchases['came']:.3f}{worth}"
        )
    return "\n".join(lines)


def _question(name: str, facts: dict[str, Any]) -> list[str]:
    if "not_enough_data" in facts:
        return [f"  {name}: not enough data: {facts['not_enough_data']}"]
    kept, base = facts["figures"]["kept"], facts["figures"][facts["baseline"]]
    answers = facts["best"] if facts["promoted"] else facts["running"]
    lines = [
        f"  {name}: {answers} answers; {facts['rows']['judging']:,} rows judged it, {facts['base_rate']:.1%} came true",
        f"    AUC {kept['auc']:.3f}, average precision {kept['average_precision']:.3f}; {facts['baseline']} alone "
        f"{base['auc']:.3f}, {base['average_precision']:.3f}",
        "    said  " + " ".join(f"{row['said']:6.3f}" for row in facts["reliability"]),
        "    came  " + " ".join(f"{row['came']:6.3f}" for row in facts["reliability"]),
    ]
    for model, effects in facts["effects"].items():
        strongest = list(effects.items())[:_EFFECTS]
        if model == "logistic":
            shown, what = [f"{f} {e:+.2f}" for f, e in strongest], "log-odds by one standard deviation"
        else:
            shown = [f"{f} {e['log_odds']:.2f} {'up' if e['direction'] > 0 else 'down'}" for f, e in strongest]
            what = "mean change of the log-odds"
        lines.append(f"    {model}, {what}: {', '.join(shown)}")
    return lines
