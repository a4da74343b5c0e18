"""Help and errors of usage in the reader's language: every option of every command, every sentence of Typer."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import typer
from cli_runner import Runner

from zhenfen.cli.main import COMMANDS, app
from zhenfen.cli.options import take_language
from zhenfen.cli.told import translate_help
from zhenfen.messages import LANGUAGES, Catalogue, load_entries

TOLD = [language for language in LANGUAGES if language != "en"]


def walk(command: Any, name: str) -> Iterator[tuple[str, str]]:
    """Name and text of every help: of a command, its options and arguments, and the commands in it."""
    yield name, command.help
    for param in command.params:
        yield f"{name} {param.name}", param.help
    for inner, below in getattr(command, "commands", {}).items():
        if not name.startswith("zhenfen"):
            yield from walk(below, f"{name} {inner}")


def list_helps() -> list[tuple[str, str]]:
    helps = list(walk(typer.main.get_command(app), "zhenfen"))
    helps += [(name, line) for name, (_, line) in COMMANDS.items()]
    for name, (module, _) in COMMANDS.items():
        helps += walk(typer.main.get_command(import_module(module).app), name)
    return helps


def test_every_option_has_a_help_in_every_language() -> None:
    helps = list_helps()
    assert [name for name, text in helps if not text] == []
    known = {texts["en"] for key, texts in load_entries().items() if key.startswith("help.")}
    # A new help text needs an entry in messages/help.yaml, in Chinese and French beside the English of the code.
    assert {text for _, text in helps if inspect.cleandoc(text) not in known} == set()
    unused = known - {inspect.cleandoc(text) for _, text in helps}
    assert unused == {"Show this message and exit."}
    for language in TOLD:
        same = [name for name, text in helps if translate_help(text, Catalogue(language)) == inspect.cleandoc(text)]
        assert [name for name in same if name != "models rollback model"] == []


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("zh", ("用法：", "选项", "命令", "读取导出", "显示此说明并退出")),
        ("fr", ("Usage\u00a0:", "Commandes", "Lire un export")),
    ],
)
def test_the_list_of_commands_is_in_the_readers_language(
    zhenfen: Runner, monkeypatch: pytest.MonkeyPatch, language: str, words: tuple[str, ...]
) -> None:
    for arguments in (("--help", "--lang", language), ("--lang", language, "--help"), ("--help",)):
        monkeypatch.setenv("ZHENFEN_LANG", language if len(arguments) == 1 else "en")
        ran = zhenfen(*arguments)
        assert ran.code == 0
        assert all(word in ran.out for word in words)
    monkeypatch.delenv("ZHENFEN_LANG")
    assert "Read an export" in zhenfen("--help").out


@pytest.mark.parametrize("name", COMMANDS)
def test_help_of_a_command_has_no_english_left(zhenfen: Runner, name: str) -> None:
    ran = zhenfen(name, "--help", "--lang", "zh")
    assert ran.code == 0
    assert COMMANDS[name][1] not in ran.out
    for word in ("Usage:", "Options", "Arguments", "[required]", "default:", "env var", "Show this message"):
        assert word not in ran.out
    assert "用法：zhenfen" in ran.out
    assert "Usage: zhenfen" in zhenfen(name, "--help").out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ("vett",),
            {"zh": "没有命令 'vett'。是不是 'vet'？", "fr": "Pas de commande 'vett'. Vouliez-vous dire 'vet'\u202f?"},
        ),
        (("quince",), {"zh": "没有命令 'quince'。", "fr": "Pas de commande 'quince'."}),
        (("vet",), {"zh": "缺少参数 'PATH'。", "fr": "Argument manquant\u00a0: 'PATH'."}),
        (("vet", "{there}"), {"zh": "缺少选项 '--out'。", "fr": "Option manquante\u00a0: '--out'."}),
        (("vet", "nofile", "--out", "x"), {"zh": "'PATH' 的值无效：'nofile' 不存在。", "fr": "'nofile' n’existe pas."}),
        (
            ("vet", "{there}", "--outt"),
            {"zh": "没有选项 --outt。可能是：", "fr": "Pas d’option --outt. Options possibles\u00a0: --out"},
        ),
        (("vet", "{there}", "--quince"), {"zh": "没有选项 --quince。", "fr": "Pas d’option --quince."}),
        (
            ("vet", "{there}", "--out"),
            {"zh": "选项 '--out' 需要一个值。", "fr": "L’option '--out' demande une valeur."},
        ),
        (("vet", "{there}", "--show-names=1"), {"zh": "选项 '--show-names' 不带值。", "fr": "ne prend pas de valeur."}),
        (("vet", "{there}", "{there}", "--out", "x"), {"zh": "多余的参数：", "fr": "Arguments en trop\u00a0: "}),
        (
            ("vet", "{there}", "--out", "x", "--frame", "odd"),
            {"zh": "'--frame' 的值无效：'odd' 不在可选值之内：'newest', ", "fr": "'odd' n’est pas parmi 'newest'"},
        ),
        (("vet", "{there}", "--out", "x", "--map", "{there}"), {"zh": " 是一个文件夹。", "fr": " est un dossier."}),
        (("demo", "--out", "x", "--seed", "odd"), {"zh": "应为整数。", "fr": "Un nombre entier est attendu."}),
        (("serve", "--port", "70000"), {"zh": "应不大于 65535。", "fr": "Au plus 65535."}),
        (("serve", "--port", "-1"), {"zh": "应不小于 0。", "fr": "Au moins 0."}),
        (
            ("audit", "sample", "{there}", "--creator", "x", "--out", "y", "--width", "z"),
            {"zh": "应为数字。", "fr": "Un nombre est attendu."},
        ),
        (("audit", "quince"), {"zh": "没有命令 'quince'。", "fr": "Pas de commande 'quince'."}),
    ],
)
def test_an_error_of_usage_is_in_the_readers_language(
    zhenfen: Runner, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, arguments: tuple[str, ...], said: dict[str, str]
) -> None:
    given = [one.format(there=tmp_path) for one in arguments]
    for language, sentence in said.items():
        monkeypatch.setenv("ZHENFEN_LANG", language)
        ran = zhenfen(*given)
        assert ran.code == 2
        assert sentence in ran.err, ran.err
        assert not any(word in ran.err for word in ("Usage:", "Error", "Try", "Invalid value", "Missing", "No such"))
    monkeypatch.setenv("ZHENFEN_LANG", "en")
    ran = zhenfen(*given)
    assert (ran.code, "╭─ Error" in ran.err, sentence in ran.err) == (2, True, False)


def test_the_language_stands_before_or_behind_the_command(
    zhenfen: Runner, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ZHENFEN_LANG", "fr")
    for arguments in (("--lang", "zh", "check", tmp_path), ("check", tmp_path, "--lang", "zh")):
        ran = zhenfen(*arguments)
        assert ran.code == 2
        assert "应为" in ran.err
    assert "attendu" in zhenfen("check", tmp_path).err


@pytest.mark.parametrize(
    ("arguments", "environment", "language", "rest"),
    [
        ("", {}, "en", ""),
        ("vet", {"ZHENFEN_LANG": "fr"}, "fr", "vet"),
        ("vet", {"ZHENFEN_LANG": "odd"}, "en", "vet"),
        ("vet --lang zh", {"ZHENFEN_LANG": "fr"}, "zh", "vet"),
        ("vet --lang=zh nofile --lang fr", {}, "fr", "vet nofile"),
        ("vet --lang", {}, "en", "vet --lang"),
        ("vet --lang xx", {"ZHENFEN_LANG": "zh"}, "zh", "vet --lang xx"),
        ("vet -- --lang zh", {}, "en", "vet -- --lang zh"),
    ],
)
def test_the_language_is_taken_before_anything_is_read(
    arguments: str, environment: dict[str, str], language: str, rest: str
) -> None:
    assert take_language(arguments.split(), environment) == (language, rest.split())


@pytest.mark.parametrize("language", ["zh", "fr"])
def test_help_is_whole_in_a_narrow_terminal(zhenfen: Runner, monkeypatch: pytest.MonkeyPatch, language: str) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERMINAL_WIDTH", "80")
    ran = zhenfen("import", "--help", "--lang", language)
    assert "… │" not in ran.out
