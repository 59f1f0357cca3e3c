"""What is wrong with a labelled dataset, and what becomes of it: stop, or go on without the bad part."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from renderer.errors import DataError
from train_eval.data.records import DetectionSet


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One bad image or label.

    Attributes:
        message: where it is and what is wrong.
        remedy: what `on_bad_data=skip` does about it.
        image_id: the image to leave out; None where the reader has already left out what is bad.
    """

    message: str
    remedy: str
    image_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A set as far as it could be read, and what could not."""

    detections: DetectionSet
    problems: tuple[Problem, ...] = ()


def settle_problems(
    detections: DetectionSet,
    problems: Sequence[Problem],
    on_bad_data: str,
    report: Callable[[str], None] | None = None,
) -> DetectionSet:
    """The set without its bad parts, each of them reported.

    Args:
        on_bad_data: 'stop' raises at the first problem, 'skip' goes on.

    Raises:
        DataError: there is a problem and `on_bad_data` is 'stop'.
    """
    if problems and on_bad_data == "stop":
        raise DataError(stop_message(problems))
    for problem in problems:
        if report is not None:
            report(f"{problem.message}; {problem.remedy}")
    return without_images(detections, (p.image_id for p in problems if p.image_id is not None))


def stop_message(problems: Sequence[Problem]) -> str:
    """The first problem, how many more there are, and the way out."""
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return (
        f"{problems[0].message}{more}; correct the dataset, "
        "or set on_bad_data=skip to go on without what is bad"
    )


def without_images(detections: DetectionSet, image_ids: Iterable[int]) -> DetectionSet:
    """The set without some images."""
    bad = frozenset(image_ids)
    if not bad:
        return detections
    return replace(detections, images=tuple(i for i in detections.images if i.image_id not in bad))
