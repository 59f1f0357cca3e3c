# ruff: noqa: E501 - a refusal is compared as it is read, on one line
"""Expressions: they mean what Python's would, and whatever else is written is refused in one sentence."""

import ast
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.recipes import dice_recipe

from renderer.errors import RecipeError
from renderer.recipe.distributions import Constant
from renderer.recipe.expressions import DEEPEST, LONGEST_TEXT, Expression, check_writable, read_expression
from renderer.recipe.keys import Factor, FactorSpec, Kind

KINDS = {
    "a.number": Kind.NUMBER,
    "a.count": Kind.INTEGER,
    "a.flag": Kind.FLAG,
    "a.name": Kind.NAME,
    "a.color": Kind.COLOR,
    "a.direction": Kind.DIRECTION,
    "a.rotation": Kind.ROTATION,
}
OPTIONS = {"a.name": ("left", "right"), "a.flag": (True, False)}
MADE_OF = (
    "cannot be used: expressions are made of factors, numbers, quoted names, true, false, + - * /, "
    "comparisons, in, and, or, not, min, max and abs"
)


def factor_of(name: str) -> Factor:
    if name not in KINDS:
        raise RecipeError(f"key: {name} is unknown")
    spec = FactorSpec(kind=KINDS[name], help="", options=OPTIONS.get(name, ()))
    return Factor(name=name, distribution=Constant(value=None), spec=spec)


def read(text: Any) -> Expression:
    return read_expression(text, "key", factor_of)


def holds(text: str, **values: Any) -> bool:
    return read(text).holds({f"a.{name}": value for name, value in values.items()}.__getitem__)


def expression_or_refusal(text: str) -> Expression | str:
    try:
        return read(text)
    except RecipeError as error:
        return str(error)


def refusal(text: Any) -> str:
    with pytest.raises(RecipeError) as caught:
        read(text)
    return str(caught.value)


numbers = st.sampled_from(["a.number", "a.count", "3", "0.5", "-2", "1e3"])
numeric = st.recursive(
    numbers,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from("+-*"), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
        st.tuples(st.sampled_from(["min", "max"]), inner, inner).map(lambda t: f"{t[0]}({t[1]}, {t[2]})"),
        inner.map(lambda text: f"abs({text})"),
    ),
    max_leaves=6,
)
comparisons = st.one_of(
    st.tuples(numeric, st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), numeric).map(" ".join),
    st.tuples(numeric, numeric, numeric).map(lambda t: f"{t[0]} < {t[1]} <= {t[2]}"),
    st.tuples(numeric, numeric, numeric).map(lambda t: f"{t[0]} in ({t[1]}, {t[2]})"),
    st.sampled_from(["a.flag", "not a.flag", "a.flag == True", "a.name == 'left'", "a.name != 'left'"]),
    st.sampled_from(["a.name in ('left', 'right')", "a.name not in ['left']", "a.flag != False"]),
)
flags = st.recursive(
    comparisons,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(lambda t: f"({t[0]}) {t[1]} ({t[2]})"),
        inner.map(lambda text: f"not ({text})"),
    ),
    max_leaves=4,
)


@settings(max_examples=200)
@given(
    flags,
    st.floats(-10, 10),
    st.integers(-3, 3),
    st.booleans(),
    st.sampled_from(["left", "right"]),
)
def test_an_expression_means_what_python_means(text, number, count, flag, name):
    values = {"number": number, "count": count, "flag": flag, "name": name}
    if "a." in text and len(text) <= LONGEST_TEXT:
        assert holds(text, **values) == eval(text, {"a": SimpleNamespace(**values)})


@given(flags)
def test_the_text_is_written_in_one_way_that_reads_as_the_same(text):
    if "a." in text and len(text) <= LONGEST_TEXT:
        expression = read(f"  ( {text} )\n".replace(" + ", "  +"))
        assert expression.text == read(expression.text).text == ast.unparse(ast.parse(text))
        assert set(expression.factors) == {name for name in KINDS if name in text}


junk_words = st.sampled_from(
    [*KINDS, "a", "b.c", "1", "1e999", "'left'", "'x", "true", "None", "lambda", "eval", "__import__('os')", "x"]
    + ["(", ")", "[", "]", ",", ".", "+", "-", "*", "**", "/", "//", "%", "<", "==", "=", ":=", "in", "not"]
    + ["and", "or", "if", "else", "for", "is", "await", "f''", "...", "~", "\\", "\0", "min", "abs", "#"]
)  # fmt: skip


@settings(max_examples=300)
@given(st.lists(junk_words, max_size=12).map(" ".join) | st.text(max_size=30))
def test_any_text_is_an_expression_or_refused_in_one_sentence_that_begins_with_the_key(text):
    outcome = expression_or_refusal(text)
    assert outcome.startswith("key") if isinstance(outcome, str) else outcome.factors


def test_true_and_false_are_written_as_in_yaml_too():
    assert holds("a.flag == true", flag=True)
    assert holds("a.flag != false", flag=True)
    assert holds("a.flag == False", flag=False)


@pytest.mark.parametrize(
    "text",
    ["a.number > 1", "a.number <= 1", "a.number != 1", "a.number in (1, 2)", "a.number not in (1, 2)"]
    + ["a.number == a.number", "-a.number < 1", "a.number + 1 > 0", "min(a.number, 1) > 0", "1 / a.number < 1"]
    + ["0 < a.number < 1", "abs(a.number) >= 0"],
)  # fmt: skip
def test_a_comparison_with_a_factor_that_is_off_does_not_hold(text):
    assert not holds(text, number=None)
    assert holds(f"not ({text})", number=None)


def test_a_flag_or_name_that_is_off_is_no_value():
    assert not holds("a.flag", flag=None)
    assert not holds("a.name == 'left' or a.name != 'left'", name=None)


@pytest.mark.parametrize("text", ["1 / a.number < 5", "1 / a.number >= 5", "1 / a.number != 5"])
def test_a_comparison_with_a_division_by_zero_does_not_hold(text):
    assert not holds(text, number=0.0)


def test_what_decides_already_leaves_the_rest_alone():
    asked = []

    def lookup(name: str) -> float:
        asked.append(name)
        return 1.0

    assert not read("a.number > 2 and a.count > 0").holds(lookup)
    assert read("a.number < 2 or a.count > 0").holds(lookup)
    assert asked == ["a.number", "a.number"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (3, 'key must be an expression in quotes, such as "camera.tilt_deg < 30", got 3'),
        (["a.flag"], "key must be an expression in quotes, such as \"camera.tilt_deg < 30\", got ['a.flag']"),
        (" ", "key must have 1 to 500 characters, got 0"),
        ("a.number < 1" + " or a.flag" * 60, "key must have 1 to 500 characters, got 612"),
        ("a.number", "key must be true or false, such as \"camera.tilt_deg < 30\", but 'a.number' is a number"),
        ("'left'", "key must be true or false, such as \"camera.tilt_deg < 30\", but ''left'' is a name"),
        ("1 < 2", "key must name at least one factor, got '1 < 2'"),
        ("a.flag and", "key: 'a.flag and' cannot be read: invalid syntax"),
        ("(a.flag", "key: '(a.flag' cannot be read: '(' was never closed"),
        ("a.number = 3", "key: 'a.number = 3' cannot be read: invalid syntax; equality is written =="),
        ("b.c < 1", "key: b.c is unknown"),
        ("a.number ** 2 > 1", f"key: 'a.number ** 2' {MADE_OF}"),
        ("a.number % 2 == 1", f"key: 'a.number % 2' {MADE_OF}"),
        ("a.number is 2", f"key: 'a.number is 2' {MADE_OF}"),
        ("a.count & 1 == 1", f"key: 'a.count & 1' {MADE_OF}"),
        ("round(a.number) == 1", f"key: 'round(a.number)' {MADE_OF}"),
        ("a.number.real() < 1", f"key: 'a.number.real()' {MADE_OF}"),
        ("max(*[a.number], 1) < 1", f"key: '*[a.number]' {MADE_OF}"),
        ("max(a.number, 1, key=abs) < 1", f"key: 'max(a.number, 1, key=abs)' {MADE_OF}"),
        ("[x for x in (1, 2)]", f"key: '[x for x in (1, 2)]' {MADE_OF}"),
        ("(lambda: a.flag)()", f"key: '(lambda: a.flag)()' {MADE_OF}"),
        ("a.number[0] < 1", f"key: 'a.number[0]' {MADE_OF}"),
        ("a.flag if a.flag else a.flag", f"key: 'a.flag if a.flag else a.flag' {MADE_OF}"),
        ("f'{a.number}' == 'x'", f"key: 'f'{{a.number}}'' {MADE_OF}"),
        ("(a.number, 1) == 2", f"key: '(a.number, 1)' {MADE_OF}"),
        ("None == a.number", f"key: 'None' {MADE_OF}"),
        ("2j == a.number", f"key: '2j' {MADE_OF}"),
        ("a.number < 1e999", "key: a number is too large in '1e309'"),
        (f"a.number < {'9' * 400}", f"key: a number is too large in '{'9' * 400}'"),
        ("min(a.number) < 1", "key: min takes two numbers or more, got 'min(a.number)'"),
        ("max() < a.number", "key: max takes two numbers or more, got 'max()'"),
        ("abs(a.number, 1) < 1", "key: abs takes one number, got 'abs(a.number, 1)'"),
        ("a.number < true", "key: a number cannot be compared with true or false in 'a.number < true'"),
        ("a.number == 'left'", "key: a number cannot be compared with a name in 'a.number == 'left''"),
        ("a.name in ('left', 1)", "key: a name cannot be compared with a number in '('left', 1)'"),
        ("a.name == 'rihgt'", "key: a.name 'rihgt' is unknown; did you mean 'right'? (known: right, left)"),
        ("a.name in ('rihgt', 'left')", "key: a.name 'rihgt' is unknown; did you mean 'right'? (known: right, left)"),
        ("'lft' != a.name", "key: a.name 'lft' is unknown; did you mean 'left'? (known: left, right)"),
        ("a.name < 'left'", "key: only numbers have an order, got 'a.name < 'left''"),
        ("a.flag >= true", "key: only numbers have an order, got 'a.flag >= true'"),
        ("a.number in 3", "key: 'in' takes a list such as ('a', 'b'), got '3'"),
        ("a.number in ()", "key: 'in' takes a list such as ('a', 'b'), got '()'"),
        ("a.number and a.flag", "key: true or false is due in 'a.number', got a number"),
        ("not a.name", "key: true or false is due in 'a.name', got a name"),
        ("a.flag + 1 > 1", "key: a number is due in 'a.flag + 1', got true or false"),
        ("-a.name < 1", "key: a number is due in '-a.name', got a name"),
        ("a.color == a.color", "key: a.color is a color, which cannot be used in an expression"),
        ("a.direction == a.direction", "key: a.direction is a direction, which cannot be used in an expression"),
        ("a.rotation == a.rotation", "key: a.rotation is a rotation, which cannot be used in an expression"),
        ("a.number < 1" + " + 1" * 45, f"key must not be nested more than {DEEPEST} deep"),
        ("-" * 480 + "a.number < 1", f"key must not be nested more than {DEEPEST} deep"),
        ("(" * 300 + "a.flag" + ")" * 150, f"key: '{'(' * 300}a.flag{')' * 150}' cannot be read: too many nested parentheses"),
    ],
    ids=lambda case: str(case)[:40],
)  # fmt: skip
def test_a_refusal_says_what_is_wrong(text, message):
    assert refusal(text) == message


def test_a_factor_whose_name_the_grammar_would_take_apart_is_named():
    names = ["lighting.lights.key-light.energy_w", "objects.class.edge_m", "camera.tilt_deg"]
    with pytest.raises(RecipeError) as caught:
        check_writable("lighting.lights.key-light.energy_w < 3", "key", names)
    assert str(caught.value) == (
        "key: lighting.lights.key-light.energy_w cannot stand in an expression, where '-' would be a minus: "
        "rename it"
    )
    with pytest.raises(RecipeError) as caught:
        check_writable("objects.class.edge_m < 3", "key", names)
    assert str(caught.value) == (
        "key: objects.class.edge_m cannot stand in an expression, where a word of it has a meaning of its own: "
        "rename it"
    )
    check_writable("camera.tilt_deg - 3 < 2", "key", names)


def test_a_factor_with_names_of_the_users_own_takes_any_name():
    recipe = dice_recipe(
        **{
            "lighting.rig": "mine",
            "conditions.a": {
                "factor": "lighting.environment.kind", "when": "lighting.rig == 'mine'", "draw": "sky"
            },
        }
    )  # fmt: skip
    assert recipe.conditions["a"].when == "lighting.rig == 'mine'"
