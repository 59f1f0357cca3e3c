"""The quantization tables that JPEG files come with, and what a quality makes of them."""

from typing import NamedTuple

import torch
from jaxtyping import Int32
from torch import Tensor

Table = tuple[int, ...]


class Tables(NamedTuple):
    """Steps of luma and chroma in natural order, row by row: those of quality 50."""

    luma: Table
    chroma: Table


# fmt: off
# ITU-T T.81 (1992), Annex K.1
STANDARD = Tables(
    (
        16, 11, 10, 16, 24, 40, 51, 61,
        12, 12, 14, 19, 26, 58, 60, 55,
        14, 13, 16, 24, 40, 57, 69, 56,
        14, 17, 22, 29, 51, 87, 80, 62,
        18, 22, 37, 56, 68, 109, 103, 77,
        24, 35, 55, 64, 81, 104, 113, 92,
        49, 64, 78, 87, 103, 121, 120, 101,
        72, 92, 95, 98, 112, 100, 103, 99,
    ),
    (
        17, 18, 24, 47, 99, 99, 99, 99,
        18, 21, 26, 66, 99, 99, 99, 99,
        24, 26, 56, 99, 99, 99, 99, 99,
        47, 66, 99, 99, 99, 99, 99, 99,
        99, 99, 99, 99, 99, 99, 99, 99,
        99, 99, 99, 99, 99, 99, 99, 99,
        99, 99, 99, 99, 99, 99, 99, 99,
        99, 99, 99, 99, 99, 99, 99, 99,
    ),
)
# A Huawei LYA-L29 (Mate 20 Pro), which makes tables for each photograph: the median of each step over the 150
# training photographs of https://github.com/nell-byler/dice_detection at commit aa69c12, which at quality
# 50 stay as they are.
HUAWEI = Tables(
    (
        11, 8, 16, 13, 7, 16, 24, 40,
        8, 16, 16, 13, 7, 48, 32, 39,
        16, 16, 13, 8, 16, 32, 40, 39,
        13, 13, 8, 8, 24, 73, 48, 37,
        7, 7, 14, 32, 40, 88, 60, 64,
        8, 13, 32, 40, 48, 61, 67, 64,
        22, 45, 55, 49, 60, 73, 72, 64,
        40, 76, 67, 57, 66, 64, 64, 64,
    ),
    (
        12, 13, 15, 21, 57, 69, 70, 65,
        13, 15, 15, 34, 57, 70, 69, 62,
        15, 15, 29, 57, 70, 70, 66, 59,
        21, 34, 57, 57, 70, 69, 61, 57,
        57, 57, 70, 70, 70, 61, 57, 57,
        57, 70, 70, 69, 61, 57, 57, 57,
        69, 70, 65, 59, 57, 57, 57, 57,
        57, 57, 57, 57, 57, 57, 57, 57,
    ),
)
_ROBIDOUX = (
    16, 16, 16, 18, 25, 37, 56, 85,
    16, 17, 20, 27, 34, 40, 53, 75,
    16, 20, 24, 31, 43, 62, 91, 135,
    18, 27, 31, 40, 53, 74, 106, 156,
    25, 34, 43, 53, 69, 94, 131, 189,
    37, 40, 62, 74, 94, 124, 169, 238,
    56, 53, 91, 106, 131, 169, 226, 311,
    85, 75, 135, 156, 189, 238, 311, 418,
)
# fmt: on
# What Mozilla's encoder takes for luma and chroma alike, and with it web services: N. Robidoux's table,
# number 3 in jcparam.c of https://github.com/mozilla/mozjpeg at commit 0123dd2.
MOZJPEG = Tables(_ROBIDOUX, _ROBIDOUX)
TABLES = {"standard": STANDARD, "huawei": HUAWEI, "mozjpeg": MOZJPEG}


def scaled_tables(name: str, quality: float) -> Int32[Tensor, "2 8 8"]:
    """The steps of luma and chroma at a quality from 1 to 100, rounded to a whole one, as libjpeg counts.

    50 leaves a table as it is, 100 makes all steps 1; baseline JPEG allows steps up to 255.
    """
    whole = round(quality)
    percent = 5000 // whole if whole < 50 else 200 - 2 * whole
    tables = torch.tensor(TABLES[name], dtype=torch.int32)
    return ((tables * percent + 50) // 100).clamp(1, 255).reshape(2, 8, 8)
