"""What a file names is found before anything opens it, in text and in binary, and must lie in the folder."""

import json
import struct
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renderer.catalog.meshes import crate
from renderer.catalog.meshes.cache import cache_folder
from renderer.catalog.meshes.crate import DamagedCrateError, crate_number, crate_words
from renderer.catalog.meshes.fault import BrokenMeshError
from renderer.catalog.meshes.named_files import named_files, usd_unit_m

INLINED_FLOAT, DOUBLE_AT = (1 << 62) | (9 << 48), 9 << 48


def lz4(content: bytes) -> bytes:
    """A single chunk of one block that copies nothing."""
    run = len(content)
    lengths = b"" if run < 15 else b"\xff" * ((run - 15) // 255) + bytes([(run - 15) % 255])
    return b"\0" + bytes([min(run, 15) << 4]) + lengths + content


def crate_file(
    words: list[str], fields: list[tuple[int, int]] = (), numbers: tuple[float, ...] = ()
) -> bytes:
    """A binary layer: words, fields (a word's number and a value), and doubles from offset 88 on."""
    text = "\0".join(words).encode()
    tokens = struct.pack("<QQQ", len(words), len(text), len(lz4(text))) + lz4(text)
    differences = [
        b - a for a, b in zip([0, *(word for word, _ in fields)], [word for word, _ in fields], strict=False)
    ]
    codes = bytearray((len(fields) + 3) // 4)
    for number in range(len(fields)):
        codes[number // 4] |= 3 << number % 4 * 2  # each in 32 bits
    packed = lz4(struct.pack("<i", 0) + bytes(codes) + struct.pack(f"<{len(fields)}i", *differences))
    values = lz4(struct.pack(f"<{len(fields)}Q", *(value for _, value in fields)))
    section = struct.pack("<QQ", len(fields), len(packed)) + packed + struct.pack("<Q", len(values)) + values
    body = struct.pack(f"<{len(numbers)}d", *numbers)
    start = 88 + len(body)
    contents_at = start + len(tokens) + len(section)
    contents = struct.pack("<Q", 2) + b"".join(
        struct.pack("<16sqq", name, at, len(part))
        for name, at, part in ((b"TOKENS", start, tokens), (b"FIELDS", start + len(tokens), section))
    )
    head = b"PXR-USDC" + bytes([0, 8, 0]) + bytes(5) + struct.pack("<q", contents_at)
    return head.ljust(88, b"\0") + body + tokens + section + contents


@pytest.fixture
def root(tmp_path) -> Path:
    (tmp_path / "root" / "sub").mkdir(parents=True)
    (tmp_path / "outside.usda").write_text("#usda 1.0\n")
    (tmp_path / "outside.png").touch()
    return tmp_path / "root"


def write(path: Path, content: bytes | str) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def fault_of(path: Path, root: Path) -> str:
    with pytest.raises(BrokenMeshError) as caught:
        named_files(path, root)
    return str(caught.value)


# where the cache is


def test_cache_is_where_the_user_says(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    monkeypatch.delenv("GAPLESS_CACHE", raising=False)
    assert cache_folder() == tmp_path / "xdg" / "gapless"
    monkeypatch.setenv("GAPLESS_CACHE", str(tmp_path / "own"))
    assert cache_folder() == tmp_path / "own"


@pytest.mark.parametrize("base", ["", "relative"])
def test_cache_is_in_the_home_folder_without_a_better_place(monkeypatch, tmp_path, base):
    monkeypatch.delenv("GAPLESS_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", base)  # the specification has relative ones ignored
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder() == tmp_path / ".cache" / "gapless"


# what is named


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.usda", "#usda 1.0\n( subLayers = [@./b.usda@] )\n", ["b.usda"]),
        ("a.usda", '#usda 1.0\ndef "x" (references = @sub/b.usd@</x>) { }', ["sub/b.usd"]),
        ("a.usda", '#usda 1.0\ndef "x" { asset f = @@@t@1.png@@@ }', ["t@1.png"]),
        ("a.usda", '#usda 1.0\n( doc = "/World/Box and ./b are prims" )', []),
        ("a.usda", "#usda 1.0\ndef Xform \"x\" ( payload = @b.usdz[c/d.png]@ )", ["b.usdz"]),
        ("a.usdc", crate_file(["World", "points", "./b.png", "/World/Box"]), ["b.png"]),
        ("a.gltf", '{"buffers": [{"uri": "a%20b.bin"}], "images": [{"uri": "data:,"}, {}]}', ["a b.bin"]),
        ("a.obj", "mtllib a.mtl\nv 0 0 0\n", ["a.mtl"]),
        ("a.mtl", "newmtl a\nmap_Kd -s 1 1 1 sub\\b.png\nKd 1 1 1\n", ["sub/b.png"]),
        ("a.stl", b"solid ../../b.png", []),
    ],
)  # fmt: skip
def test_named_files_are_found(root, name, content, expected):
    assert named_files(write(root / name, content), root) == tuple(root / file for file in expected)


def test_files_that_named_files_name_are_found_and_rings_end(root):
    write(root / "a.usda", "#usda 1.0\n( subLayers = [@sub/b.usda@] )")
    write(root / "sub" / "b.usda", "#usda 1.0\n( subLayers = [@../a.usda@, @c.usdc@] )")
    write(root / "sub" / "c.usdc", crate_file(["x", "../d.png"]))
    found = named_files(root / "a.usda", root)
    assert found == (root / "d.png", root / "sub" / "b.usda", root / "sub" / "c.usdc")


@pytest.mark.parametrize(
    ("name", "content", "shown"),
    [
        ("a.usda", "#usda 1.0\n( subLayers = [@../outside.usda@] )", "../outside.usda"),
        ("a.usda", '#usda 1.0\ndef "x" { string template = "../outside.###.usd" }', "../outside.###.usd"),
        ("a.usda", '#usda 1.0\ndef "x" { asset f = @/etc/passwd@ }', "/etc/passwd"),
        ("a.usdc", crate_file(["x", "sub/../../outside.usda"]), "sub/../../outside.usda"),
        ("a.usdc", crate_file(["x", "..\\outside.png"]), "../outside.png"),
        ("a.gltf", json.dumps({"images": [{"uri": "%2e%2e/outside.png"}]}), "../outside.png"),
        ("a.gltf", json.dumps({"buffers": [{"uri": "file:///etc/passwd"}]}), "file:///etc/passwd"),
        ("a.obj", "mtllib ../outside.mtl\n", "../outside.mtl"),
        ("a.mtl", "map_Kd /etc/passwd\n", "/etc/passwd"),
    ],
)  # fmt: skip
def test_name_that_leads_outside_is_refused(root, name, content, shown):
    assert fault_of(write(root / name, content), root) == f"names '{shown}', which points outside the folder"


def test_name_that_leads_outside_is_refused_two_files_away(root):
    write(root / "a.obj", "mtllib sub/b.mtl\n")
    write(root / "sub" / "b.mtl", "map_Kd ../../outside.png\n")
    assert fault_of(root / "a.obj", root) == "names '../../outside.png', which points outside the folder"


def test_link_that_leads_outside_is_refused(root):
    (root / "b.usda").symlink_to(root.parent / "outside.usda")
    write(root / "a.usda", "#usda 1.0\n( subLayers = [@b.usda@] )")
    assert fault_of(root / "a.usda", root) == "names 'b.usda', which points outside the folder"


def test_path_that_is_computed_is_refused(root):
    path = write(root / "a.usda", "#usda 1.0\ndef \"x\" ( references = @`'.' + '.'`@ ) {}")
    assert "names a file by an expression" in fault_of(path, root)


@pytest.mark.parametrize("name", ["x" * 300 + ".png", "a\0.png"])
def test_what_is_no_path_is_no_crash(root, name):
    path = write(root / "a.gltf", json.dumps({"images": [{"uri": name}]}))
    assert fault_of(path, root) == "names a file by an impossible name"


# packages


def package(path: Path, **entries: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in entries.items():
            file.writestr(name, content)
    return path


def test_package_may_name_its_own_entries(root):
    layers = {"a.usdc": crate_file(["/World/x", "sub/b.png"]), "sub/c.usda": b"#usda 1.0\n@../sub/b.png@"}
    assert named_files(package(root / "a.usdz", **layers), root) == ()


@pytest.mark.parametrize(
    ("entries", "fault"),
    [
        ({"../a.usda": b"#usda 1.0"}, "names '../a.usda', which points outside the folder"),
        ({"/a.usda": b"#usda 1.0"}, "names '/a.usda', which points outside the folder"),
        ({"a.usda": b"#usda 1.0\n@../b.usda@"}, "names '../b.usda', which points outside the folder"),
        ({"a.png": b""}, "is a USD package without a layer"),
        (
            {"a.usdc": b"PXR-USDC" + bytes(100)},
            "is a damaged binary USD file (no crate of version 0.4 or later)",
        ),
        ({"a.usda": bytes(3 << 20)}, "unpacks to more than 1,048,576 bytes"),
    ],
)  # fmt: skip
def test_package_that_would_harm_is_refused(root, monkeypatch, entries, fault):
    monkeypatch.setattr("renderer.catalog.meshes.named_files.MAX_PACKAGE_BYTES", 1 << 20)
    assert fault_of(package(root / "a.usdz", **entries), root) == fault


def test_package_that_is_no_archive_is_named(root):
    assert fault_of(write(root / "a.usdz", b"PK\3\4 and no more"), root) == "is a damaged USD package"


# units


@pytest.mark.parametrize(
    ("line", "unit_m"), [("metersPerUnit = 0.0254", 0.0254), ("metersPerUnit = 1", 1), ("", 0.01)]
)
def test_unit_of_a_text_layer(root, line, unit_m):
    assert usd_unit_m(write(root / "a.usda", f"#usda 1.0\n(\n    {line}\n)\n")) == unit_m


@pytest.mark.parametrize(
    ("fields", "unit_m"),
    [
        ([(0, 7), (2, INLINED_FLOAT | struct.unpack("<I", struct.pack("<f", 0.5))[0])], 0.5),
        ([(2, DOUBLE_AT | 96), (0, 7)], 0.0254),
        ([(0, 7), (1, 8)], 0.01),
    ],
)  # fmt: skip
def test_unit_of_a_binary_layer(root, fields, unit_m):
    content = crate_file(["upAxis", "points", "metersPerUnit"], fields, numbers=(0.0, 0.0254))
    assert usd_unit_m(write(root / "a.usdc", content)) == unit_m


def test_unit_that_is_no_length_is_refused(root):
    with pytest.raises(BrokenMeshError, match="has a unit of 0 m"):
        usd_unit_m(write(root / "a.usda", "#usda 1.0\n(\n  metersPerUnit = 0\n)\n"))


# binary layers


@given(st.binary(max_size=400))
def test_block_without_copies_unpacks_to_itself(content):
    assert crate._unpacked(lz4(content), len(content)) == content


def test_block_with_copies_repeats_what_is_there():
    # three bytes, then 10 from 3 back: the example of an overlapping copy in LZ4's description
    assert crate._unpacked(b"\0" + b"\x36abc\x03\x00" + b"\x10!", 20) == b"abcabcabcabca!"


@given(st.integers(0, 300), st.integers(0, 255))
def test_damaged_layer_is_named_as_such(at, value):
    content = bytearray(
        crate_file(["upAxis", "./a.png", "metersPerUnit"], [(0, 7), (2, DOUBLE_AT | 88)], (1.0,))
    )
    content[at % len(content)] = value
    try:
        crate_words(bytes(content))
        crate_number(bytes(content), "metersPerUnit")
    except DamagedCrateError:
        pass  # and nothing else


def test_block_that_unpacks_to_more_than_it_says_is_refused():
    bomb = b"\0" + b"\x1fa\x01\x00" + b"\xff" * 1000 + b"\x00"
    with pytest.raises(DamagedCrateError, match="longer than it says"):
        crate._unpacked(bomb, 100)
