"""The same photographs, packed as the field packs them: class tars, WebDataset shards, Hugging Face's parquet."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from tests.support.basics import cut_outs

WNIDS = ("n01440764", "n01443537", "n02123045")  # tench, goldfish, tabby: ImageNet's classes 0, 1 and 281
NAMES = ("tench", "goldfish", "tabby")
INDICES = (0, 1, 281)
EACH = 4


@cache
def photographs() -> dict[str, bytes]:
    """``wnid/wnid_number.JPEG`` → its content; twelve, all different."""
    files = {}
    for number, photo in enumerate(cut_outs(EACH * len(WNIDS))):
        buffer = io.BytesIO()
        photo.image().resize((photo.width // 2, photo.height // 2)).save(buffer, "JPEG", quality=90)
        wnid = WNIDS[number % len(WNIDS)]
        files[f"{wnid}/{wnid}_{number}.JPEG"] = buffer.getvalue()
    return dict(sorted(files.items()))


def write_folder(root: Path) -> Path:
    """ImageNet's folder of class folders."""
    for name, data in photographs().items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    return root


def tar_of(files: Mapping[str, bytes], prefix: str = "") -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, data in files.items():
            info = tarfile.TarInfo(prefix + name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def class_tars() -> dict[str, bytes]:
    """``wnid.tar`` → an archive of that class's photographs, flat, as ImageNet's are."""
    made = {}
    for wnid in WNIDS:
        own = {name.split("/")[1]: data for name, data in photographs().items() if name.startswith(wnid)}
        made[f"{wnid}.tar"] = tar_of(own)
    return made


def write_imagenet_tar(folder: Path) -> Path:
    """ILSVRC2012_img_train.tar: a tar of class tars."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "ILSVRC2012_img_train.tar").write_bytes(tar_of(class_tars()))
    return folder / "ILSVRC2012_img_train.tar"


def write_class_tars(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in class_tars().items():
        (folder / name).write_bytes(data)
    return folder


def write_webdataset(folder: Path, *, sidecar: str = ".cls", names: bool = True) -> Path:
    """Two shards of six; labels beside the photographs, and their names in classnames.txt."""
    folder.mkdir(parents=True, exist_ok=True)
    items = list(photographs().items())
    for shard in range(2):
        files = {}
        for name, data in items[6 * shard : 6 * shard + 6]:
            place, key = WNIDS.index(name.split("/")[0]), name.split("/")[1].removesuffix(".JPEG")
            label = str(place) if sidecar == ".cls" else json.dumps({"label": place, "width": 1})
            files |= {f"{key}{sidecar}": label.encode(), f"{key}.jpg": data, f"{key}.txt": b"a caption"}
        (folder / f"imagenet-{shard:04d}.tar").write_bytes(tar_of(files, "./"))
    if names:
        (folder / "classnames.txt").write_text("\n".join(NAMES))
    return folder


def write_parquet(folder: Path, *, files: int = 2, group: int = 2, named: bool = True) -> Path:
    """As Hugging Face writes ILSVRC/imagenet-1k: data/train-00000-of-00002.parquet, a ClassLabel in the metadata."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from core.networks.card import imagenet_labels

    names = [f"{name}, a synonym" for name in imagenet_labels().names]
    info = {"info": {"features": {"image": {"_type": "Image"}, "label": {"names": names, "_type": "ClassLabel"}}}}
    kind = pa.schema(
        [("image", pa.struct([("bytes", pa.binary()), ("path", pa.string())])), ("label", pa.int64())],
        metadata={"huggingface": json.dumps(info)} if named else None,
    )
    items = list(photographs().items())
    (folder / "data").mkdir(parents=True, exist_ok=True)
    for number in range(files):
        some = items[number * len(items) // files : (number + 1) * len(items) // files]
        rows = [
            {"image": {"bytes": d, "path": n.split("/")[1]}, "label": INDICES[WNIDS.index(n.split("/")[0])]}
            for n, d in some
        ]
        file = folder / "data" / f"train-{number:05d}-of-{files:05d}.parquet"
        pq.write_table(pa.Table.from_pylist(rows, schema=kind), file, row_group_size=group)
    return folder
