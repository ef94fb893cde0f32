"""What a campaign file may not say: terms, conditions, examples and budgets that contradict each other. Stdlib only.

Each key was checked alone when it was read; here keys are checked together.
"""

from __future__ import annotations

from itertools import combinations

from schemas.campaigns.campaign import ITEM_KINDS, Budget, Campaign, CampaignError, Campaigns


def check_campaigns(campaigns: Campaigns) -> None:
    """Raises CampaignError for the first contradiction within a budget line, within a campaign, or between them."""
    for budget in campaigns.budgets:
        _check_budget(budget)
    for campaign in campaigns.campaigns:
        _check_discount(campaign)
        _check_dates(campaign)
        _check_scope(campaign)
        _check_conditions(campaign)
        _check_examples(campaign)
        _check_payer(campaign, campaigns.budgets)
    _check_ids(campaigns.campaigns)
    for first, second in combinations(campaigns.campaigns, 2):
        _check_pair(first, second)
    for budget in campaigns.budgets:
        if budget.learns:
            _check_shares(budget, campaigns.competing(budget))


def _check_budget(budget: Budget) -> None:
    if budget.at_most < budget.amount:
        raise CampaignError(
            f"[budget.{budget.line}] at_most {budget.at_most:g} is below amount {budget.amount:g}: offers that are all "
            f"used in full cost at least what is expected"
        )


def _check_discount(campaign: Campaign) -> None:
    where = f"campaign {campaign.id}"
    share, amount, most = campaign.discount_share, campaign.discount_amount, campaign.max_discount
    if share is not None and amount is not None:
        raise CampaignError(f"{where} has discount_share {share:g} and discount_amount {amount:g}; keep one")
    if share is not None and most is None:
        raise CampaignError(
            f"{where} has discount_share {share:g} without max_discount; set it to the most money to take off"
        )
    if share is None and most is not None:
        raise CampaignError(f"{where} has max_discount {most:g} without discount_share")
    if amount is not None and amount >= campaign.minimum_spend:
        raise CampaignError(
            f"{where} takes {amount:g} off an order of at least {campaign.minimum_spend:g}; discount_amount must be "
            f"below minimum_spend"
        )


def _check_dates(campaign: Campaign) -> None:
    where = f"campaign {campaign.id}"
    if campaign.starts_on > campaign.ends_on:
        raise CampaignError(f"{where} starts on {campaign.starts_on}, after its end on {campaign.ends_on}")
    if campaign.after_days > campaign.within_days:
        raise CampaignError(f"{where} after_days {campaign.after_days} is above within_days {campaign.within_days}")


def _check_scope(campaign: Campaign) -> None:
    where = f"campaign {campaign.id}"
    if (campaign.on == "item") != campaign.is_of_items:
        raise CampaignError(
            f"{where} is a {campaign.kind} on {campaign.on!r}; on = 'item' is for {', '.join(ITEM_KINDS)}, and these "
            f"take no other"
        )
    if campaign.on == "everything" and (campaign.only_categories or campaign.not_categories):
        raise CampaignError(f"{where} is on everything, yet names categories; on = 'top_category' or 'recommended'")
    for category in campaign.only_categories:
        if not campaign.in_scope(category):
            raise CampaignError(f"{where} has '{category}' in only_categories, and not_categories takes all of it away")


def _check_conditions(campaign: Campaign) -> None:
    for first, second in combinations(campaign.conditions, 2):
        if first.fact == second.fact and not first.overlaps(second):
            raise CampaignError(
                f"campaign {campaign.id} contradicts itself: {first.sql} by its kind ({campaign.kind}), "
                f"{second.sql} by [who]"
            )


def _check_examples(campaign: Campaign) -> None:
    where = f"campaign {campaign.id}"
    if {example.gets for example in campaign.examples} != {True, False}:
        raise CampaignError(
            f"{where} needs two or more [[campaign.example]]: somebody who gets the offer (gets = true) and somebody "
            f"who does not"
        )
    for example in campaign.examples:
        if campaign.gets(example.facts) != example.gets:
            unmet = [condition.sql for condition in campaign.conditions if not condition.holds(example.facts)]
            why = f"it does not meet {'; '.join(unmet)}" if unmet else "it meets every condition"
            raise CampaignError(f"{where}: '{example.that}' (gets = {str(example.gets).lower()}) is wrong: {why}")


def _check_payer(campaign: Campaign, budgets: tuple[Budget, ...]) -> None:
    payer = next((budget for budget in budgets if budget.line == campaign.budget), None)
    if payer is None:
        lines = ", ".join(budget.line for budget in budgets) or "none"
        raise CampaignError(f"campaign {campaign.id} is paid by '{campaign.budget}'; budget lines are {lines}")
    if payer.amount < campaign.coupon:
        raise CampaignError(
            f"campaign {campaign.id}: one coupon may cost {campaign.coupon:g}, its budget line {campaign.budget} has "
            f"{payer.amount:g}; raise the line or lower the coupon"
        )


def _check_ids(campaigns: tuple[Campaign, ...]) -> None:
    ids = [campaign.id for campaign in campaigns]
    for campaign in campaigns:
        if ids.count(campaign.id) > 1:
            raise CampaignError(f"{ids.count(campaign.id)} campaigns have the id '{campaign.id}'; ids must differ")
        others = [name for name in ids if name != campaign.id]
        for excluded in campaign.excludes:
            if excluded not in others:
                raise CampaignError(
                    f"campaign {campaign.id} excludes '{excluded}'; the other campaigns are {', '.join(others)}"
                )


def _check_pair(first: Campaign, second: Campaign) -> None:
    if first.id in second.excludes and second.id in first.excludes:
        raise CampaignError(
            f"campaigns {first.id} and {second.id} both exclude each other; one exclusion holds both ways, delete the "
            f"other"
        )
    if first.kind == second.kind and first.terms != second.terms and _can_both_be_met(first, second):
        raise CampaignError(
            f"campaigns {first.id} and {second.id} contradict each other: both are {first.kind} offers, on other "
            f"terms, and an account can meet the conditions of both; tell them apart in [campaign.who], or let one "
            f"exclude the other"
        )


def _can_both_be_met(first: Campaign, second: Campaign) -> bool:
    """Whether an account can meet the conditions of both on one day, and may have both offers."""
    if first.id in second.excludes or second.id in first.excludes:
        return False
    if first.starts_on > second.ends_on or second.starts_on > first.ends_on:
        return False
    return all(a.overlaps(b) for a in first.conditions for b in second.conditions if a.fact == b.fact)


def _check_shares(budget: Budget, competing: tuple[Campaign, ...]) -> None:
    where = f"[budget.{budget.line}]"
    if len(competing) < 2:
        raise CampaignError(
            f"{where} learns, but {len(competing)} of its campaigns take money off; it needs two or more to compare"
        )
    if budget.least_share * len(competing) > 1:
        raise CampaignError(f"{where} least_share {budget.least_share:g} leaves no room for {len(competing)} campaigns")
    dearest = max(competing, key=lambda campaign: campaign.coupon)
    if budget.amount * budget.least_share < dearest.coupon:
        raise CampaignError(
            f"{where} least_share {budget.least_share:g} of {budget.amount:g} does not pay one coupon of campaign "
            f"{dearest.id}, {dearest.coupon:g}: it could never win its share back; raise either"
        )
