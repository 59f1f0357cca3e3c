"""The settings of training and its kin: what their keys may be, and the way from a command line to them."""

# ruff: noqa: RUF009 - the calls return dataclass fields

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from unit.frames import tree

from renderer.commands.compose import run_jobs
from renderer.commands.job import RECIPE, ResolvedJob, schema_of
from renderer.commands.main import report
from renderer.errors import GaplessError, RecipeError
from renderer.recipe.keys import group, interval, setting
from renderer.recipe.validation import check_given, parse_settings, schema_defaults
from train_eval.settings import ARMS, Evaluation, Export, Gap, Prediction, Regime, Training, training_of

COMMANDS: Mapping[str, type] = {
    "train": Training,
    "gap": Gap,
    "evaluate": Evaluation,
    "predict": Prediction,
    "export_model": Export,
}
GAP = ["synthetic=renders", "real_train=photos/train", "real_test=photos/test"]


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def jobs_of(command: str, *arguments: str) -> list[ResolvedJob[Any]]:
    """The jobs that a command line is made of."""
    jobs: list[ResolvedJob[Any]] = []

    def work(job: ResolvedJob[Any]) -> int:
        jobs.append(job)
        return 0

    schema = schema_of(COMMANDS[command])
    assert run_jobs(arguments, schema=schema, config_name=command, check=lambda job: None, work=work) == 0
    return jobs


def settings_of(command: str, *arguments: str) -> Any:
    (job,) = jobs_of(command, *arguments)
    return job.settings


def refusal(command: str, *arguments: str) -> str:
    """The one sentence about a command line that must be refused, with exit status 2."""
    with pytest.raises(GaplessError) as caught:
        jobs_of(command, *arguments)
    assert report(caught.value) == 2
    assert "\n" not in str(caught.value)
    return str(caught.value)


# the checks of settings, on a schema of three keys and a group


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A group."""

    range_m: list[float] = interval([0.5, 2], low=0, high=10, unit="m", help="a range")
    mode: str = setting("slow", str, options=("slow", "fast"), help="an option")


@dataclass(frozen=True, slots=True, kw_only=True)
class Small:
    """A schema."""

    sets: list[str] = setting([], list, item=str, scalar=True, required="SET", help="names")
    weights: list[float] = setting([1.0, 2.0, 3.0], list, low=0, help="numbers")
    names: Mapping[str, str | None] = setting({}, dict, help="names of names")
    kinds: list[str] = setting(["a"], list, options=("a", "b"), help="options")
    file: str = setting("x.onnx", str, suffix=".onnx", help="a file")
    part: Part = group()


def parse(**values: Any) -> Small:
    part = {"part": {k: values.pop(k) for k in ("range_m", "mode") if k in values}}
    return parse_settings(Small, values | part)


@pytest.mark.parametrize(
    ("key", "value", "parsed"),
    [
        ("sets", "a", ["a"]),
        ("sets", ["a", "b"], ["a", "b"]),
        ("sets", None, []),
        ("weights", [1, 0.5], [1.0, 0.5]),
        ("weights", [], []),
        ("names", {"J": "jack", 10: 3, "K": None}, {"J": "jack", "10": "3", "K": None}),
        ("kinds", ["b", "a"], ["b", "a"]),
        ("file", "a/b.onnx", "a/b.onnx"),
    ],
)
def test_a_setting_is_read(key, value, parsed):
    read = getattr(parse(**{key: value}), key)
    assert read == parsed
    assert not isinstance(read, list) or all(type(a) is type(b) for a, b in zip(read, parsed, strict=True))


def test_a_range_is_two_numbers_in_order():
    assert parse(range_m=[0, 3]).part.range_m == [0.0, 3.0]
    assert parse(range_m=[3, 3]).part.range_m == [3.0, 3.0]


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("sets", 3, "sets must be a text or a list of texts, got 3"),
        ("sets", ["a", None], "sets must be a text or a list of texts, got ['a', None]"),
        ("sets", {"a": "b"}, "sets must be a text or a list of texts, got {'a': 'b'}"),
        ("weights", 3, "weights must be a list, got 3"),
        ("weights", [1, "x"], "weights must be a list of numbers, got [1, 'x']"),
        ("weights", [1, True], "weights must be a list of numbers, got [1, True]"),
        ("weights", [1, -1], "weights must be 0 or more, got -1"),
        ("weights", [1, float("nan")], "weights must be 0 or more, got nan"),
        ("names", ["a"], "names must be a map {name: name}, got ['a']"),
        ("names", {True: "a"}, "names must have names as its keys, got True"),
        ("names", {"a": ["b"]}, "names.a must be a name or null, got ['b']"),
        ("names", {"a": 1.5}, "names.a must be a name or null, got 1.5"),
        ("kinds", ["a", "c"], "kinds 'c' is unknown; did you mean 'a'? (known: a, b)"),
        ("kinds", ["a", "a"], "kinds must not name anything twice, got ['a', 'a']"),
        ("kinds", "a", "kinds must be a list, got 'a'"),
        ("file", "x.pt", "file must end in .onnx, got 'x.pt'"),
        ("range_m", 3, "part.range_m must be a range [low, high], got 3"),
        ("range_m", [1], "part.range_m must be a range [low, high], got [1]"),
        ("range_m", ["a", "b"], "part.range_m must be a range [low, high], got ['a', 'b']"),
        ("range_m", [2, 1], "part.range_m: low must not exceed high, got 2 > 1: swap them"),
        ("range_m", [2, 20], "part.range_m must be in [0, 10] m, got 20"),
        ("mode", "fasd", "part.mode 'fasd' is unknown; did you mean 'fast'? (known: fast, slow)"),
        ("mode", 1, "part.mode must be a text, got 1"),
        ("kind", ["a"], "key 'kind' is unknown; did you mean 'kinds'?"),
    ],
    ids=str,
)
def test_a_bad_setting_is_refused_in_one_sentence_that_begins_with_its_name(key, value, said):
    with pytest.raises(RecipeError) as caught:
        parse(**{key: value})
    assert str(caught.value) == said


@pytest.mark.parametrize("value", [None, "", [], [""], ["a", ""]])
def test_a_required_setting_that_is_empty_is_asked_for(value):
    with pytest.raises(RecipeError, match=r"^sets must be given: sets=SET \(names\)$"):
        check_given(parse(sets=value))


junk = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**64), 2**64) | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3) | st.integers(), inner, max_size=3)
    ),
    max_leaves=5,
)


def outcome(read: Callable[[], Any]) -> Any:
    try:
        return read()
    except RecipeError as error:
        return str(error)


@given(st.sampled_from([*(f.name for f in fields(Small)), "range_m", "mode"]), junk)
def test_whatever_stands_at_a_key_is_read_or_refused_in_words_about_it(key, value):
    read = outcome(lambda: parse(**{key: value}))
    assert isinstance(read, Small) or read.removeprefix("key '").removeprefix("part.").startswith(key)


# the commands' own schemas


@pytest.mark.parametrize("schema", COMMANDS.values(), ids=lambda schema: schema.__name__)
def test_the_defaults_of_a_schema_fit_its_own_checks(schema):
    defaults = schema_defaults(schema)
    parsed = parse_settings(schema, defaults)
    plain = {f.name: getattr(parsed, f.name) for f in fields(schema) if "group" not in f.metadata}
    assert plain == {name: value for name, value in defaults.items() if name in plain}


def test_a_gap_has_every_key_of_a_regime_and_its_trainings_inherit_their_values():
    gap = settings_of(
        "gap", *GAP, "iterations=10", "model.fpn_channels=64", "category_map={J: jack}", "workers=0"
    )
    training = training_of(gap, data=gap.synthetic, out="arm", seed=7)
    shared = {f.name for f in fields(Regime)} - {"out", "seed"}
    assert {n: getattr(training, n) for n in shared} == {n: getattr(gap, n) for n in shared}
    assert (training.data, training.out, training.seed) == (["renders"], "arm", 7)
    assert training.initial_checkpoint is None


def test_levels_out_of_order_are_refused():
    said = refusal("train", "data=a", "model.first_level=5", "model.last_level=3")
    assert said == "model.first_level must not exceed model.last_level, got 5 > 3: swap them"


# from a command line to settings


def test_a_path_alone_is_a_list_of_one():
    assert settings_of("train", "data=sets/a").data == ["sets/a"]
    assert settings_of("train", "data=[sets/a,sets/b]").data == ["sets/a", "sets/b"]
    assert settings_of("predict", "checkpoint=c.pt", "images=a.jpg").images == ["a.jpg"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["category_map={J: jack, 10: ten, K: null}"],
        ["category_map.J=jack", "category_map.10=ten", "category_map.K=null"],
        ["+category_map.J=jack", "category_map={10: ten, K: null}"],
    ],
    ids=str,
)
def test_category_map_is_given_whole_or_name_by_name(arguments):
    expected = {"J": "jack", "10": "ten", "K": None}
    assert settings_of("train", "data=a", *arguments).category_map == expected


def test_a_gap_is_told_like_a_training():
    gap = settings_of(
        "gap", *GAP, "seeds=3", "iterations=10", "out=o", "model=fcos", "model.fpn_channels=64",
        "augmentation=light", "optimization=long", "arms=real_only",
    )  # fmt: skip
    assert (gap.seeds, gap.iterations, gap.out, gap.model.fpn_channels) == (3, 10, "o", 64)
    assert gap.optimization.warmup_iterations == 500
    assert (gap.synthetic, gap.arms) == (["renders"], ["real_only"])
    assert settings_of("gap", *GAP).arms == list(ARMS)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("train", "data must be given: data=SET (a gapless dataset, "),
        ("train data=", "data must be given"),
        ("train data=null", "data must be given"),
        ("evaluate data=a", "checkpoint must be given: checkpoint=FILE (checkpoint.pt of gapless train)"),
        ("predict checkpoint=c.pt", "images must be given: images=PATH"),
        ("gap synthetic=a real_train=b", "real_test must be given: real_test=SET"),
        ("gap synthetic=a real_train=b real_test=c arms=[]", "arms must be given: arms=ARM"),
        ("train data=3", "data must be a text or a list of texts, got 3"),
        (
            "train data=a,b",
            "to run one job for each, or write data=[a,b] for one job with all of them",
        ),
        ("train seed=0,1", "argument 'seed=0,1' has several values: add -m to run one job for each"),
        ("train daat=a", "key 'daat' is unknown; did you mean 'data'?"),
        ("train data.x=1", "key 'data.x' is unknown; did you mean 'data'?"),
        ("train category_map.J=a model.fpn_chanels=9", "did you mean 'model.fpn_channels'?"),
        ("train model=fcso", "model 'fcso' is unknown; did you mean 'fcos'?"),
        ("train model=3", "model '3' is unknown; did you mean"),
        ("train augmentation=lihgt", "augmentation 'lihgt' is unknown; did you mean 'light'?"),
        ("gap optimization=lnog", "optimization 'lnog' is unknown; did you mean 'long'?"),
        ("evaluate model=fcos", "key 'model' is unknown"),
        ("train model.architecture=focs", "model.architecture 'focs' is unknown; did you mean 'fcos'?"),
        ("train on_bad_data=ignore", "on_bad_data 'ignore' is unknown"),
        ("train iterations=0", "iterations must be in [1, 1e+09], got 0"),
        ("train category_map=3", "category_map must be a map {name: name}, got 3"),
        ("export_model checkpoint=c.pt out=model.pt", "out must end in .onnx, got 'model.pt'"),
        ("train data=~/a", """single ones: 'data="~/a"'"""),
        ("train data=seed=0,lr=1/a", """single ones: 'data="seed=0,lr=1/a"'"""),
        ("train data=Fotos/schön", """single ones: 'data="Fotos/schön"'"""),
        ("train data=it's", """single ones: 'data="it'"'"'s"'"""),
        ("train category_map={J:", "single ones: 'category_map={name: name}'"),
        ("train data=[~/a,b]", """single ones: 'data=["a, b",c]'"""),
        ("train -m data=a seed=0,-1", "seed must be in"),
    ],
    ids=lambda text: text[:60],
)
def test_a_bad_command_line_is_refused_in_one_sentence(tmp_path, line, said):
    command, *arguments = line.split(" ")
    assert said in refusal(command, *arguments)
    assert tree(tmp_path) == {}


@pytest.mark.parametrize("path", ["~/a", "seed=0,lr=1/a", "Fotos/schön", "a (1)", 'in"ner', "it's", "a\\b"])
def test_a_quoted_path_comes_through(path):
    escaped = path.replace('"', '\\"')
    assert settings_of("train", f'data="{escaped}"').data == [path]


def test_a_sweep_has_a_folder_for_each_job():
    jobs = jobs_of("train", "-m", "data=[a,b],c", "seed=0,1", "out=o")
    assert [(job.settings.data, job.settings.seed, job.settings.out) for job in jobs] == [
        (["a", "b"], 0, "o/data=-a,b-,seed=0"),
        (["a", "b"], 1, "o/data=-a,b-,seed=1"),
        (["c"], 0, "o/data=c,seed=0"),
        (["c"], 1, "o/data=c,seed=1"),
    ]


def test_a_sweep_that_writes_files_keeps_their_name_in_the_folder_of_each_job():
    jobs = jobs_of("export_model", "-m", "checkpoint=c.pt", "opset=18,19", "out=a/m.onnx")
    assert [job.settings.out for job in jobs] == [f"a/checkpoint=c.pt,opset={n}/m.onnx" for n in (18, 19)]


def test_commands_with_different_schemas_run_one_after_the_other():
    assert isinstance(settings_of("train", "data=a"), Training)
    assert isinstance(settings_of("evaluate", "data=a", "checkpoint=c.pt"), Evaluation)
    seen: list[Any] = []
    run_jobs(["recipe=dice"], schema=RECIPE, config_name="render", check=seen.append, work=lambda job: 0)
    assert seen[0].settings.name == "dice"
    assert isinstance(settings_of("train", "data=a"), Training)


def test_the_yaml_of_a_job_composes_to_the_same_settings_but_for_the_place():
    (job,) = jobs_of("train", "data=a", "seed=3", "model=retinanet", "out=o", "workers=0", "device=cpu")
    written = yaml.safe_load(job.yaml)
    assert {"out", "workers", "device"} & set(written) == set()
    place = {"out": "o", "workers": 0, "device": "cpu"}
    assert parse_settings(Training, written | place) == job.settings


def test_every_key_is_shown_without_what_is_required(capsys):
    assert jobs_of("train", "iterations=3", "--cfg", "job") == []
    shown = yaml.safe_load(capsys.readouterr().out)
    assert set(shown) == {f.name for f in fields(Training)}
    assert (shown["iterations"], shown["data"]) == (3, [])
    assert parse_settings(Training, shown).iterations == 3


def test_nothing_starts_where_one_job_of_a_sweep_cannot():
    started: list[Any] = []

    def check(job: ResolvedJob[Training]) -> None:
        if job.settings.seed == 1:
            raise RecipeError("no")

    with pytest.raises(RecipeError, match="no"):
        run_jobs(
            ["-m", "data=a", "seed=0,1"], schema=schema_of(Training), config_name="train",
            check=check, work=started.append,
        )  # fmt: skip
    assert started == []
