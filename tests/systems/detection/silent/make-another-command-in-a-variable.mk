IMAGE_BUILD_CMD ?= docker run --rm builder

image:
	$(IMAGE_BUILD_CMD) -t example/app:1 .
