"""The training of the comment model: its data, its made-up texts, and one real run on tiny simulated sources."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from training import comment as script
from training.comment_fit import CommentConfig, calibrate, draw_rows, fit_advert
from training.comments import CONTACT_CODE, load_comments, mark_twins, outside, weigh
from training.disguises import disguise, load_disguises
from training.evaluate import choose_threshold, with_both_labels
from training.fillers import load_fillers, make_fillers, praise_pattern
from training.recipe import run, train
from training.shelf import write_shelf
from training.solicitations import make_praises, make_solicitations
from training.under_posts import UNDER_POSTS

from zhenfen.config import config_dir, models_dir, read_config
from zhenfen.estimators.comment_model import load_comment_model
from zhenfen.estimators.manifest import read_manifest
from zhenfen.shelf import TrainingSource
from zhenfen.text.normalise import normalise_texts

SHIPPED = read_config(config_dir() / "models" / "comment.yaml", CommentConfig)
TINY = SHIPPED.model_copy(
    update={
        "n_folds": 2,
        "advert": SHIPPED.advert.model_copy(update={"n_buckets": 2**12, "n_solicitations": 50}),
        "filler": SHIPPED.filler.model_copy(update={"n_buckets": 2**10, "n_praises": 50}),
        "praise": SHIPPED.praise.model_copy(update={"n_buckets": 2**10, "n_praises": 50}),
    }
)
SOURCES = [TrainingSource(source="one", rows=1, sha256="0" * 64, terms="simulated")]


def make_comments(seed: int = 1) -> pl.DataFrame:
    """Two sources with adverts, two without, one of which only judges; sentences of words that differ by label."""
    rng = np.random.default_rng(seed)
    talk = np.array(["今天", "视频", "好看", "朋友", "回家", "吃饭", "觉得", "这个", "天气", "老师"])
    ads = np.array(make_solicitations(200, rng).to_list())
    frames = []
    for source, has_adverts, ships in (
        ("one", True, True),
        ("two", True, True),
        ("three", False, True),
        ("jd", False, False),
    ):
        genuine = ["".join(rng.choice(talk, 6)) + source for _ in range(60)]
        adverts = [*rng.choice(ads, 40, replace=False)] if has_adverts else []
        frame = pl.DataFrame({"text": [*genuine, *adverts], "label": ["genuine"] * 60 + ["advert"] * len(adverts)})
        frames.append(
            frame.with_columns(source=pl.lit(source), platform=pl.lit("weibo"), part=pl.lit("0"), ships=ships)
        )
    rows = pl.concat(frames).with_columns(is_fake=(pl.col("label") == "advert").cast(pl.Int8))
    rows = rows.with_columns(normalised=normalise_texts(rows["text"]))
    parts = pl.when(pl.col("source") == "jd").then((pl.int_range(pl.len()) % 2).cast(pl.String)).otherwise("part")
    return mark_twins(rows.with_columns(part=parts))


def make_weak_fillers() -> pl.DataFrame:
    comments = make_comments(2).filter(label="genuine").select("source", "normalised")
    single = comments.filter(pl.col("source") != "jd").with_columns(kind=pl.lit("other"))
    stock = {"filler": ("沙发", "顶", "支持", "签到"), "praise": ("好美", "太棒了", "真好看", "爱了")}
    rows = [
        {"source": source, "normalised": text, "kind": kind}
        for source in ("one", "two")
        for kind, texts in stock.items()
        for text in texts
    ]
    return mark_twins(pl.concat((single, pl.DataFrame(rows))))


COMMENTS = make_comments()


@pytest.fixture(scope="module")
def trained() -> tuple[Any, Any]:
    trained, _, judged = train(script.CommentRecipe(TINY), script.CommentData(COMMENTS, make_weak_fillers()), SOURCES)
    return trained, judged


def test_one_run_from_rows_to_a_shelf_that_loads(trained: tuple[Any, Any], tmp_path: Path) -> None:
    result, judged = trained
    model = load_comment_model(write_shelf(result, tmp_path, TINY))
    probas = model.predict(COMMENTS["normalised"])["p_advert"].to_numpy()
    is_advert = COMMENTS["is_fake"].to_numpy() == 1
    assert probas[is_advert].mean() > probas[~is_advert].mean() + 0.3
    assert model.thresholds == pytest.approx(judged.thresholds)
    kinds = model.manifest.kinds
    assert {one.source for one in kinds["advert"].validations_across} == {"one", "two"}
    assert sum(one.n_fake for one in kinds["advert"].validations) == is_advert.sum()
    assert kinds["praise"].threshold == judged.thresholds["praise"]
    spoken = model.predict(pl.Series(["签到", "太棒了"]))
    assert spoken["p_filler"][0] > spoken["p_filler"][1]
    assert spoken["p_praise"][1] > spoken["p_praise"][0]


@pytest.mark.filterwarnings("ignore")
def test_a_run_leaves_parameters_figures_and_files(
    tmp_path: Path, store_uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import mlflow

    data = script.CommentData(COMMENTS, make_weak_fillers())
    monkeypatch.setattr(script.CommentRecipe, "data", lambda recipe, folder: (data, SOURCES))
    written = run(script.CommentRecipe(TINY), tmp_path, tmp_path / "models", store_uri)
    (tracked,) = mlflow.MlflowClient(store_uri).search_runs([mlflow.get_experiment_by_name("comment").experiment_id])
    assert tracked.data.params["advert.penalty"] == str(TINY.advert.penalty)
    assert tracked.data.tags["data.one.sha256"] == "0" * 64
    assert tracked.data.metrics["across.one.auc"] > 0.8
    logged = {path.name for path in (tmp_path / "mlruns").rglob("*") if path.is_file()}
    figures = {f"{view}_{curve}.png" for view in ("within", "across") for curve in ("calibration", "precision_recall")}
    assert logged >= {*(path.name for path in written.iterdir()), *figures}


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        fit_advert(COMMENTS, TINY.advert, 3).save(tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_doubtful_lines_are_not_learned_from() -> None:
    """Adverts that somebody called genuine; without the doubt they would be learned as genuine."""
    adverts = COMMENTS.filter(source="one", label="advert")
    wrong = adverts.head(12).with_columns(label=pl.lit("genuine"), is_fake=pl.lit(0, pl.Int8))
    rows = pl.concat((COMMENTS.filter(~pl.col("text").is_in(wrong["text"].implode())), wrong))
    trusting = TINY.advert.model_copy(update={"doubtful_above": 1e9})
    doubting, believing = (
        fit_advert(rows, config, 3).decision_function(wrong["normalised"]).mean() for config in (TINY.advert, trusting)
    )
    assert doubting > believing


def test_what_is_left_out_leaves_no_twin_behind() -> None:
    texts = ["加微信☎出售金币十个", "加微信☎出售金币十万个", "别的"]
    frame = pl.DataFrame({"normalised": texts, "source": ["a", "b", "b"], "label": ["advert"] * 2 + ["genuine"]})
    rows = mark_twins(frame.with_columns(ships=True))
    held = (rows["source"] == "a").to_numpy()
    assert outside(rows, held).tolist() == [False, False, True]


def test_numbers_make_no_difference_between_twins() -> None:
    rows = mark_twins(pl.DataFrame({"normalised": ["出12个", "出98765个", "收12个", "好", "好"]}))
    twins = rows["twin"].to_list()
    assert twins[0] == twins[1]
    assert twins[3] == twins[4]
    assert len(set(twins)) == 3


def test_weights_are_even_between_labels_and_roots_between_sources() -> None:
    rows = pl.DataFrame({"source": ["a"] * 16 + ["b"] * 4 + ["a"], "label": ["genuine"] * 20 + ["advert"]})
    weight = weigh(rows)
    assert weight.mean() == pytest.approx(1)
    assert weight[:20].sum() == pytest.approx(weight[20:].sum())
    assert weight[:16].sum() == pytest.approx(2 * weight[16:20].sum())


def test_labelled_comments_under_posts_weigh_more() -> None:
    rows = pl.DataFrame({"source": ["a"] * 4 + ["under_weibo"] * 4, "label": ["genuine", "advert"] * 4})
    weight = weigh(rows, 20.0)
    assert weight[4:].sum() == pytest.approx(20 * weight[:4].sum())


def test_drawn_rows_are_as_many_as_said() -> None:
    drawn = draw_rows(COMMENTS, 25, 1)
    assert drawn.group_by("source", "label").len()["len"].max() == 25
    assert drawn.equals(draw_rows(COMMENTS, 25, 1))


def test_the_threshold_flags_no_source_more_than_it_may() -> None:
    rng = np.random.default_rng(1)
    rows = pl.DataFrame({"source": ["a"] * 500 + ["b"] * 500})
    probas = np.concatenate((rng.uniform(0, 0.5, 500), rng.uniform(0, 0.9, 500)))
    threshold = choose_threshold(rows, probas, 0.02)
    shares = [(probas[:500] >= threshold).mean(), (probas[500:] >= threshold).mean()]
    assert shares[0] == 0
    assert 0.01 < shares[1] <= 0.02


def test_calibration_is_at_even_shares() -> None:
    rng = np.random.default_rng(1)
    rows = pl.DataFrame({"source": ["a"] * 2000, "is_fake": [1] * 200 + [0] * 1800})
    scores = np.concatenate((rng.normal(1, 1, 200), rng.normal(-1, 1, 1800)))
    probas = calibrate(rows, scores, "platt").apply(np.array([0.0]))
    assert probas[0] == pytest.approx(0.5, abs=0.06)


@pytest.mark.parametrize(
    ("text", "is_code"),
    [
        ("加微信abc123", True),
        ("qq 12345678", True),
        ("群：87654321", True),
        ("今天赚了100金币", False),
        ("微信更新了", False),
    ],
)
def test_contact_codes(text: str, is_code: bool) -> None:
    assert normalise_texts(pl.Series([text])).str.contains(CONTACT_CODE).item() == is_code


class TestMadeTexts:
    def test_solicitations_fill_every_slot_and_repeat_by_seed(self) -> None:
        texts = make_solicitations(2000, np.random.default_rng(1))
        assert not texts.str.contains(r"[{}]").any()
        assert texts.null_count() == 0
        assert texts.n_unique() > 1500
        assert texts.equals(make_solicitations(2000, np.random.default_rng(1)))
        assert make_solicitations(0, np.random.default_rng(1)).len() == 0

    def test_praises_are_short_and_are_praise_by_the_weak_label(self) -> None:
        texts = normalise_texts(make_praises(500, np.random.default_rng(1)))
        assert texts.str.len_chars().max() < 40
        assert texts.str.contains(praise_pattern()).mean() > 0.9
        assert (
            not normalise_texts(pl.Series(["", "沙发", "这条裤子太小了", "关注我"]))
            .str.contains(praise_pattern())
            .any()
        )

    def test_fillers_are_short_and_different(self) -> None:
        texts = make_fillers(np.random.default_rng(1))
        assert texts.is_unique().all()
        assert texts.str.len_chars().is_between(1, 24).all()

    @pytest.mark.parametrize("name", load_disguises())
    def test_a_disguise_changes_what_it_can_and_keeps_nulls(self, name: str) -> None:
        texts = pl.Series(["加微信号abc12345，出售账号，价格优惠，联系我们", None, "", "…"])
        changed = load_disguises()[name](texts, np.random.default_rng(2))
        assert changed[0] != texts[0]
        assert changed[1] is None
        assert changed[2] == ""
        assert changed.equals(load_disguises()[name](texts, np.random.default_rng(2)))

    @pytest.mark.parametrize("name", ["spacing", "emoji", "traditional"])
    def test_normalising_sees_through_signs_and_traditional_characters(self, name: str) -> None:
        texts = pl.Series(["出售账号价格优惠联系我们", "长期收购会员"])
        changed = load_disguises()[name](texts, np.random.default_rng(2))
        assert normalise_texts(changed).to_list() == normalise_texts(texts).to_list()

    def test_each_text_gets_one_of_them(self) -> None:
        texts = pl.Series(["加微信号abc12345，出售账号，价格优惠"] * 50)
        assert disguise(texts, np.random.default_rng(1)).n_unique() > 20


@pytest.fixture(scope="module")
def comments(data_dir: Path) -> pl.DataFrame:
    return load_comments(data_dir, with_judges=True)


@pytest.mark.data
class TestPublicData:
    def test_the_known_traps_are_stepped_around(self, comments: pl.DataFrame) -> None:
        game = comments.filter(source="gamechat", label="genuine")
        assert not game["normalised"].str.contains(CONTACT_CODE).any()
        # Under posts a post and an author are one twin, whatever was written.
        chats = comments.filter(~pl.col("source").is_in(UNDER_POSTS))
        labels = chats.group_by("twin").agg(pl.col("label").n_unique())
        assert labels["label"].max() == 1
        assert comments.select("source", "normalised", "label").is_unique().all()
        assert set(comments.filter(~pl.col("ships"))["source"]) == {"jd", "douyin_xhs"}

    def test_sources_that_judge_are_those_with_both_labels(self, comments: pl.DataFrame) -> None:
        labelled = comments.with_columns(is_fake=(pl.col("label") == "advert").cast(pl.Int8))
        chats = {"livechat", "gamechat", "qqgroup"}
        # Of Douyin one advert is labelled: it judges false alarms only.
        assert set(with_both_labels(labelled)["source"]) == {*chats, *UNDER_POSTS}
        enough = {"under_bilibili", "under_weibo", "under_xiaohongshu"}
        assert set(script.with_enough_adverts(labelled)["source"]) == {*chats, *enough}

    def test_readers_who_differ_on_an_advert_teach_nothing(self, comments: pl.DataFrame) -> None:
        own = comments.filter(pl.col("source").is_in(UNDER_POSTS))
        assert set(own.filter(label="advert")["part"]) == {"advert"}
        assert "advert" not in set(own.filter(label="genuine")["part"])

    def test_comments_of_one_post_or_author_are_tied(self, comments: pl.DataFrame) -> None:
        own = comments.filter(source="under_xiaohongshu")
        assert own["twin"].n_unique() < 0.9 * own.height
        assert own["twin"].value_counts()["count"].max() < 20

    def test_weak_fillers_stand_in_many_places(self, data_dir: Path) -> None:
        fillers = load_fillers(data_dir)
        positive = fillers.filter(kind="filler")
        assert {"哈哈", "支持"} <= set(positive["normalised"])
        assert {"太美了", "好可爱"} <= set(fillers.filter(kind="praise")["normalised"])
        assert positive["normalised"].str.len_chars().median() < fillers["normalised"].str.len_chars().median()

    def test_the_shelf_was_trained_on_these(self, data_dir: Path) -> None:
        manifest = read_manifest(models_dir() / "comment" / "2")
        hashes = {one.name: one.sha256(data_dir) for one in script.SOURCES if one.ships}
        assert {one.source: one.sha256 for one in manifest.trained_on} == hashes
