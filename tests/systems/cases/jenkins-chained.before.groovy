node {
  checkout scm
  docker.withRegistry('', 'hub') {
    docker.build('team/app').push("${BUILD_ID}")
  }
}
