"""An independent witness of the dice's categories: OpenCV counts the pips in the picture."""

import cv2
import numpy as np
import pytest
import torch
from blender.conftest import camera, scene_of
from blender.objects import die

from renderer.scene import Pose, SensorValues
from renderer.sensor import develop

# 256 pixels for 24 mm, straight above.
MACRO = camera(
    width_px=256,
    height_px=256,
    fx_px=1067.0,
    fy_px=1067.0,
    cx_px=128.0,
    cy_px=128.0,
    pose=Pose(position_m=(0.0, 0.0, 0.12), rotation_wxyz=(0.0, 1.0, 0.0, 0.0)),
)


def count_pips(image: np.ndarray) -> int:
    """Dark round blobs, by OpenCV."""
    parameters = cv2.SimpleBlobDetector_Params()
    parameters.filterByColor, parameters.blobColor = True, 0
    parameters.filterByArea, parameters.minArea, parameters.maxArea = True, 60, 6000
    parameters.filterByCircularity, parameters.minCircularity = True, 0.7
    parameters.minDistBetweenBlobs = 5
    grey = cv2.medianBlur(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), 9)  # one sample a pixel is noisy
    return len(cv2.SimpleBlobDetector_create(parameters).detect(grey))


def photograph(radiance: np.ndarray) -> np.ndarray:
    batch = torch.from_numpy(radiance).permute(2, 0, 1)[None]
    return np.ascontiguousarray(develop(batch, [SensorValues()], [0])[0].permute(1, 2, 0).numpy())


@pytest.mark.parametrize("style", ["printed", "drilled"])
@pytest.mark.parametrize("chirality", ["right", "left"])
@pytest.mark.parametrize("face", range(1, 7))
def test_number_of_pips_seen_is_the_category(trace, face, chirality, style):
    item = die(face, chirality, pip_style=style)
    buffers = trace(scene_of(item, seen_by=MACRO))
    image = photograph(buffers.radiance)
    image[buffers.ids != 1] = 255
    assert count_pips(image) == int(item.category)


def test_blob_counter_finds_nothing_on_a_die_without_pips(trace):
    bare = die(5, pip_color=[0.8, 0.8, 0.8])
    assert count_pips(photograph(trace(scene_of(bare, seen_by=MACRO)).radiance)) == 0
