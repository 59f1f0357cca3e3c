"""Stains, scratches, fingerprints and dust, laid over whatever a material is.

Each changes what the inputs of the Principled shader are given, and is as large as in life, whatever the
size of the material's own features.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from renderer.blender.wear.dust import add_dust
from renderer.blender.wear.fingerprints import add_fingerprints
from renderer.blender.wear.scratches import add_scratches
from renderer.blender.wear.stains import add_stains
from renderer.blender.wear.traces import Traces
from renderer.catalog.model import Wear

# In the order in which they come to lie on one another.
_LAYERS: Mapping[str, Callable[[Traces], None]] = {
    "stains": add_stains,
    "scratches": add_scratches,
    "fingerprints": add_fingerprints,
    "dust": add_dust,
}


def add_wear(tree: Any, wear: Wear) -> None:
    """Lay wear over a finished material's tree; an amount of 0 adds nothing to it."""
    for number, (name, add) in enumerate(_LAYERS.items()):
        amount = getattr(wear, name)
        if amount > 0:
            key = np.array([wear.seed, number], dtype=np.uint64)
            add(Traces(tree=tree, amount=amount, rng=np.random.Generator(np.random.Philox(key=key))))
