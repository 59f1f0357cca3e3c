"""Denoising of shots: noise goes, edges stay, and threads change no byte."""

import numpy as np
import pytest
import torch

from renderer.buffers import Guides
from renderer.denoising import Denoiser, denoise, denoise_tensor, prefiltered


@pytest.fixture(scope="module")
def noisy():
    """A bright square on a dark ground, its noise, and guides with some of their own."""
    rng = np.random.default_rng(3)
    clean = np.full((64, 96, 3), 0.2, np.float32)
    clean[20:44, 30:66] = (3.0, 1.0, 0.5)
    albedo = np.where(clean > 0.2, np.float32(0.8), np.float32(0.3))
    normals = np.zeros_like(clean)
    normals[..., 2] = 1
    grain = rng.gamma(2.0, 0.5, clean.shape).astype(np.float32)
    guides = Guides(
        albedo=np.clip(albedo + rng.normal(0, 0.02, clean.shape).astype(np.float32), 0, 1), normals=normals
    )
    return clean, clean * grain, guides


def error(image, clean):
    return float(np.sqrt(((image - clean) ** 2 / clean**2).mean()))


@pytest.mark.parametrize("quality", ["high", "balanced", "fast"])
def test_noise_goes_and_edges_stay(noisy, quality):
    clean, image, guides = noisy
    denoised = denoise(image, guides, Denoiser(quality=quality, threads=1))
    assert error(denoised, clean) < 0.2 * error(image, clean)
    assert denoised[32, 31, 0] > 5 * denoised[32, 28, 0]


def test_guides_may_be_denoised_first(noisy):
    clean, image, guides = noisy
    denoiser = Denoiser(threads=1)
    clean_guides = prefiltered(guides, denoiser)
    assert clean_guides.are_clean
    assert clean_guides.albedo[5:15].std() < 0.5 * guides.albedo[5:15].std()
    assert error(denoise(image, clean_guides, denoiser), clean) < 0.2 * error(image, clean)


def test_image_is_denoised_without_guides_where_they_are_not_to_be_used(noisy):
    clean, image, guides = noisy
    alone, guided = (denoise(image, guides, Denoiser(threads=1, uses_guides=uses)) for uses in (False, True))
    other = Guides(albedo=guides.normals, normals=guides.albedo)
    assert np.array_equal(alone, denoise(image, other, Denoiser(threads=1, uses_guides=False)))
    assert not np.array_equal(alone, guided)
    assert error(alone, clean) < error(image, clean)


def test_threads_change_no_byte(noisy):
    _, image, guides = noisy
    one, two = (denoise(image, guides, Denoiser(threads=threads)) for threads in (1, 2))
    assert np.array_equal(one, two)


def test_windows_of_larger_images_are_denoised_as_their_copies_are(noisy):
    _, image, guides = noisy
    part, denoiser = (slice(8, 56), slice(16, 80)), Denoiser(threads=1)
    window = Guides(albedo=guides.albedo[part], normals=guides.normals[part])
    copied = Guides(albedo=guides.albedo[part].copy(), normals=guides.normals[part].copy())
    assert np.array_equal(
        denoise(image[part], window, denoiser), denoise(image[part].copy(), copied, denoiser)
    )


def test_image_of_torch_is_denoised_on_the_processor_where_it_is_there(noisy):
    _, image, guides = noisy
    denoiser = Denoiser(threads=1)
    found = denoise_tensor(torch.from_numpy(image), guides, denoiser)
    assert np.array_equal(found.numpy(), denoise(image, guides, denoiser))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU of NVIDIA's")
def test_image_on_a_gpu_is_denoised_there(noisy):
    clean, image, guides = noisy
    found = denoise_tensor(torch.from_numpy(image).cuda(), guides, Denoiser())
    assert found.device.type == "cuda"
    assert error(found.cpu().numpy(), clean) < 0.2 * error(image, clean)
