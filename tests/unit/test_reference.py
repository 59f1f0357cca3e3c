"""The reference in docs/recipe.md: up to date, whole, and its examples are recipes."""

import re
import subprocess
import sys

import pytest
import yaml
from unit.recipes import dice_recipe
from unit.scripts import SCRIPTS, load_script

from renderer.inspect.reference import reference_sections, section_markdown
from renderer.recipe.distributions import PARSERS
from renderer.recipe.lighting import Casters, Lamps
from renderer.recipe.objects import OBJECT_SOURCES
from renderer.recipe.schema import Recipe
from renderer.recipe.validation import iter_specs

SCRIPT = SCRIPTS / "write_recipe_reference.py"


@pytest.fixture(scope="module")
def script():
    return load_script("write_recipe_reference")


@pytest.fixture(scope="module")
def page(script) -> str:
    return script.PATH.read_text(encoding="utf-8")


def test_the_page_is_up_to_date(script, page):
    assert page == script.reference(), "run scripts/write_recipe_reference.py"


@pytest.mark.parametrize(("arguments", "status"), [(["--check"], 0), (["--chekc"], 2)])
def test_the_check_says_so_by_its_exit_status(arguments, status):
    root = SCRIPT.parents[1]
    command = [sys.executable, SCRIPT, *arguments]
    result = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=root, env={"PYTHONPATH": str(root)}
    )
    assert result.returncode == status, result.stderr


def test_every_key_of_the_schema_has_a_row():
    rows = {
        f"{section.path}.{key}".removeprefix(".")
        for section in reference_sections()
        for key in re.findall(r"^\| `(\w+)` \|", section_markdown(section), flags=re.MULTILINE)
    }
    expected = {key for key, _ in iter_specs(Recipe)}
    expected |= {f"lighting.lights.NAME.{key}" for key, _ in iter_specs(Lamps)}
    expected |= {f"lighting.casters.NAME.{key}" for key, _ in iter_specs(Casters)}
    expected |= {f"objects.NAME.{k}" for schema in OBJECT_SOURCES.values() for k, _ in iter_specs(schema)}
    assert expected <= rows
    assert all(key.startswith("camera.rig.NAME.") for key in rows - expected)


def test_every_distribution_has_a_row(script):
    assert set(script.DISTRIBUTIONS) == set(PARSERS)


def test_every_row_has_all_columns(page):
    tables = [line for line in page.splitlines() if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in tables} == {3, 7}


def test_the_example_of_relations_is_a_recipe(page):
    text = page.partition("## Relations between factors\n\n")[2].partition("\n\nOf several")[0]
    example = yaml.safe_load(text)
    recipe = dice_recipe(**example)
    assert set(recipe.conditions) == {"dim_at_night"}
    assert set(recipe.correlations) == {"far_and_steep"}
    assert set(recipe.constraints) == {"not_too_flat"}
