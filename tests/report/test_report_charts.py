"""Charts: sound XML, places that follow the values, gaps that stay open."""

import re
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from report_scenes import rich

from zhenfen.messages import LANGUAGES, Catalogue
from zhenfen.report.charts.cells import range_bar, spark_scale, sparkline
from zhenfen.report.charts.followers import follower_chart, is_from_zero
from zhenfen.report.charts.interactions import interactions
from zhenfen.report.charts.svg import bar_path, line_path, tag
from zhenfen.report.summarise import summarise_creator

EN = Catalogue("en")


@pytest.fixture(scope="module", params=LANGUAGES)
def page(request):
    catalogue = Catalogue(request.param)
    findings, tables = rich().build()
    return summarise_creator(findings, tables, "a", catalogue), catalogue


def item(value, low, high, median=None, **columns):
    position = "below" if value < low else "above" if value > high else "within"
    facts = {"label": "a & b", "sentence": "a < b", "position": position, "asks": position != "within"}
    return {"value": value, "low": low, "high": high, "median": median, **facts, **columns}


def growth(days, counts, gains=None, spans=()):
    known = {"days": days, "n_followers": counts, "n_gained": gains or [None] * len(days), "spans": list(spans)}
    ends = {"first_day": days[0], "last_day": days[-1], "n_unexplained": 0, "post_days": [], "events": [], "marks": []}
    return {**known, **ends, "expected": None}


def place_of_marker(svg):
    return float(re.search(r'<svg x="([\d.]+)%"[^>]*class="at"', svg)[1])


def curve_of(svg):
    return re.search(r'class="curve" d="([^"]*)"', svg)[1]


def test_every_chart_of_a_page_is_sound_and_told_in_words(page):
    summary, catalogue = page
    for chart in (follower_chart(summary["growth"], catalogue), interactions(summary["engagement"], catalogue)):
        plot = ElementTree.fromstring(str(chart)).find("svg[@role='img']")
        told = {element.tag: element.text for element in plot if element.tag in ("title", "desc")}
        assert all(told[name] for name in ("title", "desc"))
        assert plot.get("aria-labelledby").split() == [element.get("id") for element in plot if element.get("id")]


def test_follower_chart_shows_every_span_post_and_event(page):
    summary, catalogue = page
    chart = str(follower_chart(summary["growth"], catalogue))
    assert chart.count('class="span unexplained"') == 2
    assert chart.count('class="span explained"') == 1
    assert chart.count('class="post"') == len(summary["growth"]["post_days"]) == 9
    assert chart.count('class="event"') == 1
    assert "&lt;b&gt;抽奖" in chart


def test_a_gap_stays_open_and_a_lone_reading_is_a_dot():
    days = ["2026-01-01", "2026-01-02", "2026-01-05", "2026-01-08", "2026-01-09"]
    chart = str(follower_chart(growth(days, [1, 2, 3, 4, 5]), EN))
    assert curve_of(chart).count("M") == 3
    assert chart.count('class="lonely"') == 1


def test_an_unknown_count_is_a_gap_not_a_zero():
    days = ["2026-01-01", "2026-01-02", "2026-01-03", "2026-01-04"]
    chart = str(follower_chart(growth(days, [100, 100, None, 100]), EN))
    assert curve_of(chart).count("M") == 2
    assert len(set(re.findall(r" ([\d.]+)(?=[ML]|$)", curve_of(chart)))) == 1


@pytest.mark.parametrize("counts", [[5], [0], [7, 7, 7], [None, 3, None]])
def test_short_and_flat_series_can_be_drawn(counts):
    days = [f"2026-01-{number:02d}" for number in range(1, len(counts) + 1)]
    ElementTree.fromstring(str(follower_chart(growth(days, counts, [0] * len(counts)), EN)))


def test_no_known_count_no_chart():
    assert follower_chart(growth(["2026-01-01"], [None]), EN) == ""


def test_losses_hang_below_the_line():
    days = ["2026-01-01", "2026-01-02", "2026-01-03"]
    chart = str(follower_chart(growth(days, [10, 20, 5], [None, 10, -15]), EN))
    gain, loss = (re.search(rf'class="{kind}" d="([^"]+)"', chart)[1] for kind in ("gain", "loss"))
    assert gain.count("Z") == loss.count("Z") == 1


@pytest.mark.parametrize(("low", "high"), [(0.0, 0.12), (3.1, 950.0), (-2.0, 4.0), (0.0, 0.0), (5.0, 5.0)])
def test_the_marker_of_a_range_bar_is_never_cut_off(low, high):
    values = [low - 1, low, (low + high) / 2, high, high + 1, 1000 * (high + 1)]
    assert all(5 < place_of_marker(range_bar(item(value, low, high))) < 95 for value in values)


def test_a_value_above_stands_right_of_the_band_and_points_right():
    bar = str(range_bar(item(0.5, 0.1, 0.2, 0.15)))
    left, width = (float(n) for n in re.search(r'class="band" x="([\d.]+)%" width="([\d.]+)%"', bar).groups())
    assert left + width < place_of_marker(bar)
    assert 'class="value asks"' in bar
    assert "<circle" not in bar
    assert "a &lt; b" in bar


def test_a_value_inside_is_a_dot_between_the_ends_of_the_band():
    bar = str(range_bar(item(10, 1, 1000)))
    left, width = (float(n) for n in re.search(r'class="band" x="([\d.]+)%" width="([\d.]+)%"', bar).groups())
    assert left + width / 3 == pytest.approx(place_of_marker(bar), abs=0.01)  # a third of three decades
    assert "<circle" in bar


def test_a_missing_reference_has_no_bar():
    assert range_bar({**item(1, 0, 2), "low": None}) == ""


def test_every_post_is_drawn_and_signs_of_sponsorship_have_another_shape(page):
    summary, catalogue = page
    chart = str(interactions(summary["engagement"], catalogue))
    assert chart.count('class="dot"') + chart.count('class="dot marked"') == 8
    assert chart.count('class="dot marked"') == 2


@pytest.mark.parametrize("counts", [[0], [0, 0], [0, 5, 100_000], [3], [10, 10]])
def test_posts_with_any_counts_can_be_drawn(counts):
    posts = [{"at": "2026-01-01T00:00:00Z", "n_interactions": count, "is_marked": False} for count in counts]
    chart = interactions({"posts": posts, "median": 0.0, "median_text": "0"}, EN)
    heights = [float(y) for y in re.findall(r'cy="([\d.]+)"', str(chart))]
    assert len(heights) == len(counts)
    assert all(10 <= y <= 210 for y in heights)


@pytest.mark.parametrize("gains", [[None, 5, 3], [None, -2000, 20], [None, 0, 0], [None, 900, -900]])
def test_labels_beside_the_gains_never_touch(gains):
    chart = str(follower_chart(growth(["2026-01-01", "2026-01-02", "2026-01-03"], [1, 2, 3], gains), EN))
    axis = chart[: chart.index("</svg>")]
    heights = sorted(float(y) for y in re.findall(r'y="([\d.]+)"', axis))
    assert all(below - above >= 12 for above, below in pairwise(heights))


def test_a_sparkline_goes_from_edge_to_edge():
    curve = [[0.0, 5.0], [9.0, 9.0]]
    assert 'd="M0 24L1000 4"' in str(sparkline(curve, "x", spark_scale([curve])))
    assert sparkline([], "x", spark_scale([])) == ""


def test_sparklines_share_their_days_and_their_factors():
    """A hundred times the followers is the same curve; half the rise is half as high; half the days half as wide."""
    small, large = [[0.0, 100.0], [8.0, 400.0]], [[0.0, 10_000.0], [8.0, 40_000.0]]
    slow, short = [[0.0, 100.0], [8.0, 200.0]], [[30.0, 100.0], [34.0, 400.0]]
    shared = spark_scale([small, large, slow, short, []])
    drawn = [re.search(r'd="([^"]*)"', str(sparkline(one, "x", shared)))[1] for one in (small, large, slow, short)]
    assert drawn == ["M0 24L1000 4", "M0 24L1000 4", "M0 14L1000 4", "M500 24L1000 4"]


def test_elements_escape_text_and_values():
    assert str(tag("a", "<&", title='"<')) == '<a title="&#34;&lt;">&lt;&amp;</a>'


def test_path_data():
    assert line_path([(0, 1), (0.5, 2.25), None, (1, 3)]) == "M0 1L500 2.25M1000 3"
    assert bar_path([(0, 0.5, 1, 2)]) == "M0 1H500V2H0Z"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "values",
    [[26_100, 26_150, 26_200], [26_110, 26_115, 26_120, 26_125], [0, 1, 2, 3], [120_000, 130_000], [1, 10, 100_000]],
)
def test_no_label_of_an_axis_stands_twice(language, values):
    labels = Catalogue(language).ticks(values)
    assert len(labels) == len(set(labels)) == len(values)


def test_labels_are_short_where_short_ones_differ():
    assert Catalogue("zh").ticks([120_000, 130_000]) == ["12万", "13万"]
    assert Catalogue("zh").ticks([26_100, 26_200]) == ["2.61万", "2.62万"]


@pytest.mark.parametrize(("counts", "is_said"), [([52_000, 52_400], True), ([0, 900], False)])
def test_an_axis_that_does_not_start_at_zero_says_so(counts, is_said):
    days = ["2026-01-01", "2026-01-02"]
    assert is_from_zero(growth(days, counts)) is not is_said
