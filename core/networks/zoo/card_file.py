"""The fields of a checkpoint's TOML card, checked by pydantic (imported with this module only)."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ...images.geometry import Interpolation

Text = Annotated[str, Field(pattern=r"\S")]
Pixels = Annotated[int, Field(ge=1)]
Number = Annotated[float, Field(allow_inf_nan=False)]
Three = Annotated[list[Number], Field(min_length=3, max_length=3)]
ThreePositive = Annotated[list[Annotated[Number, Field(gt=0)]], Field(min_length=3, max_length=3)]

ACCEPTED = {
    "architecture": "torchvision:NAME, timm:NAME or small:NAME",
    "sha256": "64 hexadecimal digits",
    "top1": "a fraction from 0 to 1",
    "sides": "least and most, rising whole numbers",
    "resize": "a whole number of pixels, at least 1",
    "crop": "a whole number of pixels, at least 1",
    "interpolation": "one of nearest, bilinear, bicubic, lanczos",
    "mean": "three numbers, for values from 0 to 1",
    "std": "three numbers above 0",
    "order": "rgb or bgr",
}


class _Table(BaseModel):
    """A TOML table; fields that are not listed are ignored."""

    model_config = ConfigDict(strict=True, frozen=True)


class PreprocessingTable(_Table):
    """The table [preprocessing]."""

    resize: Pixels
    crop: Pixels
    interpolation: Interpolation
    mean: Three
    std: ThreePositive
    order: Literal["rgb", "bgr"] = "rgb"


class SidesTable(_Table):
    """The table [recipe.sides]: smallest and largest short side of the training photographs."""

    least: Pixels
    most: Pixels


class RecipeTable(_Table):
    """The table [recipe] of networks that this project trained."""

    sides: SidesTable | None = None


class CardFile(_Table):
    """A whole card."""

    key: Text
    title: Text
    architecture: Annotated[str, Field(pattern=r"(?s)^(torchvision|timm|small):.")]
    weights: Text
    sha256: Annotated[str, Field(pattern=r"^[0-9a-fA-F]{64}$")]
    labels: Text
    source: Text
    license: Text
    preprocessing: PreprocessingTable
    top1: Annotated[float, Field(ge=0, le=1)] | None = None
    trained_on: Text | None = None
    recipe: RecipeTable = RecipeTable()


FIELDS = tuple(name for name, field in CardFile.model_fields.items() if field.is_required())
PREPROCESSING = tuple(name for name, field in PreprocessingTable.model_fields.items() if field.is_required())


def parse(facts: dict[str, Any]) -> CardFile:
    """Return a card's fields. Raises ValueError with (what is wrong, what is accepted) for the first wrong field."""
    try:
        card = CardFile.model_validate(facts)
    except ValidationError as error:
        raise ValueError(*_explain(error, facts)) from None
    table, sides = card.preprocessing, card.recipe.sides
    if table.crop > table.resize:
        raise ValueError(f"resize {table.resize} and crop {table.crop}", "a crop of at most resize")
    if sides is not None and sides.least > sides.most:
        raise ValueError(f"sides = {facts['recipe']['sides']!r}", ACCEPTED["sides"])
    return card


def _explain(error: ValidationError, facts: dict[str, Any]) -> tuple[str, str]:
    """Return (what is wrong, what is accepted) for the first missing field, else for the first wrong one."""
    problems = error.errors(include_url=False)
    problem = next((each for each in problems if each["type"] == "missing"), problems[0])
    path = [str(step) for step in problem["loc"] if isinstance(step, str)]
    if problem["type"] == "missing" and path[:-1] in ([], ["preprocessing"]):
        table, names = (" in [preprocessing]", PREPROCESSING) if path[:-1] else ("", FIELDS)
        return f"no field {path[-1]!r}{table}", f"the fields {', '.join(names)}"
    if path[0] == "recipe":
        path = path[:2]
    value: Any = facts
    for step in path:
        value = value[step]
    tables = {"preprocessing": f"a table [preprocessing] of {', '.join(PREPROCESSING)}", "recipe": "a table [recipe]"}
    return f"{path[-1]} = {value!r}", ACCEPTED.get(path[-1]) or tables.get(path[-1]) or "a text"
