node {
  bat 'npm test'
  docker.build('a/b').push()
}
