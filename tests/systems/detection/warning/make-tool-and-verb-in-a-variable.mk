ENGINE ?= docker
IMAGE_BUILD_CMD ?= $(ENGINE) build --pull
IMAGE_PUSH_CMD ?= $(ENGINE) push

image:
	«$(IMAGE_BUILD_CMD) -t example/app:1 .»

push:
	$(IMAGE_PUSH_CMD) example/app:1
