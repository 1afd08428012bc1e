NAME ?= example/app
VERSION = $(shell git describe --tags)

test:
	docker build -t $(NAME):test .

push:
	docker push $(NAME):$(VERSION)
