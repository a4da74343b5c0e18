"""Training of the creator model: who is cast, what judges, and a small run from simulation to shelf."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from creator_builder import CAST, SMALL_EVIDENCE, make_config, make_rows, no_floors
from sklearn.metrics import roc_auc_score
from training import baselines, creator, creator_fit
from training import recipe as recipe_module
from training.creator_fit import (
    CHALLENGER,
    FOREST,
    MIXTURE,
    MODEL,
    CreatorConfig,
    HeldOut,
    find_line,
    fit_challenger,
    fit_evidence,
    is_shocked,
    read_families,
    score_by_roster,
    score_left_out,
    sum_parts,
)
from training.creator_judge import compare_auc, count_found, detector_table, measure_auc, recall_table
from training.creators import RATIO, Z_SCORE, draw_campaign, draw_roles, measure_baselines
from training.creators import make_rows as make_simulated_rows
from training.evaluate import calibration_error
from training.outcomes import FEWEST, judge_outcomes, read_outcomes
from training.recipe import run, train

from zhenfen.errors import InputError
from zhenfen.estimators.creator_model import load_creator_model
from zhenfen.model_store import Models, load_models
from zhenfen.simulate import KINDS_ORGANIC, MANIPULATIONS, Campaign, Role, simulate_roles
from zhenfen.simulate.roles import AUDIENCE_MANIPULATIONS, FOLLOWER_MANIPULATIONS, POST_MANIPULATIONS
from zhenfen.tables import Tables, write_tables


@pytest.fixture(scope="module")
def models() -> Models:
    return load_models()


@pytest.fixture(scope="module", autouse=True)
def _small_forests() -> Iterator[None]:
    """The isolation forest stands beside the model for comparison, and takes longer than it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(baselines, "N_TREES", 10)
        yield


@pytest.fixture(scope="module")
def within(_small_forests: None) -> HeldOut:
    """The rows of `make_rows` by detectors that had not seen their roster: what a training takes longest for."""
    config = make_config()
    return score_by_roster(make_rows(), config, no_floors(config))


@pytest.fixture(scope="module")
def left_out(_small_forests: None) -> dict[str, HeldOut]:
    """The same by detectors that had not seen the manipulation either."""
    config = make_config()
    return score_left_out(make_rows(), config, no_floors(config))


@pytest.fixture
def _held_out_once(within: HeldOut, left_out: dict[str, HeldOut], monkeypatch: pytest.MonkeyPatch) -> None:
    """Trainings on `make_rows` judge by these, which depend on nothing else."""
    monkeypatch.setattr(creator, "score_by_roster", lambda *_: within)
    monkeypatch.setattr(creator, "score_left_out", lambda *_: left_out)


def test_cast_is_drawn_from_what_there_is() -> None:
    roles = draw_roles(CAST, np.random.default_rng(5))
    bought = [role for role in roles if role.campaign is not None]
    assert {role.kind for role in roles} == set(KINDS_ORGANIC)
    assert {role.campaign.manipulation for role in bought if role.campaign} <= set(MANIPULATIONS)
    assert 0.3 < len(bought) / len(roles) < 0.5
    assert roles == draw_roles(CAST, np.random.default_rng(5))


def test_each_roster_is_drawn_in_a_world_of_its_own() -> None:
    cast = CAST.model_copy(update={"batch_creators": (6, 6), "n_batches": 4, "search_share": 0.5})
    rosters = list(make_simulated_rows(cast, load_models(), seed=2))
    again = itertools.islice(make_simulated_rows(cast, load_models(), seed=2), 2)
    assert all(one.equals(other) for one, other in zip(rosters, again, strict=False))
    rows = pl.concat(rosters, how="diagonal_relaxed")
    assert rows.height == rows["creator_id"].n_unique() == 24
    assert set(rows["found_by"]) == {"search", "roster"}
    assert rows.group_by("twin").agg(pl.col("found_by").n_unique())["found_by"].max() == 1


@pytest.mark.parametrize(("purge_share", "purges"), [(0.0, False), (1.0, True)])
def test_platforms_purge_in_some_rosters_only(purge_share: float, purges: bool) -> None:
    cast = CAST.model_copy(update={"purge_share": purge_share})
    shocks = {role.shock for role in draw_roles(cast, np.random.default_rng(5))}
    assert ("platform_purge" in shocks) is purges


@pytest.mark.parametrize("manipulation", MANIPULATIONS)
def test_doses_lie_in_their_range(manipulation: str) -> None:
    rng = np.random.default_rng(1)
    drawn = [draw_campaign(manipulation, CAST, rng) for _ in range(400)]
    ranges = {
        **dict.fromkeys(FOLLOWER_MANIPULATIONS, CAST.follower_doses),
        **dict.fromkeys(POST_MANIPULATIONS, CAST.engagement_doses),
        **dict.fromkeys(AUDIENCE_MANIPULATIONS, CAST.audience_doses),
    }
    low, high = ranges[manipulation]
    doses = [one.dose for one in drawn]
    assert low <= min(doses) < max(doses) <= high
    covered = [one.camouflage for one in drawn]
    assert set(covered) == set(CAST.camouflages)
    assert np.mean(np.array(covered) > 0) == pytest.approx(0.75, abs=0.08)


def test_rosters_are_of_any_size_and_buy_profiles_only_where_they_can_show() -> None:
    cast = CAST.model_copy(update={"batch_creators": (12, 100)})
    rosters = [draw_roles(cast, np.random.default_rng(seed), with_audience=seed % 2 == 0) for seed in range(200)]
    sizes = [len(roles) for roles in rosters]
    assert 12 <= min(sizes) < 20
    assert 80 < max(sizes) <= 100
    # Even on the log scale: the middle is the geometric mean of the ends.
    assert np.median(sizes) == pytest.approx(np.sqrt(12 * 100), rel=0.25)
    bought = [{one.campaign.manipulation for one in roles if one.campaign} for roles in rosters]
    assert any("audience_batch" in one for one in bought[::2])
    assert not any("audience_batch" in one for one in bought[1::2])


def test_line_lets_five_percent_through() -> None:
    scores = np.arange(100.0)
    assert (scores > find_line(scores)).mean() == pytest.approx(0.05)


def test_line_counts_nothing_to_go_by_as_no_alarm() -> None:
    scores = np.r_[np.arange(50.0), np.full(50, np.nan)]
    assert (np.nan_to_num(scores, nan=-np.inf) > find_line(scores)).mean() <= 0.05


def test_many_equal_scores_never_let_more_through() -> None:
    scores = np.r_[np.zeros(80), np.ones(20)]
    assert (scores > find_line(scores)).mean() <= 0.05


def recall_of(parts: dict[str, HeldOut], detector: str) -> dict[str, float]:
    counts = count_found(parts, "dose", (0.1, 0.5)).filter(detector=detector)
    return {row["manipulation"]: row["n_found"] / row["n"] for row in counts.iter_rows(named=True)}


def test_left_out_manipulation_was_not_trained_on(within: HeldOut, left_out: dict[str, HeldOut]) -> None:
    assert set(left_out) == {"x", "y"}
    for kind, held in left_out.items():
        found = held.rows["manipulation"].drop_nulls().unique().to_list()
        assert found == [kind]
    known = dict.fromkeys(left_out, within)
    # Each shows in a family in which nothing else does: a classifier that has not seen it does not look there.
    assert min(recall_of(known, CHALLENGER).values()) > 0.8
    assert max(recall_of(left_out, CHALLENGER).values()) < 0.5


def test_the_mixture_finds_what_nobody_has_seen_as_well_as_what_is_known(
    within: HeldOut, left_out: dict[str, HeldOut]
) -> None:
    assert min(recall_of(left_out, MODEL).values()) > 0.7
    score_of = dict(zip(within.rows["creator_id"], within.scores[MODEL], strict=True))
    for held in left_out.values():
        assert held.scores[MODEL].tolist() == [score_of[one] for one in held.rows["creator_id"]]


def test_purchases_teach_the_evidence_nothing() -> None:
    rows, config = make_rows(), make_config()
    innocent = rows.filter(pl.col("is_fake") == 0)
    assert fit_evidence(rows, config, no_floors(config)) == fit_evidence(innocent, config, no_floors(config))


def test_rosters_do_not_straddle_folds(within: HeldOut) -> None:
    rows, config = make_rows(), make_config()
    assert within.rows.height == rows.height
    assert set(within.scores) == {MODEL, CHALLENGER, FOREST, "z-score of a day's growth", "followers by interactions"}
    assert np.isfinite(within.scores[MODEL]).all()
    for _, mask in creator_fit.make_folds(rows, config.n_folds, config.seed):
        assert not set(rows.filter(pl.Series(mask))["twin"]) & set(rows.filter(pl.Series(~mask))["twin"])


def test_the_challenger_never_clears_by_more_evidence() -> None:
    rows, config = make_rows(), make_config()
    turned = rows.with_columns(is_fake=1 - pl.col("is_fake"))
    families = read_families(fit_evidence(rows, config, no_floors(config)), rows)
    everything = np.ones(rows.height, dtype=np.bool_)
    right = fit_challenger(families, rows, everything, config.challenger).weights
    assert min(right["jump"], right["likes"]) > 0
    assert right["audience"] == 0
    assert max(fit_challenger(families, turned, everything, config.challenger).weights.values()) == 0


def test_shocked_are_innocent() -> None:
    rows = make_rows()
    assert (rows.filter(pl.Series(is_shocked(rows)))["is_fake"] == 0).all()


def test_tables_name_every_slice() -> None:
    rows = make_rows(300)
    held = HeldOut(rows, {"a": rows["growth_a"].to_numpy(), "b": np.full(rows.height, np.nan)})
    counts = count_found({"x": held}, "dose", (0.1, 0.3, 0.5))
    text = recall_table(counts, "a")
    assert "| bought | 0.1–0.3 | 0.3–0.5 |" in text
    assert detector_table(counts, ["0.1–0.3"]).splitlines()[-1].startswith("| all |")
    assert counts.filter(detector="b")["n_found"].sum() == 0


def test_calibration_error_of_a_perfect_and_of_a_sure_wrong_model() -> None:
    labels = np.array([0.0, 1.0] * 50)
    assert calibration_error(labels, np.full(100, 0.5), np.ones(100)) == pytest.approx(0.0)
    assert calibration_error(labels, 1 - labels, np.ones(100)) == pytest.approx(1.0)


def test_baselines_by_hand() -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    counts = [100, 110, 120, 130, 140, 340]
    tables = Tables(
        {
            "creators": pl.DataFrame({"creator_id": ["a", "b"], "platform": ["weibo"] * 2, "n_followers": [340, 50]}),
            "follower_counts": pl.DataFrame(
                {
                    "creator_id": ["a"] * 6,
                    "observed_at": [start + timedelta(days=day) for day in range(6)],
                    "n_followers": counts,
                }
            ),
            "posts": pl.DataFrame(
                {
                    "post_id": ["p", "q"],
                    "creator_id": ["a", "a"],
                    "n_likes": [10, 24],
                    "n_comments": [0, 0],
                    "n_shares": [0, 0],
                }
            ),
        }
    )
    found = measure_baselines(tables).sort("creator_id")
    gains = np.diff(counts)
    assert found[Z_SCORE].to_list() == [pytest.approx((gains.max() - gains.mean()) / gains.std(ddof=1)), None]
    assert found[RATIO].to_list() == [pytest.approx(340 / 17), None]


@pytest.mark.usefixtures("_held_out_once")
@pytest.mark.parametrize(
    ("gain", "kind"),
    [((0.02, 0.001, 0.04), "linear"), ((0.02, 0.0, 0.04), "mixture"), ((0.02, -0.01, 0.05), "mixture")],
)
def test_the_challenger_takes_over_only_where_its_interval_lies_above_zero(
    gain: tuple[float, float, float], kind: str, models: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(creator, "compare_left_out", lambda _left_out, _seed: gain)
    rows, config = make_rows(), make_config()
    data = creator.CreatorData(rows, rows.head(60), no_floors(config))
    trained, _, judged = train(creator.CreatorRecipe(config, models), data, ())
    assert judged.detector == (CHALLENGER if kind == "linear" else MODEL)
    assert (" takes over" in trained.card) is (kind == "linear")
    assert ("does not take over" in trained.card) is (kind == "mixture")


def test_the_compared_interval_is_paired_and_by_rosters() -> None:
    rng = np.random.default_rng(0)
    labels, rosters = np.repeat([0, 1], 200), np.arange(400) % 20
    good = labels + rng.normal(0, 1, 400)
    better = labels + rng.normal(0, 0.3, 400)
    gain, low, high = compare_auc(labels, better, good, rosters, seed=1, n_draws=100)
    assert 0 < low < gain < high
    assert compare_auc(labels, good, good, rosters, seed=1, n_draws=100) == (0.0, 0.0, 0.0)
    assert compare_auc(labels, good, better, rosters, seed=1, n_draws=100)[0] == pytest.approx(-gain)


def test_the_compared_auc_is_scikit_learns() -> None:
    rng = np.random.default_rng(4)
    labels, weight = rng.integers(2, size=200), rng.integers(4, size=200).astype(np.float64)
    for scores in (rng.normal(labels), rng.integers(5, size=200) + labels, np.zeros(200)):
        ranks = np.unique(scores, return_inverse=True)[1]
        expected = roc_auc_score(labels, scores, sample_weight=weight)
        assert measure_auc(labels, ranks, weight) == pytest.approx(expected, rel=1e-12)


def own_creators(n: int = 300, *, noise: float) -> pl.DataFrame:
    """An agency's creators: what is bought shows in growth_a alone; engagement_b scatters with everybody."""
    rng = np.random.default_rng(8)
    is_fake = np.arange(n) % 2
    rows = {
        "creator_id": [f"own{at}" for at in range(n)],
        "is_fake": is_fake,
        "growth_a": rng.normal(2.0 * is_fake),
        "engagement_b": noise * rng.normal(size=n),
    }
    return pl.DataFrame(rows).with_columns(source=pl.lit("outcomes"), twin="creator_id")


@pytest.mark.usefixtures("_held_out_once")
@pytest.mark.parametrize(("noise", "takes_over"), [(4.0, True), (0.5, False)])
def test_an_agencys_outcomes_let_the_challenger_take_over_where_it_wins(
    noise: float, takes_over: bool, models: Models
) -> None:
    rows, config = make_rows(), make_config()
    own = own_creators(noise=noise)
    data = creator.CreatorData(rows, rows.head(60), no_floors(config))
    trained, _, judged = train(creator.CreatorRecipe(config, models, own), data, ())
    assert (judged.gain[1] > 0) is takes_over
    assert judged.detector == (CHALLENGER if takes_over else MODEL)
    assert "on an agency's outcomes" in trained.card
    weights = judged.outcomes.combination.weights
    if takes_over:
        assert weights["jump"] > 5 * weights["likes"]
        # All simulated creators are held out of a challenger that has seen none of them.
        assert judged.within.rows.height == rows.height


def test_outcomes_are_judged_by_challengers_that_had_not_seen_them() -> None:
    """Labels that nothing tells: cross-validated scores tell nothing either."""
    config = make_config()
    evidence = fit_evidence(make_rows(), config, no_floors(config))
    own = own_creators(noise=1.0).with_columns(pl.col("growth_a").shuffle(seed=2))
    families = read_families(evidence, own)
    found = judge_outcomes(families, own, config.challenger, 5, seed=1)
    assert found.labels.tolist() == own["is_fake"].to_list()
    assert np.array_equal(found.mixture, sum_parts(MIXTURE, families))
    assert np.isfinite(found.challenger).all()
    auc = compare_auc(found.labels, found.challenger, np.zeros(own.height), np.arange(own.height), seed=1, n_draws=100)
    assert auc[1] < 0 < auc[2]


# From simulation to shelf


@pytest.fixture(scope="module")
def simulated() -> list[pl.DataFrame]:
    cast = CAST.model_copy(update={"batch_creators": (24, 24), "n_batches": 6, "follower_doses": (0.2, 0.5)})
    return list(make_simulated_rows(cast, load_models(), seed=5))


@pytest.fixture
def small_run(simulated: list[pl.DataFrame], monkeypatch: pytest.MonkeyPatch) -> CreatorConfig:
    """Real training steps on rosters made once, without the public data."""
    config = make_config(SMALL_EVIDENCE)

    def make_injected(*_: object) -> Iterator[pl.DataFrame]:
        yield simulated[0].with_columns(source=pl.lit("injected"))

    monkeypatch.setattr(creator, "make_rows", lambda *_: iter(simulated))
    monkeypatch.setattr(creator, "make_injected", make_injected)
    monkeypatch.setattr(creator, "find_floors", lambda *_: no_floors(config))
    return config


@pytest.mark.filterwarnings("ignore")
def test_a_small_run_goes_from_the_simulation_to_the_shelf(
    small_run: CreatorConfig, simulated: list[pl.DataFrame], models: Models, tmp_path: Path
) -> None:
    pytest.importorskip("mlflow")
    # The store is made as well.
    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    written = run(creator.CreatorRecipe(small_run, models), tmp_path, tmp_path / "models", uri)
    model = load_creator_model(written)
    assert model.evidence.columns == (
        *small_run.measurements, "audience_share_low",
    )  # fmt: skip
    rows = pl.concat(simulated, how="diagonal_relaxed")
    p = model.predict(rows)["p_manipulated"]
    burst = (rows["manipulation"] == "follower_burst").fill_null(value=False)
    assert p.filter(burst).mean() > p.filter(rows["is_fake"] == 0).mean()
    assert 0 < model.lines.elevated_from <= model.lines.high_from < 1
    card = (written / "card.md").read_text(encoding="utf-8")
    for name in small_run.measurements:
        assert f"| {name} |" in card
    innocent = rows.filter((pl.col("is_fake") == 0) & pl.col("shock").is_not_null())
    assert (model.predict(innocent)["p_manipulated"] > model.lines.elevated_from).mean() <= 0.15


N_OUTCOMES = FEWEST + 2


@pytest.fixture(scope="module")
def agency(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tables of creators of whom the second half bought a burst of followers."""
    campaigns = [None] * N_OUTCOMES + [Campaign("follower_burst", 0.35)] * N_OUTCOMES
    roles = [Role("koc", "weibo", campaign=campaign) for campaign in campaigns]
    folder = tmp_path_factory.mktemp("agency")
    made = simulate_roles(roles, seed=4, n_days=90, with_texts=False)
    write_tables(made.tables, folder / "tables")
    truth = made.truth.select("creator_id", is_manipulated=pl.col("is_manipulated").cast(pl.String))
    truth.write_csv(folder / "outcomes.csv")
    return folder


def change_outcomes(agency: Path, folder: Path, change: pl.Expr | None = None, **options: object) -> Path:
    found = pl.read_csv(agency / "outcomes.csv", infer_schema=False)
    changed = found if change is None else found.with_columns(change)
    for name, value in options.items():
        changed = getattr(changed, name)(value)
    changed.write_csv(folder / "outcomes.csv")
    return folder / "outcomes.csv"


def test_outcomes_are_read_with_what_the_model_reads(agency: Path, models: Models) -> None:
    rows = read_outcomes(agency / "tables", agency / "outcomes.csv", models)
    assert rows.height == 2 * N_OUTCOMES
    assert rows["is_fake"].sum() == N_OUTCOMES
    assert rows["twin"].n_unique() == rows.height
    assert set(SMALL_EVIDENCE["jump"]) <= set(rows.columns)
    jumps = rows.group_by("is_fake").agg(pl.col("growth_undriven_jump_90d").median()).sort("is_fake")
    assert jumps["growth_undriven_jump_90d"][1] > 2 * jumps["growth_undriven_jump_90d"][0]


@pytest.mark.parametrize(("yes", "no"), [("TRUE", "False"), ("1", "0"), (" yes ", "no")])
def test_true_and_false_in_other_words(yes: str, no: str, agency: Path, models: Models, tmp_path: Path) -> None:
    said = pl.col("is_manipulated").replace({"true": yes, "false": no})
    rows = read_outcomes(agency / "tables", change_outcomes(agency, tmp_path, said), models)
    assert rows["is_fake"].sum() == N_OUTCOMES


@pytest.mark.parametrize("column", ["creator_id", "is_manipulated"])
def test_a_missing_column_is_named(column: str, agency: Path, models: Models, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=column):
        read_outcomes(agency / "tables", change_outcomes(agency, tmp_path, drop=column), models)


def test_a_value_that_is_neither_is_named_with_its_row(agency: Path, models: Models, tmp_path: Path) -> None:
    doubt = pl.when(pl.int_range(pl.len()) == 3).then(pl.lit("maybe")).otherwise("is_manipulated")
    outcomes = change_outcomes(agency, tmp_path, doubt.alias("is_manipulated"))
    with pytest.raises(InputError, match="true or false") as caught:
        read_outcomes(agency / "tables", outcomes, models)
    assert [(one.row, one.value) for one in caught.value.problems] == [(5, "maybe")]


def test_an_unknown_id_is_named(agency: Path, models: Models, tmp_path: Path) -> None:
    other = pl.when(pl.int_range(pl.len()) == 3).then(pl.lit("stranger")).otherwise("creator_id")
    with pytest.raises(InputError, match="stranger"):
        read_outcomes(agency / "tables", change_outcomes(agency, tmp_path, other.alias("creator_id")), models)


@pytest.mark.parametrize(("kept", "words"), [("false", "true"), ("true", "false")])
def test_too_few_of_either_sort_are_no_outcomes(
    kept: str, words: str, agency: Path, models: Models, tmp_path: Path
) -> None:
    few = (pl.col("is_manipulated") == kept) | (pl.int_range(pl.len()).over("is_manipulated") < FEWEST - 1)
    outcomes = change_outcomes(agency, tmp_path, filter=few)
    with pytest.raises(InputError, match=f"{FEWEST} creators or more with {words}") as caught:
        read_outcomes(agency / "tables", outcomes, models)
    assert [one.value for one in caught.value.problems] == [str(FEWEST - 1)]


@pytest.mark.filterwarnings("ignore")
def test_a_run_with_outcomes_reaches_the_shelf(  # noqa: PLR0917
    small_run: CreatorConfig,
    agency: Path,
    models: Models,
    tmp_path: Path,
    store_uri: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    own = read_outcomes(agency / "tables", agency / "outcomes.csv", models)
    # The run without outcomes logs its model.
    monkeypatch.setattr(recipe_module, "log_shelf", lambda *_: None)
    recipe = creator.CreatorRecipe(small_run, models, own)
    written = run(recipe, tmp_path, tmp_path / "models", store_uri)
    model = load_creator_model(written)
    card = (written / "card.md").read_text(encoding="utf-8")
    assert "on an agency's outcomes" in card
    assert (model.combination.kind == "linear") is (" takes over: " in card)
    assert (model.combination.kind == "mixture") is ("does not take over: " in card)
