"""Where gapless keeps what it can make again."""

import os
from pathlib import Path


def cache_folder() -> Path:
    """$GAPLESS_CACHE, or the user's cache folder by the XDG base directory specification."""
    chosen, base = os.environ.get("GAPLESS_CACHE", ""), os.environ.get("XDG_CACHE_HOME", "")
    if chosen:
        return Path(chosen).expanduser().absolute()
    return (Path(base) if Path(base).is_absolute() else Path.home() / ".cache") / "gapless"
