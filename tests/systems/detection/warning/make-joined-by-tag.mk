NAME = app
REGISTRY_NAME = reg.example/team/app

build:
	«docker build -t $(NAME):dev .»

tag:
	docker tag $(NAME):dev $(REGISTRY_NAME):1

push: tag
	docker push $(REGISTRY_NAME):1
