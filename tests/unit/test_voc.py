"""Pascal VOC: boxes of labelling tools and of the challenge itself, and XML that means harm."""

from pathlib import Path

import pytest
from PIL import Image

from renderer.errors import DataError
from train_eval.data.voc import parse_xml, read_voc

BOX = (10, 20, 30, 25)


def object_xml(name: str = "ace", box: tuple = BOX, difficult: str = "0") -> str:
    corners = "".join(f"<{k}>{v}</{k}>" for k, v in zip(("xmin", "ymin", "xmax", "ymax"), box, strict=True))
    return f"<object><name>{name}</name><difficult>{difficult}</difficult><bndbox>{corners}</bndbox></object>"


def annotation_xml(*objects: str, filename: str = "a.JPG", size: str = "", source: str = "Unknown") -> str:
    size = size or "<size><width>40</width><height>30</height></size>"
    return (
        f"<annotation><filename>{filename}</filename>"
        f"<source><annotation>{source}</annotation></source>{size}{''.join(objects)}</annotation>"
    )


def save_image(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (40, 30)).save(path)
    return path


@pytest.fixture
def folder(tmp_path):
    save_image(tmp_path / "a.JPG")
    return tmp_path


def read_one(folder: Path, xml: str):
    (folder / "a.xml").write_text(xml)
    return read_voc(folder)


def only_problem(reading) -> str:
    (problem,) = reading.problems
    return f"{problem.message}; {problem.remedy}"


def test_box_of_a_labelling_tool_is_read_as_it_was_drawn(folder):
    reading = read_one(folder, annotation_xml(object_xml()))
    (image,) = reading.detections.images
    assert reading.problems == ()
    assert image.boxes_xyxy.tolist() == [list(map(float, BOX))]
    assert (image.image_id, image.size_hw, image.path) == (1, (30, 40), folder / "a.JPG")


def test_box_of_the_challenge_counts_from_1_and_includes_the_last_pixel(folder):
    full = object_xml(box=(1, 1, 40, 30))
    (image,) = read_one(folder, annotation_xml(full, source="PASCAL VOC2007")).detections.images
    assert image.boxes_xyxy.tolist() == [[0, 0, 40, 30]]


def test_difficult_object_is_ignored(folder):
    objects = [object_xml(difficult=text) for text in ("0", "1", "Unspecified")]
    (image,) = read_one(folder, annotation_xml(*objects)).detections.images
    assert image.ignore.tolist() == [False, True, False]


def test_categories_are_in_alphabetical_order(folder):
    detections = read_one(folder, annotation_xml(*map(object_xml, ("ten", "ace", "ten", "king")))).detections
    assert detections.categories == ("ace", "king", "ten")
    assert detections.images[0].labels.tolist() == [3, 1, 3, 2]


def test_image_without_objects_is_kept_and_one_without_an_xml_is_not_in_the_set(folder):
    save_image(folder / "unlabelled.png")
    (image,) = read_one(folder, annotation_xml()).detections.images
    assert image.boxes_xyxy.shape == (0, 4)


@pytest.mark.parametrize("size", ["<segmented/>", "<size><width>0</width><height>0</height></size>"])
def test_size_may_be_left_out(folder, size):
    (image,) = read_one(folder, annotation_xml(object_xml(), size=size)).detections.images
    assert image.size_hw == (30, 40)


def test_images_of_the_challenge_lie_in_a_folder_of_their_own(tmp_path):
    path = save_image(tmp_path / "JPEGImages" / "a.jpg")
    (tmp_path / "Annotations").mkdir()
    (tmp_path / "Annotations" / "a.xml").write_text(annotation_xml(filename="a.jpg"))
    assert read_voc(tmp_path).detections.images[0].path == path


@pytest.mark.parametrize("filename", ["../../etc/passwd", "b.JPG", "", "C:\\photos\\a.JPG"])
def test_image_is_found_by_the_name_of_its_xml_whatever_file_name_is_inside(folder, filename):
    save_image(folder / "b.JPG")
    (image,) = read_one(folder, annotation_xml(filename=filename)).detections.images
    assert image.path == folder / "a.JPG"


def test_file_name_decides_between_images_of_one_stem(folder):
    save_image(folder / "a.png")
    assert read_one(folder, annotation_xml(filename="a.png")).detections.images[0].path.name == "a.png"
    assert "several: a.JPG, a.png" in only_problem(read_one(folder, annotation_xml(filename="c.png")))


def test_renamed_xml_finds_its_image_by_the_file_name_inside(folder):
    (folder / "labels_1.xml").write_text(annotation_xml())
    assert read_voc(folder).detections.images[0].path.name == "a.JPG"


@pytest.mark.parametrize(
    ("xml", "complaint"),
    [
        ("<annotation>", "is no XML"),
        ("", "is no XML"),
        (annotation_xml("<object><bndbox/></object>"), "no name for object 1"),
        (annotation_xml(object_xml(box=(1, "x", 3, 4))), "'x' as bndbox/ymin of object 1"),
        (annotation_xml(size="<size><width>w</width></size>"), "as size/height"),
        (annotation_xml(size="<size><width>inf</width><height>inf</height></size>"), "has the size"),
    ],
)
def test_broken_xml_leaves_its_image_out_by_name(folder, xml, complaint):
    text = only_problem(read_one(folder, xml))
    assert "a.xml" in text
    assert complaint in text
    assert text.endswith("the image is left out")


@pytest.mark.parametrize("box", [(30, 20, 10, 25), (10, 25, 30, 25), ("nan", 20, 30, 25), (90, 20, 95, 25)])
def test_bad_box_is_left_out(folder, box):
    text = only_problem(read_one(folder, annotation_xml(object_xml(box=box))))
    assert "object 1 of" in text
    assert text.endswith("the box is left out")


def test_xml_without_its_image_is_left_out(folder):
    (folder / "b.xml").write_text(annotation_xml(filename="b.JPG"))
    assert "image b.JPG, but of that name there is none" in only_problem(read_voc(folder))


def test_entities_are_refused_before_they_swell():
    bomb = '<!DOCTYPE a [<!ENTITY b "x"><!ENTITY c "&b;&b;&b;">]><annotation>&c;</annotation>'
    with pytest.raises(DataError, match="DOCTYPE"):
        parse_xml(bomb.encode())


def test_entity_that_names_a_file_is_refused(tmp_path):
    (tmp_path / "secret").write_text("secret")
    xml = f'<!DOCTYPE a [<!ENTITY b SYSTEM "{tmp_path}/secret">]><annotation>&b;</annotation>'
    with pytest.raises(DataError, match="DOCTYPE"):
        parse_xml(xml.encode())


def test_folder_without_xml_is_refused(tmp_path):
    with pytest.raises(DataError, match="no XML files"):
        read_voc(tmp_path)
