"""The two tables of a study. A row is one pair on one network, or the centre crop of one photograph on one network."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..datasets import reread
from ..errors import BadFolder, BadPhotograph, StudyBroken
from ..images.colour import in_srgb
from ..images.frames import FramePair
from ..images.photographs import Photograph, reduce_to
from ..images.photographs import read as read_photograph
from ..images.protocols import reduce_pixels
from ..storage.atomic_files import write
from .config import get
from .manifest import COLOUR, Manifest, read_manifest
from .row_frames import frames

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

RESULTS, PHOTOGRAPHS, READOUTS, PARTS = "results.parquet", "photographs.parquet", "readouts.parquet", "parts"
ROW_GROUP = 100_000
_FACTS = b"study"  # the key of a part's facts in the metadata of its file

TEXT, COUNT, CLASS, YES = "category", "int64", "Int32", "boolean"  # only counts are never missing
PAIRS = {
    "digest": TEXT, "name": TEXT, "label": TEXT, "network": TEXT, "protocol": TEXT, "side": CLASS,
    "source_side": CLASS, "step": COUNT, "direction": TEXT, "unit": TEXT, "seed": COUNT, "pair": COUNT, "x": COUNT,
    "y": COUNT, "class_before": CLASS, "class_after": CLASS, "p_before": "float32", "p_after": "float32",
    "changed": YES, "kind": TEXT, "feature_cosine": "float64", "label_index": CLASS, "typicality": "float64",
    "confidence": "float64",
}  # fmt: skip
LIKENESS = {"psnr": "float64", "ssim": "float64"}  # in studies of failures: for pairs that changed, or the worst pair
SURROUND = {"surround": TEXT}  # in studies by the authors' script: the colour around an embedded photograph, "#rrggbb"
LAYERS = {"layer": TEXT, "depth": "float64"}  # in studies of linear probes: a row is one pair on one layer
CENTRES = {
    "digest": TEXT,
    "name": TEXT,
    "label": TEXT,
    "network": TEXT,
    "label_index": CLASS,
    "class_top1": CLASS,
    "p_top1": "float32",
    "right": YES,
    "p_label": "float32",
    "typicality": "float64",
    "confidence": "float64",
}
FITTED = {
    "network": TEXT, **LAYERS, "stride": CLASS, "channels": COUNT, "classes": COUNT, "strength": "float64",
    "held_out_top1": "float64", "held_out_low": "float64", "held_out_high": "float64", "held_out_n": COUNT,
    "trained_on": COUNT,
}  # fmt: skip


@cache
def schemas(study: str, reading: str = "text") -> tuple[pa.Schema, pa.Schema]:
    """Return the schemas of a study's two tables, pairs and centre crops. They carry the types of pandas."""
    kind = get(study)
    surround, layers = SURROUND if reading == "script" else {}, LAYERS if kind.layered else {}
    return schema(PAIRS | surround | (LIKENESS if kind.likeness else {}) | layers), schema(CENTRES | layers)


def schema(columns: Mapping[str, str]) -> pa.Schema:
    """Return the parquet schema of columns, given the types that pandas has for them."""
    import pandas as pd
    import pyarrow as pa

    empty = pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in columns.items()})
    plain = pa.Schema.from_pandas(empty, preserve_index=False)
    text = pa.dictionary(pa.int32(), pa.string())
    fields = [
        plain.field(name).with_type(text) if kind == TEXT else plain.field(name) for name, kind in columns.items()
    ]
    return pa.schema(fields, metadata=plain.metadata)


def encoded(whole: pa.Table, kind: pa.Schema, facts: bytes = b"") -> bytes:
    """Return a table as a parquet file. Equal rows give equal bytes. ``facts`` go into the metadata of the file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    buffer = pa.BufferOutputStream()
    noted = kind.with_metadata({**kind.metadata, _FACTS: facts}) if facts else kind
    with pq.ParquetWriter(buffer, noted, compression="zstd") as writer:
        for start in range(0, max(1, len(whole)), ROW_GROUP):
            writer.write_table(whole[start : start + ROW_GROUP].unify_dictionaries().combine_chunks())
    return bytes(buffer.getvalue())


def decoded(path: Path) -> pa.Table:
    """Return the table in a parquet file. Raises StudyBroken if it cannot be read."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.read_table(path)
    except (OSError, pa.ArrowException) as error:
        raise StudyBroken(
            f"{path} cannot be read ({type(error).__name__}).",
            "It must be a table as studies write it.",
            "Remove the study's folder and run the study again.",
        ) from None


def facts(path: Path, kind: pa.Schema) -> bytes:
    """Return the facts in the metadata of a parquet file.

    They are empty if it has none, cannot be read, or has other columns, as an earlier version wrote them.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        present = pq.read_schema(path)
    except (OSError, pa.ArrowException):
        return b""
    stored: bytes = (present.metadata or {}).get(_FACTS, b"") if present.names == kind.names else b""
    return stored


@dataclass(frozen=True, eq=False)
class Results:
    """The tables of a study. Of a study that is not finished, they have the rows that are written so far.

    Attributes:
        pairs: one row for each pair, with the columns PAIRS, and SURROUND, LIKENESS or LAYERS where the study has them.
        photographs: one row for each centre crop, with the columns CENTRES, and LAYERS where the study has them.
        readouts: one row for each linear probe, with the columns FITTED; None before the study is finished.
        elsewhere: name of a photograph → file in which to look for it, if it is not where it was measured.
    """

    folder: Path
    pairs: pd.DataFrame
    photographs: pd.DataFrame
    manifest: Manifest
    readouts: pd.DataFrame | None = None
    elsewhere: Mapping[str, Path] = field(default_factory=dict)

    def photograph(self, digest: str) -> Photograph | None:
        """Return a photograph of the study by its digest, with its label; None if it is gone or has changed."""
        rows = self.photographs[self.photographs["digest"] == digest]
        if rows.empty:
            return None
        name, label = str(rows["name"].iloc[0]), rows["label"].iloc[0]
        label = label if isinstance(label, str) else None
        converted = self.manifest.photographs.get(COLOUR) == "srgb"
        for photo in self._candidates(name, label):
            if photo is not None and converted:
                photo = in_srgb(photo)
            if photo is not None and photo.digest != digest:  # earlier versions kept the digest of the reduced one
                photo = reduce_to(photo, self.manifest.config["reduce_to"])
            if photo is not None and photo.digest == digest:
                return replace(photo, name=name, label=label)
        return None

    def _candidates(self, name: str, label: str | None) -> Iterator[Photograph | None]:
        """Yield what can be read under a name; the caller compares digests."""
        for root in self.manifest.roots:
            with suppress(BadFolder):  # the name cannot belong to this root
                yield reread(root, name, label)
        if name in self.elsewhere:
            with suppress(BadPhotograph):
                yield read_photograph(self.elsewhere[name], label)

    def pair(self, row: pd.Series[Any]) -> FramePair | None:
        """Return the frames of a row of ``pairs`` as its network saw them; None if the photograph is gone."""
        photo, how = self.photograph(row["digest"]), self.manifest.network(row["network"])["preprocessing"]
        if photo is None:
            return None
        photo = reduce_pixels(photo, self.manifest.config["reduce_to"])
        return frames(row, photo, size=how["crop"], interpolation=how["interpolation"])


def read(folder: Path) -> Results:
    """Return the results in a study's folder. Of a study that is not finished, these are its finished parts.

    Raises:
        StudyBroken: the folder has no study, or a table cannot be read.
    """
    manifest = read_manifest(folder)
    try:
        if manifest.finished:
            tables = decoded(folder / RESULTS), decoded(folder / PHOTOGRAPHS)
        else:
            tables = collected(folder, schemas(manifest.study, manifest.config.get("reading", "text")), parts(folder))
    except StudyBroken:
        if (
            not manifest.finished and read_manifest(folder).finished
        ):  # it was finished meanwhile, and its parts are gone
            return read(folder)
        raise
    fitted = decoded(folder / READOUTS).to_pandas() if READOUTS in (manifest.files or {}) else None
    return Results(folder, _all_columns(tables[0].to_pandas()), tables[1].to_pandas(), manifest, fitted)


def _all_columns(pairs: pd.DataFrame) -> pd.DataFrame:
    """Return pairs with the column that files of earlier versions lack. It is null there."""
    import pandas as pd

    if "source_side" not in pairs:
        unknown = pd.Series(pd.NA, pairs.index, dtype="Int32")
        pairs.insert(list(PAIRS).index("source_side"), "source_side", unknown)
    return pairs


def read_finished(folder: Path) -> Results:
    """Return the results of a finished study. Raises StudyBroken if it is missing, not finished or damaged."""
    manifest = read_manifest(folder)
    if not manifest.finished:
        raise StudyBroken(
            f"The study in {folder} is not finished.",
            "Results are those of a finished study.",
            f"Finish it with: {manifest.command} --out {folder}",
        )
    for name, size in (manifest.files or {}).items():
        path = folder / name
        if not path.is_file() or path.stat().st_size != size:
            raise StudyBroken(
                f"{path} is {'damaged' if path.is_file() else 'missing'}.",
                f"It must have the {size:,} bytes that the study wrote.",
                "Copy the study again, or remove its folder and run it again.",
            )
    return read(folder)


def part_paths(folder: Path, number: int) -> tuple[Path, Path]:
    """Return the files of a block: pairs and centre crops."""
    return folder / PARTS / f"{number:06d}.parquet", folder / PARTS / f"{number:06d}.centre.parquet"


def parts(folder: Path) -> int:
    """Return how many blocks are finished, counted from the first without a gap."""
    number = 0
    while part_paths(folder, number)[0].exists():
        number += 1
    return number


def collected(folder: Path, kinds: tuple[pa.Schema, pa.Schema], count: int) -> tuple[pa.Table, pa.Table]:
    """Return the pairs and the centre crops of the first ``count`` parts, concatenated. Raises StudyBroken.

    ``kinds`` are their ``schemas``. Columns that parts of an earlier version lack are null.
    """
    import pyarrow as pa

    paths = [part_paths(folder, number) for number in range(count)]
    pairs, centres = (
        pa.concat_tables(
            [kind.empty_table(), *(decoded(both[side]).replace_schema_metadata(kind.metadata) for both in paths)],
            promote_options="default",
        )
        for side, kind in enumerate(kinds)
    )
    return pairs, centres


def write_part(folder: Path, number: int, pairs: pa.Table, centres: pa.Table, beside: bytes) -> None:
    """Write both tables of a block, with facts. The pairs come last, because a part exists once its pairs do.

    Raises:
        BadFolder: the disk is full, or cannot be written.
    """
    for whole, path in zip((centres, pairs), reversed(part_paths(folder, number)), strict=True):
        write(path, encoded(whole, whole.schema, beside))
