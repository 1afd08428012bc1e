push-%: TAG = test
image: TAG = $(*)
push-%:
	docker build -t example/app:$(TAG) .
	docker push example/app:1-$(*)
