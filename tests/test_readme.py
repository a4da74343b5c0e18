"""The first page keeps its word: its Python runs as printed, and the workbook that it asks an agency for is enough."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import polars as pl
import xlsxwriter

from zhenfen.connectors.importing import import_export
from zhenfen.model_store import load_models
from zhenfen.scoring import score
from zhenfen.simulate import simulate
from zhenfen.tables import write_tables

README = Path(__file__).parents[1] / "README.md"
FAMILIES = ("growth", "engagement", "comments", "network")
TIMES = "%Y-%m-%d %H:%M:%S"


def test_the_page_is_a_page() -> None:
    assert len(README.read_text(encoding="utf-8").splitlines()) <= 95


def test_the_example_runs_as_printed(tmp_path: Path) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    write_tables(simulate(["thin_data"], seed=1).tables, tmp_path / "export")
    ran = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert (tmp_path / "report" / "index.html").exists()


def test_a_workbook_with_the_headings_named_is_enough(tmp_path: Path) -> None:
    """Read, it gives the level of each family that the tables it was made of give."""
    made = simulate(["organic_large", "comment_farm"], seed=3, platforms=("weibo",)).tables
    sheets = {
        "达人": made["creators"].select(
            达人ID="creator_id",
            达人昵称="display_name",
            平台=pl.lit("微博"),
            粉丝数="n_followers",
            报价="fee_cny",
        ),
        "作品": made["posts"].select(
            作品ID="post_id",
            达人ID="creator_id",
            发布时间=local("published_at"),
            标题="text",
            点赞数="n_likes",
            评论数="n_comments",
            转发数="n_shares",
        ),
        "粉丝": made["follower_counts"].select(达人ID="creator_id", 日期=local("observed_at"), 粉丝数="n_followers"),
        "评论": made["comments"].select(
            评论ID="comment_id",
            作品ID="post_id",
            达人ID="creator_id",
            评论内容="text",
            评论时间=local("created_at"),
            用户ID="author_id",
        ),
    }
    page = README.read_text(encoding="utf-8")
    assert [name for sheet in sheets.values() for name in sheet.columns if name not in page] == []
    with xlsxwriter.Workbook(tmp_path / "agency.xlsx") as book:
        for name, sheet in sheets.items():
            sheet.write_excel(book, name)
    read = import_export(tmp_path / "agency.xlsx", obtained_how="an agency's own", found_by="list")
    wanted, found = (levels(tables) for tables in (made, read))
    assert {family for _, family in wanted} == set(FAMILIES)
    assert found == wanted


def local(column: str) -> pl.Expr:
    return pl.col(column).dt.convert_time_zone("Asia/Shanghai").dt.strftime(TIMES)


def levels(tables: object) -> set[tuple[str, str]]:
    """Level and family of every family assessed that the sheets speak of; a title is not the whole text of a post."""
    findings = score(tables, load_models(), with_details=False).findings  # type: ignore[arg-type]
    assessed = findings.filter(pl.col("level") != "not_assessed", pl.col("family").is_in(FAMILIES))
    return set(assessed.select("level", "family").iter_rows())
