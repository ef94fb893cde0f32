"""Campaigns, portraits and propensities -> offers: who gets what, from which budget, and why;
also withheld_offers, offer_parity and campaign_outcomes.

- The job checks a campaign's examples when it loads the file: a wrong example stops it before any money is spent.
- Value is margin gained. If a campaign has had enough users, it is measured as the difference between accounts with the
  offer and held-out accounts. Else it comes from the propensity and the campaign's own assumed lift, or is `not enough
  data`. The column `method` says which.
- Guards: margin floor, budget, contact cap, exclusions, one offer of a kind, hold-out, one account for each person, one
  currency. An audit checks the chosen offers against all guards before they are written.
- A line's `amount` limits the sum of expected costs, its `at_most` the cost of all offers if used in full.
- A line that learns gives each of its campaigns a share, which the outcomes of earlier offers move (bandit_moves).
- Gender, age and other protected attributes cannot be conditions. Only the parity table reads them, after the choice.
"""

from __future__ import annotations

from pathlib import Path

from jobs.offers.config import OffersConfig
from jobs.offers.parity import parity
from jobs.offers.plan import Planned, plan
from jobs.runtime.night import Night
from schemas.arrow import arrow_schema
from schemas.campaigns.campaign import Campaigns
from schemas.campaigns.reading import NO_CAMPAIGNS, load_campaigns, shipped_campaigns
from schemas.tables import CAMPAIGN_OUTCOMES, OFFER_PARITY, OFFERS, WITHHELD_OFFERS
from schemas.tables.profiles import USER_PROFILES


def main(night: Night) -> None:
    config: OffersConfig = night.settings.section("offers")
    campaigns = campaigns_of(night, config)
    if campaigns is None:
        for table in (OFFERS, WITHHELD_OFFERS, OFFER_PARITY, CAMPAIGN_OUTCOMES):
            night.write_arrow(table, arrow_schema(table).empty_table())
        return
    planned = plan(night, campaigns, config)
    night.write_arrow(OFFERS, planned.offers)
    night.write_arrow(WITHHELD_OFFERS, planned.withheld)
    night.write_arrow(CAMPAIGN_OUTCOMES, planned.outcomes)
    offers = night.read(OFFERS).select("user_id", "worst_cost")
    night.write_arrow(OFFER_PARITY, parity(night.read(USER_PROFILES), offers, config.parity_users))
    _report(night, campaigns, planned)


def campaigns_of(night: Night, config: OffersConfig) -> Campaigns | None:
    """The campaigns that the setting names, else those named like the source; None, with a log line, if none."""
    if config.campaigns and config.campaigns != NO_CAMPAIGNS:
        return load_campaigns(config.campaigns)
    source = Path(night.source_name).stem
    if config.campaigns == NO_CAMPAIGNS or source not in shipped_campaigns():
        why = "offers.campaigns is 'none'" if config.campaigns else f"no campaigns are shipped for source '{source}'"
        night.log.info("no offers tonight: %s; name a TOML file in the setting offers.campaigns", why)
        return None
    return load_campaigns(source)


def _report(night: Night, campaigns: Campaigns, planned: Planned) -> None:
    for name, why in planned.skipped.items():
        night.log.info("%s is skipped: %s", name, why)
    for name, report in planned.by_campaign.items():
        counts = (report["candidates"], report["offered"], report["withheld"], report["refused"] or "none")
        night.log.info("%s: %d accounts meet its conditions, %d offered, %d withheld, refused: %s", name, *counts)
    night.report(file=campaigns.name, campaigns=planned.by_campaign, skipped=planned.skipped, budgets=planned.by_line)
