"""What a roster's page says in words: of what its numbers are, all together, and small creators against large."""

from __future__ import annotations

from collections.abc import Sequence

from zhenfen.messages import Catalogue
from zhenfen.report.case import Setting
from zhenfen.report.filename import page_stem
from zhenfen.verdict.roster import Interval, Listing, Reach, Shared
from zhenfen.verdict.size_classes import SizeClass

COMMENTERS = "commenters"
COMPACT_FROM = 10_000
COMPARED_MOST = 2


def say_frame(setting: Setting, reach: Reach) -> str:
    """Of what the numbers of a basis are."""
    text, number = setting.catalogue.text, setting.catalogue.number
    if reach.basis == COMMENTERS:
        n_posts = setting.catalogue.count(sum(listing.n_posts for listing in reach.listings.values()))
        return text("roster.frame.commenters", n_posts=n_posts)
    n_random = sum(listing.is_random for listing in reach.listings.values())
    return text("roster.frame.followers", n=number(n_random, 0), of=number(len(reach.listings), 0))


def say_unseen(setting: Setting, reach: Reach, pairs: Sequence[Shared]) -> str:
    """One sentence for the pairs with which nobody was seen; empty without any."""
    if not pairs:
        return ""
    most = count_text(setting.catalogue, max(pair.high or 0.0 for pair in pairs))
    return setting.catalogue.text(f"roster.unseen.{reach.basis}", n=setting.catalogue.count(len(pairs)), most=most)


def say_union(setting: Setting, reach: Reach) -> str:
    """How many accounts all reach, counted once, and how many of them look genuine."""
    text, catalogue = setting.catalogue.text, setting.catalogue
    fields = {
        "k": len(reach.listings),
        "summed": count_text(catalogue, reach.n_summed),
        "union": count_text(catalogue, reach.n_union) if reach.n_union is not None else "",
    }
    if reach.union is not None:
        fields |= dict(zip(("low", "high"), (count_text(catalogue, end) for end in reach.union), strict=True))
    said = text(f"roster.union.{reach.basis}", **fields)
    if reach.genuine is None:
        return said
    low, high = (count_text(catalogue, end) for end in reach.genuine)
    return said + text("roster.union.genuine", low=low, high=high)


def say_classes(setting: Setting, classes: Sequence[SizeClass]) -> str:
    """Whether the smallest and the largest class of a platform differ in engagement; empty where there is one class."""
    said = []
    for platform in dict.fromkeys(one.platform for one in classes):
        known = [one for one in classes if one.platform == platform and one.engagement.value is not None]
        if len(known) < COMPARED_MOST:
            continue
        small, large = known[0], known[-1]
        ends = (small.engagement.low, small.engagement.high, large.engagement.low, large.engagement.high)
        low, high, other_low, other_high = ends
        key = "too_few"
        if low is not None and high is not None and other_low is not None and other_high is not None:
            key = "higher" if low > other_high else "lower" if high < other_low else "alike"
        said.append(
            setting.catalogue.text(
                f"roster.classes.{key}",
                platform=setting.platform_name(platform),
                small=setting.catalogue.text(f"tier.{small.name}"),
                large=setting.catalogue.text(f"tier.{large.name}"),
                small_value=setting.catalogue.value(small.engagement.value, "quotient"),
                large_value=setting.catalogue.value(large.engagement.value, "quotient"),
            )
        )
    return "" if not said else ("" if setting.catalogue.language == "zh" else " ").join(said)


def say_list(setting: Setting, listing: Listing) -> str:
    """Of what one side of a pair is."""
    text = setting.catalogue.text
    if listing.frame is None:
        return text("roster.list.none")
    if listing.n_posts:
        return text("roster.list.posts", n=setting.catalogue.count(listing.n_posts))
    n = setting.catalogue.number(listing.n_seen, 0)
    key = "roster.list.whole" if listing.is_random and listing.n_seen == listing.n_total else "roster.list.part"
    return text(key, frame=text(f"report.frame.{listing.frame}"), n=n)


def count_text(catalogue: Catalogue, value: float) -> str:
    """A count of accounts: in full where it is short, else in the language's short form."""
    return catalogue.number(round(value), 0) if round(value) < COMPACT_FROM else catalogue.compact(round(value))


def ends_text(catalogue: Catalogue, ends: Interval | None) -> str:
    """Two counts as an interval; one where they are the same, empty without."""
    if ends is None:
        return ""
    return " – ".join(dict.fromkeys(count_text(catalogue, end) for end in ends))


def link_creator(setting: Setting, creator_id: str) -> dict[str, str]:
    """Name and page of a creator of the report."""
    return {"name": setting.name_of(creator_id), "file": page_stem(creator_id)}
