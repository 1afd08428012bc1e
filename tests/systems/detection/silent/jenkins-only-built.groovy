node {
  def i = docker.build('a/b')
  i.inside { sh 'make test' }
}
