"""Factor syntax, written: what is written is read as the same distribution."""

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st
from unit.test_distributions import MEANINGS

from renderer.recipe.distributions import PARSERS, parse_distribution
from renderer.recipe.syntax import syntax_of, syntax_text, value_text

numbers = st.integers(-(10**6), 10**6) | st.floats(allow_nan=False, allow_infinity=False)
fractions = st.floats(0, 1)
names = st.text(max_size=6) | st.sampled_from(["yes", "null", "4:2:0", "#aabbcc", "1.0", "a, b", "[x]"])
scalars = st.booleans() | numbers | names


def ranges(values):
    return st.lists(values, min_size=2, max_size=2).map(sorted)


def call(name, arguments):
    return arguments.map(lambda values: [name, *values])


def weights_of(options):
    weights = st.lists(st.floats(0.1, 1e6), min_size=len(options), max_size=len(options))
    return weights.map(lambda drawn: ["choice", options, drawn])


axes = fractions | ranges(fractions)
vectors = st.lists(numbers, min_size=3, max_size=3).filter(any)
truncated = st.tuples(fractions, st.floats(0.2, 2), ranges(fractions)).map(lambda t: [t[0], t[1], *t[2]])
STRATEGIES = {
    "constant": call("constant", st.lists(scalars | vectors, min_size=1, max_size=4)),
    "uniform": call("uniform", ranges(numbers)),
    "log_uniform": call("log_uniform", ranges(st.floats(1e-300, 1e300))),
    "truncated_normal": call("truncated_normal", truncated),
    "integer": call("integer", ranges(st.integers(-(2**60), 2**60))),
    "choice": st.lists(scalars | vectors, min_size=1, max_size=5).flatmap(
        lambda options: st.just(["choice", options]) | weights_of(options)
    ),
    "srgb": call("srgb", st.tuples(axes, axes, axes)),
    "hsv": call("hsv", st.tuples(axes, axes, axes)),
    "blackbody": call("blackbody", ranges(st.floats(1667, 25000))),
    "direction_cap": call("direction_cap", ranges(st.floats(0, 180)) | st.tuples(st.floats(0, 180))),
    "rotation_uniform": st.just(["rotation_uniform"]),
    "rotation_about": st.tuples(vectors, ranges(numbers)).map(lambda t: ["rotation_about", t[0], *t[1]]),
}
STRATEGIES["sometimes"] = st.tuples(fractions, st.one_of(*STRATEGIES.values(), scalars)).map(
    lambda drawn: ["sometimes", *drawn]
)


def test_every_distribution_is_tried():
    assert set(STRATEGIES) == set(PARSERS)


@given(st.one_of(*STRATEGIES.values(), scalars))
def test_what_is_written_is_read_as_the_same_distribution(written):
    distribution = parse_distribution(written)
    assert parse_distribution(syntax_of(distribution)) == distribution


@given(st.one_of(*STRATEGIES.values(), scalars))
def test_text_is_one_line_of_yaml_that_is_read_as_the_same_distribution(written):
    distribution = parse_distribution(written)
    text = syntax_text(distribution)
    assert "\n" not in text
    assert parse_distribution(yaml.safe_load(text)) == distribution


@pytest.mark.parametrize("kind", [type(meaning) for _, meaning in MEANINGS], ids=lambda kind: kind.__name__)
def test_every_kind_of_distribution_has_a_syntax(kind):
    meant = [meaning for _, meaning in MEANINGS if type(meaning) is kind]
    assert [parse_distribution(syntax_of(meaning)) for meaning in meant] == meant


@pytest.mark.parametrize(
    ("written", "text"),
    [
        (0.5, "0.5"),
        ("plain", "plain"),
        (True, "true"),
        (None, "null"),
        ("#aa2010", "'#aa2010'"),
        (["uniform", 0.0, 35.0], "[uniform, 0, 35]"),
        (["log_uniform", 1e-5, 0.5], "[log_uniform, 1.0e-05, 0.5]"),
        (["choice", {"a": 1.0, "b": 1}], "[choice, [a, b]]"),
        (["choice", ["a", "b"], [3, 1]], "[choice, {a: 3, b: 1}]"),
        (["choice", [[0, 0, 1], [0, 1, 0]], [3, 1]], "[choice, [[0, 0, 1], [0, 1, 0]], [3, 1]]"),
        (["choice", [1, True], [2, 1]], "[choice, [1, true], [2, 1]]"),
        (["hsv", [0.5, 0.5], [0, 1], 1], "[hsv, 0.5, [0, 1], 1]"),
        (["sometimes", 0.5, ["uniform", 2.0, 8]], "[sometimes, 0.5, [uniform, 2, 8]]"),
        (["direction_cap", 0, 70], "[direction_cap, 70]"),
        (["constant", 0, 0, 1], "[constant, [0, 0, 1]]"),
    ],
    ids=str,
)
def test_text_is_the_shortest_form(written, text):
    assert syntax_text(parse_distribution(written)) == text


@example({"\x85": False})
@given(st.lists(scalars, max_size=3) | st.dictionaries(names, scalars, max_size=3))
def test_plain_data_is_one_line_of_yaml(value):
    text = value_text(value)
    assert "\n" not in text
    assert yaml.safe_load(text) == value
