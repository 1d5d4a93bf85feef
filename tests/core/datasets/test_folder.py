"""core.datasets: which photographs a folder holds, in which order, with which labels."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Sequence
from pathlib import Path

import pytest
from PIL import Image

from core.datasets import Source, find
from core.datasets.folder import ENDINGS, PhotoFile, class_name, listing
from core.errors import BadFolder, BadPhotograph

TENCH, GOLDFISH = "n01440764", "n01443537"  # ImageNet's classes 0 and 1


def put(root: Path, *names: str) -> None:
    """Small real photographs under these names, PNG whatever the ending says."""
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (20, 16)).save(path, "PNG")


def table(root: Path, text: str | bytes) -> None:
    (root / "labels.csv").write_bytes(text if isinstance(text, bytes) else text.encode())


def names(files: Sequence[Source]) -> list[str]:
    return [file.name for file in files]


def labels(files: Sequence[Source]) -> dict[str, str | None]:
    return {file.name: file.label for file in files}


def refused(folder: Path) -> str:
    """The sentence with which a folder is refused."""
    with pytest.raises(BadFolder) as caught:
        listing(folder)
    error = caught.value
    assert str(error) == f"{error.happened} {error.accepted} {error.remedy}"
    assert str(error).isprintable()
    assert folder.name in error.happened
    assert error.remedy.endswith(".")
    return str(error)


# Which files


def test_a_flat_folder(tmp_path: Path) -> None:
    put(tmp_path, "b.jpg", "a.PNG", "c.JPEG")
    files = listing(tmp_path)
    assert labels(files) == {"a.PNG": None, "b.jpg": None, "c.JPEG": None}
    assert all(file.path.is_absolute() and file.path.name == file.name for file in files)
    found = files[0].read()
    assert (found.name, found.label, found.width, found.height) == ("a.PNG", None, 20, 16)


def test_every_ending_is_found_in_any_case(tmp_path: Path) -> None:
    wanted = sorted(f"{k:02}{end}" for k, end in enumerate([*ENDINGS, *(end.upper() for end in ENDINGS)]))
    put(tmp_path, *wanted)
    assert names(listing(tmp_path)) == wanted


def test_other_files_are_ignored(tmp_path: Path) -> None:
    put(tmp_path, "a.png")
    for other in ("notes.txt", "labels.json", "photograph", "a.png.part", "Thumbs.db", ".png", "._a.png"):
        (tmp_path / other).write_text("no photograph")
    (tmp_path / "folder.jpg").mkdir()
    assert names(listing(tmp_path)) == ["a.png"]


def test_the_order_is_sorted_and_stays(tmp_path: Path) -> None:
    some = ["z.png", "b/2.png", "b/10.png", "a/9.png", "a/deep/er/1.png", "B.png"]
    put(tmp_path, *some)
    first = names(listing(tmp_path))
    assert first == ["B.png", "a/9.png", "a/deep/er/1.png", "b/10.png", "b/2.png", "z.png"]
    for name in some:  # written anew, in another order
        (tmp_path / name).unlink()
    put(tmp_path, *reversed(some))
    assert names(listing(tmp_path)) == first


def test_the_way_to_the_folder_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path / "photos", "tench/a.png", "tench/b.png")
    (tmp_path / "link").symlink_to(tmp_path / "photos")
    monkeypatch.chdir(tmp_path)
    direct = listing(tmp_path / "photos")
    assert len(direct) == 2
    assert direct == listing(Path("photos")) == listing(tmp_path / "link") == listing(Path("photos/../link"))


def test_a_broken_photograph_is_listed_and_refused_when_read(tmp_path: Path) -> None:
    put(tmp_path, "a.png")
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8\xff nothing more")
    files = listing(tmp_path)
    assert names(files) == ["a.png", "broken.jpg"]
    with pytest.raises(BadPhotograph, match=r"broken\.jpg"):
        files[1].read()


def test_links_inside_stay_and_links_outside_are_left_out(tmp_path: Path) -> None:
    put(tmp_path / "outside", "secret.png", "more/secret2.png")
    root = tmp_path / "photos"
    put(root, "a.png")
    (root / "inside.png").symlink_to(root / "a.png")
    (root / "secret.png").symlink_to(tmp_path / "outside" / "secret.png")
    (root / "up.png").symlink_to(Path("..") / "outside" / "secret.png")
    (root / "more").symlink_to(tmp_path / "outside" / "more")
    (root / "nowhere.png").symlink_to(root / "gone.png")
    (root / "loop.png").symlink_to(root / "loop.png")
    (root / "again").symlink_to(root)
    assert names(listing(root)) == ["a.png", "inside.png"]


def test_a_folder_whose_name_begins_alike_is_outside(tmp_path: Path) -> None:
    put(tmp_path / "photos-private", "secret.png")
    put(tmp_path / "photos", "a.png")
    (tmp_path / "photos" / "b.png").symlink_to(tmp_path / "photos-private" / "secret.png")
    assert names(listing(tmp_path / "photos")) == ["a.png"]


def test_unicode_names(tmp_path: Path) -> None:
    some = ["été.png", "日本/猫 1.png", "emoji 🐕.jpg", "a,b;c.png", 'quote".png']
    put(tmp_path, *some)
    files = listing(tmp_path)
    assert sorted(names(files)) == sorted(some)
    assert labels(files)["日本/猫 1.png"] == "日本"
    assert {file.read().name for file in files} == {Path(name).name for name in some}


def test_missing_and_empty_folders(tmp_path: Path) -> None:
    put(tmp_path, "a.png")
    for path in (tmp_path / "missing", tmp_path / "a.png"):
        text = refused(path)
        assert str(path) in text
        assert "a folder of photographs" in text
    empty = tmp_path / "empty"
    (empty / "deep").mkdir(parents=True)
    assert "contains no photograph" in refused(empty)
    (empty / "notes.txt").write_text("nothing")
    assert ".jpeg" in refused(empty)


# Labels


def test_folders_are_classes(tmp_path: Path) -> None:
    put(tmp_path, "cats/1.png", "dogs/young/2.png", "3.png")
    assert labels(listing(tmp_path)) == {"cats/1.png": "cats", "dogs/young/2.png": "dogs", "3.png": None}


def test_wordnet_ids_become_class_names(tmp_path: Path) -> None:
    put(tmp_path, f"{TENCH}/1.png", f"{GOLDFISH}/2.png", "n99999999/3.png")
    files = listing(tmp_path)
    assert [file.label for file in files] == ["tench", "goldfish", "n99999999"]
    assert files[0].read().label == "tench"


def test_class_name() -> None:
    assert [class_name(label) for label in (TENCH, "tench", "n1", "", None)] == ["tench", "tench", "n1", "", None]


@pytest.mark.parametrize("column", ["label", "wnid", "class_index"])
def test_labels_csv_in_its_three_forms(tmp_path: Path, column: str) -> None:
    put(tmp_path, "a.png", "deep/b.png", "unnamed.png")
    first, second = {"label": ("tench", "goldfish"), "wnid": (TENCH, GOLDFISH), "class_index": ("0", "1")}[column]
    table(tmp_path, f"width,file,{column}\n20,a.png,{first}\n20,deep/b.png,{second}\n")
    assert labels(listing(tmp_path)) == {"a.png": "tench", "deep/b.png": "goldfish", "unnamed.png": None}


def test_the_columns_have_a_rank(tmp_path: Path) -> None:
    put(tmp_path, "a.png")
    table(tmp_path, f"file,class_index,wnid\na.png,999,{TENCH}\n")
    assert labels(listing(tmp_path)) == {"a.png": "tench"}


def test_the_last_class_index(tmp_path: Path) -> None:
    put(tmp_path, "a.png")
    table(tmp_path, "file,class_index\na.png,999\n")
    assert labels(listing(tmp_path)) == {"a.png": "toilet tissue"}


@pytest.mark.parametrize(
    "text",
    [
        "\ufefffile,label\r\na.png,tench\r\n",  # a spreadsheet's CSV UTF-8
        "file,label\n./a.png,tench\n",
        "file,label\n\na.png,tench\nother.png,goldfish\n",
        'file,label\n"a.png","tench"\n',
        "file,label\na.png, tench \n",
        "file,label,label2\na.png,tench,x,y,z\n",
        "file,label\na.png,tench\na.png,tench",
    ],
)
def test_spellings_of_the_table(tmp_path: Path, text: str) -> None:
    put(tmp_path, "a.png")
    table(tmp_path, text)
    assert labels(listing(tmp_path)) == {"a.png": "tench"}


def test_backslashes_and_composed_letters_in_the_table(tmp_path: Path) -> None:
    put(tmp_path, "deep/a.png", unicodedata.normalize("NFD", "été.png"))
    table(tmp_path, f"file,label\ndeep\\a.png,tench\n{unicodedata.normalize('NFC', 'été.png')},goldfish\n")
    assert [file.label for file in listing(tmp_path)] == ["tench", "goldfish"]


def test_a_table_with_no_line_labels_nothing(tmp_path: Path) -> None:
    put(tmp_path, "cats/a.png")
    table(tmp_path, "file,label\n")
    assert labels(listing(tmp_path)) == {"cats/a.png": None}


def test_empty_labels_are_none(tmp_path: Path) -> None:
    put(tmp_path, "a.png", "b.png", "c.png")
    for column, label in (("label", "tench"), ("class_index", "0")):
        table(tmp_path, f"file,{column}\na.png,{label}\nb.png,\nc.png\n")
        assert labels(listing(tmp_path)) == {"a.png": "tench", "b.png": None, "c.png": None}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "the columns none"),
        ("name,label\na.png,tench\n", "the columns name, label"),
        ("file,class\na.png,tench\n", "the columns file, class"),
        ("file;label\na.png;tench\n", "the columns file;label"),
        ("file,class_index\na.png,tench\n", "line 2 has the class_index 'tench'"),
        ("file,class_index\na.png,0\nb.png,1000\n", "line 3 has the class_index '1000'"),
        ("file,class_index\na.png,-1\n", "line 2 has the class_index '-1'"),
        ("file,class_index\na.png,1.0\n", "line 2 has the class_index '1.0'"),
        ("file,label\na.png,tench\na.png,goldfish\n", "two labels for a.png"),
        ("file,label\nb.png,tench\n", "names none of the 1 photographs"),
        ('file,label\n"a.png,tench\n', "cannot be read"),
        ("file,label\na.png,\x00\n".encode("utf-16"), "cannot be read"),
        ("file,label\na.png,été\n".encode("latin-1"), "cannot be read"),
        (b"\x89PNG\r\n\x1a\n\0\0\xff", "cannot be read"),
    ],
)
def test_broken_tables(tmp_path: Path, text: str | bytes, reason: str) -> None:
    put(tmp_path, "a.png")
    table(tmp_path, text)
    assert reason in refused(tmp_path)


def test_an_unreadable_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As another user would meet it (the tests may run as root, whom no permission stops)."""
    put(tmp_path, "a.png")
    table(tmp_path, "file,label\na.png,tench\n")
    whole = Path.open

    def barred(self: Path, *args: object, **more: object) -> object:
        if self.name == "labels.csv":
            raise PermissionError(13, os.strerror(13), str(self))
        return whole(self, *args, **more)  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "open", barred)
    assert "Permission denied" in refused(tmp_path)


# Files and folders together


def test_find_keeps_the_order_given(tmp_path: Path) -> None:
    put(tmp_path, "one/b.png", "one/a.png", "two/c.png", "d.png")
    found = find([tmp_path / "d.png", tmp_path / "two", tmp_path / "one"])
    assert names(found) == ["d.png", "c.png", "a.png", "b.png"]
    assert [file.root for file in found] == [str(tmp_path / root) for root in ("", "two", "one", "one")]
    assert all(isinstance(file, PhotoFile) and file.path.is_absolute() and file.path.is_file() for file in found)
    assert find([]) == []


def test_find_gives_a_file_its_label(tmp_path: Path) -> None:
    put(tmp_path, "a.png", "b.png")
    table(tmp_path, "file,class_index\na.png,1\n")
    assert labels(find([tmp_path / "a.png", tmp_path / "b.png"])) == {"a.png": "goldfish", "b.png": None}


def test_find_names_what_is_missing(tmp_path: Path) -> None:
    put(tmp_path, "a.png")
    with pytest.raises(BadFolder, match=r"none\.png .*a photograph or a folder"):
        find([tmp_path / "a.png", tmp_path / "none.png"])
