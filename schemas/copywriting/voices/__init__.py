"""Audience styles and their brand voice, one TOML file each; see schemas/copywriting/voice.py."""
