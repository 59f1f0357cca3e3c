"""The `gapless` command: one thin module for each sub-command."""
