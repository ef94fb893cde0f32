"""The shipped campaigns: one TOML file for each source, with the source's name; see schemas/campaigns/campaign.py."""
