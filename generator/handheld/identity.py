"""From an app's display name to everything that is derived from it: module, folder, package id, colours, initial."""

from __future__ import annotations

import colorsys
import hashlib
import re
import unicodedata
from dataclasses import dataclass

from handheld.errors import NameRefused, PackageRefused

NAME_LIMIT = 30
"""Characters: the limit of both stores for an app's name."""
PACKAGE_LIMIT = 155
"""Characters: the limit of a bundle id."""
DERIVED_LIMIT = 40
"""Characters of a derived module or folder name; transliterated names can be five times as long as the original."""
DEFAULT_PREFIX = "com.example"
"""Where an app without a package id of its own goes; Google Play refuses to publish it."""

MIN_CONTRAST = 4.5
"""WCAG 2 AA for text: white on the accent, and the dark theme's accent on its background."""
DARK_BACKGROUND = "#121212"


@dataclass(frozen=True, slots=True)
class AppIdentity:
    """How the app is called, everywhere. Derived from the name unless given; see `identify`.

    name: The display name, in any language; templates escape it for the file they write it into.
    module: [A-Z][A-Za-z0-9]*, no keyword and no type name of Kotlin, Swift or Java.
    slug: [a-z][a-z0-9-]*, the folder.
    package: Android application id and iOS bundle id.
    color, color_dark: "#RRGGBB", the accent of the light and the dark theme.
    initial: The first letter or digit of the name, for the icon.
    """

    name: str
    module: str
    slug: str
    package: str
    color: str
    color_dark: str
    initial: str
    version: str = "0.1.0"
    version_code: int = 1

    @property
    def package_path(self) -> str:
        """The package as a folder path: "com/example/parrot"."""
        return self.package.replace(".", "/")


def identify(name: str, package: str | None = None) -> AppIdentity:
    """Derive module, slug, package, colours and initial from a display name in any language.

    Args:
        name: The display name; surrounding and repeated white space is dropped, the rest kept (in NFC).
        package: The package id, instead of one below com.example.

    Raises:
        InputError: the name or the package id cannot be used; the message says why.
    """
    name = check_name(name)
    if package is not None:
        check_package(package)
    words = _words(name) or ([package.rpartition(".")[2]] if package else [])
    if not words:
        raise NameRefused(
            name,
            "no part of it can be written with the letters a-z, which the package id needs",
            f'handheld new "{name}" --id {DEFAULT_PREFIX}.myapp',
        )
    module = _module(words)
    color, color_dark = accents(name)
    return AppIdentity(
        name=name,
        module=module,
        slug=_slug(words),
        package=package or f"{DEFAULT_PREFIX}.{module.lower()}",
        color=color,
        color_dark=color_dark,
        initial=_initial(name),
    )


def check_name(name: str) -> str:
    """Give the name in its normal form (NFC, single spaces).

    Raises:
        InputError: it is empty, too long, or holds a sign that some project file cannot hold.
    """
    # Before normalisation, which fails on lone surrogates, and before splitting, which would drop control characters.
    for sign in name:
        reason = _refusal(sign)
        if reason:
            raise NameRefused(name.encode("utf-8", "replace").decode(), reason)
    name = " ".join(unicodedata.normalize("NFC", name).split())
    if not name:
        raise NameRefused(name, "it is empty")
    if len(name) > NAME_LIMIT:
        raise NameRefused(name, f"it has {len(name)} characters; both stores take {NAME_LIMIT} at most")
    if not any(unicodedata.category(sign)[0] in "LN" for sign in name):
        raise NameRefused(name, "it has no letter and no digit")
    return name


def check_package(package: str) -> str:
    """Give the package id back when it is valid on both platforms.

    Raises:
        InputError: it is not; the message says which part.
    """
    parts = package.split(".")
    if len(parts) < 2:
        raise PackageRefused(package, "it needs at least two parts", f"{DEFAULT_PREFIX}.{_safe_part(package)}")
    suggestion = ".".join(map(_safe_part, parts))
    for part in parts:
        reason = _part_refusal(part)
        if reason:
            raise PackageRefused(package, reason, suggestion)
    if parts[0] in _SYSTEM_PACKAGES or package in _TAKEN_PACKAGES:
        taken = package if package in _TAKEN_PACKAGES else parts[0]
        raise PackageRefused(package, f"'{taken}' is taken by the platform or by Handheld", f"com.{suggestion}app")
    if len(package) > PACKAGE_LIMIT:
        raise PackageRefused(package, f"it has more than {PACKAGE_LIMIT} characters", f"{DEFAULT_PREFIX}.myapp")
    return package


def accents(name: str) -> tuple[str, str]:
    """The app's two accents, "#RRGGBB": one hue from the name's hash, light enough or dark enough to be read.

    White text on the first and the second on a dark background both have a contrast of at least 4.5 (WCAG 2, AA).
    """
    hue = int.from_bytes(hashlib.sha256(name.encode()).digest()[:2]) % 360 / 360
    light = next(c for c in (_color(hue, step / 100, 0.48) for step in range(60, 0, -1)) if _reads(c, "#FFFFFF"))
    dark = next(c for c in (_color(hue, step / 100, 0.68) for step in range(60, 101)) if _reads(c, DARK_BACKGROUND))
    return light, dark


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two "#RRGGBB" colours, 1 to 21 (WCAG 2.2, "contrast ratio")."""
    bright, dim = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def _refusal(sign: str) -> str:
    if sign in _REFUSED:
        return f"it holds {sign}, which cannot be written safely into all project files"
    category = unicodedata.category(sign)
    # ZWNJ and ZWJ are spelling in Persian and in many Indian scripts, and join emoji.
    if category in ("Cc", "Cs", "Co", "Cn", "Zl", "Zp") or (category == "Cf" and sign not in "\u200c\u200d"):
        return f"it holds the invisible sign U+{ord(sign):04X}"
    return ""


def _words(name: str) -> list[str]:
    """The name in ASCII words, transliterated where needed; apostrophes join, everything else separates."""
    text = re.sub(r"(?<=\w)['\u2019](?=\w)", "", name)
    if not text.isascii():
        # Most names do without its tables.
        from text_unidecode import unidecode  # type: ignore[import-untyped]  # noqa: PLC0415

        # Sign by sign, so that an emoji separates words instead of joining them.
        text = "".join(sign if sign.isascii() else _spelt(sign, unidecode(sign)) for sign in text)
    words: list[str] = []
    length = 0
    for word in re.findall("[A-Za-z0-9]+", text):
        length += len(word)
        if length > DERIVED_LIMIT:
            return words or [word[:DERIVED_LIMIT]]
        words.append(word)
    return words


def _spelt(sign: str, ascii_text: str) -> str:
    return ascii_text if unicodedata.category(sign)[0] in "LNM" else " "


def _module(words: list[str]) -> str:
    module = "".join(word[0].upper() + word[1:] for word in words)
    if module[0].isdigit():
        module = f"App{module}"
    return f"{module}App" if module.lower() in RESERVED else module


def _slug(words: list[str]) -> str:
    slug = "-".join(word.lower() for word in words)
    if slug[0].isdigit():
        slug = f"app-{slug}"
    return f"{slug}-app" if slug in _WINDOWS_DEVICES else slug


def _initial(name: str) -> str:
    for index, sign in enumerate(name):
        if unicodedata.category(sign)[0] in "LN":
            upper = sign.upper() if len(sign.upper()) == 1 else sign
            end = index + 1
            while end < len(name) and unicodedata.category(name[end])[0] == "M":
                end += 1
            return upper + name[index + 1 : end]
    raise AssertionError("check_name() asks for a letter or digit")


def _part_refusal(part: str) -> str:
    if not part:
        return "it has an empty part"
    if not re.fullmatch("[a-z][a-z0-9]*", part):
        return f"its part '{part}' has more than a-z and 0-9, or does not begin with a letter"
    return f"its part '{part}' is a keyword of Kotlin or Java" if part in PACKAGE_KEYWORDS else ""


def _safe_part(part: str) -> str:
    safe = re.sub("[^a-z0-9]", "", part.lower()) or "app"
    safe = f"app{safe}" if safe[0].isdigit() else safe
    return f"{safe}app" if safe in PACKAGE_KEYWORDS else safe


def _color(hue: float, lightness: float, saturation: float) -> str:
    return "#" + "".join(f"{round(part * 255):02X}" for part in colorsys.hls_to_rgb(hue, lightness, saturation))


def _reads(one: str, other: str) -> bool:
    return contrast(one, other) >= MIN_CONTRAST


def _luminance(color: str) -> float:
    linear = []
    for start in (1, 3, 5):
        part = int(color[start : start + 2], 16) / 255
        linear.append(part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4)
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


_REFUSED = frozenset('"$\\/<>`{}')
_WINDOWS_DEVICES = frozenset(
    ["con", "prn", "aux", "nul", *(f"{port}{number}" for port in ("com", "lpt") for number in range(1, 10))]
)
_TAKEN_PACKAGES = frozenset(["dev.handheld"])


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_SYSTEM_PACKAGES = _set("android androidx dalvik java javax jdk kotlin kotlinx sun")

# Only words of letters and digits matter: nothing else gets into a module or package name.
_JAVA_KEYWORDS = _set("""
    abstract assert boolean break byte case catch char class const continue default do double else enum extends false
    final finally float for goto if implements import instanceof int interface long native new null package private
    protected public return short static strictfp super switch synchronized this throw throws transient true try void
    volatile while
""")
_KOTLIN_HARD_KEYWORDS = _set("as fun in is object typealias typeof val var when")
_SWIFT_KEYWORDS = _set("""
    any associatedtype async await defer deinit extension fallthrough fileprivate func guard indirect infix init inout
    internal let mutating nil nonisolated open operator optional postfix precedencegroup prefix protocol repeat required
    rethrows self some subscript struct type typealias unowned weak where
""")
_STANDARD_TYPES = _set("""
    actor array bool character clock codable data date dictionary dispatchers double duration equatable error event
    exception float flow hashable identifiable int iterator job list map never nothing number objc optional pair random
    range regex result sendable sequence set string swift task throwable unit url uuid
""")
_SCREEN_TYPES = _set("""
    alert animation app binding button canvas chart color column composable divider environment font form gesture group
    icon image label layout link menu modifier path picker row scaffold scene section shape slider spacer stack state
    stepper surface swiftui text theme toggle toolbar transaction view window
""")
_ANDROID_TYPES = _set("""
    activity application bundle buildconfig context fragment handler intent looper mainactivity manifest message parcel
    r resources service toast
""")
# One-word frameworks, which would hide themselves behind a module of that name, and an Xcode project's own names.
_APPLE_MODULES = _set("""
    accelerate accounts appintents assets avfoundation avkit callkit charts cinematic combine contacts contentview
    coredata coregraphics coreml darwin dispatch foundation intents mapkit messages metal network observation os photos
    security social speech storekit system testing tests translation uikit vision xctest
""")
_OWN_NAMES = _set("cggml cggmlmetal chandheld cjinja cllama handheld handheldmodels main taskentry")

PACKAGE_KEYWORDS = _JAVA_KEYWORDS | _KOTLIN_HARD_KEYWORDS
RESERVED = frozenset().union(
    PACKAGE_KEYWORDS, _SWIFT_KEYWORDS, _STANDARD_TYPES, _SCREEN_TYPES, _ANDROID_TYPES, _APPLE_MODULES, _OWN_NAMES
)
"""Lower-case names that a module must not have, whatever its case: it stands beside these in the same files."""
