"""The script that counts images of which too much is clipped or crushed."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from unit.scripts import load_script


@pytest.fixture(scope="module")
def script():
    return load_script("measure_exposure")


def write_image(folder: Path, name: str, white_share: float, black_share: float) -> None:
    pixels = np.full((100, 3), 128, dtype=np.uint8)
    white, black = round(100 * white_share), round(100 * black_share)
    pixels[:white], pixels[white : white + black] = 255, 0
    (folder / "images").mkdir(exist_ok=True)
    Image.fromarray(pixels.reshape(10, 10, 3)).save(folder / "images" / f"{name}.png")


def test_images_with_more_than_a_fifth_clipped_or_crushed_are_counted(script, tmp_path, capsys):
    write_image(tmp_path, "000000", 0.1, 0.1)
    write_image(tmp_path, "000001", 0.15, 0.06)
    write_image(tmp_path, "000002", 0.0, 0.0)
    assert script.main([str(tmp_path)]) == 1
    text = capsys.readouterr().out
    assert "1 of 3 images (33.3%) with more than 20%" in text
    assert text.splitlines()[1].split() == ["21.0%", "000001"]


def test_a_folder_of_good_images_passes_and_one_without_images_does_not(script, tmp_path, capsys):
    write_image(tmp_path, "000000", 0.1, 0.1)
    write_image(tmp_path, "000001", 0.9, 0.1)
    assert script.main([str(tmp_path), "--frames", "1"]) == 0
    assert script.main([str(tmp_path / "images")]) == 1
    assert "no images" in capsys.readouterr().out
