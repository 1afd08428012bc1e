#!/bin/sh
BUILD="docker build"
"$BUILD" -t example/other:1 .
«$BUILD -t example/app:1 .»
docker push example/other:1
docker push example/app:1
