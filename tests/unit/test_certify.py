"""Certification of a view: each fault is told with its check and names what is wrong."""

import dataclasses
import math

import numpy as np
import pytest
import torch
from unit.frames import HEIGHT_PX, SMALL, WIDTH_PX, finished_frame, source_of, striped_buffers
from unit.recipes import dice_recipe

from renderer.labels.cast import Cast, at_centres
from renderer.labels.certificate import Certificate, Fault
from renderer.labels.certify import buffers_fault, certify_labels, certify_view
from renderer.labels.hits import UNKNOWN

RECIPE = dice_recipe(**SMALL, **{"objects.die.count": 4, "objects.clutter.count": 2})


@pytest.fixture(scope="module")
def source():
    return source_of(RECIPE)


@pytest.fixture
def buffers(source):
    return striped_buffers(source)


@pytest.fixture
def cast(source):
    met = striped_buffers(source)
    return Cast(ids=torch.from_numpy(met.ids), depth_z_m=torch.from_numpy(met.depth_z_m), wholes=())


@pytest.fixture
def entries():
    return [dict(entry) for entry in finished_frame(RECIPE).record["instances"]]


def certify(source, buffers, cast):
    return certify_view(buffers, cast, source.scene)


def test_view_that_rays_confirm_passes_with_its_figures(source, buffers, cast):
    assert certify(source, buffers, cast) == Certificate(
        figures={"rays": WIDTH_PX * HEIGHT_PX, "differing_px": 0}
    )


def test_pixels_that_differ_are_counted_where_they_are_tolerated(source, buffers, cast):
    buffers.ids[3, 1] = 1
    buffers.ids[5, 20] = 4
    certificate = certify(source, buffers, cast)
    assert certificate.fault is None
    assert certificate.figures["differing_px"] == 2


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_radiance_that_is_not_finite_is_a_fault_with_its_place(source, buffers, cast, value):
    buffers.radiance[3, 5, 1] = value
    reason = "radiance is not finite at 1 pixel, the first in column 5 of row 3"
    assert certify(source, buffers, cast).fault == Fault(check="finite", reason=reason)


def test_depth_may_be_infinite_but_must_be_a_number(buffers):
    buffers.depth_z_m[:] = math.inf
    assert buffers_fault(buffers) is None
    buffers.depth_z_m[2:4, 7] = math.nan
    reason = "depth is no number at 2 pixels, the first in column 7 of row 2"
    assert buffers_fault(buffers) == Fault(check="finite", reason=reason)


def test_normals_are_looked_at_where_there_are_any(buffers):
    normals = np.zeros((HEIGHT_PX, WIDTH_PX, 3), dtype=np.float32)
    assert buffers_fault(dataclasses.replace(buffers, normals=normals)) is None
    normals[0, 0, 2] = math.nan
    assert buffers_fault(dataclasses.replace(buffers, normals=normals)).check == "finite"


@pytest.mark.parametrize("value", [0.0, -0.5])
def test_view_without_light_is_a_fault(buffers, value):
    buffers.radiance[:] = value
    assert buffers_fault(buffers) == Fault(check="light", reason="no light reaches the camera")


def test_light_in_a_single_pixel_is_enough(buffers):
    buffers.radiance[:] = 0
    buffers.radiance[0, 0, 2] = 1e-6
    assert buffers_fault(buffers) is None


def test_magenta_light_is_no_fault_but_a_missing_image_is_and_names_its_users(buffers):
    buffers.radiance[..., 1] = 0
    assert buffers_fault(buffers) is None
    broken = dataclasses.replace(buffers, missing_images=("die[1]", "the sky"))
    reason = "an image is missing in what die[1], the sky is made of"
    assert buffers_fault(broken) == Fault(check="textures", reason=reason)


@pytest.mark.parametrize("number", [-1, 7, 30000])
def test_id_of_no_object_is_a_fault(source, buffers, cast, number):
    buffers.ids[4:6, 30] = number
    reason = f"the id {number} is seen at 2 pixels, but the scene has 6 objects"
    assert certify(source, buffers, cast).fault == Fault(check="ids", reason=reason)


def test_exchanged_objects_are_named(source, buffers, cast):
    one, other = (source.scene.objects[n - 1].name for n in (2, 4))
    ids = buffers.ids.copy()
    buffers.ids[ids == 2], buffers.ids[ids == 4] = 4, 2
    certificate = certify(source, buffers, cast)
    assert certificate.fault.check == "rays"
    assert certificate.fault.reason in {
        f"{a} is seen at {HEIGHT_PX} pixels where rays meet {b}" for a, b in ((one, other), (other, one))
    }
    assert certificate.figures["differing_px"] == 2 * HEIGHT_PX


def test_object_that_the_ground_shows_through_is_named(source, buffers, cast):
    buffers.ids[buffers.ids == 3] = 0
    reason = f"the ground or sky is seen at {HEIGHT_PX} pixels where rays meet {source.scene.objects[2].name}"
    assert certify(source, buffers, cast).fault == Fault(check="rays", reason=reason)


def test_an_edge_one_pixel_off_is_found(source, buffers, cast):
    buffers.ids[:, 6] = 6  # the last object is seen one pixel wider
    assert certify(source, buffers, cast).fault.check == "rays"


def test_where_rays_cannot_tell_nothing_is_compared(source, buffers, cast):
    ids = cast.ids.clone()
    ids[:, 2] = UNKNOWN
    certificate = certify(source, buffers, dataclasses.replace(cast, ids=ids))
    assert certificate.fault is None
    assert certificate.figures["differing_px"] == 0


def test_under_a_lens_what_is_compared_is_sampled_and_what_is_labelled_is_centred(source, buffers, cast):
    centred = torch.from_numpy(buffers.ids).roll(1, dims=1)
    centred[0, 0] = UNKNOWN
    bent = dataclasses.replace(cast, ids=centred, sampled_ids=cast.ids, depth_z_m=2 * cast.depth_z_m)
    assert certify(source, buffers, bent).fault is None
    found = at_centres(buffers, bent)
    assert found.ids[0, 0] == buffers.ids[0, 0]
    np.testing.assert_array_equal(found.ids.ravel()[1:], centred.numpy().ravel()[1:])
    assert found.depth_z_m[0, 0] == buffers.depth_z_m[0, 0]
    assert (found.depth_z_m.ravel()[1:] == 2 * buffers.depth_z_m.ravel()[1:]).all()
    assert at_centres(buffers, cast) is buffers
    wrong = dataclasses.replace(cast, sampled_ids=centred.roll(3, dims=1))
    assert certify(source, buffers, wrong).fault.check == "rays"


def test_labels_of_the_buffers_pass(source, buffers, entries):
    assert certify_labels(entries, buffers.ids, source.scene) == Certificate(figures={"instances": 4})


def labels_reason(entries, buffers, source):
    fault = certify_labels(entries, buffers.ids, source.scene).fault
    assert fault.check == "labels"
    return fault.reason


def test_instance_that_is_not_labelled_is_a_fault(source, buffers, entries):
    reason = labels_reason(entries[:-1], buffers, source)
    assert reason == "the labels have 3 instances, but the scene has 4 labelled objects"


def test_instance_with_another_ones_category_is_a_fault(source, buffers, entries):
    entries[1]["category"] = "7"
    assert "expected (2, 'die[1]'" in labels_reason(entries, buffers, source)


def test_mask_that_is_not_where_its_id_is_seen_is_a_fault_though_the_entry_agrees_with_itself(
    source, buffers, entries
):
    seen = buffers.ids.copy()
    buffers.ids[seen == 1], buffers.ids[seen == 2] = 2, 1
    reason = labels_reason(entries, buffers, source)
    assert reason == "die[0] has a mask that is not where its id 1 is seen"


def test_box_that_is_not_that_of_its_mask_is_a_fault(source, buffers, entries):
    entries[3]["bbox_xyxy"] = [3, 0, 5, HEIGHT_PX]
    assert labels_reason(entries, buffers, source).startswith("die[3] has bbox_xyxy [3, 0, 5, 32], but")


def test_joined_certificates_have_all_figures_and_the_first_fault():
    first, second = Fault(check="a", reason="x"), Fault(check="b", reason="y")
    joined = Certificate(figures={"rays": 5}, fault=first).joined(Certificate(fault=second))
    assert joined == Certificate(figures={"rays": 5}, fault=first)
    later = Certificate(figures={"rays": 5}).joined(Certificate(figures={"instances": 1}, fault=second))
    assert later == Certificate(figures={"rays": 5, "instances": 1}, fault=second)
