"""Readers of boxes: every format gives the same boxes, and every bad file a sentence."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from core.datasets import SceneFile
from core.datasets.annotations import Annotations, File, files_at, read, scene_boxes, stem
from core.datasets.annotations.boxes import EDGES, FROM_0, FROM_1
from core.datasets.scenes import Photographer, describe
from core.errors import BadAnnotations

HEAD = "image,wnid,xmin,ymin,xmax,ymax\n"
TABLE = f"{HEAD}a,n02123045,0,10,49,99\na,n02123045,5,5,6,6\nb,n02099601,20,0,199,30\n"
SIZES = "ImageId,width,height,label\na,100,100,281\n"


def named(**files: str | bytes) -> list[File]:
    """boxes_csv="…" → a file boxes.csv."""

    def reader(data: str | bytes):  # type: ignore[no-untyped-def]
        return lambda: data.encode() if isinstance(data, str) else data

    return [File(".".join(name.split("_")), reader(data)) for name, data in files.items()]


def edges(found: Annotations) -> list[list[float]]:
    return found.boxes[["xmin", "ymin", "xmax", "ymax", "width", "height"]].to_numpy().tolist()


def xml(image: str, *objects: tuple[str, int, int, int, int], size: tuple[int, int] | None = (100, 50)) -> str:
    inner = "".join(
        f"<object><name>{name}</name><bndbox><xmin>{a}</xmin><ymin>{b}</ymin><xmax>{c}</xmax><ymax>{d}</ymax></bndbox>"
        "</object>"
        for name, a, b, c, d in objects
    )
    sized = f"<size><width>{size[0]}</width><height>{size[1]}</height></size>" if size else ""
    return f"<annotation><filename>{image}</filename>{sized}{inner}</annotation>"


def coco(**changes: object) -> str:
    whole: dict[str, object] = {
        "images": [{"id": 7, "file_name": "train/a.jpg", "width": 100, "height": 50}, {"id": 8, "file_name": "b.jpg"}],
        "annotations": [
            {"image_id": 7, "category_id": 1, "bbox": [10, 5, 30, 20.5], "iscrowd": 0},
            {"image_id": 7, "category_id": 1, "bbox": [0, 0, 99, 49], "iscrowd": 1},
            {"image_id": 8, "category_id": 2, "bbox": [1, 1, 2, 2]},
        ],
        "categories": [{"id": 1, "name": "cat"}],
    }
    return json.dumps(whole | changes)


@pytest.mark.parametrize("zipped", [False, True])
def test_csv_with_sizes_beside_it(zipped: bool) -> None:
    boxes = {"boxes_csv_gz": gzip.compress(TABLE.encode())} if zipped else {"boxes_csv": TABLE}
    found = read(named(**boxes, sizes_csv=SIZES))
    assert (found.kind, found.counted) == ("CSV", FROM_0)  # none ends at a width: the last pixel is 99
    assert edges(found)[:2] == [[0, 10, 50, 100, 100, 100], [5, 5, 7, 7, 100, 100]]
    assert np.isnan(edges(found)[2][4:]).all()  # b's size is not known, and no other is assumed
    assert found.boxes["label"].tolist() == ["tabby", "tabby", "golden retriever"]


def test_csv_with_sizes_in_it_and_without_labels() -> None:
    found = read(named(a_csv="file,xmin,ymin,xmax,ymax,width,height\nd/a.JPEG,1,1,100,50,100,50\n"))
    assert found.counted == FROM_1  # it ends at the width, and none begins at 0
    assert edges(found) == [[0, 0, 100, 50, 100, 50]]
    assert found.boxes["image"].tolist() == ["a"]
    assert found.boxes["label"].isna().all()
    both = read(named(a_csv="file,xmin,ymin,xmax,ymax,width,height\na,0,0,100,50,100,50\n"))
    assert (both.counted, edges(both)) == (EDGES, [[0, 0, 100, 50, 100, 50]])


def test_xml_of_a_folder(tmp_path: Path) -> None:
    for name, text in {
        "n1/a.xml": xml("a", ("n02123045", 0, 5, 49, 24), ("dog", 1, 1, 2, 2)),
        "n1/b.xml": xml("b.JPEG", ("cat", 3, 3, 9, 9), size=None),
        "n2/c.xml": xml("c", ("cat", 3, 3, 9, 9), size=(0, 0)),
        "n2/d.xml": xml("d"),
        "n2/notes.md": "not an annotation",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    found = read(files_at([tmp_path]))
    assert found.kind == "XML"
    assert found.boxes["image"].tolist() == ["a", "a", "b", "c"]
    assert found.boxes["label"].tolist() == ["tabby", "dog", "cat", "cat"]
    assert edges(found)[0] == [0, 5, 50, 25, 100, 50]
    assert found.boxes["width"].isna().tolist() == [False, False, True, True]


def test_coco() -> None:
    found = read(named(instances_json=coco()))
    assert (found.kind, found.counted) == ("COCO JSON", EDGES)
    assert edges(found)[0] == [10, 5, 40, 25.5, 100, 50]
    assert found.boxes[["image", "label"]].to_numpy().tolist() == [["a", "cat"], ["b", "2"]]
    assert np.isnan(edges(found)[1][4:]).all()


def test_yolo() -> None:
    found = read(
        named(a_txt="1 0.5 0.5 0.2 0.4\n\n0 0.9 0.5 0.2002 1\n", classes_txt="cat\ndog\n", b_txt="5 .5 .5 1 1")
    )
    assert found.kind == "YOLO text"
    assert found.boxes[["image", "label"]].to_numpy().tolist() == [["a", "dog"], ["a", "cat"], ["b", "5"]]
    assert edges(found)[0] == pytest.approx([0.4, 0.3, 0.6, 0.7, 1, 1])
    assert edges(found)[1] == pytest.approx([0.7999, 0, 1, 1, 1, 1])  # what rounding carried over the edge is cut


def test_scenes() -> None:
    whole, cut = Photographer(), Photographer(spread=1.0, framing=0.3)
    for who in (whole, cut):
        found = scene_boxes([SceneFile(seed, who) for seed in range(30)])
        for row, seed in zip(edges(found), range(30), strict=True):
            s = describe(seed, who)
            x, y = s.x - s.width / 2, s.y - s.height / 2
            wanted = [max(0, x), max(0, y), min(1, x + s.width), min(1, y + s.height), 1, 1]
            assert row == pytest.approx(wanted)
    assert (found.boxes["xmin"] == 0).any()  # some left the frame
    [labelled] = scene_boxes([SceneFile(3, whole, "owl")]).boxes["label"]
    assert labelled == "owl"


def test_names_without_folders_and_endings() -> None:
    assert [stem(n) for n in ("a", "d/a.JPEG", "d\\a.png", "v1.5", "a.b.jpg", ".jpg")] == [
        "a",
        "a",
        "a",
        "v1.5",
        "a.b",
        "",
    ]


def box(bbox: list[int] | None, image: int = 7) -> str:
    """COCO's, with one annotation."""
    return coco(annotations=[{"image_id": image, "category_id": 1} | ({"bbox": bbox} if bbox else {})])


ONE = xml("a", ("cat", 1, 2, 3, 4))
BAD = {
    "no file": ({}, "nothing: unknown format. Accepted are CSV"),
    "unknown": ({"a_docx": "x"}, "a.docx: unknown format"),
    "two formats": ({"a_csv": TABLE, "b_json": coco()}, "The files have 2 formats: .csv, .json"),
    "csv empty": ({"a_csv": ""}, "a.csv is an empty file. A table needs the columns image, xmin, ymin, xmax, ymax"),
    "csv columns": ({"a_csv": "image,x,y\na,1,2\n"}, "a.csv has the columns image, x, y. A table needs the"),
    "csv no image": ({"a_csv": "xmin,ymin,xmax,ymax\n1,2,3,4\n"}, "a.csv has the columns xmin, ymin, xmax, ymax"),
    "csv only sizes": ({"a_csv": SIZES}, "a.csv contains sizes without boxes"),
    "csv no rows": ({"a_csv": HEAD}, "CSV contains no box"),
    "csv no number": (
        {"a_csv": f"{HEAD}a,c,1,2,3,4\nb,c,1,two,3,4\n"},
        "Line 3 of a.csv has the ymin 'two'. It must be a number",
    ),
    "csv nothing": ({"a_csv": f"{HEAD}a,c,1,,3,4\n"}, "1 box with a corner that is not a number"),
    "csv broken gzip": ({"a_csv_gz": b"no gzip"}, "a.csv.gz is not CSV"),
    "csv cut gzip": ({"a_csv_gz": gzip.compress(TABLE.encode() * 99)[:60]}, "a.csv.gz is not CSV"),
    "csv binary": ({"a_csv": b"\xff\xfe\x00\x01"}, "a.csv is not CSV"),
    "csv negative": ({"a_csv": f"{HEAD}a,c,-5,2,3,4\nb,c,-2,2,3,4\n"}, "2 boxes with a negative corner"),
    "csv turned": ({"a_csv": f"{HEAD}a,c,9,2,3,4\n"}, "1 box without a size; the first, of a: 9, 2, 4, 5"),
    "csv outside": ({"a_csv": f"{HEAD}a,c,0,2,300,4\n", "s_csv": SIZES}, "of a: 0, 2, 300, 4 in 100 x 100"),
    "xml empty": (
        {"a_xml": ""},
        "a.xml is an empty file. An XML file holds an annotation with filename, size and objects",
    ),
    "xml broken": ({"a_xml": xml("a")[:40]}, "a.xml is broken XML (no element found"),
    "xml other": ({"a_xml": "<svg/>"}, "a.xml is XML that begins with <svg>"),
    "xml no corner": ({"a_xml": ONE.replace("ymax", "end")}, "a.xml has an object without a complete bndbox"),
    "xml no number": ({"a_xml": ONE.replace(">3<", ">three<")}, "a.xml has the bndbox/xmax 'three'"),
    "xml no box": ({"a_xml": xml("a")}, "XML contains no box"),
    "xml outside": ({"a_xml": xml("a", ("cat", 1, 2, 103, 4))}, "the first, of a: 0, 1, 103, 4 in 100 x 50"),
    "json empty": ({"a_json": ""}, "a.json is an empty file. COCO files hold images (id, file_name, width, height)"),
    "json broken": ({"a_json": coco()[:50]}, "a.json is broken JSON"),
    "json other": ({"a_json": "[1]"}, "a.json has no lists of images and annotations"),
    "json no bbox": ({"a_json": box(None)}, "has an incomplete or wrong entry (KeyError: 'bbox')"),
    "json no image": ({"a_json": box([1, 1, 1, 1], image=9)}, "(KeyError: 9)"),
    "json short": ({"a_json": box([1, 1])}, "wrong entry (ValueError"),
    "json odd": ({"a_json": coco(annotations=["x"])}, "wrong entry (AttributeError"),
    "json negative": ({"a_json": box([-4, 1, 9, 9])}, "1 box with a negative corner"),
    "json no annotation": ({"a_json": coco(annotations=[])}, "COCO JSON contains no box"),
    "yolo empty": ({"a_txt": ""}, "YOLO text contains no box"),
    "yolo words": (
        {"a_txt": "0 .5 .5 .1 .1\ncat .5 .5 .1 .1"},
        "Line 2 of a.txt is 'cat .5 .5 .1 .1'. A YOLO file holds lines",
    ),
    "yolo outline": ({"a_txt": "0 .5 .5 .1 .1 .2 .2"}, "Line 1 of a.txt is '0 .5 .5 .1 .1 .2 .2'"),
    "yolo nan": ({"a_txt": "0 nan .5 .1 .1"}, "Line 1 of a.txt is '0 nan .5 .1 .1'"),
    "yolo outside": ({"a_txt": "0 .9 .5 .4 .1"}, "the first, of a: 0.7, 0.45, 1.1, 0.55 in 1 x 1"),
    "yolo pixels": ({"a_txt": "0 90 50 40 10"}, "box outside the frame"),
    "yolo binary": ({"a_txt": b"\xff\xfe\x00"}, "a.txt is not text"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_wrong_gets_a_sentence(case: str) -> None:
    files, said = BAD[case]
    with pytest.raises(BadAnnotations) as caught:
        read(named(**files))
    assert said in str(caught.value)
    assert caught.value.remedy


def test_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(BadAnnotations, match="a file or folder of annotations"):
        files_at([tmp_path / "nothing"])
    with pytest.raises(BadAnnotations, match="a file or folder"):
        files_at([Path("x" * 5000)])
    with pytest.raises(BadAnnotations, match="nothing: unknown"):
        read(files_at([tmp_path]))
