"""Jib, Spring Boot and Earthly."""

import pytest

from armready.core.config import Settings
from armready.core.fix import Applicability
from armready.fixing.fixer import fix
from armready.testing import analyse_files

POM = """\
<?xml version="1.0" encoding="UTF-8"?>
<!-- ü -->
<project>
  <properties>
    <image>example/app</image>
  </properties>
  <build>
    <plugins>
      <plugin>
        <groupId>com.google.cloud.tools</groupId>
        <artifactId>jib-maven-plugin</artifactId>
        <configuration>%s
          <to>
            <image>${image}</image>
          </to>
        </configuration>
      </plugin>
    </plugins>
  </build>
</project>
"""
PLATFORM = """
              <platform>
                <architecture>%s</architecture>
                <os>linux</os>
              </platform>"""
FROM = "\n          <from>%s\n            <platforms>%s\n            </platforms>\n          </from>"
BASE = "\n            <image>eclipse-temurin:21</image>"
BOTH = PLATFORM % "amd64" + PLATFORM % "arm64"


def call(command):
    return {"publish.sh": f"#!/bin/sh\n{command}\n"}


def codes(files):
    _, _, analysis = analyse_files(files, Settings())
    return [(each.code, each.path) for each in analysis.findings if each.code in ("CI101", "CI102")]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", FROM % ("", BOTH)),
        (f"\n          <from>{BASE}\n          </from>", FROM % (BASE, BOTH)),
        (FROM % (BASE, PLATFORM % "amd64"), FROM % (BASE, BOTH)),
    ],
)
def test_jib_in_maven(before, after):
    files = {"pom.xml": POM % before, **call("./mvnw -B package jib:build")}
    tree, registry, analysis = analyse_files(files, Settings())
    outcome = fix(tree, analysis, registry, allowed=Applicability.UNSAFE, wanted=bool, today=None)
    assert outcome.tree.read("pom.xml").decode() == POM % after
    assert not outcome.analysis.findings


def test_jib_that_is_not_flagged():
    assert codes({"pom.xml": POM % "", **call("mvn package jib:dockerBuild")}) == []
    assert codes({"pom.xml": POM % (FROM % ("", BOTH)), **call("mvn jib:build")}) == []
    assert (
        codes(
            {"app/build.gradle": "jib { from { platforms { platform { architecture = 'arm64'\n os = 'linux' } } } }"} | call("gradle jib")
        )
        == []
    )
    assert codes(call("./gradlew jibDockerBuild")) == []
    assert codes(call("mvn jib:build -Djib.from.platforms=linux/amd64,linux/arm64")) == []


def test_commands_of_gradle_and_spring_boot():
    assert codes({"build.gradle": "jib { to { image = 'a/b' } }\n", **call("./gradlew :app:jib --image=a/b")}) == [("CI101", "publish.sh")]
    assert codes(call("./gradlew bootBuildImage --publishImage --imageName=a/b")) == [("CI101", "publish.sh")]
    assert codes(call("./gradlew bootBuildImage --imageName=a/b")) == []
    assert codes(call("mvn spring-boot:build-image -Dspring-boot.build-image.publish=true")) == [("CI101", "publish.sh")]


EARTHFILE = "VERSION 0.8\nFROM alpine:3.20\nARG TAG=1\n\nimage:\n    COPY app /app\n    SAVE IMAGE %sexample/app:$TAG \\\n        example/app:latest\n"


def test_earthfile():
    assert codes({"Earthfile": EARTHFILE % "--push "}) == [("CI101", "Earthfile")]
    assert codes({"Earthfile": EARTHFILE % ""}) == []
    every = "\nall:\n    BUILD --platform=linux/amd64 --platform=linux/arm64 +image\n"
    assert codes({"Earthfile": EARTHFILE % "--push " + every}) == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("ko build --bare ./cmd/app", "ko build --platform=linux/amd64,linux/arm64 --bare ./cmd/app"),
        ("skaffold build -p release", "skaffold build --platform=linux/amd64,linux/arm64 -p release"),
    ],
)
def test_an_option_is_enough(before, after):
    tree, registry, analysis = analyse_files(call(before), Settings())
    outcome = fix(tree, analysis, registry, allowed=Applicability.UNSAFE, wanted=bool, today=None)
    assert outcome.tree.read("publish.sh").decode() == f"#!/bin/sh\n{after}\n"
    assert not [each for each in outcome.analysis.findings if each.code.startswith("CI10")]
