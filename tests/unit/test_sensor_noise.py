"""Noise: SplitMix64's numbers, normal and Poisson distributions, a fit that finds its parameters again."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from renderer.sensor.noise import EXACT_BELOW, add_noise, poisson
from renderer.sensor.splitmix import GOLDEN, mix, normals, random_bits

CPU = torch.device("cpu")
seeds = st.integers(0, 2**63 - 1)
DOUBLE = torch.zeros(1, dtype=torch.float64)


def splitmix64(state: int) -> int:
    """The number that SplitMix64 gives in a state, in Python's whole numbers (Steele et al. 2014)."""
    state = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
    state = (state ^ (state >> 27)) * 0x94D049BB133111EB % 2**64
    return state ^ (state >> 31)


def unsigned(numbers: torch.Tensor) -> list[int]:
    return [number % 2**64 for number in numbers.flatten().tolist()]


def quantiles(count: int = 200_001) -> torch.Tensor:
    """Normal numbers at the middles of equal shares: sums over them are integrals over the distribution."""
    return torch.from_numpy(stats.norm.ppf((np.arange(count) + 0.5) / count))


def fit(means: list[float], variances: list[float]) -> np.ndarray:
    """Slope and offset of the line through variances, each counted in parts of itself."""
    return np.polyfit(means, variances, 1, w=1 / np.array(variances))


def test_mixing_gives_the_published_sequence_of_splitmix64():
    states = torch.tensor([(1234567 + n * GOLDEN + 2**63) % 2**64 - 2**63 for n in range(1, 6)])
    assert unsigned(mix(states)) == [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
        4593380528125082431,
        16408922859458223821,
    ]


@given(seeds, st.integers(1, 40))
def test_random_bits_are_splitmix64_from_the_mixed_seed(seed, count):
    expected = [splitmix64((splitmix64(seed) + n * GOLDEN) % 2**64) for n in range(1, count + 1)]
    assert unsigned(random_bits([seed], count, CPU)) == expected


@given(st.lists(seeds, min_size=1, max_size=4), st.integers(1, 20))
def test_random_bits_depend_on_seed_and_place_only(several, count):
    together = random_bits(several, count, CPU)
    for row, seed in zip(together, several, strict=True):
        assert torch.equal(row, random_bits([seed], count + 3, CPU)[0, :count])


@pytest.mark.parametrize("like", [torch.zeros(1), DOUBLE])
def test_normal_numbers_are_normal_and_independent(like):
    numbers = normals([5, 6], 100_000, like)
    for batch in numbers:
        for row in batch:
            assert stats.kstest(row.numpy(), "norm").pvalue > 1e-3
    rows = np.concatenate([batch.numpy() for batch in numbers])
    beside = np.concatenate([rows[:, 1:], rows[:, :-1]])
    assert np.abs(np.corrcoef(beside) - np.eye(8))[np.triu_indices(4, 1)].max() < 0.015
    assert abs(np.corrcoef(rows[0, 1:], rows[0, :-1])[0, 1]) < 0.015


def test_normal_numbers_are_finite_even_of_the_extreme_bits():
    numbers = torch.cat(normals(list(range(64)), 4096, torch.zeros(1)))
    assert torch.isfinite(numbers).all()
    assert numbers.abs().max() > 4


@given(st.floats(1e-6, EXACT_BELOW - 1e-6), st.floats(-4.5, 4.5))
def test_few_electrons_are_counted_at_their_exact_quantile(expected, normal):
    count = poisson(
        torch.tensor([expected], dtype=torch.float64), torch.tensor([normal], dtype=torch.float64)
    )
    share = stats.norm.cdf(normal)
    # One count off only where the share is within rounding of a step.
    assert stats.poisson.cdf(count.item() - 1, expected) - 1e-12 <= share
    assert share <= stats.poisson.cdf(count.item(), expected) + 1e-12


@pytest.mark.parametrize("expected", [0.05, 1, 4, 9.9, 10.1, 14, 30, 100, 1e4])
def test_mean_variance_and_skewness_of_counts_are_those_of_poissons_distribution(expected):
    normal = quantiles()
    counts = poisson(torch.full_like(normal, expected), normal).numpy()
    assert counts.mean() == pytest.approx(expected, rel=2e-4)
    assert counts.var() == pytest.approx(expected, rel=2e-3)
    assert stats.skew(counts) == pytest.approx(expected**-0.5, rel=0.05)


@pytest.mark.parametrize("expected", [0.3, 5, 9.5])
def test_frequencies_of_small_counts_pass_a_chi_square_test(expected):
    normal = normals([3], 200_000, torch.zeros(1))[0]
    counts = poisson(torch.full_like(normal, expected), normal).numpy().ravel()
    top = int(stats.poisson.ppf(0.9995, expected))
    found = np.bincount(np.minimum(counts, top).astype(int), minlength=top + 1)
    shares = stats.poisson.pmf(np.arange(top + 1), expected)
    shares[top] = stats.poisson.sf(top - 1, expected)
    assert stats.chisquare(found, shares * found.sum()).pvalue > 1e-3


@given(st.floats(0, 1e13), st.floats(-6, 6))
def test_counts_are_whole_finite_and_never_negative(expected, normal):
    count = poisson(torch.tensor([expected]), torch.tensor([normal]))
    assert torch.isfinite(count).all()
    assert count.item() >= 0
    assert count.item() == round(count.item())


@given(st.floats(0, 1000), st.floats(-4, 4), st.floats(0, 1))
def test_counts_do_not_fall_when_the_normal_number_grows(expected, normal, more):
    both = poisson(
        torch.full((2,), expected, dtype=torch.float64),
        torch.tensor([normal, normal + more], dtype=torch.float64),
    )
    assert both[0] <= both[1]


@pytest.mark.parametrize(
    ("iso", "full_well_e", "read_noise_e"),
    [(100, 6000, 3), (800, 6000, 8), (6400, 6000, 3), (25600, 20000, 5), (100, 400, 12)],
)
def test_a_fit_to_flat_patches_recovers_the_noise_within_5_percent(iso, full_well_e, read_noise_e):
    levels = [0.0, 0.01, 0.03, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0]
    flat = torch.tensor(levels)[:, None, None, None].expand(-1, 3, 200, 200)
    count = len(levels)
    noisy = add_noise(flat, [iso] * count, [full_well_e] * count, [read_noise_e] * count, list(range(count)))
    means = noisy.double().mean(dim=(1, 2, 3)).tolist()
    variances = noisy.double().var(dim=(1, 2, 3)).tolist()
    slope, offset = fit(means, variances)
    assert slope == pytest.approx(iso / 100 / full_well_e, rel=0.05)
    assert offset == pytest.approx((read_noise_e * iso / 100 / full_well_e) ** 2, rel=0.05)
    np.testing.assert_allclose(means, levels, atol=4 * max(variances) ** 0.5 / 120_000**0.5)


def test_noise_depends_on_the_seed_and_not_on_the_place_in_a_batch():
    image = torch.rand(3, 3, 16, 18, generator=torch.Generator().manual_seed(0))
    values = ([400.0, 3200.0, 100.0], [6000.0, 900.0, 50.0], [3.0, 0.0, 9.0], [7, 2**63 - 1, 0])
    together = add_noise(image, *values)
    for n in (2, 0, 1):
        alone = add_noise(image[n : n + 1], *([column[n]] for column in values))
        assert torch.equal(alone[0], together[n])
        other = add_noise(image[n : n + 1], *([column[n]] for column in values[:3]), [12])
        assert (other[0] != together[n]).float().mean() > 0.5


def test_noise_without_light_and_read_noise_is_nothing():
    dark = torch.zeros(1, 1, 20, 20)
    assert torch.equal(add_noise(dark, [409600], [50], [0.0], [1]), dark)
