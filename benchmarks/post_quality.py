"""How well the post model hears what sounds paid; the tables of its card anew, and what the card does not hold.

Within: creators (series of videos, near-duplicates) left out. Across: a whole genre left out. The card of the model has
both beside the baselines. Here: presumed organic posts of sources that taught nothing, paid passages found in long
texts, disguises, and speed.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
from training.card import make_table
from training.datasets import data_dir, read_weibo_panel
from training.posts import LABELLED_2, UNDECIDED, load_posts

from zhenfen.config import models_dir
from zhenfen.estimators.post_model import PostModel, load_post_model

N_POSTS = 5_000
"""Posts of the speed runs."""
N_ORGANIC = 600
"""Posts of a presumed organic source, drawn; the encoder reads about a third of them."""
LOUD = 0.9
"""Share of characters behind which a disguise puts a sign."""
SEED = 7


def read_organic(folder: Path) -> dict[str, pl.DataFrame]:
    """Source → posts that nobody suspects, with their platform: none of them, and none of their creators, taught.

    Weibo users met by topic searches, without a shop, an advert's mark or a giveaway among their posts; a page of fans
    and a singer's own; lines of Weibo threads; news titles.
    """
    taught = pl.read_parquet(folder / LABELLED_2, columns=["creator_id"])["creator_id"]
    raw = pl.read_parquet(folder / "engagement" / "weibo_panel_posts.parquet")
    loud = raw.group_by("creator_id").agg(
        pl.any_horizontal("is_giveaway", "has_ad_mark", "has_shop").any().alias("is_loud")
    )
    quiet = loud.filter(~pl.col("is_loud"))["creator_id"]
    panel = read_weibo_panel(folder, "hc2024")["posts"].filter(
        pl.col("creator_id").is_in(quiet.implode())
        & ~pl.col("creator_id").is_in(taught.implode())
        & ~pl.col("is_repost")
    )
    statuses = [
        json.loads(line)["text_raw"]
        for path in sorted((folder / "exports" / "weibo_statuses").rglob("*.json*"))
        for line in path.read_text(encoding="utf-8").splitlines()
        if line.strip().startswith("{")
    ]
    found = {
        "Weibo users without a shop, 2024": ("weibo", panel["text"]),
        "Weibo, a fans' page and a singer": ("weibo", pl.Series(statuses, dtype=pl.String)),
        "Weibo threads, 2010 to 2014": ("weibo", pl.read_parquet(folder / "text" / "weibo_lines.parquet")["text"]),
        "news titles": ("wechat", pl.read_parquet(folder / "sponsored" / "clickbait_titles_zh.parquet")["title"]),
    }
    drawn = {}
    for name, (platform, texts) in found.items():
        posts = pl.DataFrame({"text": texts}).drop_nulls().filter(pl.col("text").str.len_chars() > 1)
        some = posts.sample(min(N_ORGANIC, posts.height), seed=SEED)
        drawn[name] = some.with_columns(platform=pl.lit(platform))
    return drawn


def print_organic(model: PostModel) -> None:
    """Of presumed organic posts by source, the share that sounds sponsored; what sounds like a campaign apart."""
    rows = []
    for name, posts in read_organic(data_dir()).items():
        found = model.predict(posts)
        loud = found["p_sponsored"] >= model.threshold
        campaign = loud & (found["kind"] == "campaign")
        n = found["p_sponsored"].drop_nulls().len()
        asked = found["is_read_closely"].fill_null(value=False).to_numpy().mean()
        rows.append(
            (name, f"{n:,}", f"{(loud & ~campaign).sum() / n:.1%}", f"{campaign.sum() / n:.1%}", f"{asked:.0%}")
        )
    print(make_table(("presumed organic", "posts", "sounding sponsored", "as for a campaign", "read closely"), rows))


def print_passages(model: PostModel, rows: pl.DataFrame) -> None:
    """Whole transcripts of videos with one paid paragraph each: whether the passage shown lies inside.

    The model has been taught by these very paragraphs; on series never seen see the docs.
    """
    videos = rows.filter(source="transcripts").sort("part", maintain_order=True)
    hits = []
    for _, video in videos.group_by("part", maintain_order=True):
        whole = pl.DataFrame({"text": ["".join(video["text"])], "platform": ["bilibili"]})
        (found,) = model.predict(whole, is_quick=True).to_dicts()
        ends = np.cumsum(video["text"].str.len_chars().to_numpy())
        if found["passage_start"] is not None:
            middle = (found["passage_start"] + found["passage_end"]) // 2
            hits.append(video["y"][int(np.searchsorted(ends, middle, side="right"))] == 1)
    print(f"paid passage found in {sum(hits)} of {len(hits)} whole transcripts (series known)")


def print_disguises(model: PostModel, rows: pl.DataFrame) -> None:
    """Sponsored-sounding posts that the shipped model flags, and after changes that readers do not mind."""
    here = pl.col("platform").is_in(["douyin", "xiaohongshu", "weibo"])
    loud = rows.filter(pl.col("y") > UNDECIDED, here).sample(N_ORGANIC, seed=SEED)
    for name, disguise in disguises().items():
        probas = model.predict(loud.select("platform", text=disguise(loud["text"])), is_quick=True)["p_sponsored"]
        flagged = (probas >= model.threshold).to_numpy().mean()
        print(f"{name:<14}mean {probas.to_numpy().mean():.3f}  flagged {flagged:.3f}  (letters alone)")


def disguises() -> dict[str, Callable[[pl.Series], pl.Series]]:
    """Name → what it does to raw texts."""
    import opencc

    rng = np.random.default_rng(1)
    traditional = opencc.OpenCC("s2t")

    def scatter(texts: pl.Series, sign: str) -> pl.Series:
        return pl.Series(["".join(one + sign * bool(rng.random() < LOUD) for one in text) for text in texts])

    return {
        "plain": lambda texts: texts,
        "blanks": lambda texts: scatter(texts, " "),
        "dots": lambda texts: scatter(texts, "·"),
        "emoji": lambda texts: scatter(texts, "✨"),
        "traditional": lambda texts: pl.Series([traditional.convert(text) for text in texts]),
    }


def print_speed(model: PostModel) -> None:
    """Posts a second from texts to probabilities, with the band and by letters alone; the share asked."""
    panel = read_weibo_panel(data_dir(), "hc2024")["posts"].drop_nulls("text")
    posts = panel.select("text", platform=pl.lit("weibo")).sample(N_POSTS, seed=SEED)
    for name, is_quick in (("letters alone", True), ("with the band", False)):
        some = posts if is_quick else posts.head(N_POSTS // 10)
        start = time.perf_counter()
        found = model.predict(some, is_quick=is_quick)
        seconds = time.perf_counter() - start
        asked = found["is_read_closely"].fill_null(value=False).to_numpy().mean()
        speed = f"{some.height / seconds:,.0f} a second, {asked:.1%} asked"
        print(f"{some.height:,} posts, {os.cpu_count()} cores, {name}: {speed}")


def main() -> None:
    """Print quality and speed."""
    model = load_post_model(models_dir() / "post" / str(2))
    print((models_dir() / "post" / "2" / "card.md").read_text(encoding="utf-8"))
    rows = load_posts(data_dir())
    print_organic(model)
    print_passages(model, rows)
    print_disguises(model, rows)
    print_speed(model)


if __name__ == "__main__":
    main()
