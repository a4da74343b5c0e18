"""Rule packs: what a country's rules make worth a look in a post, where it stands, and whether a mark stands there.

A pack says what was seen, never what follows from it in law.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import Self

import polars as pl
from pydantic import Field, model_validator

from zhenfen.config import Strict, config_dir, read_config
from zhenfen.errors import ConfigError
from zhenfen.features.posts.facts import list_words, read_posts
from zhenfen.text.lexicons import WordList, load_lexicon
from zhenfen.text.spans import SPANS_SCHEMA, find_spans
from zhenfen.text.spelling import place_in_raw

RULES_SCHEMA: dict[str, pl.DataType] = {
    "post_id": pl.String(),
    "pack": pl.String(),
    "version": pl.Int64(),
    "rule": pl.String(),
    "seen": pl.String(),
    "start": pl.Int64(),
    "end": pl.Int64(),
    "disclosure": pl.String(),
    "mention": pl.String(),
    "position": pl.String(),
    "chars_before": pl.Int64(),
    "is_behind_fold": pl.Boolean(),
}
POSITIONS = ("beginning", "middle", "end", "tag_only", "label_only", "none", "unknown")
"""beginning, middle, end: the third of the text in which the disclosure begins, a description no law gives; tag_only:
every disclosure of the text is a tag; label_only: only the platform's label discloses; none: nothing was seen, and the
post has no label; unknown: no word was seen, and whether there is a label, or what the rest of a cut text says, is not
known. Null where the rule does not ask for a mark."""
MENTIONS = ("named", "equivalent", "other")
"""named: words that the law itself gives; equivalent: words that say the same, where the law takes those too; other:
words that disclose a relation in any other way."""
_OF_DISCLOSURE = ("disclosure", "mention", "position", "chars_before", "is_behind_fold")
MEANS = "purchase_means"
_NOTHING = pl.DataFrame(schema=SPANS_SCHEMA)


class PackRule(Strict):
    """One thing to look for.

    Attributes:
        article: The law and the article.
        source: Where the text was read.
        read_on: Day it was read.
        look_for: Lists, of the pack or of configs/features/, whose words are shown.
        along_with: Lists of which a word must stand in the post too.
        exempt: List of the pack; a word that overlaps with one of these is left out.
        not_alone: List of the pack; a word that is one of these and nothing more is left out.
        once_a_post: Only the first word of a post is shown.
        asks_for_mark: Whether it matters to the rule that the post says what it is.
    """

    article: str = Field(min_length=1)
    source: str = Field(min_length=1)
    read_on: date
    look_for: tuple[str, ...] = Field(min_length=1)
    along_with: tuple[str, ...] = ()
    exempt: str | None = None
    not_alone: str | None = None
    once_a_post: bool = False
    asks_for_mark: bool = False


class RulePack(Strict):
    """One file of configs/rules/.

    Attributes:
        version: Rises with every change of a rule or a word.
        dated: Day of the version, ISO.
        sources: Laws and guides, as the file's head says how they were read.
        not_compared: What could not be compared with a text, a sentence each.
        fold_chars: Characters after which a platform folds a text; the file says which.
        marks: Disclosures that the law names.
        equivalents: Words that the law takes as well as those, where it does.
        rules: Name → rule.
        lists: Name → words that only this pack reads.
    """

    version: int = Field(ge=1)
    dated: str
    sources: tuple[str, ...] = Field(min_length=1)
    not_compared: tuple[str, ...] = Field(min_length=1)
    fold_chars: int = Field(ge=1)
    marks: WordList
    equivalents: WordList | None = None
    rules: dict[str, PackRule]
    lists: dict[str, WordList] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _check_lists(self) -> Self:
        known = {*self.lists, *load_lexicon("sponsorship"), *load_lexicon("posts")}
        named = {
            name
            for rule in self.rules.values()
            for name in (*rule.look_for, *rule.along_with, rule.exempt, rule.not_alone)
            if name
        }
        if unknown := sorted(named - known):
            raise ValueError(f"rules: no such list: {', '.join(unknown)}; there are {', '.join(sorted(known))}")
        return self

    def words(self, name: str) -> WordList:
        """A list of the pack, or of configs/features/."""
        return self.lists[name] if name in self.lists else list_words(name)


@cache
def load_packs() -> Mapping[str, RulePack]:
    """Every pack of configs/rules/ by its name: cn, eu, fr.

    Raises:
        ConfigError: A file cannot be used.
    """
    return {path.stem: read_config(path, RulePack) for path in sorted((config_dir() / "rules").glob("*.yaml"))}


def check_rules(posts: pl.DataFrame, packs: Iterable[str]) -> pl.DataFrame:
    """What the packs see in the posts, and the disclosure of the post beside what a rule sees that asks for a mark.

    Args:
        posts: post_id and text; has_purchase_link and is_labelled_ad may be absent or null.
        packs: Names of packs.

    Returns:
        RULES_SCHEMA, by pack, rule, post as given, and place. seen, start and end (characters of the text) are null
        where the platform's shopping link alone leads to a shop. disclosure is the earliest one of the text, a mark of
        the pack before an equivalent and that before any other; mention tells which (MENTIONS), chars_before and
        is_behind_fold where it begins; all four null without one, and with position where the rule does not ask for a
        mark.

    Raises:
        ConfigError: No such pack.
    """
    reading = ReadPosts(read_posts(posts).with_row_index("row").cast({"row": pl.Int64}))
    known = load_packs()
    checked = [pl.DataFrame(schema=RULES_SCHEMA)]
    for name in packs:
        if name not in known:
            raise ConfigError(f"no rule pack {name!r}; expected one of {', '.join(known)}")
        seen = [
            _check_rule(reading, known[name], rule).with_columns(
                rule=pl.lit(rule_name), asks_for_mark=rule.asks_for_mark
            )
            for rule_name, rule in known[name].rules.items()
        ]
        disclosed = _describe_disclosures(reading, known[name])
        checked.append(
            pl.concat(seen)
            .join(disclosed, on="row", how="left", maintain_order="left")
            .with_columns(pl.when("asks_for_mark").then(column).alias(column) for column in _OF_DISCLOSURE)
            .with_columns(pack=pl.lit(name), version=pl.lit(known[name].version))
            .select(pl.col(column).cast(kind) for column, kind in RULES_SCHEMA.items())
        )
    return pl.concat(checked)


@dataclass(frozen=True)
class ReadPosts:
    """Posts with their facts, and what of the lists was found in them so far: packs share lists."""

    facts: pl.DataFrame
    found: dict[str, pl.DataFrame] = field(default_factory=dict)

    def find(self, words: WordList) -> pl.DataFrame:
        """What stands in the texts of the list, each place once, the longest word there."""
        if words.regex not in self.found:
            # One expression at a time: a word boundary in one would make them all slow.
            stands = self.facts.select(
                pl.col("spelled").str.contains(regex).any().alias(str(at)) for at, regex in enumerate(words.regexes)
            ).row(0)
            spans = [
                place_in_raw(find_spans(self.facts["spelled"], regex), self.facts["text"])
                for regex, is_there in zip(words.regexes, stands, strict=True)
                if is_there
            ]
            self.found[words.regex] = _keep_longest(pl.concat([_NOTHING, *spans]))
        return self.found[words.regex]

    def find_any(self, lists: Iterable[WordList]) -> pl.DataFrame:
        """The same of several lists together."""
        return _keep_longest(pl.concat([_NOTHING, *map(self.find, lists)]))


def _check_rule(reading: ReadPosts, pack: RulePack, rule: PackRule) -> pl.DataFrame:
    """row, start, end and seen of what the rule looks for."""
    found = reading.find_any(pack.words(name) for name in rule.look_for)
    if rule.exempt:
        found = _leave_out(found, reading.find(pack.words(rule.exempt)))
    if rule.not_alone:
        found = _leave_out(found, reading.find(pack.words(rule.not_alone)), whole=True)
    if MEANS in rule.look_for:
        linked = reading.facts.filter(pl.col("has_purchase_link") & ~pl.col("row").is_in(found["row"].implode()))
        found = pl.concat((found, linked.select("row")), how="diagonal")
    for name in rule.along_with:
        found = found.join(reading.find(pack.words(name)), on="row", how="semi", maintain_order="left")
    found = found.sort("row", "start", maintain_order=True)
    return found.unique("row", keep="first", maintain_order=True) if rule.once_a_post else found


def _keep_longest(spans: pl.DataFrame) -> pl.DataFrame:
    """Spans by row and place, without those inside an earlier or longer one."""
    ordered = spans.sort("row", "start", "end", descending=[False, False, True])
    is_inside = pl.col("end") <= pl.col("end").cum_max().shift(1).over("row")
    return ordered.filter(~is_inside.fill_null(value=False))


def _leave_out(found: pl.DataFrame, exempt: pl.DataFrame, *, whole: bool = False) -> pl.DataFrame:
    """What was found, without what overlaps with something exempt; `whole`: without what lies inside it."""
    pairs = found.with_row_index("at").join(exempt, on="row", suffix="_exempt")
    start, end, from_, to = (pl.col(name) for name in ("start", "end", "start_exempt", "end_exempt"))
    touched = pairs.filter((from_ <= start) & (end <= to) if whole else (start < to) & (from_ < end))
    return found.with_row_index("at").join(touched, on="at", how="anti", maintain_order="left").drop("at")


def _describe_disclosures(reading: ReadPosts, pack: RulePack) -> pl.DataFrame:
    """row, post_id, disclosure, mention, position, chars_before and is_behind_fold of every post."""
    denied = reading.find(list_words("negation"))
    lists = zip(MENTIONS, (pack.marks, pack.equivalents, list_words("disclosure")), strict=True)
    said = [
        _leave_out(reading.find(words), denied).with_columns(mention=pl.lit(name, pl.Enum(MENTIONS)))
        for name, words in lists
        if words is not None
    ]
    is_tag = pl.col("seen").str.contains(r"^\s*[#＃]")
    first = (
        pl.concat(said)
        .sort("row", "mention", "start")
        .group_by("row", maintain_order=True)
        .agg(pl.first("seen", "start", "mention"), all_tags=is_tag.all())
    )
    start = pl.col("start")
    third = 3 * start / pl.col("n_chars")
    position = (
        pl.when(start.is_null())
        .then(pl.col("is_disclosed").replace_strict({True: "label_only", False: "none"}, default="unknown"))
        .when("all_tags")
        .then(pl.lit("tag_only"))
        .when(third < 1)
        .then(pl.lit("beginning"))
        .when(third < 2)  # noqa: PLR2004 (of three thirds)
        .then(pl.lit("middle"))
        .otherwise(pl.lit("end"))
    )
    return (
        reading.facts.select("row", "post_id", "is_disclosed", n_chars=pl.col("text").str.len_chars())
        .join(first, on="row", how="left", maintain_order="left")
        .select(
            "row",
            "post_id",
            "mention",
            disclosure=pl.col("seen").str.strip_chars(),
            position=position,
            chars_before=start,
            is_behind_fold=start >= pack.fold_chars,
        )
    )
