NAME ?= example/app
VERSION = $(shell git describe --tags)

image:
	«docker build -t $(NAME) .»

squash:
	./squash.sh $(NAME) $(NAME):$(VERSION)

push: squash
	docker push $(NAME):$(VERSION)
