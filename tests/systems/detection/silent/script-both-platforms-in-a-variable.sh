#!/bin/sh
BUILD="docker buildx build --platform linux/amd64,linux/arm64 --push"
$BUILD -t example/app:1 .
