"""AP on real photographs of detectors trained on rendered sets that differ in one thing: the sensor, say.

    python scripts/compare_renders.py off=outputs/off on=outputs/on --test photos/test.json --out outputs/ab

The first set is what the others are compared with. The same detector, sized by the boxes of the first set
alone, is trained on each with the same seeds; no photograph is trained on, so all of them may judge. Printed
are AP50-95, AP50 and AP75 with 95 % intervals, the differences, and the same for folds of whole series of
alike photographs: what was tuned on one fold can be judged on another. Run the same command again to go on
with an interrupted one, and with one set more to add it to what is there. With

    --pool denoised=dn2,dn4,dn8 --pool raw=raw2,raw4,raw8

the trainings on several sets count as those of one, and the second pool is compared with the first besides.

Writes OUT/comparison.json, table.txt, training.yaml and NAME/seed_N/ with checkpoint.pt and detections.json.
"""

import argparse
import re
import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from renderer.commands.compose import run_jobs
from renderer.commands.job import ResolvedJob
from renderer.commands.labelled_data import check_has_objects, count_text, open_data
from renderer.commands.main import EXIT_INTERRUPTED, report
from renderer.commands.overrides import shell_argument
from renderer.commands.train import SCHEMA, detector_text, train_under_bar
from renderer.errors import DataError, GaplessError, InputError
from renderer.files import check_writable, write_bytes, write_json
from train_eval.data.categories import match_categories
from train_eval.data.checker import check_disjoint
from train_eval.data.images import load_image
from train_eval.data.records import DetectionSet
from train_eval.evaluation.detections import Detections
from train_eval.evaluation.near_duplicates import near_duplicate_groups
from train_eval.gap.comparison import (
    Found,
    Photographs,
    comparison_lines,
    comparison_report,
    equally_labelled,
)
from train_eval.gap.detections import kept_detections
from train_eval.gap.folds import series_folds
from train_eval.models.detector import DetectorSpec
from train_eval.models.sizing import choose_resize
from train_eval.models.weights import check_weights
from train_eval.settings import Training, training_of
from train_eval.training.check import check_regime
from train_eval.training.device import ALONE, choose_device
from train_eval.training.loop import Plan, uses_bf16
from train_eval.training.plan import PLACE_KEYS, design_detector, make_plan

RESAMPLES = 1000  # of the bootstrap
NAME = re.compile(r"[A-Za-z0-9_-]+")  # of a set: it becomes a folder's


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What all trainings share.

    Attributes:
        sets: by name, the first one to compare the others with.
        photographs: to judge on, in the categories of the detector.
        pools: names of sets whose trainings count as those of one, by the name of the pool.
    """

    settings: Training
    sets: Mapping[str, DetectionSet]
    photographs: Photographs
    pools: Mapping[str, Sequence[str]]
    spec: DetectorSpec
    device: torch.device
    seeds: range

    @property
    def out(self) -> Path:
        """Where everything is written to."""
        return Path(self.settings.out).expanduser()

    def folder(self, name: str, seed: int) -> Path:
        """Where a training keeps its checkpoint and detections."""
        return self.out / name / f"seed_{seed}"

    def plan(self, name: str, seed: int) -> Plan:
        """The training on a set with a seed.

        Raises:
            StoreError: its folder holds another training.
        """
        training = training_of(self.settings, data=[], out=str(self.folder(name, seed)), seed=seed)
        return make_plan(training, [self.sets[name]], self.device, spec=self.spec)


def main(arguments: Sequence[str]) -> int:
    """Run with the arguments of a command line; returns the exit status."""
    options = parser().parse_args(arguments)

    def work(job: ResolvedJob[Training]) -> int:
        comparison = open_comparison(options, job.settings)
        write_bytes(comparison.out / "training.yaml", job.yaml.encode())
        command = shlex.join(["python", "scripts/compare_renders.py", *arguments])
        print_report(comparison, run_trainings(comparison), command)
        return 0

    try:
        return run_jobs(overrides(options), schema=SCHEMA, config_name="train", check=check, work=work)
    except GaplessError as error:
        return report(error)
    except KeyboardInterrupt:
        print("compare_renders: interrupted; run the same command again to go on", file=sys.stderr)
        return EXIT_INTERRUPTED


def parser() -> argparse.ArgumentParser:
    """The options."""
    result = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    result.add_argument("sets", nargs="+", metavar="NAME=SET", help="rendered images to train on")
    result.add_argument("--test", required=True, metavar="SET", help="photographs to judge on")
    result.add_argument("--out", required=True, metavar="DIR", help="where to write")
    result.add_argument("--seeds", type=positive, default=2, help="trainings on each set (default: 2)")
    result.add_argument("--iterations", type=positive, default=300, help="of each training (default: 300)")
    result.add_argument("--folds", type=positive, default=3, help="of the photographs (default: 3)")
    result.add_argument(
        "--pool", action="append", default=[], dest="pools", metavar="NAME=SET,SET,...",
        help="names of sets whose trainings count as those of one; may be repeated",
    )  # fmt: skip
    result.add_argument(
        "--set", action="append", default=[], dest="keys", metavar="KEY=VALUE",
        help="a key of gapless train, such as augmentation=none; may be repeated",
    )  # fmt: skip
    return result


def positive(text: str) -> int:
    """A whole number from 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number from 1, got {text}")
    return int(text)


def overrides(options: argparse.Namespace) -> list[str]:
    """The keys of `gapless train` that the options come to."""
    first = next(iter(named_sets(options.sets).values()))
    paths = shlex.split(f"{shell_argument('data', first)} {shell_argument('out', options.out)}")
    return [*paths, f"iterations={options.iterations}", *options.keys]


def named_sets(texts: Sequence[str]) -> dict[str, str]:
    """The paths of the sets by their names.

    Raises:
        InputError: one has no name, or that of another.
    """
    return by_name(texts, "set", "NAME=SET")


def named_pools(texts: Sequence[str], sets: Sequence[str]) -> dict[str, list[str]]:
    """The names of the sets of each pool, by its name.

    Raises:
        InputError: there is one pool, one has no name or that of another, or is no list of sets, or they are
            not equal in number.
    """
    form = "NAME=SET,SET,..."
    pools = {name: members.split(",") for name, members in by_name(texts, "pool", form).items()}
    for name, members in pools.items():
        if not set(members) <= set(sets):
            raise InputError(f"pool must be {form} of {', '.join(sets)}, got '{name}={','.join(members)}'")
    if pools and (len(pools) < 2 or len(set(map(len, pools.values()))) > 1):
        raise InputError(
            f"pool must be given for two names or more, each of as many sets, got {' '.join(texts)}"
        )
    return pools


def by_name(texts: Sequence[str], what: str, form: str) -> dict[str, str]:
    """What stands after the name and the equals sign of each text.

    Raises:
        InputError: one has no name, or that of another.
    """
    pairs = [text.partition("=")[::2] for text in texts]
    for text, (name, value) in zip(texts, pairs, strict=True):
        if not NAME.fullmatch(name) or not value:
            raise InputError(
                f"a {what} must be {form}, with a NAME of letters, digits, _ and -, got '{text}'"
            )
    if len(dict(pairs)) < len(pairs):
        names = ", ".join(name for name, _ in pairs)
        raise InputError(f"names of {what}s must differ, got {names}: rename one")
    return dict(pairs)


def check(job: ResolvedJob[Training]) -> None:
    """Refuse a training that cannot be, before anything is read."""
    check_regime(job.settings)
    check_writable(Path(job.settings.out).expanduser())


def open_comparison(options: argparse.Namespace, settings: Training) -> Comparison:
    """Read and check everything; writes nothing.

    Raises:
        DataError: a set is bad, or holds a photograph to judge on.
        StoreError: the folder of a training holds another one.
    """
    paths = named_sets(options.sets)
    pools = named_pools(options.pools, list(paths))
    sets = {name: read(path, settings) for name, path in paths.items()}
    test = read(options.test, settings)
    for data in sets.values():
        check_disjoint(data, test)
    first = next(iter(sets.values()))
    check_resize(settings, first, test)
    spec = design_detector(settings, [first])
    check_weights(spec, pretrained=settings.model.pretrained)
    comparison = Comparison(
        settings=settings,
        sets=sets,
        photographs=in_folds(match_categories(test, spec.categories, first.name), options.folds),
        pools=pools,
        spec=spec,
        device=choose_device(settings.device),
        seeds=range(settings.seed, settings.seed + options.seeds),
    )
    for name, seed in trainings(comparison):
        comparison.plan(name, seed)
    return comparison


def in_folds(test: DetectionSet, folds: int) -> Photographs:
    """Photographs with their series, dealt into folds.

    Raises:
        DataError: there is nothing to find in them, or there are fewer series than folds.
    """
    check_has_objects(test)
    groups = near_duplicate_groups(load_image(record.path) for record in test.images)
    return Photographs(truth=test, groups=groups, folds=series_folds(groups, folds))


def read(text: str, settings: Training) -> DetectionSet:
    """A set, checked."""
    return open_data([text], on_bad_data=settings.on_bad_data, category_map=settings.category_map)


def check_resize(settings: Training, first: DetectionSet, test: DetectionSet) -> None:
    """Refuse to choose the resizing by rendered images where it would not suit the photographs.

    Raises:
        DataError: they would be resized in another way.
    """
    trained, judged = (choose_resize([data], settings.image_size_px) for data in (first, test))
    if settings.resize == "auto" and trained is not judged:
        raise DataError(
            f"resize must be said, got auto: by itself {first.name} takes {trained.value} and {test.name} "
            f"{judged.value}; add --set resize={judged.value}"
        )


def trainings(comparison: Comparison) -> Iterator[tuple[str, int]]:
    """Name and seed of each training, all sets with one seed before the next."""
    return ((name, seed) for seed in comparison.seeds for name in comparison.sets)


def run_trainings(comparison: Comparison) -> Found:
    """The detections of each set and seed in the photographs; what is there is not done again."""
    test = comparison.photographs.truth
    for data in (*comparison.sets.values(), test):
        print(f"{data.name}: {count_text(data)}")
    print(detector_text(comparison.spec, comparison.device), flush=True)
    found: dict[str, list[Sequence[Detections]]] = {name: [] for name in comparison.sets}
    for name, seed in trainings(comparison):
        plan = comparison.plan(name, seed)
        train_under_bar(plan, ALONE, f"{name} seed {seed}")
        path = comparison.folder(name, seed) / "detections.json"
        found[name].append(kept_detections(path, plan.checkpoint_path, test, comparison.device))
    return found


def print_report(comparison: Comparison, found: Found, command: str) -> None:
    """Measure, print and write."""
    measured = measure(comparison, found)
    lines = comparison_lines(measured)
    if comparison.pools:
        pooled = {
            name: [each for member in members for each in found[member]]
            for name, members in comparison.pools.items()
        }
        of_pools = measure(comparison, pooled)
        measured |= {"pooled": of_pools, "pools": comparison.pools}
        lines += ["", "pooled", *comparison_lines(of_pools)]
    conditions = conditions_of(comparison, command)
    lines += ["", *condition_lines(conditions)]
    write_json(comparison.out / "comparison.json", measured | conditions)
    write_bytes(comparison.out / "table.txt", "".join(f"{line}\n" for line in lines).encode())
    print("\n" + "\n".join(lines))


def measure(comparison: Comparison, found: Found) -> dict[str, Any]:
    """AP and differences, with intervals."""
    rng = np.random.default_rng(comparison.settings.seed)
    return comparison_report(rng, comparison.photographs, found, RESAMPLES)


def conditions_of(comparison: Comparison, command: str) -> dict[str, Any]:
    """All that the numbers depend on, and the command."""
    settings = {key: value for key, value in asdict(comparison.settings).items() if key not in PLACE_KEYS}
    first = next(iter(comparison.sets.values()))
    return {
        "command": command,
        "settings": {key: value for key, value in settings.items() if key != "seed"},
        "seeds": list(comparison.seeds),
        "detector": comparison.spec.to_dict(),
        "precision": "bf16" if uses_bf16(comparison.settings.optimization, comparison.device) else "fp32",
        "images": {name: len(data.images) for name, data in comparison.sets.items()},
        "same_scenes": {name: equally_labelled(first, data) for name, data in comparison.sets.items()},
    }


def condition_lines(conditions: Mapping[str, Any]) -> list[str]:
    """The conditions for people, and what the intervals speak of."""
    settings, detector, images = conditions["settings"], conditions["detector"], conditions["images"]
    first, *others = images
    seeds = ", ".join(map(str, conditions["seeds"]))
    counts = ", ".join(f"{name} {count}" for name, count in images.items())
    return [
        "95 % intervals: over photographs (whole series are drawn, with replacement) and over seeds",
        *(paired_line(conditions, name, first) for name in others),
        (
            f"trained on images: {counts}; seeds {seeds}; {settings['iterations']} iterations of batch "
            f"{settings['batch_size']} in {conditions['precision']}"
        ),
        (
            f"detector sized by boxes of {first}: {detector['architecture']} over {detector['backbone']}, "
            f"{detector['image_size_px']} px, resize {detector['resize']}, levels {detector['levels']}"
        ),
        conditions["command"],
    ]


def paired_line(conditions: Mapping[str, Any], name: str, first: str) -> str:
    """What a set has in common with the first."""
    same, count = conditions["same_scenes"][name], conditions["images"][name]
    return (
        f"{name} minus {first} is paired: the same photographs judge both, and {same} of {count} images show "
        "the same scene (equal boxes); errors of seeds count as independent"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
