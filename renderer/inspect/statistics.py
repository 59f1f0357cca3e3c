"""Figures of draws: what every factor took."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Any


def factor_statistics(draws: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """For each factor: the number of draws, and lowest, mean and highest, or the count of each value.

    Colours, directions and rotations are described by component.
    """
    values: dict[str, list[Any]] = defaultdict(list)
    for record in draws:
        for key, value in record.items():
            name = key.split("[")[0]
            if isinstance(value, list):
                for number, component in enumerate(value):
                    values[f"{name}.{number}"].append(component)
            else:
                values[name].append(value)
    return {name: _describe(drawn) for name, drawn in sorted(values.items())}


def _describe(drawn: list[Any]) -> dict[str, Any]:
    if all(isinstance(v, float) for v in drawn):
        mean = math.fsum(drawn) / len(drawn)
        return {"draws": len(drawn), "lowest": min(drawn), "mean": mean, "highest": max(drawn)}
    counts = Counter(str(v) for v in drawn)
    return {"draws": len(drawn), "values": dict(sorted(counts.items()))}
