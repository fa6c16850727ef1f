"""Names in any language become correct identifiers, or are refused with the reason."""

# Signs that look alike are the point here.
# ruff: noqa: RUF001
from __future__ import annotations

import re
import unicodedata

import pytest

from handheld import identity
from handheld.errors import NameRefused, PackageRefused
from handheld.identity import (
    DARK_BACKGROUND,
    MIN_CONTRAST,
    PACKAGE_KEYWORDS,
    RESERVED,
    AppIdentity,
    accents,
    contrast,
    identify,
)

NAMES = [
    # name, module, slug, package, initial
    ("Parrot", "Parrot", "parrot", "com.example.parrot", "P"),
    ("parrot", "Parrot", "parrot", "com.example.parrot", "P"),
    ("My  Talking\u00a0Parrot", "MyTalkingParrot", "my-talking-parrot", "com.example.mytalkingparrot", "M"),
    ("iPhone bot", "IPhoneBot", "iphone-bot", "com.example.iphonebot", "I"),
    ("Tom & Jerry's", "TomJerrys", "tom-jerrys", "com.example.tomjerrys", "T"),
    ("L’Éléphant", "LElephant", "lelephant", "com.example.lelephant", "L"),
    ("Zażółć gęślą", "ZazolcGesla", "zazolc-gesla", "com.example.zazolcgesla", "Z"),
    ("Ćwir", "Cwir", "cwir", "com.example.cwir", "Ć"),
    ("Straße", "Strasse", "strasse", "com.example.strasse", "S"),
    ("ß", "Ss", "ss", "com.example.ss", "ß"),
    ("Попугай", "Popugai", "popugai", "com.example.popugai", "П"),
    ("Ελληνικά", "Ellenika", "ellenika", "com.example.ellenika", "Ε"),
    ("北京 地图", "BeiJingDiTu", "bei-jing-di-tu", "com.example.beijingditu", "北"),
    ("ねこ", "Neko", "neko", "com.example.neko", "ね"),
    ("한국어 앱", "HangugeoAeb", "hangugeo-aeb", "com.example.hangugeoaeb", "한"),
    ("مرحبا", "MrHb", "mrhb", "com.example.mrhb", "م"),
    ("שלום", "Shlvm", "shlvm", "com.example.shlvm", "ש"),
    ("हिन्दी", "Hindii", "hindii", "com.example.hindii", "हि"),
    ("ไทย", "Aithy", "aithy", "com.example.aithy", "ไ"),
    ("می‌خواهم", None, None, None, "م"),
    ("🐦 Bird", "Bird", "bird", "com.example.bird", "B"),
    ("Bird🐦Song", "BirdSong", "bird-song", "com.example.birdsong", "B"),
    ("♥ Chat", "Chat", "chat", "com.example.chat", "C"),
    ("C++", "C", "c", "com.example.c", "C"),
    ("What? Now!", "WhatNow", "what-now", "com.example.whatnow", "W"),
    ("100%: @home", "App100Home", "app-100-home", "com.example.app100home", "1"),
    ("2048", "App2048", "app-2048", "com.example.app2048", "2"),
    ("3D Chess", "App3DChess", "app-3d-chess", "com.example.app3dchess", "3"),
    ("-x-", "X", "x", "com.example.x", "X"),
    ("class", "ClassApp", "class", "com.example.classapp", "C"),
    ("Class", "ClassApp", "class", "com.example.classapp", "C"),
    ("fun", "FunApp", "fun", "com.example.funapp", "F"),
    ("when", "WhenApp", "when", "com.example.whenapp", "W"),
    ("guard", "GuardApp", "guard", "com.example.guardapp", "G"),
    ("App", "AppApp", "app", "com.example.appapp", "A"),
    ("Task", "TaskApp", "task", "com.example.taskapp", "T"),
    ("Context", "ContextApp", "context", "com.example.contextapp", "C"),
    ("Activity", "ActivityApp", "activity", "com.example.activityapp", "A"),
    ("String", "StringApp", "string", "com.example.stringapp", "S"),
    ("Handheld", "HandheldApp", "handheld", "com.example.handheldapp", "H"),
    ("R", "RApp", "r", "com.example.rapp", "R"),
    ("Translation", "TranslationApp", "translation", "com.example.translationapp", "T"),
    ("Main Activity", "MainActivityApp", "main-activity", "com.example.mainactivityapp", "M"),
    ("Con", "Con", "con-app", "com.example.con", "C"),
    ("nul", "Nul", "nul-app", "com.example.nul", "N"),
    ("a" * 30, "A" + "a" * 29, "a" * 30, "com.example." + "a" * 30, "A"),
]


@pytest.mark.parametrize(("name", "module", "slug", "package", "initial"), NAMES, ids=[row[0] for row in NAMES])
def test_names(name: str, module: str | None, slug: str | None, package: str | None, initial: str) -> None:
    made = identify(name)
    if module is not None:
        assert (made.module, made.slug, made.package) == (module, slug, package)
    assert made.initial == initial
    assert_valid(made)


def assert_valid(made: AppIdentity) -> None:
    """What both platforms ask of each part."""
    assert re.fullmatch("[A-Z][A-Za-z0-9]*", made.module)
    assert made.module.lower() not in RESERVED
    assert re.fullmatch("[a-z][a-z0-9]*(-[a-z0-9]+)*", made.slug)
    assert re.fullmatch(r"[a-z][a-z0-9]*(\.[a-z][a-z0-9]*)+", made.package)
    assert not set(made.package.split(".")) & PACKAGE_KEYWORDS
    assert made.package_path == made.package.replace(".", "/")
    assert len(made.package) <= 155
    assert len(made.module) <= 60
    assert unicodedata.is_normalized("NFC", made.name)
    assert re.fullmatch("#[0-9A-F]{6}", made.color)
    assert (made.version, made.version_code) == ("0.1.0", 1)


@pytest.mark.parametrize("word", sorted(RESERVED))
def test_no_reserved_word_gets_through(word: str) -> None:
    assert_valid(identify(word))
    assert_valid(identify(word.upper()))


def test_a_name_is_stored_composed_and_without_needless_spaces() -> None:
    assert identify("  Cafe\u0301   Noir ").name == "Caf\u00e9 Noir"


def test_a_long_transliteration_is_cut_between_words() -> None:
    made = identify("北京" * 15)
    assert made.module == "BeiJing" * 5 + "Bei"
    assert_valid(made)


REFUSED = [
    ("", "it is empty"),
    ("   ", "it is empty"),
    ("a" * 31, "it has 31 characters; both stores take 30"),
    ("a" * 200, "it has 200 characters"),
    ("🐦", "it has no letter and no digit"),
    ("🐦🐦👨‍👩‍👧", "it has no letter and no digit"),
    ("!?", "it has no letter and no digit"),
    ('say "hi"', 'it holds "'),
    ("pay $", "it holds $"),
    ("a\\b", "it holds \\"),
    ("a/b", "it holds /"),
    ("a<b", "it holds <"),
    ("a>b", "it holds >"),
    ("a`b", "it holds `"),
    ("{{x}}", "it holds {"),
    ("a\nb", "it holds the invisible sign U+000A"),
    ("a\tb", "it holds the invisible sign U+0009"),
    ("a\0b", "it holds the invisible sign U+0000"),
    ("a\x7fb", "it holds the invisible sign U+007F"),
    ("a\x1b[31mb", "it holds the invisible sign U+001B"),
    ("a\u202eb", "it holds the invisible sign U+202E"),
    ("a\ufeffb", "it holds the invisible sign U+FEFF"),
    ("a\u2028b", "it holds the invisible sign U+2028"),
    ("a\ue000b", "it holds the invisible sign U+E000"),
    ("a\udc80b", "it holds the invisible sign U+DC80"),
    ("\U00012000", "no part of it can be written with the letters a-z"),
]


@pytest.mark.parametrize(("name", "reason"), REFUSED, ids=[ascii(name)[:24] for name, _ in REFUSED])
def test_refused_names(name: str, reason: str) -> None:
    with pytest.raises(NameRefused) as caught:
        identify(name)
    assert reason in caught.value.what
    assert caught.value.exit_code == 2
    # The message itself can be shown on any terminal.
    caught.value.as_text().encode()
    assert len(caught.value.what) < 200


def test_a_name_without_latin_letters_needs_an_id() -> None:
    with pytest.raises(NameRefused) as caught:
        identify("\U00012000")
    assert "--id com.example.myapp" in caught.value.fix
    made = identify("\U00012000", "com.acme.tablet")
    assert (made.name, made.module, made.slug) == ("\U00012000", "Tablet", "tablet")


@pytest.mark.parametrize("package", ["com.acme", "pl.acme.parrot2", "dev.handheld.parrot", "com.operator.x", "a.b"])
def test_packages_that_both_platforms_take(package: str) -> None:
    made = identify("Parrot", package)
    assert made.package == package
    assert made.module == "Parrot"
    assert_valid(made)


PACKAGES = [
    ("parrot", "at least two parts", "--id com.example.parrot"),
    ("com.Acme", "'Acme' has more than a-z and 0-9", "--id com.acme"),
    ("com.ac_me", "'ac_me' has more than", "--id com.acme"),
    ("com.ac-me", "'ac-me' has more than", "--id com.acme"),
    ("com.1st", "'1st' has more than", "--id com.app1st"),
    ("com..x", "an empty part", "--id com.app.x"),
    ("com.x.", "an empty part", "--id com.x.app"),
    (".com.x", "an empty part", "--id app.com.x"),
    ("com.new.x", "'new' is a keyword", "--id com.newapp.x"),
    ("com.fun", "'fun' is a keyword", "--id com.funapp"),
    ("com.żółw", "'żółw' has more than", "--id com.w"),
    ("com.x y", "'x y' has more than", "--id com.xy"),
    ("java.parrot", "'java' is taken", "--id com.java.parrotapp"),
    ("android.parrot", "'android' is taken", "--id com.android.parrotapp"),
    ("dev.handheld", "'dev.handheld' is taken", "--id com.dev.handheldapp"),
    ("com." + "a" * 160, "more than 155 characters", "--id com.example.myapp"),
]


@pytest.mark.parametrize(("package", "reason", "fix"), PACKAGES, ids=[row[0][:20] for row in PACKAGES])
def test_refused_packages(package: str, reason: str, fix: str) -> None:
    with pytest.raises(PackageRefused) as caught:
        identify("Parrot", package)
    assert reason in caught.value.what
    assert caught.value.fix == fix
    # What the message proposes is taken.
    identify("Parrot", fix.removeprefix("--id "))


@pytest.mark.parametrize("number", range(0, 2000, 7))
def test_accents_can_be_read(number: int) -> None:
    light, dark = accents(f"name {number}")
    assert contrast(light, "#FFFFFF") >= MIN_CONTRAST
    assert contrast(dark, DARK_BACKGROUND) >= MIN_CONTRAST


def test_contrast_is_that_of_the_standard() -> None:
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert contrast("#777777", "#FFFFFF") == pytest.approx(4.48, abs=0.01)
    assert contrast("#123456", "#123456") == 1


def test_the_same_name_gives_the_same_identity() -> None:
    assert identify("Parrot") == identify("Parrot")
    assert identify("Parrot").color != identify("Sparrow").color


def test_word_lists_hold_what_can_be_compared() -> None:
    assert all(re.fullmatch("[a-z0-9]+", word) for word in RESERVED | PACKAGE_KEYWORDS)
    assert identity.NAME_LIMIT == 30
