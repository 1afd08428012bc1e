node('linux') {
  «docker.build('example/app:1')»
  docker.image('example/app:1').push()
}
