"""`gapless render` with all that camera, sensor and recipe language have, from end to end."""

import json

import numpy as np
import pytest
from e2e.conftest import contents, render
from PIL import Image
from pycocotools.coco import COCO

FULL = [
    "recipe=dice",
    "sensor=varied",
    "seed=5",
    "views=2",
    "shots=2",
    "objects.die.count=5",
    "camera.distortion.model=fisheye",
    "camera.distortion.k1=[uniform,-0.05,0.05]",
    "camera.f_stop=[sometimes,0.5,[log_uniform,1.4,4]]",
    "camera.motion_deg=[sometimes,0.5,[uniform,0.1,0.5]]",
    "camera.look_at=die",
    'conditions.dim_is_grainy={factor: sensor.iso, when: "lighting.environment.strength < 1", draw: 3200}',
    "correlations.far_is_long={factors: {camera.focal_length_mm: 0.9, camera.field_width_m: 0.9}}",
    'constraints.sees_half="camera.field_width_m >= layout.half_width_m"',
]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return render(tmp_path_factory.mktemp("full") / "whole", *FULL, "frames=8")


def test_a_frame_with_everything_on_is_the_same_alone(whole, tmp_path):
    alone = render(tmp_path / "alone", *FULL, "frames=1", "first_frame=6")
    for name in ("images/000006.png", "frames/000006.json"):
        assert (alone / name).read_bytes() == (whole / name).read_bytes()


def test_two_workers_give_the_bytes_of_one_with_everything_on(whole, tmp_path):
    pair = render(tmp_path / "pair", *FULL, "frames=8", "execution.workers=2")
    assert contents(pair) == contents(whole)


def test_shots_share_their_labels_and_views_their_scene(whole):
    records = [json.loads(path.read_text()) for path in sorted((whole / "frames").iterdir())]
    boxes = [[instance["bbox_xyxy"] for instance in record["instances"]] for record in records]
    assert boxes[0] == boxes[1]
    assert boxes[0] != boxes[2]
    strengths = [record["draws"]["lighting.environment.strength"] for record in records]
    assert strengths[0] == strengths[3] != strengths[4]
    images = [np.asarray(Image.open(path)).astype(float) for path in sorted((whole / "images").iterdir())]
    assert np.abs(images[0] - images[1]).mean() > 1


def test_relations_hold_in_every_frame_and_stand_in_the_recipe(whole):
    for line in (whole / "draws.jsonl").read_text().splitlines():
        draws = json.loads(line)["draws"]
        assert draws["camera.field_width_m"] >= draws["layout.half_width_m"]
        if draws["lighting.environment.strength"] < 1:
            assert draws["sensor.iso"] == 3200
    recipe = (whole / "recipe.yaml").read_text()
    assert all(name in recipe for name in ("dim_is_grainy", "far_is_long", "sees_half"))


def test_boxes_are_the_extents_of_masks_through_a_lens(whole):
    coco = COCO(whole / "annotations.json")
    assert coco.anns
    for annotation in coco.anns.values():
        rows, columns = np.nonzero(coco.annToMask(annotation))
        x, y, width, height = annotation["bbox"]
        assert (x, y, x + width, y + height) == (
            columns.min(), rows.min(), columns.max() + 1, rows.max() + 1,
        )  # fmt: skip
