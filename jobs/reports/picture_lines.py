"""What a night did with its pictures, as text for a terminal."""

from __future__ import annotations

import datetime as dt

from jobs.runtime.lake import Lake
from jobs.runtime.night import first_line, job_report


def picture_lines(lake: Lake, day: dt.date, run: str) -> list[str]:
    """Lines about a run's pictures: received, refused, results, and where the page is; none without pictures."""
    received = job_report(lake, day, run, "receive_images")
    if "error" in received:
        return [f"receive_images failed: {first_line(received['error'])}", ""]
    if "carried_over" in received:
        return [f"! pictures: {received['carried_over']}", ""]
    if not received.get("received"):
        return []
    refused = received["refused"]
    lines = [
        f"pictures  {received['received']:>12,} = {received['kept']:,} kept + {received['unchanged']:,} unchanged + "
        f"{sum(refused.values()):,} refused; {received['items']:,} items have pictures"
    ]
    lines += [
        f"  {reason:24} {count:>10,}"
        for reason, count in sorted(refused.items(), key=lambda entry: (-entry[1], entry[0]))
    ]
    embedded, named, searched = (
        job_report(lake, day, run, job) for job in ("embed_images", "recognise_attributes", "search_images")
    )
    if "embedded" in embedded:
        lines.append(f"  {embedded['embedded']:,} embedded, {embedded['unchanged']:,} unchanged since an earlier night")
    if "rows_recognised_attributes" in named:
        filled, doubted = named["rows_recognised_attributes"], named["rows_doubted_attributes"]
        lines.append(f"  {filled:,} attributes filled in, {doubted:,} of the catalogue doubted")
    if searched.get("photos"):
        lines.append(f"  {searched['searched']:,} of {searched['photos']:,} photos of shoppers searched")
    page = ("reports", f"date={day}", "images.html")
    return [*lines, *([f"  see them in {lake.path(*page)}"] if lake.exists(*page) else []), ""]
