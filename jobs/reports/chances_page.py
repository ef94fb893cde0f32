"""The models that predict who buys, who lapses and in which category, as text for a terminal."""

from __future__ import annotations

import datetime as dt
from typing import Any

from jobs.runtime.lake import Lake

_EFFECTS = 5


def propensity_page(lake: Lake, day: dt.date) -> str:
    """The newest model up to `day`: which kind was chosen, its calibration, the features with the largest effects.

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
        worth = f"; value expected {spent['expected']:.2f}, observed {spent['came']:.2f}" if "came" in spent else ""
        purchases = money["purchases"]
        lines.append(
            f"  a customer's purchase days within {money['days']:g} days: expected {purchases['expected']:.3f}, "
            f"observed {purchases['came']:.3f}{worth}"
        )
    return "\n".join(lines)


def _question(name: str, facts: dict[str, Any]) -> list[str]:
    if "not_enough_data" in facts:
        return [f"  {name}: not enough data: {facts['not_enough_data']}"]
    chosen, base = facts["figures"]["kept"], facts["figures"][facts["baseline"]]
    answers = facts["best"] if facts["promoted"] else facts["running"]
    lines = [
        f"  {name}: {answers} answers; {facts['rows']['judging']:,} rows judged it, {facts['base_rate']:.1%} came true",
        f"    AUC {chosen['auc']:.3f}, average precision {chosen['average_precision']:.3f}; {facts['baseline']} alone "
        f"{base['auc']:.3f}, {base['average_precision']:.3f}",
        "    predicted  " + " ".join(f"{row['said']:6.3f}" for row in facts["reliability"]),
        "    observed   " + " ".join(f"{row['came']:6.3f}" for row in facts["reliability"]),
    ]
    for model, effects in facts["effects"].items():
        strongest = list(effects.items())[:_EFFECTS]
        if model == "logistic":
            shown, unit = (
                [f"{feature} {effect:+.2f}" for feature, effect in strongest],
                "log-odds by one standard deviation",
            )
        else:
            shown = [
                f"{feature} {effect['log_odds']:.2f} {'up' if effect['direction'] > 0 else 'down'}"
                for feature, effect in strongest
            ]
            unit = "mean change of the log-odds"
        lines.append(f"    {model}, {unit}: {', '.join(shown)}")
    return lines
