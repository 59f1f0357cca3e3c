# ruff: noqa: E501 - a refusal is compared as it is read, on one line
"""Conditions, correlations and constraints: what a recipe may say of them, and where it is kept."""

import pickle
from typing import Any

import pytest
from unit.recipes import config_of, dice_recipe, recipe_of

from renderer.errors import RecipeError
from renderer.recipe.distributions import Constant, LogUniform, Sometimes, Uniform
from renderer.recipe.identity import recipe_identity
from renderer.recipe.schema import Condition, Correlation
from renderer.recipe.validation import iter_factors, parse_recipe, recipe_defaults

TILT, ROLL, WIDTH, EDGE = "camera.tilt_deg", "camera.roll_deg", "camera.field_width_m", "objects.die.edge_m"
FITS = "camera.field_width_m >= 1.5 * layout.half_width_m"


def condition(**keys: Any) -> dict[str, Any]:
    return {"factor": TILT, "when": "surface.tray.presence", "draw": ["uniform", 0, 10]} | keys


def refusal(key: str, value: Any, **others: Any) -> str:
    with pytest.raises(RecipeError) as caught:
        parse_recipe(config_of("dice", **{key: value}, **others))
    return str(caught.value)


def test_a_recipe_holds_checked_conditions_correlations_and_constraints():
    recipe = dice_recipe(
        conditions={"b": condition(when="surface.tray.presence  and(objects.die.count>3)"), "a": condition(draw=3)},
        correlations={"size": {"factors": {TILT: 0.5, ROLL: -1}}},
        constraints={"fits": FITS},
    )  # fmt: skip
    assert recipe.conditions == {
        "a": Condition(factor=TILT, when="surface.tray.presence", draw=Constant(value=3)),
        "b": Condition(
            factor=TILT,
            when="surface.tray.presence and objects.die.count > 3",
            draw=Uniform(low=0, high=10),
        ),
    }
    assert list(recipe.conditions) == ["a", "b"]
    assert recipe.correlations == {"size": Correlation(factors={ROLL: -1.0, TILT: 0.5})}
    assert recipe.constraints == {"fits": FITS}
    assert pickle.loads(pickle.dumps(recipe)) == recipe


def test_dotted_keys_may_be_nested_as_the_command_line_nests_them():
    nested = dice_recipe(correlations={"a": {"factors": {"camera": {"tilt_deg": 1, "roll_deg": 0.5}}}})
    assert nested.correlations["a"].factors == {TILT: 1.0, ROLL: 0.5}


def test_null_takes_back_what_another_file_said():
    recipe = dice_recipe(conditions={"a": None}, correlations={"a": None}, constraints={"a": None})
    assert recipe == dice_recipe()


def test_a_recipe_relates_nothing_by_itself():
    assert [recipe_defaults()[key] for key in ("conditions", "correlations", "constraints")] == [{}, {}, {}]


def test_a_condition_is_no_factor_of_its_own():
    assert list(iter_factors(dice_recipe(conditions={"a": condition()}))) == list(iter_factors(dice_recipe()))


@pytest.mark.parametrize(
    ("key", "one", "other"),
    [
        ("conditions", {"a": condition()}, {"a": condition(factor=ROLL)}),
        ("conditions", {"a": condition()}, {"a": condition(when="not surface.tray.presence")}),
        ("conditions", {"a": condition()}, {"a": condition(draw=["uniform", 0, 11])}),
        ("conditions", {"a": condition(draw=["uniform", 1, 9])}, {"a": condition(draw=["log_uniform", 1, 9])}),
        ("correlations", {"a": {"factors": {TILT: 1, ROLL: 1}}}, {"a": {"factors": {TILT: 1, ROLL: 0.9}}}),
        ("correlations", {"a": {"factors": {TILT: 1, ROLL: 1}}}, {"b": {"factors": {TILT: 1, ROLL: 1}}}),
        ("constraints", {"a": FITS}, {"a": FITS.replace("1.5", "1.6")}),
        ("camera.f_stop", ["sometimes", 0.5, 4], ["sometimes", 0.4, 4]),
        ("camera.f_stop", ["sometimes", 0.5, 4], ["sometimes", 0.5, ["uniform", 4, 4]]),
    ],
    ids=lambda case: str(case)[:30],
)  # fmt: skip
def test_what_relates_factors_is_part_of_the_identity(key, one, other):
    identities = [
        recipe_identity(recipe)
        for recipe in (dice_recipe(), *(dice_recipe(**{key: v}) for v in (one, other)))
    ]
    assert identities[0] != identities[1] != identities[2] != identities[0]


def test_the_way_an_expression_is_written_is_not_part_of_the_identity():
    one, other = (dice_recipe(constraints={"a": text}) for text in (FITS, f"({FITS.replace(' ', '')})"))
    assert recipe_identity(one) == recipe_identity(other)


SCOPE = "is drawn once a scene"
REFUSALS = [
    ("conditions", 3, "conditions must be a map from names to groups of keys, got 3"),
    ("conditions", {"1a": condition()}, "conditions.1a must begin with a letter and go on with letters, digits, '-' and '_'"),
    ("conditions.a", 3, "conditions.a must be a group of factor, when, draw, got 3"),
    ("conditions.a", condition(wen=3), "key 'conditions.a.wen' is unknown; did you mean 'conditions.a.when'?"),
    ("conditions.a", {"when": "a", "draw": 1}, "conditions.a.factor must be given: the factor that is drawn otherwise, such as camera.tilt_deg"),
    ("conditions.a", {"factor": TILT, "draw": 1}, 'conditions.a.when must be given: where it is, such as "camera.tilt_deg < 30"'),
    ("conditions.a", {"factor": TILT, "when": "a"}, "conditions.a.draw must be given: a value or a distribution"),
    ("conditions.a", condition(factor="camera.tilt"), "conditions.a.factor: factor 'camera.tilt' is unknown; did you mean 'camera.tilt_deg'?"),
    ("conditions.a", condition(factor=["uniform"]), "conditions.a.factor must be the name of a factor, got ['uniform']"),
    ("conditions.a", condition(factor="camera.width_px"), "conditions.a.factor: camera.width_px is a setting, which is fixed, and not a factor"),
    ("conditions.a", condition(factor="camera.f_stop"), "conditions.a.factor: camera.f_stop is off, since it is null: give it a value or a distribution"),
    ("conditions.a", condition(factor="camera.focus_fraction"), "conditions.a.factor: camera.focus_fraction is off, since camera.f_stop is null"),
    ("conditions.a", condition(draw=["uniform", 0, 100]), "conditions.a.draw must be in [0, 85] deg, got [0, 100]"),
    ("conditions.a", condition(draw="#ffffff"), "conditions.a.draw must be a number, got '#ffffff'"),
    ("conditions.a", condition(draw=["unifrom", 0, 1]), "conditions.a.draw: distribution 'unifrom' is unknown; did you mean 'uniform'?"),
    ("conditions.a", condition(draw=None), "conditions.a.draw must be a number, got None"),
    ("conditions.a", condition(draw=["sometimes", 0.5, 3]), "conditions.a.draw must always have a value, got 'sometimes': it cannot be switched off"),
    ("conditions.a", condition(when=True), 'conditions.a.when must be an expression in quotes, such as "camera.tilt_deg < 30", got True'),
    ("conditions.a", condition(when="surface.tray.present"), "conditions.a.when: factor 'surface.tray.present' is unknown; did you mean 'surface.tray.presence'?"),
    ("conditions.a", condition(when="camera.f_stop < 3"), "conditions.a.when: camera.f_stop is off, since it is null: give it a value or a distribution"),
    ("conditions.a", condition(when="objects.die.count == many"), "conditions.a.when: factor 'many' is unknown: factors have dots in their names, others are quoted"),
    ("conditions.a", condition(when="objects.die.x_fraction < 0"), "conditions.a.when: objects.die.x_fraction cannot be used, for it is drawn again until it is free of others of its kind"),
    ("conditions.a", condition(when="objects.die.color == 1"), "conditions.a.when: objects.die.color is a color, which cannot be used in an expression"),
    ("conditions.a", condition(when="objects.die.face == 1"), "conditions.a.when: camera.tilt_deg is drawn once a view and cannot depend on objects.die.face, which is drawn for each of objects.die"),
    ("conditions.a", condition(factor=EDGE, draw=0.01, when="objects.clutter.size_m < 0.02"), "conditions.a.when: objects.die.edge_m is drawn for each of objects.die and cannot depend on objects.clutter.size_m, which is drawn for each of objects.clutter"),
    ("conditions.a", condition(factor="objects.die.count", draw=3, when="objects.die.face == 1"), f"conditions.a.when: objects.die.count {SCOPE} and cannot depend on objects.die.face, which is drawn for each of objects.die"),
    ("conditions.a", condition(factor="layout.half_width_m", draw=0.1, when="camera.tilt_deg < 3"), f"conditions.a.when: layout.half_width_m {SCOPE} and cannot depend on camera.tilt_deg, which is drawn once a view"),
    ("conditions.a", condition(when="sensor.exposure_ev < 0"), "conditions.a.when: camera.tilt_deg is drawn once a view and cannot depend on sensor.exposure_ev, which is drawn once a shot"),
    ("conditions.a", condition(when="camera.tilt_deg > 3"), "conditions must not go in a circle, got camera.tilt_deg -> camera.tilt_deg: drop one of them"),
    ("conditions", {"a": condition(), "b": condition(draw=3)}, "conditions.b can never apply: conditions.a has the same factor and 'when'"),
    ("correlations.a", 3, "correlations.a must be a group of factors, got 3"),
    ("correlations.a", {}, "correlations.a.factors must be given: a map {factor: loading in [-1, 1]}"),
    ("correlations.a", {"factor": {}}, "key 'correlations.a.factor' is unknown; did you mean 'correlations.a.factors'?"),
    ("correlations.a", {"factors": [TILT, ROLL]}, "correlations.a.factors must be a map {factor: loading in [-1, 1]}, got ['camera.tilt_deg', 'camera.roll_deg']"),
    ("correlations.a", {"factors": {}}, "correlations.a.factors must name at least two factors, got none"),
    ("correlations.a", {"factors": {TILT: 1}}, "correlations.a.factors must name at least two factors, got camera.tilt_deg"),
    ("correlations.a", {"factors": {TILT: 1, "camera": {"tilt_deg": 1}}}, "correlations.a.factors must not name anything twice, got camera.tilt_deg"),
    ("correlations.a", {"factors": {TILT: 1, ROLL: 1.5}}, "correlations.a.factors: the loading of camera.roll_deg must be in [-1, 1], got 1.5"),
    ("correlations.a", {"factors": {TILT: 1, ROLL: float("nan")}}, "correlations.a.factors: the loading of camera.roll_deg must be in [-1, 1], got nan"),
    ("correlations.a", {"factors": {TILT: 1, ROLL: True}}, "correlations.a.factors: the loading of camera.roll_deg must be in [-1, 1], got True"),
    ("correlations.a", {"factors": {TILT: 1, ROLL: "high"}}, "correlations.a.factors: the loading of camera.roll_deg must be in [-1, 1], got 'high'"),
    ("correlations.a", {"factors": {TILT: 1, "camera.rol_deg": 1}}, "correlations.a.factors: factor 'camera.rol_deg' is unknown; did you mean 'camera.roll_deg'?"),
    ("correlations.a", {"factors": {TILT: 1, "sensor.iso": 1}}, "correlations.a.factors: sensor.iso is off, since it is null: give it a value or a distribution"),
    ("correlations.a", {"factors": {TILT: 1, "objects.die.x_fraction": 1}}, "correlations.a.factors: objects.die.x_fraction cannot be used, for it is drawn again until it is free of others of its kind"),
    ("correlations.a", {"factors": {TILT: 1, "objects.die.color": 1}}, "correlations.a.factors: objects.die.color cannot be correlated, for its distribution does not draw one number"),
    ("correlations.a", {"factors": {TILT: 1, "objects.die.rotation": 1}}, "correlations.a.factors: objects.die.rotation cannot be correlated, for its distribution does not draw one number"),
    ("correlations.a", {"factors": {TILT: 1, "lighting.lights.lamp.direction": 1}}, "correlations.a.factors: lighting.lights.lamp.direction cannot be correlated, for its distribution does not draw one number"),
    ("correlations.a", {"factors": {TILT: 1, "objects.die.chirality": 1}}, "correlations.a.factors: objects.die.chirality cannot be correlated, for its distribution does not draw one number"),
    ("correlations.a", {"factors": {TILT: 1, "surface.tray.presence": 1}}, "correlations.a.factors: surface.tray.presence cannot be correlated, for its distribution does not draw one number"),
    ("correlations.a", {"factors": {TILT: 1, "camera.target_height_m": 1}}, "correlations.a.factors: camera.target_height_m is fixed: give it a distribution"),
    ("correlations", {"a": {"factors": {TILT: 1, ROLL: 1}}, "b": {"factors": {ROLL: 1, WIDTH: 1}}}, "correlations.b.factors: camera.roll_deg is in correlations.a already"),
    ("constraints", "x < 1", "constraints must be a map from names to groups of keys, got 'x < 1'"),
    ("constraints.a", ["camera.tilt_deg < 3"], "constraints.a must be an expression in quotes, such as \"camera.tilt_deg < 30\", got ['camera.tilt_deg < 3']"),
    ("constraints.a", "1 < 2", "constraints.a must name at least one factor, got '1 < 2'"),
    ("constraints.a", "camera.tilt_dge < 3", "constraints.a: factor 'camera.tilt_dge' is unknown; did you mean 'camera.tilt_deg'?"),
    ("constraints.a", "camera.pixel_aspect < 3", "constraints.a: camera.pixel_aspect is a setting, which is fixed, and not a factor"),
    ("constraints.a", "sensor.iso < 3", "constraints.a: sensor.iso is off, since it is null: give it a value or a distribution"),
    ("constraints.a", "objects.die.y_fraction < 0", "constraints.a: objects.die.y_fraction cannot be used, for it is drawn again until it is free of others of its kind"),
    ("constraints.a", "objects.die.edge_m < camera.field_width_m / 10", "constraints.a: camera.field_width_m is drawn once a view and cannot depend on objects.die.edge_m, which is drawn for each of objects.die"),
    ("constraints.a", "objects.die.edge_m < objects.clutter.size_m", "constraints.a: objects.die.edge_m is drawn for each of objects.die and cannot depend on objects.clutter.size_m, which is drawn for each of objects.clutter"),
    ("constraints.a", "objects.die.chirality == 'rigth'", "constraints.a: objects.die.chirality 'rigth' is unknown; did you mean 'right'? (known: right, left)"),
    ("objects.die.edge_m", ["sometimes", 0.5, 0.01], "objects.die.edge_m must always have a value, got 'sometimes': it cannot be switched off"),
    ("camera.f_stop", ["sometimes", 0.5], "camera.f_stop: a probability and a distribution are due, got [0.5]"),
    ("camera.f_stop", ["sometimes", 1.5, 4], "camera.f_stop: probability of sometimes must be in [0, 1], got 1.5"),
    ("camera.f_stop", ["sometimes", 0.5, None], "camera.f_stop must be a number, got None"),
    ("camera.f_stop", ["sometimes", 0.5, 0.1], "camera.f_stop must be in [0.5, 128], got 0.1"),
    ("camera.f_stop", ["sometimes", 0.5, ["sometimes", 0.5, 4]], "camera.f_stop: sometimes must not stand in sometimes: multiply the probabilities"),
]  # fmt: skip


@pytest.mark.parametrize(("key", "value", "message"), REFUSALS, ids=lambda case: str(case)[:60])
def test_a_refusal_says_what_is_wrong_in_one_sentence(key, value, message):
    said = refusal(key, value)
    assert said.split(" (known: ")[0] == message.split(" (known: ")[0]


def test_a_circle_of_conditions_is_shown_as_a_chain():
    circle = {
        "a": condition(factor=TILT, when="camera.roll_deg > 0"),
        "b": condition(factor=ROLL, when="camera.field_width_m > 0.3"),
        "c": condition(factor=WIDTH, when="camera.tilt_deg > 3", draw=0.2),
        "d": condition(factor="camera.azimuth_deg", when="camera.tilt_deg > 3"),
    }
    said = refusal("conditions", circle)
    start, _, chain = said.removesuffix(": drop one of them").partition(", got ")
    assert start == "conditions must not go in a circle"
    *names, last = chain.split(" -> ")
    assert names[0] == last
    turn = names.index(TILT)
    assert names[turn:] + names[:turn] == [TILT, WIDTH, ROLL]


def test_a_factor_that_may_be_drawn_from_something_without_order_is_not_correlated():
    temperature = "lighting.lights.lamp.color"
    correlation = {"a": {"factors": {temperature: 1, "lighting.lights.lamp.size_m": 1}}}
    lamps = {"a": condition(factor=temperature, draw="#ffffff")}
    assert refusal("correlations", correlation, conditions=lamps) == (
        f"correlations.a.factors: {temperature} cannot be correlated, for its distribution does not draw one number"
    )
    warm = {"a": condition(factor=temperature, draw=["blackbody", 2000, 3000])}
    assert dice_recipe(correlations=correlation, conditions=warm).correlations.keys() == {"a"}


def test_a_name_with_a_minus_is_called_by_its_name():
    config = {"lighting.lights.key-light": {}, "constraints.a": "lighting.lights.key-light.energy_w < 30"}
    with pytest.raises(RecipeError, match="lighting.lights.key-light.energy_w cannot stand in an expression"):
        recipe_of("dice", **config)


def test_an_optional_factor_may_be_off_sometimes_and_by_a_condition():
    recipe = dice_recipe(
        conditions={"a": condition(factor="camera.f_stop", draw=None)},
        **{"camera.f_stop": ["sometimes", 0.25, ["log_uniform", 2, 8]]},
    )
    assert recipe.camera.f_stop.distribution == Sometimes(
        probability=0.25, distribution=LogUniform(low=2, high=8)
    )
    assert recipe.conditions["a"].draw == Constant(value=None)


def test_a_direction_that_is_there_sometimes_has_unit_length():
    recipe = dice_recipe(**{"camera.direction": ["sometimes", 0.5, [0, 0, 2]]})
    assert recipe.camera.direction.distribution.distribution == Constant(value=[0.0, 0.0, 1.0])
