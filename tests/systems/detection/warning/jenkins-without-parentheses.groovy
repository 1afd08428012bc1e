node {
  def registry = "example/app"
  image = «docker.build registry + ":1.0.$BUILD_NUMBER"»
  docker.withRegistry('', 'hub') {
    image.push()
  }
}
