"""Where the time of a frame went, as a table."""

from renderer.commands.table import print_table
from renderer.execution.profile import Profile, StageTime

HEADINGS = ("  stage", "median ms", "mean ms", "share")


def print_profile(profile: Profile) -> None:
    """Print the milliseconds of a frame by stage."""
    if not profile.main:
        return
    rows = [_row(name, time) for name, time in profile.stages().items()]
    rows.append(_row("a frame", profile.wall()))
    rows += [_row(f"beside: {name}", time) for name, time in profile.stages_beside().items()]
    print_table(HEADINGS, rows)
    print(f"  around the trace: {profile.around_trace():.1%} of a worker's time")


def _row(name: str, time: StageTime) -> tuple[str, ...]:
    return f"  {name}", f"{time.median_ms:.1f}", f"{time.mean_ms:.1f}", f"{time.share:.1%}"
