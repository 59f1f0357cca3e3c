"""Factor syntax: what each form means, and what each refusal says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renderer.errors import RecipeError
from renderer.recipe.distributions import (
    PARSERS,
    AxisRotation,
    BlackBody,
    Choice,
    ColorBox,
    Constant,
    DirectionCap,
    Integer,
    LogUniform,
    Range,
    Sometimes,
    TruncatedNormal,
    Uniform,
    UniformRotation,
    parse_distribution,
)
from renderer.recipe.keys import FactorSpec, Kind
from renderer.recipe.validation import parse_factor

MEANINGS = [
    (0.5, Constant(value=0.5)),
    ("red", Constant(value="red")),
    (True, Constant(value=True)),
    (["constant", 3], Constant(value=3)),
    (["constant", 1, 0, 0], Constant(value=[1, 0, 0])),
    (["uniform", 1, 2.5], Uniform(low=1.0, high=2.5)),
    (["uniform", 2, 2], Uniform(low=2.0, high=2.0)),
    (["log_uniform", 50, 500], LogUniform(low=50.0, high=500.0)),
    (["truncated_normal", 0, 1, -2, 3], TruncatedNormal(mean=0.0, sd=1.0, low=-2.0, high=3.0)),
    (["truncated_normal", 0, 1, 2, 2], TruncatedNormal(mean=0.0, sd=1.0, low=2.0, high=2.0)),
    (["integer", -1, 4], Integer(low=-1.0, high=4.0)),
    (["choice", ["a", "b"]], Choice(options=("a", "b"), weights=(1.0, 1.0))),
    (["choice", ["a", "b"], [3, 0]], Choice(options=("a", "b"), weights=(3.0, 0.0))),
    (["choice", {"a": 3, "b": 1}], Choice(options=("a", "b"), weights=(3.0, 1.0))),
    (["choice", {True: 9, False: 1}], Choice(options=(True, False), weights=(9.0, 1.0))),
    (["choice", {0.0: 2, 0.5: 1}], Choice(options=(0.0, 0.5), weights=(2.0, 1.0))),
    (
        ["srgb", [0, 1], 0.5, [0.2, 0.2]],
        ColorBox(
            space="srgb", axes=(Range(low=0, high=1), Range(low=0.5, high=0.5), Range(low=0.2, high=0.2))
        ),
    ),
    (
        ["hsv", 0.1, [0, 0.3], 1],
        ColorBox(space="hsv", axes=(Range(low=0.1, high=0.1), Range(low=0, high=0.3), Range(low=1, high=1))),
    ),
    (["blackbody", 2500, 9000], BlackBody(low=2500.0, high=9000.0)),
    (["direction_cap", 70], DirectionCap(low=0.0, high=70.0)),
    (["direction_cap", 20, 70], DirectionCap(low=20.0, high=70.0)),
    (["rotation_uniform"], UniformRotation()),
    (["rotation_about", [0, 0, 2], -90, 90], AxisRotation(axis=(0.0, 0.0, 2.0), low=-90.0, high=90.0)),
    (["sometimes", 0.5, 3], Sometimes(probability=0.5, distribution=Constant(value=3))),
    (
        ["sometimes", 1, ["uniform", 1, 2]],
        Sometimes(probability=1.0, distribution=Uniform(low=1.0, high=2.0)),
    ),
]

NUMBER, INTEGER, NAME, COLOR, DIRECTION, ROTATION = (
    Kind.NUMBER, Kind.INTEGER, Kind.NAME, Kind.COLOR, Kind.DIRECTION, Kind.ROTATION,
)  # fmt: skip
REFUSALS = [
    (NUMBER, [], "a list must begin with a distribution's name, got []"),
    (NUMBER, [1, 2], "a list must begin with a distribution's name, got [1, 2]"),
    (NUMBER, ["uniform", 1], "low and high are due, got [1]"),
    (NUMBER, ["uniform", 1, 2, 3], "low and high are due, got [1, 2, 3]"),
    (NUMBER, ["uniform", 2, 1], "low must not exceed high, got 2 > 1: swap them"),
    (NUMBER, ["uniform", "1", 2], "low must be a finite number, got '1'"),
    (NUMBER, ["uniform", 1, True], "high must be a finite number, got True"),
    (NUMBER, ["uniform", 1, float("inf")], "high must be a finite number, got inf"),
    (NUMBER, ["uniform", float("nan"), 1], "low must be a finite number, got nan"),
    (NUMBER, ["uniform", None, 1], "low must be a finite number, got None"),
    (NUMBER, ["log_uniform", 0, 1], "low of log_uniform must be above 0, got 0"),
    (NUMBER, ["log_uniform", 2, 1], "low must not exceed high, got 2 > 1: swap them"),
    (NUMBER, ["truncated_normal", 0, 1, -1], "mean, sd, low and high are due, got [0, 1, -1]"),
    (NUMBER, ["truncated_normal", 0, 0, -1, 1], "sd of truncated_normal must be above 0, got 0"),
    (NUMBER, ["truncated_normal", 0, -1, -1, 1], "sd of truncated_normal must be above 0, got -1"),
    (NUMBER, ["truncated_normal", 0, 1, 1, -1], "low must not exceed high, got 1 > -1: swap them"),
    (
        NUMBER,
        ["truncated_normal", 0, 1, 9, 10],
        "mean 0 of truncated_normal must lie within 8 sd of [9, 10]",
    ),
    (INTEGER, ["integer", 0.5, 2], "bounds of integer must be whole numbers, got 0.5 and 2"),
    (INTEGER, ["integer", 3, 2], "low must not exceed high, got 3 > 2: swap them"),
    (NAME, ["choice"], "a list or map of options is due, got []"),
    (NAME, ["choice", []], "choice must have at least one option, got none"),
    (NAME, ["choice", {}], "choice must have at least one option, got none"),
    (NAME, ["choice", "a"], "options must be a list, got 'a'"),
    (NAME, ["choice", ["a"], 1], "weights must be a list, got 1"),
    (NAME, ["choice", ["a"], [1, 2]], "choice must have one weight per option, got 1 options and 2 weights"),
    (NAME, ["choice", {"a": 1}, [1]], "weights stand in the map already: drop the second list"),
    (NAME, ["choice", ["a"], ["b"]], "weight must be a finite number, got 'b'"),
    (NAME, ["choice", {"a": -1}], "weights of choice must be 0 or more and not all 0, got [-1.0]"),
    (NAME, ["choice", {"a": 0}], "weights of choice must be 0 or more and not all 0, got [0.0]"),
    (COLOR, ["srgb", [0, 1], [0, 1]], "three colour axes are due, got [[0, 1], [0, 1]]"),
    (COLOR, ["srgb", [0, 1], [0, 1], [0, 2]], "b of srgb must be in [0, 1], got [0, 2]"),
    (COLOR, ["hsv", [-0.1, 1], 0, 0], "h of hsv must be in [0, 1], got [-0.1, 1]"),
    (COLOR, ["hsv", 0, [0.5, 0.2], 0], "low must not exceed high, got 0.5 > 0.2: swap them"),
    (COLOR, ["hsv", 0, [0, 1, 2], 0], "a colour axis must be a number or [low, high], got [0, 1, 2]"),
    (COLOR, ["hsv", 0, "x", 0], "colour axis must be a finite number, got 'x'"),
    (
        COLOR,
        ["blackbody", 1000, 9000],
        "temperatures of blackbody must be in [1667, 25000] K, got [1000, 9000]",
    ),
    (COLOR, ["blackbody", 9000, 2500], "low must not exceed high, got 9000 > 2500: swap them"),
    (DIRECTION, ["direction_cap"], "[max] or [min, max] degrees are due, got []"),
    (DIRECTION, ["direction_cap", 181], "angles of direction_cap must be in [0, 180], got [0, 181]"),
    (DIRECTION, ["direction_cap", 70, 20], "low must not exceed high, got 70 > 20: swap them"),
    (ROTATION, ["rotation_uniform", 1], "rotation_uniform takes nothing, got [1]"),
    (
        ROTATION,
        ["rotation_about", [0, 0, 0], 0, 1],
        "axis of rotation_about must not be zero, got [0.0, 0.0, 0.0]",
    ),
    (
        ROTATION,
        ["rotation_about", [0, 0], 0, 1],
        "[x, y, z], low and high degrees are due, got [[0, 0], 0, 1]",
    ),
    (ROTATION, ["rotation_about", 3, 0, 1], "[x, y, z], low and high degrees are due, got [3, 0, 1]"),
    (ROTATION, ["rotation_about", [0, 0, "z"], 0, 1], "axis must be a finite number, got 'z'"),
    (ROTATION, ["rotation_about", [0, 0, 1], 1, 0], "low must not exceed high, got 1 > 0: swap them"),
    (NUMBER, ["sometimes"], "a probability and a distribution are due, got []"),
    (NUMBER, ["sometimes", "often", 3], "probability must be a finite number, got 'often'"),
    (NUMBER, ["sometimes", -0.1, 3], "probability of sometimes must be in [0, 1], got -0.1"),
    (NUMBER, ["sometimes", 0.1, ["uniform", 2, 1]], "low must not exceed high, got 2 > 1: swap them"),
    (
        NUMBER,
        ["sometimes", 0.1, ["sometimes", 0.1, 3]],
        "sometimes must not stand in sometimes: multiply the probabilities",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("value", "meaning"), MEANINGS, ids=str)
def test_factor_syntax_has_one_meaning(value, meaning):
    assert parse_distribution(value) == meaning


def test_every_distribution_is_among_the_meanings_and_the_refusals():
    heads = {value[0] for value, _ in MEANINGS if isinstance(value, list)}
    refused = {value[0] for _, value, _ in REFUSALS if value and isinstance(value[0], str)}
    assert heads == set(PARSERS)
    assert refused == set(PARSERS) - {"constant"}


@pytest.mark.parametrize(("value", "meaning"), [(v, m) for v, m in MEANINGS if isinstance(v, list)], ids=str)
def test_a_tuple_means_what_a_list_means(value, meaning):
    assert parse_distribution(tuple(value)) == meaning


@pytest.mark.parametrize(("kind", "value", "message"), REFUSALS, ids=lambda case: str(case)[:60])
def test_a_refusal_is_one_sentence_that_begins_with_the_key(kind, value, message):
    with pytest.raises(RecipeError) as caught:
        parse_factor(FactorSpec(kind=kind, help=""), value, "objects.die.some_key")
    assert str(caught.value) == f"objects.die.some_key: {message}"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("unifrom", "uniform"),
        ("loguniform", "log_uniform"),
        ("trunc_normal", "truncated_normal"),
        ("int", "integer"),
    ],
)
def test_an_unknown_distribution_names_the_nearest_one_and_lists_all(typed, meant):
    with pytest.raises(
        RecipeError, match=f"distribution '{typed}' is unknown; did you mean '{meant}'?"
    ) as caught:
        parse_distribution([typed, 1, 2])
    assert all(name in str(caught.value) for name in PARSERS)


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=2, max_size=2).map(sorted))
def test_a_range_keeps_its_bounds_to_the_last_bit(bounds):
    low, high = bounds
    assert parse_distribution(["uniform", low, high]) == Uniform(low=low, high=high)


@given(st.dictionaries(st.text(max_size=5), st.floats(0.1, 1e6), min_size=1))
def test_a_map_of_weights_means_a_list_of_options_with_a_list_of_weights(weights):
    as_map = parse_distribution(["choice", weights])
    assert as_map == parse_distribution(["choice", list(weights), list(weights.values())])
