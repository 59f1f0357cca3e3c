"""Groups of photographs from one series: the same things in the same place, whatever their arrangement.

Photographs of a series fail together, so a bootstrap that draws them one by one promises too much. They are
recognised by colours that are rare within the set: a tray that is in every picture says nothing, the green of
one set of dice says much. (Weights like these rank words in text search: Spärck Jones, A statistical
interpretation of term specificity, J. of Documentation 28, 1972; square roots as in Hellinger's distance.)
"""

from collections.abc import Iterable

import cv2
import numpy as np
from jaxtyping import Float32, Int, UInt8
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

# Cosine of two signatures above which photographs are of one series. Tuned by eye on real photographs: 50 of
# dice in one tray form 25 groups, the larger ones throws of one set of dice; 66 of cards form 51, and those
# grouped show the same rug or table. At 0.70 different rugs begin to chain, at 0.85 series fall apart.
SERIES_COSINE = 0.75
SIDE_PX = 128
LIGHTNESS_EDGES = np.linspace(0, 100, 9)  # of CIELAB
OPPONENT_EDGES = np.linspace(-100, 100, 21)  # a* and b* of CIELAB; more saturated colours are clipped to it
PRESENT = 1e-3  # share of an image's pixels from which on a colour counts as present
BLOCK = 512  # images compared at once with all others


def near_duplicate_groups(images: Iterable[UInt8[np.ndarray, "_h _w 3"]]) -> Int[np.ndarray, " images"]:
    """Number the series, from 0 in order of first appearance; images alike through others share one, too.

    Images are sRGB and are read one by one. What is rare is judged within the set, so that a handful of
    photographs of one place is one group.
    """
    histograms = [_colour_histogram(image) for image in images]
    if not histograms:
        return np.zeros(0, dtype=np.int64)
    signatures = _signatures(np.array(histograms))
    pairs = np.concatenate([_alike(signatures, start) for start in range(0, len(signatures), BLOCK)])
    graph = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(len(signatures),) * 2)
    return _by_appearance(connected_components(graph, directed=False)[1])


def _colour_histogram(image: UInt8[np.ndarray, "_h _w 3"]) -> Float32[np.ndarray, " colours"]:
    small = cv2.resize(image, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_AREA)
    lab = cv2.cvtColor(small.astype(np.float32) / 255, cv2.COLOR_RGB2LAB).reshape(-1, 3)
    edges = (LIGHTNESS_EDGES, OPPONENT_EDGES, OPPONENT_EDGES)
    inside = np.clip(lab, [e[0] for e in edges], [e[-1] for e in edges])
    counts, _ = np.histogramdd(inside, bins=edges)
    histogram: Float32[np.ndarray, " colours"] = (counts.ravel() / counts.sum()).astype(np.float32)
    return histogram


def _signatures(histograms: Float32[np.ndarray, "images colours"]) -> Float32[np.ndarray, "images colours"]:
    """Unit vectors whose scalar product is high where images share colours that few other images have."""
    present_in = (histograms > PRESENT).sum(axis=0)
    rarity = np.log((len(histograms) + 1) / np.maximum(present_in, 1))
    weighted = np.sqrt(histograms) * rarity
    unit = weighted / np.linalg.norm(weighted, axis=1, keepdims=True)
    signatures: Float32[np.ndarray, "images colours"] = unit.astype(np.float32)
    return signatures


def _alike(signatures: Float32[np.ndarray, "images colours"], start: int) -> Int[np.ndarray, "pairs 2"]:
    """Pairs of an image in the block that begins at `start` and any image."""
    pairs: Int[np.ndarray, "pairs 2"] = np.argwhere(
        signatures[start : start + BLOCK] @ signatures.T > SERIES_COSINE
    )
    return pairs + [start, 0]


def _by_appearance(names: Int[np.ndarray, " images"]) -> Int[np.ndarray, " images"]:
    _, first, member_of = np.unique(names, return_index=True, return_inverse=True)
    numbers: Int[np.ndarray, " images"] = np.argsort(np.argsort(first))[member_of]
    return numbers
