"""Why a row, a value or a file could not be used.

The keys stand in the table `unusable` and in the message catalogue `connectors.yaml`, which holds them in the
reader's language; errors are in English.
"""

from __future__ import annotations

REASONS: dict[str, str] = {
    "unusable.value": "a value",
    "unusable.count": "a count such as 1234 or 1.2万",
    "unusable.amount": "an amount such as 5000 or 1.2万元",
    "unusable.share": "a share such as 12.5% or 0.125",
    "unusable.contradiction": "values that agree with each other; nobody knows which of them is right",
    "unusable.time": "a time after 1990 and not in the future",
    "unusable.flag": "yes or no",
    "unusable.choice": "one of the values that this column allows",
    "unusable.duplicate": "each record once; the repeats were merged",
    "unusable.post": "the post to be in this export too; without it nobody knows whose comment section it is",
    "unusable.other_author": "a post by the account itself, not one that it liked, commented on or shared",
    "unusable.following": "somebody who follows the creator, not an account that the creator follows",
    "unusable.note": "a record; this row holds one cell, which is a remark on the sheet",
    "unusable.example": "a record; this row only shows how one is filled in, and was left out",
    "unusable.link": "an address of the platform that the row names; the row's own word counts",
    "unusable.shifted": "counts and times under their headings; the cells of this row stand under others",
    "unusable.unreadable": "a file that can be read; the others were",
    "unusable.empty": "a file with something in it; this one is empty",
    "unusable.ignored": "a heading that is known; this column was not used",
    "unusable.file": "a file of the export format that was recognised; this one was not read",
    "unusable.platform": "the name of a supported platform, such as 小红书, 抖音 or 微博",
    "unusable.creator": "the creator's id or name",
    "unusable.unsupported": "a supported platform; the data of this one cannot be read yet",
}
"""Message key → what was expected, in English."""
