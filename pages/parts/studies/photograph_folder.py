"""Folder of a study's photographs on this machine, where they are not at the place at which they were measured."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import streamlit as st

from core.datasets import dataset_name
from core.errors import BadFolder
from core.storage.data_folder import typed
from core.studies import Results
from pages.parts.components.widgets import plain
from pages.parts.session import resources, state

ILSVRC = "ILSVRC2012 validation"


def study_key(results: Results) -> tuple[str, str, str | None, int]:
    """Return a key of the study and of how far it was when it was read."""
    m = results.manifest
    return str(results.folder), m.started, m.finished, len(results.pairs)


def complete(results: Results) -> Results:
    """Return the results with the files in the visitor's folder."""
    if not state.photograph_folder() or results.manifest.photographs["drawn"]:
        return results
    try:
        return replace(results, elsewhere=_find(results))
    except BadFolder:  # ``ask`` says so
        return results


def ask(results: Results, section: str) -> bool:
    """Draw that the photographs are not on this machine, and a field for their folder. Returns whether it was drawn.

    ``section``: a name for the key of the field, as several sections of a page show photographs.
    """
    photographs = results.photographs
    if results.manifest.photographs["drawn"] or photographs.empty or _is_here(results):
        return False
    dataset = ", ".join(dict.fromkeys(map(dataset_name, results.manifest.roots)))
    st.caption(plain(f"The photographs of this study ({dataset}) are not on this machine, so none is shown."))
    key = f"folder of photographs {section}"
    name = ILSVRC if dataset.startswith("imagenet-val") else dataset
    st.text_input(
        f"Where is your {plain(name)} folder?",
        state.photograph_folder(),
        key=key,
        placeholder="/path/to/photographs",
        on_change=state.store_photograph_folder,
        args=(key,),
    )
    if state.photograph_folder():
        st.error(plain(_describe_problem(results)), icon=":material/folder_off:")
    return True


def _is_here(results: Results) -> bool:
    """Return whether the first photograph can be read."""
    return results.photograph(str(results.photographs["digest"].iloc[0])) is not None


def _find(results: Results) -> dict[str, Path]:
    names = results.photographs["name"].astype(str).unique()
    return resources.find_photographs(typed(state.photograph_folder()), study_key(results), names)


def _describe_problem(results: Results) -> str:
    """Return why the folder does not bring the photographs."""
    try:
        count = len(_find(results))
    except BadFolder as problem:
        return str(problem)
    total = results.photographs["name"].nunique()
    if not count:
        return f"None of the {total:,} photographs is in this folder. Their names are like {_first(results)}."
    return f"{count:,} of the {total:,} names are in this folder, but the photographs are not those of the study."


def _first(results: Results) -> str:
    return str(results.photographs["name"].iloc[0])
