push-%: TAG = 1-$(*)
push-%:
	«docker build -t example/app:$(TAG) .»
	docker push example/app:1-$(*)
