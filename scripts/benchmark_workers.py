"""How many frames an hour come of one worker with one thread, one with two, and two with one each.

Each round renders the same frames by each of them, one after the other, and checks that all bytes are equal.
Rates are counted from the first frame that is done, and once more with the starts of Blender included.

    python scripts/benchmark_workers.py                 3 rounds of 16 frames at 320x240; 8 minutes on 2 cores
    python scripts/benchmark_workers.py recipe=cards --rounds 5
"""

import argparse
import json
import statistics
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

from small_runs import said_by, start_gapless

CREWS = {"1 worker, 1 thread": (1, 1), "1 worker, 2 threads": (1, 2), "2 workers, 1 thread each": (2, 1)}
SIZE = ("camera.width_px=320", "camera.height_px=240")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--frames", type=int, default=16)
    parser.add_argument("recipe", nargs="*", default=["recipe=dice"], help="KEY=VALUE of gapless render")
    given = parser.parse_args()
    rates: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for number in range(given.rounds):
        with tempfile.TemporaryDirectory(prefix="gapless-workers-") as folder:
            for name, (workers, threads) in CREWS.items():
                out = Path(folder) / name.replace(" ", "_").replace(",", "")
                rates[name].append(render(out, given.frames, workers, threads, given.recipe))
                print(f"round {number + 1}, {name}: {rates[name][-1][0]:.0f} frames/h", file=sys.stderr)
            equal = len({digest(path) for path in Path(folder).iterdir()}) == 1
            print(f"round {number + 1}: bytes {'equal' if equal else 'DIFFER'}", file=sys.stderr)
    print_rates(rates)


def render(out: Path, frames: int, workers: int, threads: int, recipe: list[str]) -> tuple[float, float]:
    """Frames an hour, without the starts and with them."""
    keys = [f"execution.workers={workers}", f"execution.threads={threads}", f"frames={frames}", f"out={out}"]
    run = start_gapless(*SIZE, *recipe, *keys)
    said = said_by(run)
    if run.returncode != 0:
        raise SystemExit(said)
    done = sorted(path.stat().st_mtime_ns / 1e9 for path in (out / "frames").iterdir())
    # From when each worker has done one: those were begun in a start.
    steady = 3600 * (frames - workers) / (done[-1] - done[workers - 1])
    return steady, 3600 * frames / json.loads((out / "run.json").read_bytes())["wall_s"]


def digest(out: Path) -> bytes:
    """The records' digest and those of all files, as the manifest has them."""
    return (out / "manifest.json").read_bytes()


def print_rates(rates: dict[str, list[tuple[float, float]]]) -> None:
    """Medians, and ratios to the first."""
    print(f"{'':<26} {'frames/h':>9} {'ratio':>6}   {'with starts':>11} {'ratio':>6}")
    steady = {name: statistics.median(rate for rate, _ in of_crew) for name, of_crew in rates.items()}
    whole = {name: statistics.median(rate for _, rate in of_crew) for name, of_crew in rates.items()}
    first = next(iter(rates))
    for name in rates:
        ratios = steady[name] / steady[first], whole[name] / whole[first]
        print(f"{name:<26} {steady[name]:9.0f} {ratios[0]:6.2f}   {whole[name]:11.0f} {ratios[1]:6.2f}")


if __name__ == "__main__":
    main()
