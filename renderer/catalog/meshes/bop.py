"""Folders of models in the BOP format: `obj_000001.ply` beside `models_info.json`, in millimetres."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from renderer.catalog.meshes.fault import BrokenMeshError

MODELS_INFO = "models_info.json"
_MODEL_NAME = re.compile(r"obj_(\d{6})\.ply")


def models_info_path(path: Path) -> Path | None:
    """Where the facts of a model in a BOP folder would be; None for a file that is named otherwise."""
    return path.with_name(MODELS_INFO) if _MODEL_NAME.fullmatch(path.name) else None


def is_bop_model(path: Path) -> bool:
    """Whether a file is a model in a BOP folder."""
    info = models_info_path(path)
    return info is not None and info.is_file()


def model_info(path: Path) -> Mapping[str, Any]:
    """What `models_info.json` says of a model.

    Raises:
        BrokenMeshError: the file cannot be read.
    """
    match = _MODEL_NAME.fullmatch(path.name)
    assert match is not None
    try:
        infos = json.loads(path.with_name(MODELS_INFO).read_bytes())
        info = infos.get(str(int(match[1])), {})
    except (ValueError, RecursionError, AttributeError):
        raise BrokenMeshError(f"lies beside {MODELS_INFO}, which cannot be read") from None
    if not isinstance(info, dict):
        raise BrokenMeshError(f"lies beside {MODELS_INFO}, which cannot be read")
    return info
