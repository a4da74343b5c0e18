"""What posts receive on each platform, and when comments come: parameters read off the public data.

Between creators: medians, quartiles made to standard deviations of a normal distribution (far tails may have been
bought), and the power of the followers by least squares. Within a creator: medians of the spread between posts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from training.datasets import read_creator_posts, read_weibo_threads
from zhenfen.simulate.organic import Reals, draw_traits, make_gains, make_posts
from zhenfen.simulate.parameters import REFERENCE_FOLLOWERS, Delays, Parameters, PlatformParameters, Scatter

QUARTILES_TO_SIGMA = 1.349
"""Between the quartiles of a normal distribution."""
TAIL_TO_SIGMA = 1.645
"""From the middle of a normal distribution to its 95th percentile."""
LEAST_POSTS = 8
FEW_VIDEOS = 3
"""Trending holds few videos of a creator; with three there is a spread at all."""
LEAST_REMARKS = 10
N_DAYS = 90
"""Window of 新红."""
N_CALIBRATED = 600
N_ROUNDS = 4
LEAVES = Scatter(median=0.00005, log_sd=0.5)
"""Accounts of Xiaohongshu that stand still lose 3 and 8.5 of 100,000 a day (蒲公英, two of ten accounts, 2025)."""
CHOSEN = {
    # No source has views of ordinary videos: trending shows .58 (median of creators), halved and brought to 100,000
    # followers by the slope of Xiaohongshu; the spread is what the VTubers' growth leaves room for.
    "bilibili_views": Scatter(median=0.5, log_sd=0.6, slope=-0.3),
    "bilibili_posts": Scatter(median=0.57, log_sd=0.5),
    # No source has growth: three times that of Xiaohongshu, for interactions by followers are a tenth of it there.
    "douyin_follows": Scatter(median=0.3, log_sd=0.8, slope=0.0),
    # Own posts of two users: comments .16, reposts .018-.069 of the likes.
    "weibo_comments": Scatter(median=0.16, log_sd=0.9),
    "weibo_shares": Scatter(median=0.05, log_sd=0.6),
}


def fit_scatter(values: Reals, followers: Reals | None = None) -> Scatter:
    """The scatter of positive values between creators, and with `followers` its slope."""
    known = np.isfinite(values) & (values > 0)
    logs, slope = np.log(values[known]), 0.0
    if followers is not None:
        size = np.log(followers[known] / REFERENCE_FOLLOWERS)
        slope = float(np.polyfit(size, logs, 1)[0])
        logs = logs - slope * size
    low, middle, high = np.quantile(logs, (0.25, 0.5, 0.75))
    return Scatter(
        median=_round(float(np.exp(middle))), log_sd=_round((high - low) / QUARTILES_TO_SIGMA), slope=_round(slope)
    )


def _round(value: float) -> float:
    return float(f"{value:.3g}")


def _scaled(scatter: Scatter, factor: float) -> Scatter:
    return scatter.model_copy(update={"median": _round(scatter.median * factor)})


def _column(frame: pl.DataFrame, expression: pl.Expr) -> Reals:
    return frame.select(expression.cast(pl.Float64).fill_null(np.nan)).to_series().to_numpy()


def read_xinhong(folder: Path) -> pl.DataFrame:
    """新红: fashion creators of Xiaohongshu with means of 90 days."""
    rows = pl.read_parquet(folder / "creators" / "panel.parquet").filter(source="xinhong_5w50w")
    return rows.unique("creator_id", keep="first", maintain_order=True).filter(pl.col("mean_views") > 0)


def _by_creator(posts: pl.DataFrame, least: int) -> pl.DataFrame:
    """Medians, sums and spreads of the logs of each creator with enough posts."""
    seen = posts.filter(pl.col("n_likes") > 0, pl.col("n_views").fill_null(1) > 0)
    counts = [name for name in posts.columns if name.startswith("n_")]
    views, likes = pl.col("n_views").log(), pl.col("n_likes").log()
    comments = (pl.col("n_comments") / pl.col("n_likes")).filter(pl.col("n_comments") > 0)
    straight = pl.corr(views, likes).fill_nan(None)
    return (
        seen.group_by("creator_id", maintain_order=True)
        .agg(
            pl.len().alias("n"),
            pl.col(counts).sum(),
            n_views_median=pl.col("n_views").median(),
            views_log_sd=views.std(),
            likes_log_sd=likes.std(),
            others_log_sd=comments.log().std(),
            power=straight * likes.std() / views.std(),
            beside_log_sd=likes.std() * (1 - straight**2).clip(0).sqrt(),
        )
        .filter(pl.col("n") >= least)
    )


@dataclass(frozen=True)
class Likes:
    """How the likes of one creator's posts follow the views: power, spread around it, and of the median post by views.

    Attributes:
        power: Median slope of the logs.
        log_sd: Spread around the line.
        by_views: Likes by views of the median post.
    """

    power: float
    log_sd: Scatter
    by_views: Scatter


def _fit_likes(creators: pl.DataFrame, views_log_sd: float) -> Likes:
    power = _round(float(np.nanmedian(_column(creators, pl.col("power")))))
    log_sd = _spread(creators, "beside_log_sd")
    by_sums = fit_scatter(_column(creators, pl.col("n_likes") / pl.col("n_views")))
    return Likes(power, log_sd, _scaled(by_sums, _of_median_post(power, log_sd.median, views_log_sd)))


def _of_median_post(power: float, log_sd: float, views_log_sd: float) -> float:
    """Likes by views of the median post by those of all posts together, for log-normal views and likes."""
    return float(np.exp(((1 - power**2) * views_log_sd**2 - log_sd**2) / 2))


def _spread(creators: pl.DataFrame, name: str) -> Scatter:
    return fit_scatter(_column(creators, pl.col(name)))


def _by_sums(creators: pl.DataFrame, names: Sequence[str], within: float) -> dict[str, Scatter]:
    """Counts by likes: sums, brought to the median post."""
    return {
        name: _scaled(fit_scatter(_column(creators, pl.col(name) / pl.col("n_likes"))), np.exp(-(within**2) / 2))
        for name in names
    }


def fit_douyin(folder: Path) -> PlatformParameters:
    """Skincare creators of 星图 (last ten videos, 2025); saves from other posts of the platform."""
    tables = read_creator_posts(folder, "douyin_xingtu_goodgame_2025")
    posts = tables["posts"]
    creators = _by_creator(posts, LEAST_POSTS).join(
        tables["creators"].select("creator_id", followers="n_followers"), on="creator_id"
    )
    others = _by_creator(read_creator_posts(folder, "douyin_goodgame_2025")["posts"], 1)
    views_log_sd, rest = _spread(creators, "views_log_sd"), _spread(creators, "others_log_sd")
    likes = _fit_likes(creators, views_log_sd.median)
    span = (pl.col("published_at").max() - pl.col("published_at").min()).dt.total_seconds() / 86_400
    pace = posts.group_by("creator_id").agg(pace=(pl.len() - 1) / span)
    return PlatformParameters(
        posts_per_day=fit_scatter(_column(pace, pl.col("pace"))),
        views_by_followers=fit_scatter(
            _column(creators, pl.col("n_views_median") / pl.col("followers")), _column(creators, pl.col("followers"))
        ),
        views_log_sd=views_log_sd,
        likes_by_views=likes.by_views,
        likes_power=likes.power,
        likes_log_sd=likes.log_sd,
        by_likes={
            **_by_sums(creators, ("n_comments", "n_shares"), rest.median),
            **_by_sums(others, ("n_saves",), rest.median),
        },
        others_log_sd=rest,
        follows_per_interaction=CHOSEN["douyin_follows"],
        leaves_per_day=LEAVES,
    )


def fit_xiaohongshu(folder: Path, douyin: PlatformParameters) -> PlatformParameters:
    """新红 (means, brought to the median post), 灰豚 for shares; likes by views of single posts as on Douyin."""
    rows = read_xinhong(folder)
    single = _by_creator(read_creator_posts(folder, "xhs_fashion_diandian")["posts"], LEAST_POSTS)
    seen, likes, power = _spread(single, "likes_log_sd"), douyin.likes_log_sd, douyin.likes_power
    views_log_sd = _scaled(seen, np.sqrt(seen.median**2 - likes.median**2) / seen.median / power)
    of_likes = _of_median_post(power, likes.median, views_log_sd.median)
    of_others = np.exp(-(douyin.others_log_sd.median**2) / 2)
    huitun = pl.read_parquet(folder / "creators" / "panel.parquet").filter(source="huitun_10w_plus_life")
    by_followers = fit_scatter(
        _column(rows, pl.col("mean_views") / pl.col("n_followers")), _column(rows, pl.col("n_followers"))
    )
    ratios = {
        f"n_{name}": _column(rows, pl.col(f"mean_{name}") / pl.col("mean_likes")) for name in ("comments", "saves")
    }
    ratios["n_shares"] = _column(huitun, pl.col("mean_shares") / pl.col("mean_likes"))
    return PlatformParameters(
        posts_per_day=fit_scatter(_column(rows, pl.col("new_posts") / N_DAYS)),
        views_by_followers=_scaled(by_followers, np.exp(-(views_log_sd.median**2) / 2)),
        views_log_sd=views_log_sd,
        likes_by_views=_scaled(fit_scatter(_column(rows, pl.col("mean_likes") / pl.col("mean_views"))), of_likes),
        likes_power=power,
        likes_log_sd=likes,
        by_likes={name: _scaled(fit_scatter(values), of_others) for name, values in ratios.items()},
        others_log_sd=douyin.others_log_sd,
        follows_per_interaction=Scatter(median=0.1, log_sd=0.8),
        leaves_per_day=LEAVES,
    )


def fit_bilibili(folder: Path) -> PlatformParameters:
    """Trending videos (2023) as last read, creators with at least three; views and posts are chosen."""
    rows = pl.read_parquet(folder / "engagement" / "bilibili_popular_daily.parquet").sort("video", "day")
    names = {"view": "n_views", "like": "n_likes", "reply": "n_comments", "favorite": "n_saves", "share": "n_shares"}
    names |= {"coin": "n_coins", "danmaku": "n_danmaku", "creator": "creator_id"}
    last = rows.unique("video", keep="last", maintain_order=True).select(
        pl.col(name).alias(ours) for name, ours in names.items()
    )
    creators = _by_creator(last, FEW_VIDEOS)
    views_log_sd, rest = _spread(creators, "views_log_sd"), _spread(creators, "others_log_sd")
    likes = _fit_likes(creators, views_log_sd.median)
    others = ("n_comments", "n_saves", "n_shares", "n_coins", "n_danmaku")
    return PlatformParameters(
        posts_per_day=CHOSEN["bilibili_posts"],
        views_by_followers=CHOSEN["bilibili_views"],
        views_log_sd=views_log_sd,
        likes_by_views=likes.by_views,
        likes_power=likes.power,
        likes_log_sd=likes.log_sd,
        by_likes=_by_sums(creators, others, rest.median),
        others_log_sd=rest,
        follows_per_interaction=Scatter(median=0.04, log_sd=0.5),
        leaves_per_day=LEAVES,
    )


def fit_weibo(xiaohongshu: PlatformParameters) -> PlatformParameters:
    """As on Xiaohongshu, for want of a source; comments and reposts by likes from posts of two users."""
    by_likes = {"n_comments": CHOSEN["weibo_comments"], "n_shares": CHOSEN["weibo_shares"]}
    return xiaohongshu.model_copy(update={"by_likes": by_likes, "shows_views": False})


def fit_delays(folder: Path) -> Delays:
    """Minutes to the remarks under Weibo threads, the first remark standing for the post."""
    remarks = read_weibo_threads(folder)["comments"].drop_nulls("created_at")
    since = pl.col("created_at") - pl.col("created_at").min().over("post_id")
    minutes = remarks.select("post_id", minutes=since.dt.total_seconds() / 60).filter(pl.col("minutes") > 0)
    threads = minutes.group_by("post_id").agg(
        n=pl.len(), median=pl.col("minutes").median(), log_sd=pl.col("minutes").log().std()
    )
    threads = threads.filter(pl.col("n") >= LEAST_REMARKS)
    low, middle, high = np.quantile(np.log(threads["median"].to_numpy()), (0.05, 0.5, 0.95))
    return Delays(
        median_minutes=_round(float(np.exp(middle))),
        sooner_log_sd=_round((middle - low) / TAIL_TO_SIGMA),
        later_log_sd=_round((high - middle) / TAIL_TO_SIGMA),
        log_sd=fit_scatter(_column(threads, pl.col("log_sd"))),
    )


def calibrate_follows(folder: Path, parameters: Parameters, seed: int) -> Parameters:
    """`parameters` with follows by interaction under which Xiaohongshu's creators gain as 新红 says; Weibo likewise."""
    rows = read_xinhong(folder).filter(pl.col("new_followers") > 0).sample(N_CALIBRATED, seed=seed)
    sizes = rows["n_followers"].to_numpy()
    real = fit_scatter(rows["new_followers"].to_numpy() / sizes, sizes)
    for at in range(N_ROUNDS):
        gained = simulate_gains("xiaohongshu", sizes, parameters, seed + at)
        simulated = fit_scatter(gained / (sizes + gained), sizes)
        follows = parameters.platforms["xiaohongshu"].follows_per_interaction
        variance = follows.log_sd**2 + real.log_sd**2 - simulated.log_sd**2
        follows = Scatter(
            median=_round(follows.median * real.median / simulated.median),
            log_sd=_round(float(np.sqrt(max(variance, 0.0)))),
            slope=_round(follows.slope + real.slope - simulated.slope),
        )
        changed = {
            name: of.model_copy(update={"follows_per_interaction": follows}) if name in ("xiaohongshu", "weibo") else of
            for name, of in parameters.platforms.items()
        }
        parameters = parameters.model_copy(update={"platforms": changed})
    return parameters


def simulate_gains(platform: str, sizes: Sequence[int] | Reals, parameters: Parameters, seed: int) -> Reals:
    """Followers that creators of these sizes gain in 90 days, shape (n_creators,)."""
    gained = []
    for at, size in enumerate(sizes):
        rng = np.random.default_rng((seed, at))
        traits = draw_traits("koc", platform, N_DAYS, parameters, rng, n_followers=int(size))
        days, _ = make_gains(traits, make_posts(traits, rng), np.arange(N_DAYS) % 7, parameters.growth, rng)
        gained.append(float(days.sum()))
    return np.array(gained)
