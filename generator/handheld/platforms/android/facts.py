"""What is true here: the Android SDK and what of it an app needs, the virtual devices, Java, hardware acceleration.

Only files are read; nothing is started.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import sys
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from handheld.app_errors import LockDamaged
from handheld.errors import Unreadable
from handheld.tools import Tools

HOMES = ("ANDROID_HOME", "ANDROID_SDK_ROOT")
BUILD_TOOLS = "36.0.0"
IMAGE_LEVEL = 35
"""The newest level that has an image made for automated tests (ATD): smaller, and without apps that nobody tests."""
OWN_AVD = f"handheld-{IMAGE_LEVEL}"
OLDEST_JAVA = 17
SDK_LICENCE = "android-sdk-license"
MB = 1_000_000


@dataclass(frozen=True, slots=True)
class Needs:
    """What an app's Gradle project asks for."""

    compile_sdk: int
    ndk: str
    cmake: str
    gradle_url: str
    gradle_sha256: str

    @property
    def gradle(self) -> str:
        """The name of Gradle's archive without its ending, such as gradle-9.7.1-bin."""
        return self.gradle_url.rpartition("/")[2].removesuffix(".zip")


@dataclass(frozen=True, slots=True)
class Package:
    """A part of the SDK. `proof` is a file in it that shows that it is there; sizes are about right, in bytes."""

    name: str
    proof: str
    download: int
    disk: int

    def folder(self, root: Path) -> Path:
        """Where it lies."""
        return root.joinpath(*self.name.split(";"))

    def present(self, root: Path) -> bool:
        """Whether it is installed, and whole enough to have its main file."""
        return (self.folder(root) / self.proof).exists()


@dataclass(frozen=True, slots=True)
class Avd:
    """A virtual device that exists. `image` is its system image's folder, relative to the SDK, when it is told."""

    name: str
    image: str


@dataclass(frozen=True, slots=True)
class Java:
    """A Java to run Gradle with."""

    path: Path


def needs_of_app(project: Path) -> Needs:
    """What the Gradle project in `project` (an app's android/) asks for.

    Raises:
        FileError: a file is missing, or was changed so that it cannot be understood.
    """
    script, wrapper = project / "app" / "build.gradle.kts", project / "gradle" / "wrapper" / "gradle-wrapper.properties"
    build, properties = _read(script), parse_properties(_read(wrapper))
    try:
        return Needs(
            compile_sdk=int(_found(r"compileSdk\s*=\s*(\d+)|compileSdk\s*\{[^}]*release\((\d+)\)", build)),
            ndk=_found(r'ndkVersion\s*=\s*"([\d.]+)"', build),
            cmake=_found(r'cmake\s*\{[^}]*version\s*=\s*"([\d.]+)"', build),
            gradle_url=properties["distributionUrl"],
            gradle_sha256=properties["distributionSha256Sum"],
        )
    except LookupError as error:
        raise LockDamaged(script if "(" in str(error) else wrapper, f"it does not say {error}") from error


def needs_of_template(facts: Path) -> Needs:
    """What a new app would ask for: `facts` is the template's facts.toml."""
    tables = tomllib.loads(facts.read_text(encoding="utf-8"))
    gradle = tables["gradle"]
    url = f"gradle-{gradle['version']}-bin.zip"
    return Needs(tables["sdk"]["compile"], tables["ndk"]["version"], tables["cmake"]["version"], url, gradle["sha256"])


def parse_properties(text: str) -> dict[str, str]:
    """A Java properties file, as far as Gradle's wrapper uses them."""
    rows = (line.partition("=") for line in text.splitlines() if not line.lstrip().startswith(("#", "!")))
    return {key.strip(): value.strip().replace("\\:", ":").replace("\\=", "=") for key, sign, value in rows if sign}


# The SDK.


def sdk_root(environ: Mapping[str, str]) -> Path:
    """Where the SDK is, or would be put: $ANDROID_HOME, else where Android Studio has it."""
    for name in HOMES:
        if environ.get(name):
            return Path(environ[name]).expanduser().absolute()
    home = Path(environ.get("HOME") or Path.home())
    return home / ("Library/Android/sdk" if sys.platform == "darwin" else "Android/Sdk")


def build_packages(needs: Needs) -> tuple[Package, ...]:
    """What a build needs."""
    return (
        Package(f"platforms;android-{needs.compile_sdk}", "android.jar", 65 * MB, 150 * MB),
        Package(f"build-tools;{BUILD_TOOLS}", "aapt2", 60 * MB, 160 * MB),
        Package(f"ndk;{needs.ndk}", "source.properties", 780 * MB, 2600 * MB),
        Package(f"cmake;{needs.cmake}", "bin/cmake", 30 * MB, 90 * MB),
        PLATFORM_TOOLS,
    )


PLATFORM_TOOLS = Package("platform-tools", "adb", 8 * MB, 20 * MB)
EMULATOR = Package("emulator", "emulator", 330 * MB, 1000 * MB)
COMMANDLINE_TOOLS = Package("cmdline-tools;latest", "bin/avdmanager", 165 * MB, 180 * MB)


def image_package() -> Package:
    """The system image of the virtual device that is made here: of this machine's processor."""
    arm = platform.machine().lower() in {"arm64", "aarch64"}
    abi = "arm64-v8a" if arm else "x86_64"
    return Package(f"system-images;android-{IMAGE_LEVEL};aosp_atd;{abi}", "system.img", 650 * MB, 2500 * MB)


def emulator_packages() -> tuple[Package, ...]:
    """What a new virtual device needs."""
    return (PLATFORM_TOOLS, EMULATOR, COMMANDLINE_TOOLS, image_package())


def missing(root: Path, packages: Iterable[Package]) -> tuple[Package, ...]:
    """Those that are not installed. Any build tools from the wanted version on will do."""
    return tuple(package for package in packages if not package.present(root) and not _newer_tools(root, package))


def _newer_tools(root: Path, package: Package) -> bool:
    if not package.name.startswith("build-tools;"):
        return False
    found = [path.parent.name for path in (root / "build-tools").glob(f"*/{package.proof}")]
    return any(_numbers(name) >= _numbers(package.name.partition(";")[2]) for name in found)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version))


def licence_accepted(root: Path) -> bool:
    """Whether the SDK's licence was accepted on this machine."""
    path = root / "licenses" / SDK_LICENCE
    return path.is_file() and bool(path.read_text(encoding="utf-8", errors="replace").strip())


PROGRAMS = {
    "adb": ("platform-tools",),
    "emulator": ("emulator",),
    "avdmanager": ("cmdline-tools/latest/bin", "cmdline-tools/*/bin"),
    "sdkmanager": ("cmdline-tools/latest/bin", "cmdline-tools/*/bin"),
}


def program(name: str, tools: Tools) -> Path | None:
    """A program of the SDK: the SDK's own, else the one on PATH."""
    root = sdk_root(tools.environ)
    for pattern in PROGRAMS[name]:
        for folder in sorted(root.glob(pattern), reverse=True):
            if found := shutil.which(name, path=str(folder)):
                return Path(found)
    return tools.find(name)


def java(tools: Tools) -> Java | None:
    """The Java that Gradle would take: $JAVA_HOME's, else the one on PATH."""
    home = tools.environ.get("JAVA_HOME")
    found = tools.find(str(Path(home) / "bin" / "java")) if home else tools.find("java")
    return Java(found) if found else None


# Virtual devices.


def avd_folder(environ: Mapping[str, str]) -> Path:
    """Where virtual devices are kept."""
    if environ.get("ANDROID_AVD_HOME"):
        return Path(environ["ANDROID_AVD_HOME"])
    user = environ.get("ANDROID_USER_HOME") or Path(environ.get("HOME") or Path.home()) / ".android"
    return Path(user) / "avd"


def avds(environ: Mapping[str, str]) -> tuple[Avd, ...]:
    """The virtual devices that exist, by name."""
    found = []
    for path in sorted(avd_folder(environ).glob("*.ini")):
        place = parse_properties(path.read_text(encoding="utf-8", errors="replace")).get("path", "")
        config = Path(place or path.with_suffix(".avd")) / "config.ini"
        text = config.read_text(encoding="utf-8", errors="replace") if config.is_file() else ""
        found.append(Avd(path.stem, parse_properties(text).get("image.sysdir.1", "").rstrip("/")))
    return tuple(found)


def acceleration_hindered(environ: Mapping[str, str], device: Path = Path("/dev/kvm")) -> str:
    """Why an emulator would have no hardware acceleration here, or "". On Linux it is KVM; elsewhere the emulator asks.

    `device` is a parameter for tests; HANDHELD_KVM names another file.
    """
    if sys.platform != "linux":
        return ""
    device = Path(environ.get("HANDHELD_KVM") or device)
    if not device.exists():
        return f"{device} does not exist"
    if not os.access(device, os.R_OK | os.W_OK):
        return f"{device} may not be opened by this user"
    return ""


def _found(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    if match is None:
        raise LookupError(pattern)
    return next(group for group in match.groups() if group)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise Unreadable(path, error) from error
