"""TFRecord files are read without TensorFlow; protobuf and TensorBoard, which know them, are the oracles."""

import io
from typing import Any

import numpy as np
import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from hypothesis import given
from hypothesis import strategies as st
from PIL import ExifTags, Image
from tensorboard.summary.writer.record_writer import RecordWriter

from renderer.errors import DataError
from train_eval.data.examples import tfrecord_listing
from train_eval.data.resolving import resolve
from train_eval.data.tfrecord import crc32c, parse_example, read_examples

LISTS = {"BytesList": "bytes_list", "FloatList": "float_list", "Int64List": "int64_list"}


def example_class() -> Any:
    """`tf.train.Example`, described by hand as in tensorflow/core/example/feature.proto."""
    field = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(name="example.proto", package="t", syntax="proto3")

    def message(name: str, *fields: tuple[str, int, int, str]) -> Any:
        result = file.message_type.add(name=name)
        for key, number, label, kind in fields:
            basic = {"bytes": field.TYPE_BYTES, "float": field.TYPE_FLOAT, "int64": field.TYPE_INT64}.get(
                kind
            )
            added = result.field.add(name=key, number=number, label=label, type=basic or field.TYPE_MESSAGE)
            if basic is None:
                added.type_name = kind
        return result

    one, many = field.LABEL_OPTIONAL, field.LABEL_REPEATED
    for name, kind in zip(LISTS, ("bytes", "float", "int64"), strict=True):
        message(name, ("value", 1, many, kind))
    message("Feature", *[(LISTS[n], i, one, f".t.{n}") for i, n in enumerate(LISTS, start=1)])
    features = message("Features", ("feature", 1, many, ".t.Features.FeatureEntry"))
    entry = features.nested_type.add(name="FeatureEntry")
    entry.options.map_entry = True
    entry.field.add(name="key", number=1, label=one, type=field.TYPE_STRING)
    entry.field.add(name="value", number=2, label=one, type=field.TYPE_MESSAGE, type_name=".t.Feature")
    message("Example", ("features", 1, one, ".t.Features"))
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("t.Example"))


EXAMPLE = example_class()


def serialized(features: dict[str, list]) -> bytes:
    example = EXAMPLE()
    for key, values in features.items():
        kind = {bytes: "bytes_list", float: "float_list", int: "int64_list"}[type(values[0])]
        getattr(example.features.feature[key], kind).value.extend(values)
    return example.SerializeToString()


def tfrecord(*records: bytes) -> bytes:
    file = io.BytesIO()
    writer = RecordWriter(file)
    for record in records:
        writer.write(record)
    return file.getvalue()


def picture(orientation: int = 1) -> bytes:
    tags = Image.Exif()
    tags[ExifTags.Base.Orientation] = orientation
    file = io.BytesIO()
    Image.new("RGB", (40, 20), "grey").save(file, "JPEG", exif=tags)
    return file.getvalue()


def labelled(**changes: list) -> bytes:
    """A picture of 40x20 pixels with two dice."""
    features = {
        "image/encoded": [picture()],
        "image/filename": [b"photos/a.jpg"],
        "image/format": [b"jpg"],
        "image/height": [20],
        "image/width": [40],
        "image/object/bbox/xmin": [0.25, 0.5],
        "image/object/bbox/ymin": [0.5, 0.0],
        "image/object/bbox/xmax": [0.5, 1.0],
        "image/object/bbox/ymax": [0.75, 0.5],
        "image/object/class/text": [b"two", b"one"],
        "image/object/class/label": [2, 1],
    }
    changed = features | {key.replace("__", "/"): value for key, value in changes.items()}
    return serialized({key: values for key, values in changed.items() if values})


@pytest.fixture
def read(tmp_path):
    def write_and_read(*records: bytes):
        (tmp_path / "train.record").write_bytes(tfrecord(*records))
        return resolve(tfrecord_listing("dice", tmp_path / "train.record", tmp_path / "images"))

    return write_and_read


def only_problem(reading) -> str:
    (problem,) = reading.problems
    return f"{problem.message}; {problem.remedy}"


features = st.dictionaries(
    st.text(max_size=8),
    st.one_of(
        st.lists(st.binary(max_size=9), min_size=1, max_size=4),
        st.lists(st.floats(width=32, allow_nan=False), min_size=1, max_size=4),
        st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=4),
    ),
    max_size=4,
)


@given(features)
def test_example_of_protobuf_is_read_back(drawn):
    assert parse_example(serialized(drawn)) == drawn


def test_feature_without_values_is_an_empty_list():
    example = EXAMPLE()
    example.features.feature["none"].float_list.SetInParent()
    assert parse_example(example.SerializeToString()) == {"none": []}


@given(st.binary(max_size=60))
def test_bytes_that_are_no_example_are_refused_or_read(content):
    try:
        features = parse_example(content)
    except (DataError, UnicodeDecodeError):
        return
    assert isinstance(features, dict)


def test_checksum_is_castagnolis():
    assert crc32c(b"123456789") == 0xE3069283  # the check value of CRC-32C
    assert crc32c(bytes(32)) == 0x8A9136AA  # RFC 3720, B.4


@given(st.lists(st.dictionaries(st.just("x"), st.just([1]), max_size=1), max_size=4))
def test_records_of_tensorboard_are_read_in_order(tmp_path_factory, drawn):
    path = tmp_path_factory.mktemp("records") / "a.record"
    path.write_bytes(tfrecord(*map(serialized, drawn)))
    assert list(read_examples(path)) == drawn


@pytest.mark.parametrize("cut", [1, 4, 11, 13, 30])
def test_file_cut_short_is_refused_by_name(tmp_path, cut):
    (tmp_path / "a.record").write_bytes(tfrecord(labelled())[:-cut])
    with pytest.raises(DataError, match="a.record is cut short"):
        list(read_examples(tmp_path / "a.record"))


@pytest.mark.parametrize("position", [0, 9, 100, -1])
def test_damaged_byte_is_found_by_its_checksum(tmp_path, position):
    content = bytearray(tfrecord(labelled()))
    content[position] ^= 1
    (tmp_path / "a.record").write_bytes(content)
    with pytest.raises(DataError, match="a.record is damaged"):
        list(read_examples(tmp_path / "a.record"))


def test_missing_file_is_named(tmp_path):
    with pytest.raises(DataError, match="a.record cannot be read"):
        list(read_examples(tmp_path / "a.record"))


def test_images_and_boxes_are_taken_out(read, tmp_path):
    reading = read(labelled(), labelled(image__filename=[b"b.jpg"]))
    first, second = reading.detections.images
    assert reading.problems == ()
    assert reading.detections.categories == ("one", "two")
    assert first.path == tmp_path / "images" / "a.jpg"
    assert first.path.read_bytes() == picture()
    np.testing.assert_allclose(first.boxes_xyxy, [[10, 10, 20, 15], [20, 0, 40, 10]])
    assert (first.labels.tolist(), second.image_id) == ([2, 1], 2)


def test_image_without_objects_is_kept(read):
    nothing = {f"image__object__{key}": [] for key in ("class__text", "class__label")}
    corners = {f"image__object__bbox__{key}": [] for key in ("xmin", "ymin", "xmax", "ymax")}
    (image,) = read(labelled(**nothing, **corners)).detections.images
    assert image.boxes_xyxy.shape == (0, 4)


def test_boxes_of_the_stored_photograph_turn_with_it(read):
    (image,) = read(labelled(image__encoded=[picture(6)])).detections.images
    assert image.size_hw == (40, 20)
    np.testing.assert_allclose(image.boxes_xyxy, [[5, 10, 10, 20], [10, 20, 20, 40]])


def test_size_may_be_left_out(read):
    (image,) = read(labelled(image__height=[], image__width=[])).detections.images
    np.testing.assert_allclose(image.boxes_xyxy[0], [10, 10, 20, 15])


def test_numbers_name_categories_without_a_text(read):
    assert read(labelled(image__object__class__text=[])).detections.categories == ("1", "2")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (b"../../up.jpg", "up.jpg"),
        (b"C:\\photos\\c.jpg", "c.jpg"),
        (b"/etc/passwd.jpg", "passwd.jpg"),
        (b"..", "000001.jpg"),
        (b"plain", "000001.jpg"),
    ],
)
def test_image_is_written_into_its_folder_whatever_its_name(read, tmp_path, name, expected):
    read(labelled(image__filename=[name]))
    assert [path.name for path in (tmp_path / "images").iterdir()] == [expected]


def test_format_cannot_lead_out_of_the_folder(read, tmp_path):
    read(labelled(image__filename=[b"plain"], image__format=[b"/../../up"]))
    assert [path.name for path in (tmp_path / "images").iterdir()] == ["000001.up"]


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"image__encoded": []}, "no image/encoded"),
        ({"image__object__bbox__xmin": [0.5]}, "has 2 categories, but"),
        ({"image__filename": [b"\xff"]}, "decode"),
    ],
)
def test_malformed_record_is_left_out_by_number(read, changes, complaint):
    reading = read(labelled(), labelled(image__filename=[b"b.jpg"]), labelled(**changes))
    assert "record 3 of" in only_problem(reading)
    assert complaint in only_problem(reading)


def test_second_image_of_a_name_is_left_out(read):
    assert "file name of image 1, a.jpg" in only_problem(read(labelled(), labelled()))
