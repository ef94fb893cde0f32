"""Campaigns -> offers, within budgets and guards."""
