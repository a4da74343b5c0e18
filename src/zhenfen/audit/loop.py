"""The audit loop: draw profiles for a person to label, take the labels back, and estimate again with them."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Generic

import numpy as np
import polars as pl

from zhenfen.audit.answers import (
    Estimate,
    Result,
    bound_answers,
    estimate_answers,
    forget_other_draws,
    weigh,
    write_labels,
)
from zhenfen.audit.sheet import MOST_PROFILES, Design, Filled, label_words, read_filled, write_workbook
from zhenfen.errors import ConfigError, InputError, MissingTableError, Problem, UnknownCreatorError
from zhenfen.estimators.audit_sample import AuditSample, draw_sample
from zhenfen.estimators.share import N_LABELS_NEEDED
from zhenfen.features.audience.family import choose_frames
from zhenfen.files import alone_in, whole_file
from zhenfen.messages import Catalogue
from zhenfen.tables import TABLES, Tables, make_frame, read_tables
from zhenfen.vetting.vet import find_creators

ScoreProfiles = Callable[[pl.DataFrame, Tables], pl.DataFrame]
"""Rows of the table `audience`, and the tables they are of → profile_id, p_fake in [0, 1], model (name and version), a
row a profile."""

N_OF_ONE_DRAW = 100
"""Labels of an audit without a question to stop at."""
UNSIGNED = "unnamed"
"""Who labelled when nobody signed the sheet."""
_STRANGER = "the id of a profile of this sample"


@dataclass(frozen=True, slots=True)
class Sampled:
    """A draw that was written.

    Attributes:
        n_drawn: Profiles on the sheet.
        n_profiles: Profiles they were drawn from.
        frame: Sampling frame of those.
    """

    n_drawn: int
    n_profiles: int
    frame: str


@dataclass(frozen=True)
class Applied(Generic[Result]):
    """What labels changed.

    Attributes:
        before: Estimate without the labels.
        after: Estimate with them; labels missing within a stratum are taken to be like those that are there.
        if_real: As `after`, with every profile that could not be judged counted as real; None when there is none.
        if_fake: The same the other way round. The truth about them lies between the two.
        labels: The rows stored in `audit_labels`.
        cannot_say: row and profile_id of the profiles that could not be judged.
        n_drawn: Profiles on the sheet.
        n_unlabelled: Of these, how many have no word.
        contradicted: row, profile_id, labelled_by: profiles that others labelled otherwise. The latest counts.
    """

    before: Result
    after: Result
    if_real: Result | None
    if_fake: Result | None
    labels: pl.DataFrame
    cannot_say: pl.DataFrame
    n_drawn: int
    n_unlabelled: int
    contradicted: pl.DataFrame


def make_sample(
    tables_dir: Path,
    creator_id: str,
    n: int,
    out: Path,
    score_profiles: ScoreProfiles,
    *,
    seed: int,
    language: str = "en",
) -> Sampled:
    """Draw n profiles of a creator's largest frame, stratified by score, and write the workbook to label them in.

    Args:
        tables_dir: Folder of tables, or a database file.
        creator_id: The tables' id of the creator, or the platform's.
        n: How many to draw; all when there are fewer.
        out: XLSX file to write; never overwritten, for it may hold somebody's labels.
        score_profiles: The audience model.
        seed: Seed of the draw and of the order of the rows.
        language: zh, en or fr.

    Raises:
        UnknownCreatorError: The creator is not in the tables.
        MissingTableError: The creator has fewer than 30 profiles of one frame.
        ConfigError: n is below 30, or `out` exists or cannot be written.
    """
    if n < N_LABELS_NEEDED:
        raise ConfigError(
            f"{n} profiles to label: expected at least {N_LABELS_NEEDED}, fewer labels change no estimate"
        )
    check_new(out)
    tables = read_tables(tables_dir)
    scored = open_audience(tables, creator_id, score_profiles)
    sample = draw_sample(scored["p_fake"].to_numpy(), min(n, scored.height), seed)
    return write_sample(scored, sample, tables_dir, out, seed=seed, language=language)


def check_new(out: Path) -> None:
    """Raise ConfigError where there is a file already."""
    if out.exists():
        raise ConfigError(f"{out}: there is a file already; it may hold labels and is not overwritten")


def open_audience(tables: Tables, creator_id: str, score_profiles: ScoreProfiles) -> pl.DataFrame:
    """The profiles of `find_population` with p_fake and model.

    Raises:
        UnknownCreatorError: The creator is not in the tables.
        MissingTableError: The creator has fewer than 30 profiles of one frame, or more than a sheet has rows.
    """
    creator = next(iter(find_creators((creator_id,), tables)))
    if creator not in tables["creators"]["creator_id"]:
        raise UnknownCreatorError(Problem("an id of the creators in the data", "creators", value=creator_id))
    population = find_population(tables, creator)
    if not N_LABELS_NEEDED <= population.height <= MOST_PROFILES:
        expected = f"{N_LABELS_NEEDED} to {MOST_PROFILES} profiles of one frame for creator {creator}"
        raise MissingTableError(Problem(expected, "audience", value=f"{population.height} profiles"))
    return population.join(score_profiles(population, tables), on="profile_id", how="left", maintain_order="left")


def write_sample(
    scored: pl.DataFrame,
    sample: AuditSample,
    tables_dir: Path,
    out: Path,
    *,
    seed: int,
    language: str,
    batch: int | None = None,
) -> Sampled:
    """Write the workbook of a draw from the profiles of `open_audience`; `batch` of an audit in batches."""
    is_drawn = np.isin(np.arange(scored.height), sample.indices)
    draw = scored.select("profile_id").with_columns(
        stratum=pl.Series(sample.strata), inclusion=pl.Series(sample.inclusion), is_drawn=pl.Series(is_drawn)
    )
    creator, frame, model = (str(scored[name].first()) for name in ("creator_id", "frame", "model"))
    where = os.path.relpath(tables_dir.resolve(), out.resolve().parent)
    number = None if batch is None else str(batch)
    design = Design(creator, frame, hash_population(scored), model, str(seed), where, language, number)
    shown = scored[np.random.default_rng(seed).permutation(sample.indices)]
    with whole_file(out) as partial:
        write_workbook(partial, design, draw, shown)
    return Sampled(len(sample.indices), scored.height, frame)


def apply_labels(
    file: Path, tables_dir: Path | None, estimate: Estimate[Result], labelled_at: datetime
) -> Applied[Result]:
    """Check the labels of a workbook, store them in `audit_labels`, and estimate without and with them.

    Batches of one audit are one draw and are weighted together. Labels of another draw stay, without stratum, inclusion
    and batch: two draws cannot be weighted as one.

    Args:
        file: A workbook of `make_sample`, filled in.
        tables_dir: Folder of the tables; None for the one that the sample was drawn from.
        estimate: See Estimate. Called before anything is stored.
        labelled_at: Moment to store with the labels, UTC.

    Raises:
        InputError: With every label that is no label, of no profile of the sample, or contradicted; when fewer than 30
            profiles are labelled; when the workbook was drawn from another creator or other profiles.
        ConfigError: The tables are not a folder, or cannot be written.
    """
    filled = read_filled(file)
    folder = tables_dir or file.parent / filled.design.tables
    if not folder.is_dir():
        raise ConfigError(f"{folder}: expected the folder of tables that the sample was drawn from (option --tables)")
    # Who stores at the same time waits: what was read below is what is written beside.
    with alone_in(folder):
        return store_labels(file, filled, folder, estimate, labelled_at)


def store_labels(
    file: Path, filled: Filled, folder: Path, estimate: Estimate[Result], labelled_at: datetime
) -> Applied[Result]:
    """`apply_labels` of what a workbook holds, for whoever is alone in the folder of its tables.

    Raises:
        InputError: As there.
        ConfigError: The tables cannot be written.
    """
    tables = read_tables(folder)
    population = find_population(tables, filled.design.creator_id)
    labelled_by = filled.labelled_by or UNSIGNED
    # The rows with a word: row, profile_id, word, label (null: no word of ours) and is_drawn.
    label = pl.col("word").str.to_lowercase().replace_strict(label_words(), default=None, return_dtype=pl.String)
    worded = filled.labels.drop_nulls("word").with_columns(label=label)
    drawn = filled.draw.filter("is_drawn").select("profile_id", is_drawn=pl.lit(value=True))
    read = worded.join(drawn, on="profile_id", how="left", maintain_order="left").with_columns(
        pl.col("is_drawn").fill_null(value=False)
    )
    before = _earlier_batches(filled.design, tables["audit_labels"], read)
    earlier = tables["audit_labels"].filter(labelled_by=labelled_by)
    problems = list(_find_problems(filled, read, population, file, earlier=earlier, before=before))
    if problems:
        raise InputError(problems)
    batch = None if filled.design.batch is None else int(filled.design.batch)
    answers = (
        read.drop_nulls("label")
        .unique("profile_id", keep="first", maintain_order=True)
        .select("row", "profile_id", "label", batch=pl.lit(batch, dtype=pl.Int64))
    )
    known, judged = before.select(answers.columns), (population, tables, filled.draw, estimate)
    both = pl.concat((known, answers))
    weighed = weigh(filled.draw, both)
    rows = weighed.drop_nulls("is_fake").join(answers, on="profile_id", how="semi", maintain_order="left")
    rows = rows.with_columns(
        creator_id=pl.lit(filled.design.creator_id), labelled_by=pl.lit(labelled_by), labelled_at=pl.lit(labelled_at)
    )
    labels = make_frame(TABLES["audit_labels"], rows)
    cannot_say = answers.filter(pl.col("label") == "cannot_say").select("row", "profile_id")
    others = tables["audit_labels"].filter(pl.col("labelled_by") != labelled_by)
    contradicted = _find_contradicted(labels, others, answers)
    without, after = estimate_answers(*judged, known), estimate_answers(*judged, both)
    if_real, if_fake = bound_answers(*judged, both)
    write_labels(folder, _reweigh(tables["audit_labels"], weighed, filled), labels)
    n_drawn = int(filled.draw["is_drawn"].sum())
    return Applied(without, after, if_real, if_fake, labels, cannot_say, n_drawn, n_drawn - len(answers), contradicted)


def find_population(tables: Tables, creator_id: str) -> pl.DataFrame:
    """The profiles of the creator's largest frame, the one that a report describes, by profile_id.

    Rows of the table `audience`; a profile that names no platform has its creator's.
    """
    mine = tables["audience"].filter(creator_id=creator_id)
    frames = choose_frames(mine).filter("is_measured")
    platforms = tables["creators"].select("creator_id", creators_platform="platform")
    population = mine.join(frames, on=("creator_id", "frame"), how="semi").join(platforms, on="creator_id", how="left")
    filled = population.with_columns(platform=pl.coalesce("platform", "creators_platform"))
    return filled.select(mine.columns).sort("profile_id")


def hash_population(population: pl.DataFrame) -> str:
    """SHA-256 of the creator, the frame and the ids of all profiles: what inclusion probabilities depend on."""
    names = population.select("creator_id", "frame").unique().row(0) if population.height else ()
    return hashlib.sha256("\n".join((*names, *population["profile_id"])).encode()).hexdigest()


def _earlier_batches(design: Design, labels: pl.DataFrame, read: pl.DataFrame) -> pl.DataFrame:
    """Labels of the audit's other batches, as answers: row (null), profile_id, label, stratum, batch.

    Of several people's labels the latest; without the profiles that the sheet has a label for. No rows for one draw.
    """
    drawn = labels.filter(creator_id=design.creator_id).drop_nulls("inclusion")
    latest = drawn.sort("labelled_at", "labelled_by").unique("profile_id", keep="last").sort("profile_id")
    others = latest.join(read.drop_nulls("label"), on="profile_id", how="anti", maintain_order="left")
    return others.filter(pl.lit(design.batch is not None)).select(
        "profile_id",
        "stratum",
        row=pl.lit(None, dtype=pl.Int64),
        label=pl.when("is_fake").then(pl.lit("fake")).otherwise(pl.lit("real")),
        # A draw that was settled once and is gone on with is the first batch.
        batch=pl.col("batch").fill_null(1),
    )


def _find_contradicted(labels: pl.DataFrame, others: pl.DataFrame, answers: pl.DataFrame) -> pl.DataFrame:
    key = ("creator_id", "profile_id")
    theirs = others.select(*key, their=pl.col("is_fake"), labelled_by="labelled_by")
    clashing = labels.select(*key, "is_fake").join(theirs, on=key).filter(pl.col("is_fake") != pl.col("their"))
    return clashing.join(answers, on="profile_id").sort("row", "labelled_by").select("row", "profile_id", "labelled_by")


def _find_problems(
    filled: Filled,
    read: pl.DataFrame,
    population: pl.DataFrame,
    file: Path,
    *,
    earlier: pl.DataFrame,
    before: pl.DataFrame,
) -> Iterator[Problem]:
    # Drawn from others than these tables have.
    design = filled.design
    if population.is_empty():
        expected = "a creator with an audience in these tables"
        yield Problem(expected, file.name, column="creator_id", value=design.creator_id)
    elif hash_population(population) != design.population:
        expected = "the same profiles as in these tables: they were imported anew or are others"
        yield Problem(expected, file.name, column="population", value=design.population)
    elif before.join(filled.draw, on=("profile_id", "stratum"), how="anti").height:
        expected = "the draw that the stored labels of this audit came from: begin anew (audit sample --n)"
        yield Problem(expected, file.name, column="batch", value=str(design.batch))
    # No label, of no profile of the sample, contradicted, or too few.
    word = Catalogue(design.language).text
    label, profile = word("audit.col.label"), word("audit.col.profile_id")
    words = ", ".join(repr(word(f"audit.label.{name}")) for name in ("real", "fake", "cannot_say"))
    for row, _, found in read.filter(pl.col("label").is_null()).select("row", "profile_id", "word").iter_rows():
        yield Problem(words, file.name, row=row, column=label, value=found)
    for row, found in read.filter(~pl.col("is_drawn")).select("row", "profile_id").iter_rows():
        yield Problem(_STRANGER, file.name, row=row, column=profile, value=found)
    known = read.filter("is_drawn").drop_nulls("label")
    clashing = known.filter(pl.col("label").n_unique().over("profile_id") > 1)
    first_row = pl.col("row").first().over("profile_id")
    later = clashing.select("row", "word", first=first_row).filter(pl.col("row") != pl.col("first"))
    for row, found, first in later.iter_rows():
        yield Problem(f"the same label as in row {first}: it is the same profile", file.name, row, label, found)
    n_labels = known.filter(pl.col("label") != "cannot_say")["profile_id"].n_unique() + before.height
    if n_labels < N_LABELS_NEEDED:
        expected = f"at least {N_LABELS_NEEDED} profiles with one of the first two labels"
        yield Problem(expected, file.name, column=label, value=f"{n_labels} profiles")
    # Other than the same person labelled before.
    said_before = earlier.filter(creator_id=design.creator_id).select(
        "profile_id", "labelled_by", earlier=pl.when("is_fake").then(pl.lit("fake")).otherwise(pl.lit("real"))
    )
    changed = read.drop_nulls("label").join(said_before, on="profile_id").filter(pl.col("label") != pl.col("earlier"))
    for row, found, said, name in changed.sort("row").select("row", "word", "earlier", "labelled_by").iter_rows():
        expected = f"{word(f'audit.label.{said}')!r}, as {name!r} has labelled the same profile before"
        yield Problem(expected, file.name, row=row, column=label, value=found)


def _reweigh(stored: pl.DataFrame, weighed: pl.DataFrame, filled: Filled) -> pl.DataFrame:
    """The labels there are, with the weights that they have beside those of the workbook."""
    if filled.design.batch is None:
        return forget_other_draws(stored, filled.design.creator_id, filled.draw.filter("is_drawn"))
    is_weighted = (pl.col("creator_id") == filled.design.creator_id) & pl.col("inclusion").is_not_null()
    weights = weighed.select("profile_id", of_all="inclusion")
    return stored.join(weights, on="profile_id", how="left", maintain_order="left").with_columns(
        inclusion=pl.when(is_weighted).then("of_all").otherwise("inclusion"),
        batch=pl.when(is_weighted).then(pl.col("batch").fill_null(1)).otherwise("batch"),
    )
