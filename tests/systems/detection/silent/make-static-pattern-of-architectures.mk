NAME = example/app
VARIANTS = amd64 arm64
ALL = $(patsubst %,image-%,$(VARIANTS))

all: $(ALL)

$(patsubst %,push-%,$(VARIANTS)): push-%: image-%
	docker push $(NAME):1-$(*)

$(ALL): image-%:
	docker build --build-arg BASE=$(*) -t $(NAME):1-$(*) .
