"""Labels of comments and posts made at the desk teach: they are read, counted and told, and no creator is split."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from desk_builder import label_all, real_models
from encoder_builder import LoudEncoder
from test_comment_training import COMMENTS, TINY, make_weak_fillers
from training import comment as script
from training import comments as loaders
from training.comments import CommentSource, load_comments
from training.fillers import load_fillers
from training.post import PostRecipe
from training.posts import SOURCES, load_posts, place_audits, weigh
from training.recipe import train
from training.shelf import write_shelf
from training.split import make_folds
from training.text_audits import AUDITS, COLUMNS, TextAudits, read_text_audits, take_comments, take_posts

from zhenfen.desk_cases.audit import draw, export_labels
from zhenfen.desk_cases.labelling import Kind, Labelling
from zhenfen.desk_cases.project import TABLES, open_projects
from zhenfen.errors import InvalidTableError, MissingTableError
from zhenfen.estimators.manifest import read_manifest
from zhenfen.simulate import simulate
from zhenfen.tables import write_tables

TEXTS = {
    "advert": "加微信领红包，名额{}个",
    "genuine": "今天和朋友回家吃饭{}",
    "filler": "签到{}",
    "cannot_say": "看不懂{}",
}


def label_at_the_desk(folder: Path, kind: Kind, labels: list[str], texts: list[str], n: int = 40) -> Path:
    """A folder with the desk's file of each of two creators; every third text has a second person's label too."""
    tables = simulate(["burst_buyer", "organic_small"], seed=3, platforms=["weibo"]).tables
    table, key = {"comment": ("comments", "comment_id"), "post": ("posts", "post_id")}[kind]
    rows = tables[table].sort(key)
    place = pl.int_range(pl.len()) % len(texts)
    numbered = pl.concat_str(
        place.replace_strict(range(len(texts)), texts), pl.lit(" "), pl.int_range(pl.len()).cast(str)
    )
    tables = tables.replace(**{table: rows.with_columns(text=numbered)})
    said = dict(zip(rows[key], (labels[at % len(labels)] for at in range(rows.height)), strict=True))
    projects = open_projects(folder)
    project_id = projects.make("试", "tester").project_id
    home = projects.place(project_id) / TABLES
    write_tables(tables, home)
    labelling, given = Labelling(projects.database), folder / "labels"
    given.mkdir()
    for creator_id in tables["creators"]["creator_id"].sort():
        audit = labelling.begin(draw(home, project_id, creator_id, kind, n, 1, real_models(), "chen"))
        label_all(projects, audit, said, by="local")
        label_all(projects, audit, {one: said[one] for one in audit.order[::3]}, by="lou")
        content = export_labels(home, labelling.read(audit))
        (given / f"{kind}_labels_{creator_id}.csv").write_bytes(content)
    return given


@pytest.fixture(scope="module")
def comments_given(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("desk")
    return label_at_the_desk(folder, "comment", list(TEXTS), [one.format("") for one in TEXTS.values()])


@pytest.fixture(scope="module")
def posts_given(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("desk")
    texts = ["赶紧下单，链接在评论区", "今天去散步了，感觉还行", "说不好"]
    return label_at_the_desk(folder, "post", ["sponsored", "not_sponsored", "cannot_say"], texts, n=25)


def test_what_was_said_at_the_desk_is_what_teaches(comments_given: Path) -> None:
    rows, source = take_comments(read_text_audits(comments_given, "comment"))
    by_start = {text.format("")[:2]: label for label, text in TEXTS.items()}
    assert rows["text"].str.head(2).replace_strict(by_start).to_list() == rows["part"].to_list()
    assert set(rows["part"]) == {"advert", "genuine", "filler"}
    assert ((rows["part"] == "advert") == (rows["label"] == "advert")).all()
    assert rows["platform"].unique().to_list() == ["weibo"]
    assert rows["author"].null_count() == 0
    assert source.rows == rows.height
    whole = read_text_audits(comments_given, "comment").rows.height
    assert f"{whole - rows.height} left out" in source.terms
    assert "2 creators" in source.terms
    # Two in three were labelled by nobody who gave a name.
    n_unnamed = int(source.terms.split("creators; ")[1].split(" ")[0])
    assert 0.6 * whole < n_unnamed < 0.7 * whole


def make_rows(said: list[tuple[str | None, str | None]]) -> TextAudits:
    kinds = {f"kind_{one}": [pair[at] for pair in said] for at, one in enumerate("ab")}
    base = {name: [str(at) for at in range(len(said))] for name in COLUMNS if not name.startswith("kind")}
    return TextAudits(pl.DataFrame({**base, **kinds}, dict.fromkeys((*base, *kinds), pl.String)), "0" * 64)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("advert", None, ("advert", "advert")),
        (None, "filler", ("genuine", "filler")),
        ("genuine", "genuine", ("genuine", "genuine")),
        ("filler", "genuine", ("genuine", "contested")),
        ("advert", "genuine", None),
        ("unclear", None, None),
        ("advert", "unclear", None),
        ("unclear", "genuine", None),
    ],
)
def test_people_who_differ_on_an_advert_or_cannot_tell_teach_nothing(
    first: str | None, second: str | None, expected: tuple[str, str] | None
) -> None:
    rows, source = take_comments(make_rows([(first, second)]))
    assert rows.select("label", "part").rows() == ([] if expected is None else [expected])
    assert f"{int(expected is None)} left out" in source.terms


@pytest.mark.parametrize(
    ("first", "second", "y"),
    [
        ("sponsored", None, 1.0),
        ("not_sponsored", "sponsored", 0.5),
        ("unclear", "not_sponsored", 0.0),
        ("unclear", None, None),
    ],
)
def test_a_post_sounds_sponsored_to_a_share_of_people(first: str | None, second: str | None, y: float | None) -> None:
    rows, _ = take_posts(make_rows([(first, second)]))
    assert rows["y"].to_list() == ([] if y is None else [y])


def spoil(given: Path, folder: Path, old: str, new: str) -> Path:
    source = min(given.iterdir())
    path = folder / source.name
    path.write_text(source.read_text("utf-8").replace(old, new), "utf-8")
    return path


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (",advert,", ",nonsense,", "nonsense"),
        (",kind_b,", ",kind_c,", "kind_b"),
        (",author_id,", ",whoever,", "author_id"),
    ],
)
def test_a_file_that_is_not_the_desks_is_refused(
    comments_given: Path, tmp_path: Path, old: str, new: str, said: str
) -> None:
    with pytest.raises(InvalidTableError, match=said):
        read_text_audits(spoil(comments_given, tmp_path, old, new), "comment")


def test_an_item_with_two_labels_is_refused_and_the_same_file_twice_is_one(
    comments_given: Path, tmp_path: Path
) -> None:
    first = min(comments_given.iterdir())
    for name in ("comment_labels_a.csv", "comment_labels_a (1).csv"):
        (tmp_path / name).write_bytes(first.read_bytes())
    assert read_text_audits(tmp_path, "comment").rows.equals(read_text_audits(first, "comment").rows)
    spoil(comments_given, tmp_path, ",advert,", ",genuine,")
    with pytest.raises(InvalidTableError, match="one row an item"):
        read_text_audits(tmp_path, "comment")


def test_too_few_or_none_are_refused(comments_given: Path, tmp_path: Path) -> None:
    with pytest.raises(MissingTableError, match=r"comment_labels\*\.csv"):
        read_text_audits(tmp_path, "comment")
    with pytest.raises(MissingTableError, match="post_labels"):
        read_text_audits(comments_given, "post")
    lines = min(comments_given.iterdir()).read_text("utf-8").split("\n")
    (tmp_path / "comment_labels.csv").write_text("\n".join(lines[:30]), "utf-8")
    with pytest.raises(MissingTableError, match="29 labels"):
        read_text_audits(tmp_path, "comment")


def test_a_text_that_looks_like_a_formula_comes_back_as_it_was(tmp_path: Path) -> None:
    texts = ["=HYPERLINK(1) 加微信", "+1", "@某人 好看", "'quoted'"]
    given = label_at_the_desk(tmp_path, "comment", ["genuine"], texts)
    read = read_text_audits(given, "comment").rows["text"]
    assert set(read.str.split(" ").list.first()) == {"=HYPERLINK(1)", "+1", "@某人", "'quoted'"}


def write_public(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tiny public sets in the place of the real ones."""
    sources = []
    for name, ships in (("one", True), ("two", True), ("three", True), ("jd", False)):
        own = COMMENTS.filter(source=name).select("text", "label", "part")
        own.write_parquet(folder / f"{name}.parquet")
        sources.append(CommentSource(name, "weibo", f"{name}.parquet", "made up", lambda raw: raw, ships=ships))
    for module in (loaders, script):
        monkeypatch.setattr(module, "SOURCES", tuple(sources))
    monkeypatch.setattr(loaders, "tie_posts", lambda rows, _: rows)


def test_a_training_uses_them_and_its_card_counts_them(
    comments_given: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_public(tmp_path, monkeypatch)
    heard: list[Any] = []
    monkeypatch.setattr(script, "load_fillers", lambda _, labelled: heard.append(labelled) or make_weak_fillers())
    recipes = {"with": script.CommentRecipe(TINY, 0, comments_given), "without": script.CommentRecipe(TINY)}
    cards, probas, written = {}, {}, {}
    for name, recipe in recipes.items():
        data, sources = recipe.data(tmp_path)
        trained, *_ = train(recipe, data, sources)
        written[name] = write_shelf(trained, tmp_path / name, TINY)
        cards[name] = (written[name] / "card.md").read_text("utf-8")
        own = data.comments.filter(source=AUDITS)
        probas[name] = own.height
    rows, source = take_comments(read_text_audits(comments_given, "comment"))
    assert probas == {"with": rows.height, "without": 0}
    assert f"| {AUDITS} | {rows.height:,} |" in cards["with"]
    assert "labelled by nobody who gave a name" in cards["with"]
    assert AUDITS not in cards["without"]
    assert read_manifest(written["with"]).trained_on[-1] == source
    assert heard[0].equals(rows)
    assert heard[1] is None
    files = [{path.name: path.read_bytes() for path in written[name].glob("*.npz")} for name in recipes]
    assert files[0].keys() == files[1].keys()
    assert files[0] != files[1]


def test_a_creator_stands_on_one_side_of_every_split(
    comments_given: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_public(tmp_path, monkeypatch)
    labelled, _ = take_comments(read_text_audits(comments_given, "comment"))
    # An account that writes under both makes them one.
    apart = labelled.with_columns(author=pl.concat_str("creator", "author"))
    rows = load_comments(tmp_path, apart)
    own = rows.filter(source=AUDITS).join(apart.select("text", "creator"), on="text")
    assert own["twin"].n_unique() <= 2
    assert own.group_by("creator").agg(pl.col("twin").n_unique())["twin"].to_list() == [1, 1]
    together = load_comments(tmp_path, apart.with_columns(author=pl.lit("same")))
    assert together.filter(source=AUDITS)["twin"].n_unique() == 1
    is_fake = (pl.col("label") == "advert").cast(pl.Int8)
    for _, held in make_folds(rows.with_columns(is_fake=is_fake), 2, 0):
        sides = (
            rows.with_columns(held=pl.Series(held))
            .filter(source=AUDITS)
            .group_by("twin")
            .agg(pl.col("held").n_unique())
        )
        assert sides["held"].max() == 1


@pytest.mark.data
class TestPublicData:
    def test_fillers_of_the_desk_are_among_those_labelled(self, data_dir: Path) -> None:
        said = {"filler": "签到打卡啦", "advert": "加微信领红包呀", "genuine": "今天和朋友回家吃饭呀"}
        labelled = pl.DataFrame({"text": [*said.values(), "太美了"], "part": [*said, "genuine"]})
        rows = load_fillers(data_dir, labelled).filter(source=AUDITS)
        # What is made of praise alone may be praise: nobody was asked.
        assert dict(rows.select("normalised", "kind").iter_rows()) == {
            "签到打卡啦": "filler",
            "加微信领红包呀": "other",
            "今天和朋友回家吃饭呀": "other",
        }

    def test_posts_join_the_public_ones_and_creators_stay_together(self, data_dir: Path, posts_given: Path) -> None:
        labelled, source = take_posts(read_text_audits(posts_given, "post"))
        rows = load_posts(data_dir, labelled)
        assert set(rows["source"]) == {AUDITS, *(one.name for one in SOURCES)}
        own = rows.filter(source=AUDITS)
        assert own.height == labelled.height == source.rows
        assert own.filter(pl.col("y") == 1)["text"].str.contains("下单").all()
        assert own["twin"].n_unique() <= 2
        assert weigh(rows).min() >= 0
        alone = load_posts(data_dir)
        assert rows.filter(pl.col("source") != AUDITS).drop("twin").equals(alone.drop("twin"))


def test_a_post_teaches_the_head_that_reads_it() -> None:
    platforms = ["weibo", "douyin", "xiaohongshu", "xiaohongshu", "kuaishou"]
    texts = ["短", "短", "短", "长" * 300, "短"]
    posts = pl.DataFrame({"platform": platforms, "text": texts, "creator": "c", "y": 1.0, "y_a": 1.0, "y_b": None})
    placed = place_audits(posts.with_columns(pl.col("y_b").cast(pl.Float64)))
    assert placed["genre"].to_list() == ["weibo", "products", "products", "notes", "products"]


def test_the_recipe_of_posts_takes_them(posts_given: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The card prints the sources that `data` gives; the real encoder reads for minutes."""
    monkeypatch.setattr("training.post.load_posts", lambda _, labelled, _own: place_audits(labelled))
    monkeypatch.setattr("training.post.load_marks", lambda _: pl.DataFrame({"text": ["一"]}))
    monkeypatch.setattr("training.post.describe_sets", lambda *_: [])
    monkeypatch.setattr("training.post.TextEncoder.load", lambda _: LoudEncoder())
    data, sources = PostRecipe(None, None, 0, posts_given).data(tmp_path)  # type: ignore[arg-type]
    labelled, source = take_posts(read_text_audits(posts_given, "post"))
    assert sources == [source]
    assert data.rows["text"].equals(labelled["text"])
    assert data.lessons.n_texts == labelled.height


def test_the_order_of_files_and_rows_changes_nothing(comments_given: Path, tmp_path: Path) -> None:
    names = sorted(path.name for path in comments_given.iterdir())
    for new, old in zip(("comment_labels_2.csv", "comment_labels_1.csv"), names, strict=True):
        (tmp_path / new).write_bytes((comments_given / old).read_bytes())
    one, other = (read_text_audits(folder, "comment") for folder in (comments_given, tmp_path))
    assert sorted(one.rows.rows(), key=str) == sorted(other.rows.rows(), key=str)
    assert one.sha256 == other.sha256
