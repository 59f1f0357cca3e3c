"""A process that takes one mesh apart into convex pieces: `python -m renderer.catalog.decompose IN OUT`.

Apart, because what it is given may crash it. IN and OUT are .npz files.
"""

import sys
from pathlib import Path

import coacd
import numpy as np

# Of CoACD (Wei et al. 2022): a concavity of 5 % of the mesh's size is left. The search is a third of its
# default: of cups and rings it finds pieces as good in half the time.
PARAMETERS = {
    "threshold": 0.05,
    "mcts_iterations": 60,
    "mcts_nodes": 15,
    "resolution": 1000,
    "preprocess_resolution": 30,
    "max_convex_hull": 32,
    "seed": 0,
}


def main() -> None:
    """Read, take apart, write."""
    source, target = (Path(name) for name in sys.argv[1:])
    with np.load(source, allow_pickle=False) as mesh:
        shape = coacd.Mesh(mesh["vertices"], mesh["triangles"])
    coacd.set_log_level("error")
    pieces = [vertices for vertices, _ in coacd.run_coacd(shape, **PARAMETERS)]
    np.savez(target, *pieces)


if __name__ == "__main__":
    main()
