"""Characters that look the same become one, and other people's letters stay theirs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhenfen.config import config_dir
from zhenfen.errors import ConfigError
from zhenfen.text import characters
from zhenfen.text.characters import cut_out, to_characters, to_texts, unify_characters

ALIKE = [
    ("轉發這個頻道", "转发这个频道"),
    ("轉发ＡＢＣ", "转发abc"),
    ("𝐕𝘹ℂ𝔞", "vxca"),
    ("🅥🅧🆅🅐🄰", "vxvaa"),
    ("❶➁➌⓸⑤⒍⑺", "123456.(7)"),
    ("1️⃣3️⃣8️⃣", "138"),
    ("Ⅴ Ⅹ ⅴ", "v x v"),
    ("㈠⽔⾦⺡", "(一)水金⺡"),
    ("🇻🇽 🇶🇶 🇻", "vx qq v"),
    ("🇨🇳加油🇫🇷", "加油"),
    ("ᴠxɢᴀ", "vxga"),
    ("v̷x̸微͇信͇", "vx微信"),
    ("v\u200bx\u2060微\u202e信", "vx微信"),
    ("wēixìn café", "weixin cafe"),
    ("vх666 ѕaЕ", "vx666 sae"),  # Cyrillic letters within Latin words
    ("αbc123 ΚQ1", "abc123 kq1"),
    ("привет нет 2020год", "привет нет 2020год"),
    ("Ελλάδα ε", "ελλάδα ε"),
    ("♥💗💕", "❤❤❤"),
    ("哪吒", "哪吒"),
    ("普通的简体字，没有什么！", "普通的简体字，没有什么！"),
    ("한국어 ไทย", "한국어 ไทย"),
    ("ひらがな カタカナ", "ひらがな カタカナ"),
]


@pytest.mark.parametrize(("raw", "plain"), ALIKE)
def test_one_character_for_all_that_look_the_same(raw: str, plain: str) -> None:
    assert unify_characters(pl.Series([raw])).to_list() == [plain]


def test_rows_stay_apart_and_null_stays_null() -> None:
    texts = pl.Series("text", ["а", "b1", None, "", "а1", "轉", "平"])
    unified = unify_characters(texts)
    assert unified.to_list() == ["а", "b1", None, "", "a1", "转", "平"]
    assert unified.name == "text"
    assert texts.to_list()[5] == "轉"


@settings(deadline=None, derandomize=True, database=None)
@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=20), max_size=5))
def test_code_points_go_there_and_back(texts: list[str]) -> None:
    row = pl.Series(texts, dtype=pl.String)
    assert to_texts(*to_characters(row)).to_list() == texts


def test_characters_that_are_not_kept_go() -> None:
    points, offsets = to_characters(pl.Series(["a好b", "", "😂c"]))
    assert to_texts(points, offsets, points != ord("好")).to_list() == ["ab", "", "😂c"]
    assert offsets.tolist() == [0, 3, 3, 5]
    assert points.dtype == np.uint32


def test_the_table_is_that_of_the_library() -> None:
    opencc = pytest.importorskip("opencc", reason="opencc is a reference of the developers, no dependency")
    convert = opencc.OpenCC("t2s").convert
    pairs = dict(characters.read_simplified())
    wrong = [one for one in map(chr, range(0x4E00, 0xA000)) if one != "吒" and pairs.get(one, one) != convert(one)]
    assert wrong == []
    assert len(pairs) > 4_000


@pytest.mark.parametrize("line", ["轉", "轉转转"])
def test_a_table_that_is_none_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str) -> None:
    monkeypatch.setenv("ZHENFEN_CONFIGS", str(tmp_path))
    with pytest.raises(ConfigError, match="cannot be read"):
        characters.read_simplified()
    (tmp_path / "text").mkdir()
    (tmp_path / "text" / "simplified.txt").write_text(f"# head\n發发\n{line}\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="no pair"):
        characters.read_simplified()


def test_the_table_says_where_it_comes_from() -> None:
    head = (config_dir() / "text" / "simplified.txt").read_text(encoding="utf-8").splitlines()[:3]
    assert "OpenCC" in head[1]
    assert "Apache-2.0" in head[2]


@given(st.lists(st.text(max_size=20), min_size=1, max_size=6), st.data())
def test_pieces_are_what_python_cuts(texts: list[str], data: st.DataObject) -> None:
    def draw_span(row: int) -> tuple[int, int, int]:
        start = data.draw(st.integers(0, len(texts[row])))
        return row, start, data.draw(st.integers(start, len(texts[row])))

    # In any order, and over one another.
    rows = data.draw(st.lists(st.integers(0, len(texts) - 1), max_size=8))
    spans = np.array([draw_span(row) for row in rows], dtype=np.int64).reshape(-1, 3)
    found = cut_out(pl.Series(texts), *spans.T)
    assert found.to_list() == [texts[row][start:end] for row, start, end in spans]
