"""Networks from recipes and seeds: a checkpoint, its card and its log in a data folder, measured as they ship."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from PIL import Image

from ..datasets import Source, dataset_name
from ..datasets.scenes import scene_classes
from ..errors import BadRecipe
from ..images import protocols
from ..images.photographs import Photograph, photograph
from ..inference.engine import Engine
from ..inference.pairs import accuracy, outcomes
from ..jobs.cancel import Cancel
from ..jobs.progress import Meter, Report
from ..networks.card import SCENES, NetworkCard, Preprocessing
from ..networks.zoo import checkpoint
from ..statistics.sensitivity import sensitivity
from ..storage.atomic_files import write
from ..storage.data_folder import DataFolder
from ..versions import software
from .loop import Epoch, TrainingResult, train
from .photographs import Photographs, labelled, scenes
from .recipe import Recipe, Scenes

MEASURED = 2_000  # held-out photographs for pairs, at most; top-1 is measured on all


def make(
    recipes: Sequence[Recipe],
    seeds: Sequence[int],
    data: DataFolder,
    *,
    family: str = "own",
    named: Sequence[Sequence[Source]] = (),
    device: str | None = None,
    report: Report | None = None,
    cancel: Cancel | None = None,
) -> Iterator[NetworkCard]:
    """Yield the card of each recipe at each seed, once its network is trained and measured.

    Networks already trained with the same recipe are reused. All recipes are trained at one seed before the next one.
    Recipes with the same photographs share them. Training that is stopped resumes after the last whole epoch.

    Args:
        family: the first part of the networks' keys.
        named: photographs for training and held-out photographs, for recipes that draw no scenes.

    Raises:
        BadRecipe: a recipe lacks its photographs.
        Cancelled: within one batch after ``cancel``.
    """
    given: dict[Any, TrainingData] = {}
    for seed in seeds:
        for recipe in recipes:
            name = f"{recipe.name}-{seed}"
            card = _made(data, name, recipe)
            if card is None:
                if (wanted := recipe.scenes or recipe.photographs) not in given:
                    given = {wanted: _given(recipe, named, report, cancel)}
                photos = given[wanted]
                frames, classes = _centred(photos.held_out, recipe.preprocessing), len(photos.names)
                state = data.root / "training" / f"{name}.pt"
                options: dict[str, Any] = {"state": state, "device": device, "cancel": cancel, "report": report}
                result = train(recipe, seed, photos.shown, frames, classes, **options)
                card = _written(data, f"{family}/{name}", recipe, seed, result, photos, report)
                state.unlink(missing_ok=True)
            yield card


def _made(data: DataFolder, name: str, recipe: Recipe) -> NetworkCard | None:
    """Return the card of the network if it was trained with this recipe and its weights are here, else None."""
    path = data.networks / f"{name}.toml"
    if not path.is_file() or f'recipe = "{recipe.digest}"' not in path.read_text("utf-8"):
        return None
    card = checkpoint.read_card(path)
    return card if card.available else None


@dataclass(frozen=True, slots=True, eq=False)
class TrainingData:
    """The photographs of a recipe, for training (``shown``) and held out.

    ``names`` are the classes, ``dataset`` is the name of the data set, ``first`` the number of the first held-out
    scene, and ``labels`` the name of the file with the classes.
    """

    shown: Photographs
    held_out: Photographs
    names: tuple[str, ...]
    dataset: str
    first: int | None
    labels: str


def _given(
    recipe: Recipe, named: Sequence[Sequence[Source]], report: Report | None, cancel: Cancel | None
) -> TrainingData:
    if recipe.scenes is not None:
        shown, held_out = _drawn(recipe.scenes, report, cancel)
        return TrainingData(shown, held_out, scene_classes(), SCENES, recipe.scenes.first_held_out, "scenes.txt")
    wanted = recipe.photographs
    if wanted is None or len(named) != 2 or not all(named):
        raise BadRecipe(
            f"{recipe.name} was started without photographs.",
            f"It is trained on those of {wanted.dataset if wanted else 'its set'}.",
            "Choose photographs for training with --photos, and others with --held-out.",
        )
    shown, names = labelled(named[0], wanted, report=report, stage="reading training photographs", cancel=cancel)
    held_out, _ = labelled(named[1], wanted, names, report=report, stage="reading held-out photographs", cancel=cancel)
    dataset = f"{wanted.dataset} ({dataset_name(named[0][0].root)})"
    return TrainingData(shown, held_out, names, dataset, None, f"{wanted.dataset.lower()}.txt")


def _drawn(s: Scenes, report: Report | None, cancel: Cancel | None) -> tuple[Photographs, Photographs]:
    """Return the scenes for training, and the held-out scenes."""
    parts = [
        scenes(
            range(first, first + count),
            s.photographer,
            s.size,
            cancel=cancel,
            report=report,
            stage=f"drawing {what} scenes",
        )
        for what, first, count in (("training", s.first, s.count), ("held-out", s.first_held_out, s.held_out))
    ]
    return parts[0], parts[1]


def _centred(source: Photographs, preprocessing: Preprocessing) -> Photographs:
    """Return the centre crop of each photograph, as the network is tested on it."""
    size = preprocessing.crop
    frames = np.empty((len(source), size, size, 3), np.uint8)
    for k, pixels in enumerate(source.pixels):
        frames[k] = preprocessing.centre(photograph(Image.fromarray(pixels), "scene")).permute(1, 2, 0).numpy()
    return Photographs(frames, source.labels)


def _written(
    data: DataFolder,
    key: str,
    recipe: Recipe,
    seed: int,
    result: TrainingResult,
    given: TrainingData,
    report: Report | None,
) -> NetworkCard:
    """Write the checkpoint (float16), its labels and log, and last its card with its measurements; return the card."""
    from safetensors.torch import save

    name = key.split("/")[-1]
    half = {k: v.half() if v.is_floating_point() else v for k, v in result.model.state_dict().items()}
    weights = save({k: v.contiguous() for k, v in half.items() if not k.endswith("num_batches_tracked")})
    facts = {
        "key": key,
        "title": f"{recipe.title} (seed {seed})",
        "architecture": f"small:{recipe.architecture}",
        "weights": f"{name}.safetensors",
        "sha256": hashlib.sha256(weights).hexdigest(),
        "labels": given.labels,
        "source": "this project, python -m core train",
        "license": "Apache-2.0",
        "trained_on": given.dataset,
    }
    shown = recipe.preprocessing.as_dict()
    write(data.networks / f"{name}.safetensors", weights)
    write(data.networks / given.labels, "".join(f"{label}\n" for label in given.names).encode())
    write(data.networks / f"{name}.csv", _csv(result.log))
    path = data.networks / f"{name}.toml"
    write(path, toml(facts, {"preprocessing": shown}))
    measured = measure(checkpoint.read_card(path), _photographs(given), report=report)
    training = {"recipe": recipe.digest, "seed": seed, "device": Engine().device_name, "software": software("timm")}
    tables = {"preprocessing": shown, "training": training, "recipe": recipe.as_dict(), "measured": measured}
    write(path, toml(facts | {"top1": measured["top1"]}, tables))
    return checkpoint.read_card(path)


def _photographs(given: TrainingData) -> list[Photograph]:
    """Return the held-out photographs; scenes are as ``render`` returns them."""
    pixels, labels = given.held_out.pixels, given.held_out.labels
    names = [f"scene-{given.first + k}" if given.first is not None else f"{k}" for k in range(len(labels))]
    return [
        replace(photograph(Image.fromarray(frame), name, given.names[label]), drawn=given.first is not None)
        for frame, name, label in zip(pixels, names, labels, strict=True)
    ]


def measure(
    card: NetworkCard, shown: Sequence[Photograph], *, seed: int = 0, report: Report | None = None
) -> dict[str, Any]:
    """Return the measurements of a checkpoint: top-1 accuracy, and P(top-1 change) and mean absolute change (MAC).

    The changes are over one pair of each of the four protocols for each of the first MEASURED photographs.
    """
    engine = Engine()
    network = engine.load(card)
    right = accuracy(engine, network, shown)
    assert right is not None  # every scene has a class
    measured: dict[str, Any] = {"n": right.n, "seed": seed, "top1": right.top1, "top1_interval": list(right.interval)}
    for name in protocols.names():
        rows = []
        stage = f"{card.key.split('/')[-1]}: measuring {name}, pairs"
        meter = Meter(report, min(len(shown), MEASURED), stage)
        for part in outcomes(engine, network, shown[:MEASURED], protocols.create(name), pairs=1, seed=seed):
            rows += part
            meter(len(rows))
        m = sensitivity(rows)
        assert m.p_top1_change_interval is not None  # these networks have classes
        assert m.mean_absolute_change_interval is not None  # and there is more than one photograph
        measured[name] = {
            "p_top1_change": m.p_top1_change,
            "p_top1_change_interval": list(m.p_top1_change_interval),
            "mean_absolute_change": m.mean_absolute_change,
            "mean_absolute_change_interval": list(m.mean_absolute_change_interval),
            "pairs": len(rows),
        }
    return measured


def toml(facts: Mapping[str, Any], tables: Mapping[str, Mapping[str, Any]]) -> bytes:
    """Return the text of a card: its facts, then its tables. Nested tables follow their own.

    >>> toml({"key": "own/x"}, {"training": {"seed": 0}})
    b'key = "own/x"\\n\\n[training]\\nseed = 0\\n'
    """
    lines = [f"{name} = {_value(value)}" for name, value in facts.items()]

    def table(name: str, content: Mapping[str, Any]) -> None:
        plain = {k: v for k, v in content.items() if not isinstance(v, Mapping)}
        lines.extend(["", f"[{name}]", *(f"{k} = {_value(v)}" for k, v in plain.items())])
        for k, v in content.items():
            if isinstance(v, Mapping):
                table(f"{name}.{k}", v)

    for name, content in tables.items():
        table(name, content)
    return ("\n".join(lines) + "\n").encode()


def _value(value: Any) -> str:
    """Return a value in TOML, which writes strings (but for one character), numbers and lists as JSON does."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _csv(log: Sequence[Epoch]) -> bytes:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    names = [f.name for f in fields(Epoch)]
    writer.writerow(names)
    for row in log:
        writer.writerow([f"{v:.6g}" if isinstance(v := getattr(row, name), float) else v for name in names])
    return buffer.getvalue().encode()
