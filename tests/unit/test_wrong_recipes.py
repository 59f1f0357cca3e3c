"""Wrong recipes: each is refused before Blender starts, with one sentence, exit status 2 and no trace."""

import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from unit.frames import tree

from renderer.commands.main import run

ENTRIES: list[dict[str, Any]] = yaml.safe_load(
    Path(__file__).with_name("wrong_recipes.yaml").read_text(encoding="utf-8")
)
OWN = Path("mine") / "recipe" / "wrong.yaml"


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def command_line(entry: dict[str, Any]) -> list[str]:
    """The arguments of an entry; writes the files that it needs."""
    recipe, arguments = entry.get("recipe", "dice"), list(entry.get("overrides", ()))
    if "yaml" in entry:
        own = {"defaults": [recipe, "_self_"]} | entry["yaml"]
        write(OWN, "# @package _global_\n" + yaml.safe_dump(own, sort_keys=False))
        recipe = "wrong"
    for name, text in entry.get("files", {}).items():
        write(Path(name), text)
    if OWN.exists():
        arguments += ["--config-dir", "mine"]
    return ["render", f"recipe={recipe}", *arguments]


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry["why"].replace(" ", "_"))
def test_a_wrong_recipe_gets_its_one_sentence(tmp_path, monkeypatch, capsys, entry):
    monkeypatch.chdir(tmp_path)
    for name in ("bpy", "blenderproc"):
        monkeypatch.setitem(sys.modules, name, None)  # whoever imports Blender in here fails
    arguments = command_line(entry)
    before = tree(tmp_path)
    status = run(arguments)
    said = capsys.readouterr()
    assert said.err == f"gapless: {entry['error']}\n".replace("{here}", str(tmp_path))
    assert (status, said.out) == (2, "")
    assert tree(tmp_path) == before


def test_wrong_recipes_are_many_and_of_many_kinds():
    assert len(ENTRIES) >= 130
    assert len({entry["error"] for entry in ENTRIES}) >= 0.9 * len(ENTRIES)
    assert len({entry["why"] for entry in ENTRIES}) == len(ENTRIES)


def test_every_sentence_is_one_line_without_a_full_stop():
    assert [e["why"] for e in ENTRIES if "\n" in e["error"] or e["error"].endswith(".")] == []
