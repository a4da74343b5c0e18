"""Live rooms: counts become ratios, chance is bounded whatever the crowd, and what nobody can judge has a reason."""

from datetime import UTC, datetime, timedelta
from functools import cache

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from zhenfen.config import config_dir, read_rules
from zhenfen.features.base import load_families
from zhenfen.features.inputs import Inputs
from zhenfen.features.live.chance import bound_evenness, bound_packets
from zhenfen.features.live.family import Live
from zhenfen.features.live.minutes import liked_steps, read_minutes
from zhenfen.features.live.regulars import find_regulars
from zhenfen.features.live.rooms import describe_rooms, find_steps
from zhenfen.simulate.rooms import RoomStory, simulate_rooms
from zhenfen.tables import TABLES, Tables, make_frame, write_tables
from zhenfen.verdict.judge import describe_features
from zhenfen.verdict.levels import LevelRules, weigh
from zhenfen.verdict.panel import match_peers, read_panel
from zhenfen.vetting.panels import build_own_panel

AS_OF = datetime(2026, 11, 1, tzinfo=UTC)
START = datetime(2026, 10, 1, 12, tzinfo=UTC)
RARITIES = [spec.name for spec in Live.specs if spec.unit == "rarity"]
ROOM = {
    "creator_id": "a",
    "media_kind": "live",
    "published_at": START,
    "n_views": 10_000,
    "n_peak_viewers": 1_500,
    "mean_viewers": 500.0,
    "duration_seconds": 7_200,
    "n_comments": 2_000,
    "n_likes": 30_000,
    "n_new_followers": 100,
    "n_orders": 50,
    "sales_cny": 4_000.0,
    "returned_share": 0.2,
}


def make_tables(*rooms, comments=(), readings=(), n_followers=50_000):
    rows = [{**ROOM, "post_id": f"r{number}", **room} for number, room in enumerate(rooms)]
    creators = [{"creator_id": "a", "platform": "douyin", "n_followers": n_followers}]
    frames = {"creators": creators, "posts": rows, "comments": list(comments), "post_counts": list(readings)}
    return Tables(
        {
            name: make_frame(TABLES[name], pl.DataFrame(part, infer_schema_length=None))
            for name, part in frames.items()
            if part
        }
    )


def measure(tables):
    return Live().measure(Inputs(tables, AS_OF))


def values_of(tables):
    return measure(tables).values.row(0, named=True)


@cache
def values_of_three_rooms():
    return values_of(make_tables({}, {}, {}))


def remark(number, room, author, second):
    return {
        "comment_id": f"c{number}",
        "post_id": room,
        "creator_id": "a",
        "author_id": author,
        "created_at": START + timedelta(seconds=second),
    }


@pytest.mark.parametrize(
    ("feature", "value"),
    [
        ("live_n_rooms", 3),
        ("live_views_by_followers_ratio", 0.2),
        ("live_peak_by_followers_ratio", 0.03),
        ("live_peak_by_views_ratio", 0.15),
        ("live_stay_minutes", 6.0),
        ("live_comments_by_views_ratio", 0.2),
        ("live_comments_per_viewer_hour_ratio", 2.0),
        ("live_likes_by_views_ratio", 3.0),
        ("live_new_followers_by_views_ratio", 0.01),
        ("live_orders_by_views_ratio", 0.005),
        ("live_sales_per_mille_views_cny", 400.0),
        ("live_returned_share", 0.2),
        ("live_n_orders", 150),
        ("live_contradicting_rooms", 0),
    ],
)
def test_counts_of_three_rooms_become_ratios(feature, value):
    assert values_of_three_rooms()[feature] == pytest.approx(value)


def test_danmaku_are_remarks_and_the_larger_of_both_counts():
    rooms = [{"n_comments": None, "n_danmaku": 500}, {"n_comments": 100, "n_danmaku": 500}, {"n_danmaku": 500}]
    assert describe_rooms(make_tables(*rooms)["posts"]).sort("post_id")["n_remarks"].to_list() == [500, 500, 2_000]


def test_returns_weigh_by_orders():
    tables = make_tables(
        {"n_orders": 900, "returned_share": 0.5}, {"n_orders": 100, "returned_share": 0.0}, {"n_orders": 0}
    )
    assert values_of(tables)["live_returned_share"] == pytest.approx(0.45)


@pytest.mark.parametrize(("n", "reason"), [(0, "live.no_rooms"), (1, "live.too_few_rooms"), (2, "live.too_few_rooms")])
def test_few_rooms_are_told_and_not_compared(n, reason):
    tables = make_tables(*[{}] * n) if n else make_tables({"media_kind": "video"})
    found = measure(tables)
    assert found.reasons.select("reason", "n_needed", "n_found").row(0) == (reason, 3, n)
    assert found.values["live_stay_minutes"].to_list() == [None]


def test_unknown_counts_are_null_and_never_zero():
    unknown = dict.fromkeys((*(name for name in ROOM if name[:2] == "n_"), "mean_viewers", "duration_seconds"))
    values = values_of(make_tables(*[unknown] * 3))
    assert {name for name, value in values.items() if value is not None} == {
        "creator_id", "live_n_rooms", "live_contradicting_rooms"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("counts", "named"),
    [
        ({"n_views": 1_000, "n_peak_viewers": 1_500}, ["peak_above_views"]),
        ({"n_views": 1_400, "n_peak_viewers": 1_500}, []),
        ({"mean_viewers": 1_700.0}, ["mean_above_peak"]),
        ({"n_new_followers": 12_000}, ["new_followers_above_views"]),
        ({"n_views": None}, []),
    ],
)
def test_counts_that_cannot_both_be_right_are_named_beyond_rounding(counts, named):
    (room,) = measure(make_tables(counts)).details["rooms"].to_dicts()
    assert (room["contradictions"], room["marks"]) == (named, [])


def pairs(one, other):
    return pl.DataFrame({"key": "k", "one": one, "other": other}, schema_overrides={"one": pl.Int64, "other": pl.Int64})


def evenness(one, other):
    return bound_evenness(pairs(one, other), ["key"])["p_value"][0]


def test_evenness_is_never_more_certain_than_chance_allows():
    """Of 2,000 series of Poisson counts, each with a rate of its own, no more are called rare than the bound says."""
    rng = np.random.default_rng(4)
    rates = rng.gamma(2.0, 6.0, (2_000, 20, 1)) + 2
    counts = rng.poisson(rates, (2_000, 20, 2))
    frame = pl.DataFrame(
        {"key": np.repeat(np.arange(2_000), 20), "one": counts[..., 0].ravel(), "other": counts[..., 1].ravel()}
    )
    p_values = bound_evenness(frame, ["key"])["p_value"].to_numpy()
    for level in (0.1, 0.05, 0.01):
        assert (p_values <= level).mean() <= level


def test_even_counts_are_beyond_chance_the_more_there_are():
    few, many = evenness([20] * 10, [20] * 10), evenness([20] * 60, [20] * 60)
    assert many < few < 0.05
    assert evenness([5, 40] * 20, [40, 5] * 20) == pytest.approx(1.0)


def test_one_wave_does_not_outweigh_an_hour():
    calm = evenness([20] * 60, [20] * 60)
    assert evenness([20] * 60 + [2_000], [20] * 60 + [20]) < 1e9 * calm


def packets(steps, grain=1):
    frame = pl.DataFrame({"key": "k", "step": steps, "grain": grain})
    return bound_packets(frame, ["key"], 60).to_dicts()


def test_the_same_number_again_and_again_is_a_packet():
    steps = [500] * 16 + list(range(1_000, 1_100))
    (found,) = packets(steps)
    assert (found["size"], found["n_packets"], found["p_value"] < 1e-4) == (500, 16, True)
    assert packets([30] * 50) == []
    # Shown in hundreds, five hundred is the only number that there is.
    assert packets(steps, grain=100)[0]["p_value"] == pytest.approx(1.0)


def test_packets_are_no_more_certain_than_chance_allows():
    rng = np.random.default_rng(5)
    steps = rng.poisson(300, (1_000, 60))
    frame = pl.DataFrame({"key": np.repeat(np.arange(1_000), 60), "step": steps.ravel(), "grain": 1})
    assert (bound_packets(frame, ["key"], 60)["p_value"] <= 0.05).mean() <= 0.05


def reading(minute, **counts):
    return {"post_id": "r0", "creator_id": "a", "observed_at": START + timedelta(minutes=minute), **counts}


def test_readings_become_what_came_in_each_minute():
    readings = [
        reading(0, n_views=10, n_likes=5, n_viewers=8),
        reading(1, n_views=30, n_likes=4),
        reading(3, n_views=50),
    ]
    tables = make_tables({}, readings=readings, comments=[remark(1, "r0", "x", 70), remark(2, "r0", "y", 200)])
    found = read_minutes(tables["posts"], tables["comments"], tables["post_counts"])
    assert found.select("minute", "n_comments", "n_viewers", "n_entered", "n_liked").rows() == [
        (0, None, 8, None, None),
        # A total that fell was corrected, and after a gap nobody knows which minute brought what.
        (1, 1, None, 20, None),
        (2, 0, None, None, None),
        (3, 1, None, None, None),
    ]


def test_rounded_totals_are_no_packets():
    readings = [reading(minute, n_likes=10_000 + 1_000 * minute) for minute in range(60)]
    tables = make_tables({}, readings=readings)
    minutes = read_minutes(tables["posts"], tables["comments"], tables["post_counts"])
    assert set(liked_steps(minutes)["grain"]) == {1_000}
    assert values_of(tables)["live_like_packets_rarity"] == 0


def crowd(n_left_after, n=60, came=600):
    """Twelve minutes of a hundred viewers of whom twenty-five come and go, then `came` at once."""
    rows, total, there = [], 0, 100
    for minute in range(n):
        new, gone = 25, 25 if minute < 12 else n_left_after
        if minute == 12:
            new = came
        there += new - gone
        total += new
        rows.append(reading(minute, n_viewers=there, n_views=total))
    return rows


@pytest.mark.parametrize(("n_left", "is_held"), [(25, True), (150, False)])
def test_arrivals_that_never_leave_are_told_from_those_that_do(n_left, is_held):
    tables = make_tables({}, readings=crowd(n_left, n=60 if is_held else 20))
    minutes = read_minutes(tables["posts"], tables["comments"], tables["post_counts"])
    found = find_steps(minutes).to_dicts()
    if is_held:
        assert (found[0]["step_minute"], found[0]["n_step"]) == (12, 600)
        assert found[0]["p_step"] < 1e-6
        assert found[0]["staying_ratio"] < 0.3
    else:
        # Too short to know whether they stay.
        assert found == []


def test_capped_collections_say_nothing():
    even = [remark(number, "r0", f"p{number}", number * 60 / 61) for number in range(61 * 60)]
    assert values_of(make_tables({}, comments=even))["live_even_comments_rarity"] is None
    slower = [remark(number, "r0", f"p{number}", number * 60 / 20) for number in range(20 * 60)]
    assert values_of(make_tables({}, comments=slower))["live_even_comments_rarity"] >= 3


def test_who_speaks_everywhere_is_counted_beside_chance():
    fans = [remark(f"f{room}{fan}", f"r{room}", f"fan{fan}", fan) for room in range(3) for fan in range(10)]
    others = [remark(f"o{room}{n}", f"r{room}", f"p{room}_{n}", n) for room in range(3) for n in range(30)]
    (found,) = find_regulars(make_tables({}, {}, {}, comments=fans + others)["comments"]).to_dicts()
    assert (found["n_everywhere"], found["n_accounts"], found["n_rooms"]) == (10, 100, 3)
    assert found["n_by_chance"] == pytest.approx(100 * 0.4**3)
    assert found["everywhere_share"] == pytest.approx(0.25)
    # Ten are too few to be a rota, and one remark each is a sign-in.
    assert found["p_value"] is None


def test_signing_in_is_no_rota_and_a_rota_is_one():
    def talk(remarks_of):
        return [
            remark(f"{room}_{one}_{n}", f"r{room}", f"acc{one}", 30 * n + one)
            for room in range(4)
            for one in range(30)
            for n in range(remarks_of(room, one))
        ]

    rng = np.random.default_rng(8)
    habits = 1 + rng.poisson(rng.gamma(2.0, 5.0, 30), (4, 30))
    fans = find_regulars(make_tables({}, {}, {}, {}, comments=talk(lambda room, one: habits[room, one]))["comments"])
    rota = find_regulars(make_tables({}, {}, {}, {}, comments=talk(lambda room, one: 12))["comments"])
    signed = find_regulars(make_tables({}, {}, {}, {}, comments=talk(lambda room, one: 1))["comments"])
    assert fans["p_value"][0] > 0.05
    assert rota["p_value"][0] < 1e-6
    assert signed["p_value"][0] is None


ORGANIC = [
    {},
    {"giveaways": 6, "raids": 3, "pushes": 4},
    {"arrivals": 8.0},
    {"arrivals": 200.0, "n_rooms": 3},
    {"is_fan_club": False},
]


@pytest.mark.parametrize("about", ORGANIC)
def test_honest_rooms_with_giveaways_and_raids_are_not_called(about):
    tables = simulate_rooms([RoomStory(f"c{number}", **about) for number in range(6)], seed=11)
    found = measure(tables)
    assert found.details["rooms"]["marks"].list.len().sum() == 0
    assert found.values.select(pl.max_horizontal(RARITIES)).to_series().max() < 3


@pytest.mark.parametrize(
    ("about", "feature"),
    [
        ({"padding": 12.0}, "live_held_step_rarity"),
        ({"padding": 8.0, "is_held": False}, "live_even_arrivals_rarity"),
        ({"script_per_minute": 30.0}, "live_even_comments_rarity"),
        ({"script_per_minute": 8.0}, "live_even_regulars_rarity"),
    ],
)
def test_what_is_sold_to_fill_a_room_is_found_by_its_own_measurement(about, feature):
    values = measure(simulate_rooms([RoomStory(f"c{number}", **about) for number in range(3)], seed=12)).values
    assert (values[feature] >= 3).all()
    others = [
        name for name in RARITIES if name not in (feature, "live_even_comments_rarity", "live_even_regulars_rarity")
    ]
    assert values.select(pl.max_horizontal(others)).to_series().max() < 3


def test_the_order_of_rows_and_other_ids_change_nothing():
    tables = simulate_rooms([RoomStory("a", script_per_minute=8.0, n_rooms=3), RoomStory("b", padding=12.0)], seed=2)
    mixed = Tables({name: frame.sample(fraction=1, shuffle=True, seed=3) for name, frame in tables.frames.items()})
    assert_frame_equal(measure(mixed).values, measure(tables).values)
    persons = ("creator_id", "author_id")
    renamed = {
        name: frame.with_columns(
            pl.concat_str(pl.lit("z"), pl.col(one).str.reverse()).alias(one) for one in persons if one in frame.columns
        )
        for name, frame in tables.frames.items()
    }
    whole = measure(Tables(renamed)).values.drop("creator_id")
    assert whole.equals(measure(tables).values.drop("creator_id"))


def test_other_families_do_not_see_what_only_rooms_have():
    """Columns of rooms and readings by the minute change no bit of any other family."""
    tables = simulate_rooms([RoomStory("a", n_rooms=6)], seed=2)
    only = ("duration_seconds", "mean_viewers", "n_new_followers", "n_orders", "sales_cny", "returned_share")
    posts = tables["posts"].with_columns(pl.lit(None, dtype=TABLES["posts"].schema[name]).alias(name) for name in only)
    without = tables.replace(posts=posts, post_counts=make_frame(TABLES["post_counts"]))
    for name, family in load_families().items():
        if name != Live.name:
            assert family.measure(Inputs(tables, AS_OF)).values.equals(family.measure(Inputs(without, AS_OF)).values), (
                name
            )


def test_a_panel_of_ones_own_judges_ratios_and_never_what_chance_judges(tmp_path):
    """With peers padding is out of line and honest rooms are not; rarities weigh nothing, whatever peers show."""
    peers = simulate_rooms([RoomStory(f"p{n:02d}", n_rooms=3, n_minutes=60, arrivals=20.0 + n) for n in range(40)], 9)
    asked = simulate_rooms([RoomStory("padded", padding=15.0), RoomStory("honest")], 10)
    path = tmp_path / "panel.csv"
    write_tables(peers, tmp_path / "peers")
    build_own_panel(tmp_path / "peers", path, "mine", "3 rooms")
    rules = read_rules(config_dir() / "verdict" / "levels.yaml", LevelRules).rules
    one = measure(asked).values
    matched = match_peers(one, asked["creators"], read_panel(path))
    long = one.with_columns(pl.exclude("creator_id").cast(pl.Float64)).unpivot(
        index="creator_id", variable_name="feature", value_name="judged"
    )
    evidence = weigh(matched.join(long, on=["creator_id", "feature"]), describe_features(), rules)
    scores = dict(evidence.group_by("creator_id").agg(pl.col("contribution").sum()).rows())
    assert scores["honest"] < rules.elevated_from <= scores["padded"]
    assert evidence.filter(pl.col("feature").is_in(RARITIES))["contribution"].sum() == 0


def test_one_seed_gives_the_same_rooms():
    one, two = (simulate_rooms([RoomStory("a", padding=2.0)], seed=5) for _ in range(2))
    assert all(one[name].equals(two[name]) for name in one.frames)
    assert not simulate_rooms([RoomStory("a", padding=2.0)], seed=6)["posts"].equals(one["posts"])
