"""Hydra at the edge: from command-line overrides to checked settings, one for each job of a sweep."""

import argparse
import io
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Generic

import hydra
import yaml
from hydra._internal.utils import get_args_parser
from hydra.core.config_store import ConfigStore
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException, MissingConfigException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import InterpolationKeyError, MissingMandatoryValue, OmegaConfBaseException

from renderer.commands.job import RECIPE, ResolvedJob, Schema, Settings
from renderer.commands.main import exit_status, fall_silent, report
from renderer.commands.overrides import job_folder, jobs_of, parse_override, with_plain_keys
from renderer.commands.sweep import JobEnd, Sweep, run_sweep
from renderer.errors import GaplessError, InputError, RecipeError, nearest_first, unknown_name_message
from renderer.recipe.keys import SettingSpec
from renderer.recipe.schema import Recipe
from renderer.recipe.validation import check_given, iter_specs, schema_defaults

SCHEMA_NODE = "schema"  # what every primary configuration begins with; each command registers its own
# Options of Hydra's that would change what is composed behind our back, and those of which one is allowed.
REFUSED_OPTIONS = frozenset({"--config-name", "--config-path", "--experimental-rerun"})
EXCLUSIVE_OPTIONS = frozenset({"--run", "--multirun", "--cfg", "--info", "--shell-completion"})


def config_folder() -> Path:
    """The folder of our YAML groups: inside an installed wheel, or at the top of a checkout."""
    package = Path(__file__).resolve().parents[1]
    packaged = package / "_data" / "configs"
    return packaged if packaged.is_dir() else package.parent / "configs"


def run_jobs(
    arguments: Sequence[str],
    *,
    schema: Schema[Settings],
    config_name: str,
    check: Callable[[ResolvedJob[Settings]], None],
    work: Callable[[ResolvedJob[Settings]], int],
) -> int:
    """Check every job of a Hydra command line, then let Hydra run them; returns the exit status.

    Args:
        schema: the settings of the command; under -m each job's `out` is its own.
        config_name: the primary configuration.
        check: raises a GaplessError if a job cannot run; writes nothing.
        work: runs a job and returns its exit status.

    Raises:
        GaplessError: of the first job that cannot run; nothing was started.
    """
    parsed = parse_arguments(arguments)
    register_schema(schema)
    out = None
    for overrides in jobs_of(parsed.overrides, _keys_of(schema, list), multirun=parsed.multirun):
        job = _compose(schema, config_name, overrides, parsed)
        if parsed.multirun:
            out = out or _shared_folder(job.settings)
        if not parsed.cfg:
            check_given(job.settings)
            check(job)
    task = _Task(schema=schema, work=work, config_dir=parsed.config_dir, home=os.getpid())
    if parsed.multirun:
        sweep = Sweep(
            config_name=config_name,
            config_folder=config_folder(),
            config_dir=parsed.config_dir,
            options=parsed.overrides,
            out=out,
        )
        return _worst(run_sweep(sweep, task))
    ends: list[JobEnd] = []
    options = [a for a in arguments if with_plain_keys(a) not in parsed.overrides]
    with _hydra_surroundings(config_name, [*options, *parsed.overrides]):
        hydra.main(version_base="1.3", config_path=str(config_folder()), config_name=config_name)(
            lambda config: ends.append(task(config))
        )()
    return _worst(ends)


def _worst(ends: Sequence[JobEnd]) -> int:
    """The exit status of all jobs, after telling the user the errors of those that could not."""
    for end in ends:
        if end.said:
            print(f"gapless: {end.said}", file=sys.stderr)
    return max((end.status for end in ends), default=0)


def _shared_folder(settings: Any) -> Path | None:
    """The folder in which a job of a sweep, as each other one, has its own; none where it writes none."""
    spec = dict(iter_specs(type(settings))).get("out")
    if not isinstance(spec, SettingSpec):
        return None
    return Path(settings.out).expanduser().parents[1 if spec.suffix else 0]


def register_schema(schema: Schema[Any]) -> None:
    """Let the primary configurations find the defaults of a schema, in place of another's."""
    node = OmegaConf.create(schema_defaults(schema.settings))
    for name in [*_keys_of(schema, dict), *_open_maps(schema)]:
        OmegaConf.set_struct(OmegaConf.select(node, name), False)  # any key may be added without a plus
    ConfigStore.instance().store(name=SCHEMA_NODE, node=node)


def _open_maps(schema: Schema[Any]) -> list[str]:
    return [field.name for field in fields(schema.settings) if field.metadata.get("open")]


def _keys_of(schema: Schema[Any], kind: type) -> list[str]:
    """The settings of a type, by their dotted keys."""
    specs = iter_specs(schema.settings)
    return [name for name, spec in specs if isinstance(spec, SettingSpec) and spec.type is kind]


def compose_job(
    schema: Schema[Settings], config_name: str, parsed: argparse.Namespace, overrides: Sequence[str]
) -> ResolvedJob[Settings]:
    """Compose and check one job, and leave it at that.

    Args:
        parsed: the command line, for `--config-dir`.
        overrides: of the job.

    Raises:
        GaplessError: an unknown key, group or value, in one sentence.
    """
    register_schema(schema)
    (job,) = jobs_of(overrides, _keys_of(schema, list), multirun=False)
    return _compose(schema, config_name, job, parsed)


def compose_recipe(arguments: Sequence[str]) -> Recipe:
    """The recipe that `gapless render` makes of a command line.

    Raises:
        GaplessError: an unknown key, group or value, in one sentence.
    """
    parsed = parse_arguments(arguments)
    return compose_job(RECIPE, "render", parsed, parsed.overrides).settings


def parse_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    """Read Hydra's options and the overrides.

    Raises:
        InputError: an option that Hydra does not know, that we do not pass on, or that excludes another.
    """
    said = io.StringIO()
    try:
        with redirect_stderr(said):
            parsed = get_args_parser().parse_intermixed_args(list(arguments))
    except SystemExit as error:
        if not error.code:
            raise
        complaint = said.getvalue().strip().rpartition("error: ")[2]
        raise InputError(f"{complaint}; keys are written KEY=VALUE, --help shows the options") from None
    given = [f"--{name.replace('_', '-')}" for name, value in vars(parsed).items() if value]
    refused = next((option for option in given if option in REFUSED_OPTIONS), None)
    if refused is not None:
        raise InputError(
            f"{refused} is not for gapless: GROUP=NAME chooses a file, such as recipe=dice, and "
            "--config-dir DIR adds files of your own"
        )
    modes = [option for option in given if option in EXCLUSIVE_OPTIONS]
    if len(modes) > 1:
        raise InputError(f"{' and '.join(modes)} exclude each other: leave one of them out")
    parsed.overrides = [with_plain_keys(override) for override in parsed.overrides]
    return parsed


@dataclass(frozen=True, slots=True, kw_only=True)
class _Task(Generic[Settings]):
    """Runs one job under Hydra, which would bury our errors under its own words, in whichever process.

    Attributes:
        config_dir: the user's, if there is one.
        home: the process that talks to the user.
    """

    schema: Schema[Settings]
    work: Callable[[ResolvedJob[Settings]], int]
    config_dir: str | None
    home: int

    def __call__(self, config: DictConfig) -> JobEnd:
        is_away = os.getpid() != self.home
        if is_away:
            os.environ["TTY_COMPATIBLE"] = "0"  # bars of several processes would overwrite each other
        settings = HydraConfig.get()
        multirun = settings.mode is RunMode.MULTIRUN
        try:
            job = _resolve(self.schema, config, list(settings.overrides.task), multirun=multirun)
            options = () if self.config_dir is None else ("--config-dir", self.config_dir)
            return JobEnd(status=self.work(replace(job, overrides=(*options, *job.overrides))))
        except GaplessError as error:
            if is_away:
                return JobEnd(status=exit_status(error), said=str(error))
            return JobEnd(status=report(error))
        except BrokenPipeError:
            return JobEnd(status=fall_silent())


def _compose(
    schema: Schema[Settings], config_name: str, overrides: Sequence[str], parsed: argparse.Namespace
) -> ResolvedJob[Settings]:
    """Compose and check one job.

    Raises:
        RecipeError: an unknown key, group or value, in one sentence.
    """
    search_path = []
    if parsed.config_dir is not None:
        if not Path(parsed.config_dir).is_dir():
            raise RecipeError(f"--config-dir must be a folder, got '{parsed.config_dir}', which is not there")
        search_path = [f"hydra.searchpath=[file://{Path(parsed.config_dir).absolute()}]"]
    with hydra.initialize_config_dir(version_base="1.3", config_dir=str(config_folder())):
        try:
            config = hydra.compose(config_name, overrides=[*overrides, *search_path])
        except MissingConfigException as error:
            raise RecipeError(_explain_missing(error)) from None
        except yaml.YAMLError as error:
            raise RecipeError(_explain_yaml(error)) from None
        except (HydraException, OmegaConfBaseException, ValueError) as error:
            known = _known_keys(config_name, overrides, search_path)
            raise RecipeError(_explain(error, overrides, known, _keys_of(schema, list))) from None
        return _resolve(schema, config, overrides, multirun=parsed.multirun)


def _resolve(
    schema: Schema[Settings], config: DictConfig, overrides: Sequence[str], *, multirun: bool
) -> ResolvedJob[Settings]:
    try:
        plain: Any = OmegaConf.to_container(config, resolve=True, throw_on_missing=True)
    except OmegaConfBaseException as error:
        raise RecipeError(_explain_value(error)) from None
    settings = schema.parse(plain)
    if multirun:
        settings = _with_own_out(settings, overrides)
    kept = [override for override in overrides if not _is_place(override, schema.place_keys)]
    return ResolvedJob(settings=settings, yaml=_yaml(plain, schema.place_keys), overrides=kept)


def _is_place(override: str, place_keys: frozenset[str]) -> bool:
    """Whether an override says where a job runs, or is Hydra's own."""
    key = str(parse_override(override).key_or_group)
    return any(key == place or key.startswith(f"{place}.") for place in (*place_keys, "hydra"))


def _with_own_out(settings: Any, overrides: Sequence[str]) -> Any:
    """The settings of one job of a sweep; what is written to a file keeps its name, in the job's folder."""
    spec = dict(iter_specs(type(settings))).get("out")
    if not isinstance(spec, SettingSpec):
        return settings
    out, folder = Path(settings.out), job_folder(overrides)
    return replace(settings, out=str(out.parent / folder / out.name if spec.suffix else out / folder))


def _yaml(plain: Mapping[str, Any], place_keys: frozenset[str]) -> str:
    kept = {key: value for key, value in plain.items() if key not in place_keys}
    for key in place_keys:
        group, _, name = key.partition(".")
        if name and group in kept:
            kept[group] = {k: v for k, v in kept[group].items() if k != name}
    # Not sorted: draws of a choice depend on the order of its options.
    return yaml.safe_dump(kept, sort_keys=False, default_flow_style=None, width=120)


def _explain_missing(error: MissingConfigException) -> str:
    group, _, name = (error.missing_cfg_file or "").rpartition("/")
    options = list(error.options or ())
    if not options and group:
        options = list(GlobalHydra.instance().config_loader().get_group_options(group))
    return unknown_name_message(group or "configuration", name, options)


def _known_keys(config_name: str, overrides: Sequence[str], search_path: Sequence[str]) -> list[str]:
    """The keys of what the chosen groups alone compose, or of the defaults where that fails too."""
    choices = [override for override in overrides if _group_options(parse_override(override))]
    try:
        config = hydra.compose(config_name, overrides=[*choices, *search_path])
    except (HydraException, ValueError):
        config = hydra.compose(config_name, overrides=list(search_path))
    return _flat_keys(OmegaConf.to_container(config, resolve=False))


def _group_options(override: Override) -> list[str]:
    """The files to choose from where an override chooses one; none where it sets a key."""
    options: list[str] = GlobalHydra.instance().config_loader().get_group_options(str(override.key_or_group))
    return options


def _explain(error: Exception, overrides: Sequence[str], known: Sequence[str], lists: Sequence[str]) -> str:
    for override in map(parse_override, overrides):
        key = str(override.key_or_group)
        options = _group_options(override)
        if options and not override.is_delete() and not isinstance(override.value(), str | list):
            return unknown_name_message(key, str(override.input_line).partition("=")[2], options)
        is_meant = f"'{key}'" in str(error) or key.rpartition(".")[0] in lists
        if key not in known and not override.is_add() and is_meant:
            return f"key '{key}' is unknown; did you mean '{nearest_first(key, known)[0]}'?"
        if key in known and is_meant and isinstance(override.value(), dict):
            return f"{key} has keys of its own: set {key}.KEY=VALUE, or add a name with +{key}.NAME={{...}}"
    return _first_line(error)


def _explain_yaml(error: yaml.YAMLError) -> str:
    """Where a file is no YAML, and why."""
    mark = getattr(error, "problem_mark", None)
    if mark is None:
        return f"a file is no YAML: {_first_line(error)}"
    return f"{mark.name} is no YAML in line {mark.line + 1}: {getattr(error, 'problem', None) or error}"


def _explain_value(error: OmegaConfBaseException) -> str:
    """A value that is missing, or that refers to nothing."""
    if isinstance(error, MissingMandatoryValue):
        return f"{error.full_key} must have a value, got ???"
    if isinstance(error, InterpolationKeyError):
        return f"{error.full_key} must refer to a key that is there: {_first_line(error).lower()}"
    return _first_line(error)


def _first_line(error: Exception) -> str:
    """What an error of Hydra's says, without where it was raised."""
    line: str = str(error).strip().splitlines()[0]
    name, _, rest = line.removeprefix("In '").partition("': ")
    if rest.startswith("ConfigTypeError"):
        return (
            f"{name} has a list where a group of keys is due, or a group where a list is due: "
            "compare it with what gapless recipe show prints"
        )
    return line


def _flat_keys(node: Any, path: str = "") -> list[str]:
    if not isinstance(node, Mapping):
        return [path]
    own = [path] if path else []
    prefix = f"{path}." if path else ""
    return own + [key for name, child in node.items() for key in _flat_keys(child, f"{prefix}{name}")]


@contextmanager
def _hydra_surroundings(config_name: str, arguments: Sequence[str]) -> Any:
    """Hydra reads `sys.argv`, and shortens errors of ours to nothing unless it is told not to."""
    before = sys.argv
    full_error = os.environ.get("HYDRA_FULL_ERROR")
    os.environ["HYDRA_FULL_ERROR"] = "1"
    sys.argv = [f"gapless {config_name}", *arguments]
    try:
        yield
    finally:
        sys.argv = before
        os.environ.pop("HYDRA_FULL_ERROR")
        if full_error is not None:
            os.environ["HYDRA_FULL_ERROR"] = full_error
