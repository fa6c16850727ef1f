"""Building for Android through the real command line: Gradle, releases, what is installed, doctor, the list."""

from __future__ import annotations

import hashlib
import io
import shutil
import zipfile
from pathlib import Path

import pytest

from fakes import replay
from handheld.platforms.android import facts
from helpers.servers import Answers, serving
from unit.platforms.android_sdk import (
    BUNDLE,
    EMULATOR,
    PHONE,
    Row,
    Sdk,
    attached,
    explained,
    gradle,
    gradle_with_tests,
    installs,
    java,
    make_sdk,
    on,
    pictures,
    proves,
    put,
    row,
)


@pytest.fixture
def sdk(tmp_path: Path) -> Sdk:
    return make_sdk(tmp_path)


# Building.


def test_a_build(sdk: Sdk) -> None:
    sdk.plays(java(), gradle())
    built = sdk.does("build", "--on", "android", "--json").json
    assert Path(built["artefact"]).name == "app-debug.apk"
    assert not built["from_cache"]
    sdk.scenario.with_suffix(".calls").unlink()
    sdk.plays(java(), gradle("gradle-idle.txt"))
    assert "built before" in sdk.does("build", "--on", "android").out


@pytest.mark.parametrize(
    ("out", "exit_code", "said"),
    [
        ("gradle-kotlin.txt", 1, "tasks/chat/ChatScreen.kt:79:33 Unresolved reference 'Txt'."),
        ("gradle-native.txt", 1, "log.cpp:62:14: error: expected expression"),
        ("gradle-licence.txt", 3, "ndk;29.0.13846066"),
        ("gradle-offline.txt", 3, "UnknownHostException"),
        ("gradle-models.txt", 1, "fetch.py"),
        ("gradle-disk.txt", 3, "df -h"),
        ("gradle-no-wrapper-line.txt", 1, "GradleWrapperMain"),
    ],
)
def test_a_build_that_fails(sdk: Sdk, out: str, exit_code: int, said: str) -> None:
    sdk.plays(java(), gradle(out, code=1))
    done = sdk.does("build", "--on", "android", exit_code=exit_code)
    explained(done.err)
    assert said in done.err
    assert len(done.err.splitlines()) < 16, "the error, not the log"
    assert (sdk.reports / "gradle.log").read_text().count("\n") >= 2


def test_a_build_that_lies(sdk: Sdk) -> None:
    sdk.plays(java(), gradle(code=1))
    sdk.does("build", "--on", "android"), "Gradle's word counts, and the file"
    sdk.scenario.with_suffix(".calls").unlink()
    shutil.rmtree(sdk.app / "android" / "app" / "build")
    sdk.plays(java(), gradle(makes=""))
    assert "ended without app-debug.apk" in sdk.does("build", "--on", "android", exit_code=1).err
    sdk.scenario.with_suffix(".calls").unlink()
    tests = gradle_with_tests()
    tests[0][1]["writes"] = gradle()[0][1]["writes"]
    sdk.plays(java(), attached("devices-phone.txt"), tests)
    assert "ended without app-debug-androidTest.apk" in sdk.run("--on", "android", "--tests", exit_code=1).err


@pytest.mark.parametrize(("out", "said"), [("java-8.txt", "version 8"), ("devices-none.txt", "version None")])
def test_a_java_that_is_too_old(sdk: Sdk, out: str, said: str) -> None:
    sdk.plays([row("java", "-version", out=out)])
    done = sdk.does("build", "--on", "android", exit_code=3)
    explained(done.err)
    assert said in done.err


def test_gradle_is_fetched_and_checked(sdk: Sdk) -> None:
    (sdk.app / "android" / "gradlew").unlink()
    archive = io.BytesIO()
    replay.install(sdk.folder / "made", "gradle")
    with zipfile.ZipFile(archive, "w") as packed:
        packed.write(sdk.folder / "made" / "gradle", "gradle-9.7.1/bin/gradle")
    content = archive.getvalue()
    wrapper = sdk.app / "android" / "gradle" / "wrapper" / "gradle-wrapper.properties"
    with serving(Answers({"/gradle-9.7.1-bin.zip": content})) as server:
        url = f"{server.url}/gradle-9.7.1-bin.zip".replace(":", "\\:")
        digest = hashlib.sha256(content).hexdigest()
        wrapper.write_text(f"distributionUrl={url}\ndistributionSha256Sum={'0' * 64}\n")
        sdk.plays(java(), [])
        done = sdk.does("build", "--on", "android", exit_code=4)
        explained(done.err)
        assert digest in done.err
        wrapper.write_text(f"distributionUrl={url}\ndistributionSha256Sum={digest}\n")
        sdk.plays(java(), [("gradle", gradle()[0][1])])
        assert "app-debug.apk" in sdk.does("build", "--on", "android").out
        sdk.does("build", "--on", "android")
        assert server.asked.count("GET /gradle-9.7.1-bin.zip") == 2, "once wrong, once right, never again"


# A release.

KEYS = {
    "APP_KEYSTORE": "upload.jks",
    "APP_KEYSTORE_PASSWORD": "s3cret-store",
    "APP_KEY_ALIAS": "upload",
    "APP_KEY_PASSWORD": "s3cret-key",
}


def keys(sdk: Sdk) -> dict[str, str]:
    path = sdk.folder / "upload.jks"
    path.touch()
    return {**KEYS, "APP_KEYSTORE": str(path)}


def test_a_release_is_signed(sdk: Sdk) -> None:
    replay.install(sdk.folder / "bin", "jarsigner")
    verify = [row("jarsigner", "-verify", "*app-release.aab", out="jarsigner.txt")]
    sdk.plays(java(), gradle(task="bundleRelease", makes=BUNDLE, env={"APP_KEYSTORE_PASSWORD": "s3cret-store"}), verify)
    built = sdk.does("build", "--on", "android", "--release", "--json", environ=keys(sdk)).json
    assert built["artefact"].endswith("app-release.aab")


def test_a_release_that_is_not_signed(sdk: Sdk) -> None:
    replay.install(sdk.folder / "bin", "jarsigner")
    verify = [row("jarsigner", "-verify", "*", text="\nno manifest.\n\njar is unsigned.\n")]
    sdk.plays(java(), gradle(task="bundleRelease", makes=BUNDLE), verify)
    explained(sdk.does("build", "--on", "android", "--release", exit_code=1, environ=keys(sdk)).err)


def test_a_release_without_keys(sdk: Sdk) -> None:
    sdk.plays()
    done = sdk.does("build", "--on", "android", "--release", exit_code=2)
    explained(done.err)
    assert all(name in done.err for name in KEYS)
    given = {**keys(sdk), "APP_KEY_ALIAS": ""}
    assert (
        "'APP_KEY_ALIAS' is not set"
        in sdk.does("build", "--on", "android", "--release", exit_code=2, environ=given).err
    )
    assert "--on" in sdk.command("build", sdk.app, "--release", exit_code=2).err
    gone = {**KEYS, "APP_KEYSTORE": str(sdk.folder / "gone.jks")}
    assert "gone.jks does not exist" in sdk.does("build", "--on", "android", "--release", exit_code=2, environ=gone).err


def test_no_password_is_ever_shown(sdk: Sdk) -> None:
    said = (Path(__file__).parent / "transcripts" / "android" / "gradle-key.txt").read_text()
    leaky = [row("gradlew", "--console=plain", "--no-daemon", "bundleRelease", code=1,
                 text=f"storePassword=s3cret-store keyPassword=s3cret-key\n{said}")]  # fmt: skip
    sdk.plays(java(), leaky)
    done = sdk.does("build", "--on", "android", "--release", exit_code=1, environ=keys(sdk))
    explained(done.err)
    assert "keystore password was incorrect" in done.err
    log = (sdk.reports / "gradle.log").read_text()
    assert "storePassword=***" in log
    assert not any("s3cret" in text for text in (done.out, done.err, log))


# Installing what is missing.


def bare(sdk: Sdk) -> list[facts.Package]:
    """Takes the NDK and the licence away; gives what is missing."""
    needs = facts.needs_of_app(sdk.app / "android")
    ndk = next(package for package in facts.build_packages(needs) if package.name.startswith("ndk;"))
    shutil.rmtree(ndk.folder(sdk.root))
    shutil.rmtree(sdk.root / "licenses")
    return [ndk]


def test_nothing_is_installed_without_a_yes(sdk: Sdk) -> None:
    (ndk,) = bare(sdk)
    sdk.plays(java())
    done = sdk.does("build", "--on", "android", exit_code=3)
    explained(done.err)
    assert ndk.name in done.err
    assert "--yes" in done.err
    assert "Danger: " in done.err


def installing(sdk: Sdk, package: facts.Package, **more: object) -> list[tuple[str, Row]]:
    root = f"--sdk_root={sdk.root}"
    licence = {str(sdk.root / "licenses" / facts.SDK_LICENCE): "24333f8a63b6825ea9c5514f83c2829b004d1fee\n"}
    made = {str(package.folder(sdk.root) / package.proof): ""}
    return [
        row("sdkmanager", root, "--licenses", stdin="y", writes=licence, text="All SDK package licenses accepted.\n"),
        row(
            "sdkmanager", root, "--install", package.name, **{"writes": made, "out": "sdkmanager-installs.txt", **more}
        ),
    ]


def test_what_is_missing_is_installed_after_a_yes(sdk: Sdk) -> None:
    (ndk,) = bare(sdk)
    sdk.plays(java(), installing(sdk, ndk), gradle())
    assert "app-debug.apk" in sdk.does("build", "--on", "android", "--yes").out


def test_a_person_is_asked_once(sdk: Sdk) -> None:
    (ndk,) = bare(sdk)
    sdk.plays(java(), attached("devices-phone.txt"), installing(sdk, ndk), gradle(), installs(PHONE),
              proves(PHONE, hangs=True), pictures(PHONE))  # fmt: skip
    terminal = sdk.terminal("--on", "android")
    asked = terminal.wait_for("Install them? [y/N]: ")
    assert ndk.name in asked
    assert "licence" in asked
    terminal.type("y\n")
    rest = terminal.wait_for("chat: passed")
    assert "[y/N]" not in rest
    assert terminal.end() == 0
    sdk.ended_well()


def test_a_person_says_no(sdk: Sdk) -> None:
    bare(sdk)
    sdk.plays(java(), attached("devices-phone.txt"))
    terminal = sdk.terminal("--on", "android")
    terminal.wait_for("Install them? [y/N]: ")
    terminal.type("n\n")
    terminal.wait_for("Nobody agreed")
    assert terminal.end() == 3
    sdk.ended_well()


def test_an_installation_that_fails(sdk: Sdk) -> None:
    (ndk,) = bare(sdk)
    sdk.plays(java(), installing(sdk, ndk, writes={}, out="sdkmanager-offline.txt", code=1))
    done = sdk.does("build", "--on", "android", "--yes", exit_code=3)
    explained(done.err)
    assert "Failed to resolve" in done.err
    sdk.scenario.with_suffix(".calls").unlink()
    shutil.rmtree(sdk.root / "licenses")
    sdk.plays(
        java(),
        installing(sdk, ndk, writes={}, text="Warning: Failed to find package 'ndk;1'\n", out="devices-none.txt"),
    )
    assert "could not be installed" in sdk.does("build", "--on", "android", "--yes", exit_code=3).err


def test_the_disk_runs_full_while_the_sdk_is_installed(sdk: Sdk) -> None:
    (ndk,) = bare(sdk)
    half = {str(ndk.folder(sdk.root) / "toolchains" / "clang"): "half of it"}
    sdk.plays(java(), installing(sdk, ndk, writes=half, out="sdkmanager-no-space.txt", code=1))
    done = sdk.does("build", "--on", "android", "--yes", exit_code=3)
    explained(done.err)
    assert f"{ndk.name} could not be written" in done.err
    assert "export ANDROID_HOME=" in done.err
    assert not ndk.folder(sdk.root).exists(), "the next try would take the half for the whole"


def test_a_part_that_is_not_whole(sdk: Sdk) -> None:
    (ndk,) = bare(sdk)
    ndk.folder(sdk.root).mkdir(parents=True)
    sdk.plays(java(), installing(sdk, ndk)[:1])
    done = sdk.does("build", "--on", "android", "--yes", exit_code=3)
    explained(done.err)
    assert f'rm -r "{ndk.folder(sdk.root)}"' in done.err


def test_sdkmanager_comes_with_what_it_needs(sdk: Sdk) -> None:
    bare(sdk)
    (sdk.root / "cmdline-tools" / "latest" / "bin" / "sdkmanager").unlink()
    sdk.plays(java())
    done = sdk.does("build", "--on", "android", "--yes", exit_code=3)
    explained(done.err)
    assert "sudo apt install gpgv" in done.err


def test_a_machine_without_anything_asks_for_all_of_it(sdk: Sdk) -> None:
    shutil.rmtree(sdk.root)
    (sdk.folder / "home" / ".android" / "avd" / "handheld-35.ini").unlink()
    sdk.plays(java())
    done = sdk.run("--on", "android", exit_code=3)
    wanted = (*facts.build_packages(facts.needs_of_app(sdk.app / "android")), *facts.emulator_packages())
    assert all(package.name in done.err for package in wanted)
    told = sdk.command("doctor", "--json", exit_code=None).json
    lanes = {lane["name"]: lane for lane in told["lanes"]}
    assert not any(lanes[name]["ready"] for name in ("android", "android-device", "android-emulator"))
    listed = sdk.command("run", sdk.app, "--list", "--json").json
    assert [(place["target"], place["hindered"]) for place in listed[1:]] == [("android", "not set up")]


def test_the_doctor_of_a_whole_sdk(sdk: Sdk) -> None:
    sdk.plays(java(), [row("adb", "--version", text="Android Debug Bridge version 1.0.41\n", may=True)])
    for package in facts.build_packages(facts.needs_of_app(sdk.app / "android")):
        put(package, sdk.root)
    lanes = {lane["name"]: lane for lane in sdk.command("doctor", "--json", exit_code=None).json["lanes"]}
    assert all(lanes[name]["ready"] for name in ("android", "android-device", "android-emulator")), lanes


def test_the_list(sdk: Sdk) -> None:
    sdk.plays(attached("devices-two.txt"), [on(EMULATOR, "emu", "avd", "name", out="avd-name.txt")])
    said = sdk.command("run", sdk.app, "--list").out
    assert said.count("handheld-35") == 1
    assert f"--on android:{PHONE}" in said


def test_prompts_are_for_the_screen(sdk: Sdk) -> None:
    sdk.plays()
    for more in (["Hello"], ["--set", "temperature=0"]):
        assert "screen" in sdk.run("--on", "android", *more, exit_code=2).err


def test_an_app_without_android(sdk: Sdk) -> None:
    lock = sdk.app / "app.lock.toml"
    lock.write_text(lock.read_text().replace('platforms = ["android"]', 'platforms = ["ios"]'))
    sdk.plays()
    explained(sdk.run("--on", "android", exit_code=2).err)
