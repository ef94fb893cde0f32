"""The shipped campaigns, one TOML file for a source of the same name; see schemas/campaigns/campaign.py."""
