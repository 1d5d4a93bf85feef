"""One setting of the dial: a photographer → networks trained on that photographer's scenes, measured on other scenes.

The folder DATA/dial holds networks, indexes and studies, like DATA itself, with one study for each photographer.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import pandas as pd

from ...datasets import listing
from ...datasets.scenes import Photographer
from ...datasets.scenes.source import SceneFile
from ...errors import BadCard
from ...index.build import build
from ...inference.engine import Engine
from ...jobs.cancel import Cancel
from ...jobs.progress import Meter, Progress, Report
from ...networks import registry
from ...statistics.tables import per_photograph
from ...storage.data_folder import EMBEDDED, DataFolder, portable
from ...storage.manifest import CLOSED, check_record
from ...studies import Axes, Results, run
from ...studies.manifest import Manifest
from ...training import recipe as recipes
from ...training.make import make
from ...training.recipe import Recipe
from ..figure_07_08_typicality.study import Typicality

BASE = "resnet10_half.scenes"
FEATURES = "embedded/resnet10.scenes-0"  # one for all, since cosines of different networks cannot be compared
TESTED = "scenes:2000000-2000399,spread=1.0,size_spread=0.3"  # held-out scenes of a photographer without bias
PROTOCOLS = ("crop", "black")
PAIRS = 4
SEEDS = (0, 1, 2)
TRIAL = 16  # photographs of a trial
COST = {"drawing training": 40, "drawing held-out": 5, "training": 45, "measuring": 5, "index": 60, "pairs": 40}


@dataclass(frozen=True, kw_only=True)
class Setting:
    """The photographer who takes the training scenes; ``seeds``: one network each; ``small``: a trial in a minute."""

    photographer: Photographer
    seeds: tuple[int, ...] = SEEDS
    small: bool = False

    __pydantic_config__ = CLOSED

    @cached_property
    def recipe(self) -> Recipe:
        """Return the recipe BASE with this photographer."""
        base, who = recipes.get(BASE), self.photographer
        assert base.scenes is not None  # this recipe draws scenes
        taken = f"place spread {who.spread:g}, size {who.size_mean:g} ± {who.size_spread:g}"
        made = replace(
            base, name=_name(who), title=f"{base.title}, {taken}", scenes=replace(base.scenes, photographer=who)
        )
        return made.small() if self.small else made

    @property
    def command(self) -> list[str]:
        """Return the words after ``python -m core`` that measure this setting."""
        who, usual = self.photographer, Photographer()
        words = ["dial", "--spread", f"{who.spread:g}", "--size-spread", f"{who.size_spread:g}"]
        words += ["--size", f"{who.size_mean:g}"] if who.size_mean != usual.size_mean else []
        return [*words, "--seeds", ",".join(map(str, self.seeds)), *(["--small"] if self.small else [])]

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, as request.json keeps them; ``from_dict`` reads them."""
        return {"kind": "dial", **asdict(self)}

    @classmethod
    def from_dict(cls, facts: Mapping[str, Any]) -> Self:
        """Return what these values describe. Raises RecordError, BadScene."""
        return check_record({name: value for name, value in facts.items() if name != "kind"}, cls)

    def folder(self, data: DataFolder) -> Path:
        """Return the folder of its study."""
        return home(data).studies / self.recipe.name

    def run(
        self,
        data: DataFolder,
        *,
        engine: Engine | None = None,
        progress: Report | None = None,
        cancel: Cancel | None = None,
    ) -> Manifest:
        """Draw scenes, train networks, index the scenes and measure; resume where an earlier run stopped.

        ``progress`` receives the share of the whole work. Raises Cancelled; what is finished is kept.
        """
        own, recipe, engine = home(data), self.recipe, engine or Engine()
        stages = _Stages(recipe.name, self.seeds, progress)
        cards = list(make([recipe], self.seeds, own, family="dial", report=stages, cancel=cancel))
        features = registry.get(FEATURES, data)
        index = own.indexes / recipe.name
        assert recipe.scenes is not None  # this recipe draws scenes
        first = recipe.scenes.first
        taken = [SceneFile(number, self.photographer) for number in range(first, first + recipe.scenes.count)]
        build(
            taken,
            features,
            engine,
            index,
            cancel=cancel,
            progress=lambda p: stages(replace(p, stage="index")),
        )
        study = Typicality(protocols=PROTOCOLS, pairs=PAIRS)
        shown = listing(TESTED)[: TRIAL if self.small else None]
        return run(
            study,
            shown,
            cards,
            self.folder(data),
            axes=Axes.of(data, index=index),
            engine=engine,
            command=" ".join(["python", "-m", "core", *self.command, *_elsewhere(data)]),
            request=self.as_dict(),
            cancel=cancel,
            progress=lambda p: stages(replace(p, stage="pairs")),
        )


def home(data: DataFolder) -> DataFolder:
    """Return the folder of the dial's own networks, indexes and studies, apart from the other networks."""
    return DataFolder(data.root / "dial")


def _name(who: Photographer) -> str:
    parts = [who.spread, who.size_spread, *([who.size_mean] if who.size_mean != Photographer().size_mean else [])]
    return "dial_" + "_".join(f"{round(1000 * part):04d}" for part in parts)


def _elsewhere(data: DataFolder) -> list[str]:
    return [] if data == DataFolder.default() else ["--data", portable(data.root)]


class _Stages:
    """Progress of one stage after the other → progress of the whole, in shares of the time that each usually takes."""

    def __init__(self, name: str, seeds: tuple[int, ...], progress: Report | None) -> None:
        each = [f"{name}-{seed}: {what}" for seed in seeds for what in ("training", "measuring")]
        order = ["drawing training", "drawing held-out", *each, "index", "pairs"]
        self._cost = {stage: COST[stage.rpartition(": ")[2]] for stage in order}
        self._meter, self._far = Meter(progress, sum(self._cost.values())), 0
        self._meter(0)  # the first scenes take a while

    def __call__(self, progress: Progress) -> None:
        before = 0
        for stage, cost in self._cost.items():
            if progress.stage.startswith(stage):
                # four protocols in turn
                self._far = max(self._far, before + round(cost * (progress.fraction or 0.0)))
                self._meter(self._far)
                return
            before += cost


@dataclass(frozen=True, slots=True, eq=False)
class DialStudy:
    """A photographer, and the study of the networks trained on that photographer's scenes."""

    photographer: Photographer
    results: Results

    @property
    def networks(self) -> tuple[str, ...]:
        """Return the names of the networks, one for each seed."""
        return _names(self.results)


def homes(data: DataFolder) -> Iterator[DataFolder]:
    """Yield the data folder that ships, then the user's own."""
    yield home(EMBEDDED)
    if data.root.resolve() != EMBEDDED.root.resolve():
        yield home(data)


def read_dial_study(results: Results) -> DialStudy:
    """Return a study of the dial with its photographer, read from the cards of its networks. Raises BadCard."""
    photographers = []
    for name in _names(results):
        path = results.folder.parent.parent / "networks" / f"{name}.toml"
        try:
            photographers.append(
                Photographer(**tomllib.loads(path.read_text("utf-8"))["recipe"]["scenes"]["photographer"])
            )
        except (OSError, tomllib.TOMLDecodeError, LookupError, TypeError) as error:
            raise BadCard(
                f"{path} cannot be used ({type(error).__name__}).",
                "It must be the card of a network of the dial, with its recipe.",
                "Measure this setting of the dial again.",
            ) from None
    return DialStudy(photographers[0], results)


def _names(results: Results) -> tuple[str, ...]:
    return tuple(network["name"] for network in results.manifest.networks)


def table(studies: Iterable[DialStudy], *, right: bool = False) -> pd.DataFrame:
    """Return the rows of several studies as ``dial`` describes them, of photographers with the usual mean size.

    ``right``: only pairs whose first frame is classified rightly. (A network that is mostly wrong may give the same
    answer to everything: stable, but not accurate.)
    """
    usual = Photographer().size_mean
    parts = [_rows(study, right) for study in studies if study.photographer.size_mean == usual]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def _rows(study: DialStudy, right: bool) -> pd.DataFrame:
    pairs, text = study.results.pairs, {"network": str, "digest": str}
    if right:
        pairs = pairs[(pairs["class_before"] == pairs["label_index"]).fillna(value=False).to_numpy(bool)]
    right_by_photograph = study.results.photographs[["network", "digest", "right"]].astype({**text, "right": float})
    rows = per_photograph(pairs).assign(spread=study.photographer.spread, size_spread=study.photographer.size_spread)
    return rows.astype({**text, "protocol": str}).merge(right_by_photograph, on=list(text), how="left")
