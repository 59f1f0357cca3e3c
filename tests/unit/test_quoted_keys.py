"""Maps on the command line: patterns stand in quotes as in YAML, which Hydra's grammar alone refuses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.recipes import recipe_of

from renderer.commands.main import run
from renderer.commands.overrides import parse_override, with_plain_keys

KEY = "objects.mesh.categories"
letters = st.characters(codec="ascii", categories=("L", "N"), include_characters="/*.()[]{}:=,- _@?|\\$%+")


@given(st.text(letters).filter(lambda key: key == key.strip() and "${" not in key))
def test_a_quoted_key_is_read_as_it_stands(name):
    pattern = f"folder/{name}"  # no number, which Hydra would read as one
    argument = with_plain_keys(f'{KEY}={{"{pattern}": mug, plain: "a: b"}}')
    assert [str(key) for key in parse_override(argument).value()] == [pattern, "plain"]


@pytest.mark.parametrize(
    "argument", ["seed=3", f"{KEY}={{a: b}}", f'{KEY}={{"a: b}}', "--cfg", "camera.tilt_deg=[uniform,0,1]"]
)
def test_what_needs_nothing_or_cannot_be_helped_stays_as_it_is(argument):
    assert with_plain_keys(argument) == argument


def test_patterns_come_to_the_recipe_quoted_or_not():
    written = [f"{KEY}={{mugs/*: mug, junk/*: null}}", f"{KEY}={{'mugs/*': mug, \"junk/*\": null}}"]
    for argument in written:
        kind = recipe_of("tabletop", "objects.path=my_meshes", with_plain_keys(argument)).objects["mesh"]
        assert kind.categories == {"mugs/*": "mug", "junk/*": None}
        assert kind.path == "my_meshes"


def test_a_command_takes_them(capsys):
    assert run(["recipe", "show", "recipe=tabletop", "objects.path=x", f'{KEY}={{"mugs/*": mug}}']) == 0
    assert "categories: {mugs/*: mug}" in capsys.readouterr().out


def test_a_path_of_the_kind_goes_before_the_one_for_all():
    values = {"objects.other": {"source": "mesh", "path": "theirs"}, "objects.path": "ours"}
    kinds = recipe_of("tabletop", **values).objects
    assert (kinds["mesh"].path, kinds["other"].path) == ("ours", "theirs")
